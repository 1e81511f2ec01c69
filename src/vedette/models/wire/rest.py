"""The protocol over HTTP: JSON, with tensors in it or, by Triton's extension, as bytes behind it.

Triton's binary tensor data extension: the header Inference-Header-Content-Length says where the
JSON ends; of each tensor with the parameter ``binary_data_size`` so many bytes follow, in order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from vedette.models.wire.elements import from_elements, to_elements
from vedette.models.wire.errors import wrong
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.messages import InferRequest, InferResponse, RequestedOutput
from vedette.models.wire.nodes import Node, read
from vedette.models.wire.tensor import (
    Chunk,
    Parameters,
    Tensor,
    checked_shape,
    from_chunk,
    to_chunk,
)

JSON_BYTES = "Inference-Header-Content-Length"
_ALIGNED = 64
Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What goes over the wire, in pieces that need not be joined.

    ``json_bytes`` is the length of its JSON where tensors follow.
    """

    chunks: tuple[Chunk, ...]
    json_bytes: int | None = None

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks)

    def headers(self) -> dict[str, str]:
        """Content-Type, Content-Length, and where the JSON ends."""
        plain = self.json_bytes is None
        told = {} if plain else {JSON_BYTES: str(self.json_bytes)}
        kind = "application/json" if plain else "application/octet-stream"
        return {"Content-Type": kind, "Content-Length": str(len(self))} | told


def encode_request(request: InferRequest, *, binary: bool = True) -> Body:
    """The body of a call; ``binary`` tensors go as bytes and are asked for as bytes.

    Model and version are in the path, not here.
    """
    top: dict[str, Any] = {"id": request.id} if request.id else {}
    parameters = dict(request.parameters)
    if request.outputs:
        top["outputs"] = [
            {"name": each.name, "parameters": {"binary_data": binary, **each.parameters}}
            for each in request.outputs
        ]
    elif binary:
        parameters.setdefault("binary_data_output", True)
    return _body(top, parameters, "inputs", request.inputs, lambda _: binary)


def decode_request(
    body: Buffer,
    json_bytes: int | None = None,
    *,
    model: str,
    version: str = "",
    limits: Limits = DEFAULT,
) -> InferRequest:
    """What a client asks of ``model``; arrays lie in ``body``. Raises WireError (400, 413)."""
    top, blobs = _open(body, json_bytes, limits)
    request = InferRequest(
        model=model,
        inputs=tuple(_tensors(top, "inputs", blobs, limits)),
        outputs=tuple(
            RequestedOutput(each.text("name"), each.parameters())
            for each in top.list("outputs", limits.tensors)
        ),
        version=version,
        id=top.text("id", ""),
        parameters=top.parameters(),
    )
    blobs.close()
    return request


def encode_response(response: InferResponse, request: InferRequest) -> Body:
    """The answer to ``request``: each output as bytes where that was asked for, else in JSON."""
    top = {"model_name": response.model, "model_version": response.version}
    if response.id:
        top["id"] = response.id
    return _body(
        top, response.parameters, "outputs", response.outputs, lambda name: is_binary(request, name)
    )


def is_binary(request: InferRequest, name: str) -> bool:
    """Whether the output is wanted as bytes."""
    usual = request.parameters.get("binary_data_output", False)
    own = {each.name: each.parameters.get("binary_data", usual) for each in request.outputs}
    return own.get(name, usual) is True


def decode_response(
    body: bytes, json_bytes: int | None = None, *, limits: Limits = DEFAULT
) -> InferResponse:
    """A server's answer; arrays lie in ``body``. Raises WireError (400, 413)."""
    top, blobs = _open(body, json_bytes, limits)
    response = InferResponse(
        model=top.text("model_name", ""),
        outputs=tuple(_tensors(top, "outputs", blobs, limits)),
        version=top.text("model_version", ""),
        id=top.text("id", ""),
        parameters=top.parameters(),
    )
    blobs.close()
    return response


class _Blobs:
    """What follows the JSON, handed out in order."""

    def __init__(self, body: Buffer, start: int) -> None:
        self._rest, self._place = memoryview(body), start

    def take(self, count: int) -> memoryview:
        end = self._place + count
        if end > len(self._rest):
            raise wrong(
                f"{len(self._rest) - self._place} bytes left for a binary_data_size of {count}",
                "as many bytes behind the JSON as its tensors announce",
            )
        chunk, self._place = self._rest[self._place : end], end
        return chunk

    def close(self) -> None:
        if self._place != len(self._rest):
            raise wrong(
                f"{len(self._rest) - self._place} bytes that belong to no tensor",
                "as many bytes behind the JSON as its tensors announce",
            )


def _open(body: Buffer, json_bytes: int | None, limits: Limits) -> tuple[Node, _Blobs]:
    if len(body) > limits.body_bytes:
        raise wrong(f"{len(body)} bytes", f"at most {limits.body_bytes}", status=413)
    end = len(body) if json_bytes is None else json_bytes
    if not 0 < end <= len(body):
        raise wrong(
            f"{JSON_BYTES} {end} with a body of {len(body)} bytes", f"from 1 to {len(body)}"
        )
    text = body if isinstance(body, bytes) and end == len(body) else bytes(body[:end])
    return read(text, limits), _Blobs(body, end)


def _tensors(top: Node, key: str, blobs: _Blobs, limits: Limits) -> Iterator[Tensor]:
    seen: set[str] = set()
    for node in top.list(key, limits.tensors):
        name, datatype = node.text("name"), node.text("datatype")
        if name in seen:
            raise wrong(f"two tensors {name!r} in {key!r}", "each name once")
        seen.add(name)
        shape = checked_shape(name, node.member("shape"), limits)
        parameters = dict(node.parameters())
        size = parameters.pop("binary_data_size", None)
        if size is None:
            yield from_elements(
                name, datatype, shape, node.member("data"), parameters=parameters, limits=limits
            )
            continue
        if type(size) is not int or size < 0 or "data" in node:
            raise wrong(f"a binary_data_size of {name!r} that is none", "whole bytes, and no data")
        yield from_chunk(
            name, datatype, shape, blobs.take(size), parameters=parameters, limits=limits
        )


def _body(
    top: Mapping[str, Any],
    parameters: Parameters,
    key: str,
    tensors: tuple[Tensor, ...],
    is_bytes: Callable[[str], bool],
) -> Body:
    listed, chunks = [], []
    for tensor in tensors:
        node = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        own = dict(tensor.parameters)
        if is_bytes(tensor.name):
            chunks.append(to_chunk(tensor))
            own["binary_data_size"] = len(chunks[-1])
        else:
            node["data"] = to_elements(tensor)
        listed.append(node | ({"parameters": own} if own else {}))
    whole = dict(top) | ({"parameters": dict(parameters)} if parameters else {}) | {key: listed}
    text = to_json(whole, inf_nan_mode="constants")
    if not chunks:
        return Body((text,))
    text += b" " * (-len(text) % _ALIGNED)  # so that the first array lies where it can be used
    return Body((text, *chunks), len(text))
