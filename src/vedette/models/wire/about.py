"""What servers tell about themselves and their models, in HTTP's JSON."""

from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from vedette.errors import Problem
from vedette.models.wire.errors import WireError, wrong
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.messages import ModelMetadata, ModelState, ServerMetadata, TensorMetadata
from vedette.models.wire.nodes import Node, read

_UNTOLD = "no reason"


def encode(told: ServerMetadata | ModelMetadata | tuple[ModelState, ...]) -> bytes:
    """Metadata, or a repository's index, as a body."""
    return to_json([asdict(each) for each in told] if isinstance(told, tuple) else asdict(told))


def server_from(body: bytes, *, limits: Limits = DEFAULT) -> ServerMetadata:
    """Raises WireError for what is no server's metadata."""
    top = read(body, limits)
    return ServerMetadata(top.text("name"), top.text("version", ""), top.texts("extensions"))


def model_from(body: bytes, *, limits: Limits = DEFAULT) -> ModelMetadata:
    """Raises WireError for what is no model's metadata."""
    top = read(body, limits)
    return ModelMetadata(
        top.text("name"),
        top.texts("versions"),
        top.text("platform", ""),
        _tensors(top, "inputs", limits),
        _tensors(top, "outputs", limits),
    )


def refusal(status: int, body: bytes, address: str, *, limits: Limits = DEFAULT) -> WireError:
    """The error that a server at ``address`` answered with, whatever its body is."""
    try:
        reason: Any = read(body, limits).member("error") if body else _UNTOLD
    except WireError:
        reason = _UNTOLD
    told = reason if isinstance(reason, str) else _UNTOLD
    return WireError(
        status, Problem(f"the refusal {told!r} ({status}) from {address}", "an answer")
    )


def _tensors(top: Node, key: str, limits: Limits) -> tuple[TensorMetadata, ...]:
    return tuple(
        TensorMetadata(
            each.text("name"), each.text("datatype"), _shape(each.member("shape"), limits)
        )
        for each in top.list(key, limits.tensors)
    )


def _shape(found: Any, limits: Limits) -> tuple[int, ...]:
    """Some servers write whole numbers as text, as protobuf's JSON does."""
    if not isinstance(found, list) or len(found) > limits.rank:
        raise wrong("a shape that is no short list", f"at most {limits.rank} whole numbers")
    try:
        return tuple(int(each) for each in found)
    except (TypeError, ValueError, OverflowError):  # of 1e400
        raise wrong("a shape of other things", "whole numbers") from None
