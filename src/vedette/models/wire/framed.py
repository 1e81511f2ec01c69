"""A request or an answer of the protocol as one piece of bytes, for carriers that have no headers.

A status (0 for a request, 200 for an answer, else a refusal) and the length of the JSON, then the
body that :mod:`vedette.models.wire.rest` makes; of a refusal, its three parts as JSON.
"""

import struct
from typing import Any

from pydantic_core import from_json, to_json

from vedette.errors import Problem
from vedette.models.wire import rest
from vedette.models.wire.errors import WireError, wrong
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.messages import InferRequest, InferResponse

_PREFIX = struct.Struct(">HI")
_ASKED, _FINE = 0, 200


def request(asked: InferRequest) -> bytes:
    """What is asked; which model is asked, its carrier knows."""
    return _framed(_ASKED, rest.encode_request(asked))


def asked(message: bytes, model: str, *, limits: Limits = DEFAULT) -> InferRequest:
    """The request again. Raises WireError (400, 413)."""
    status, json_bytes = _opened(message)
    if status != _ASKED:
        raise wrong(f"a message of status {status}", "a request")
    return rest.decode_request(message[_PREFIX.size :], json_bytes, model=model, limits=limits)


def response(answer: InferResponse, asked: InferRequest) -> bytes:
    """An answer to what was asked."""
    return _framed(_FINE, rest.encode_response(answer, asked))


def refusal(error: WireError) -> bytes:
    """What a server does not do, and why."""
    problem = error.problems[0]
    return _PREFIX.pack(error.status, 0) + to_json([problem.found, problem.expected, problem.hint])


def answered(message: bytes, *, limits: Limits = DEFAULT) -> InferResponse:
    """The answer again. Raises the WireError of a refusal; 400 or 413 for what is no answer."""
    ensure_fine(message)
    _, json_bytes = _opened(message)
    return rest.decode_response(message[_PREFIX.size :], json_bytes, limits=limits)


def ensure_fine(message: bytes) -> None:
    """Raises the WireError of a refusal."""
    status, _ = _opened(message)
    if status != _FINE:
        raise WireError(status, _problem(message[_PREFIX.size :]))


def _framed(status: int, body: rest.Body) -> bytes:
    return b"".join((_PREFIX.pack(status, body.json_bytes or 0), *body.chunks))


def _opened(message: bytes) -> tuple[int, int | None]:
    if len(message) < _PREFIX.size:
        raise wrong(f"{len(message)} bytes", "a status, a length, and what follows")
    status, json_bytes = _PREFIX.unpack_from(message)
    return status, json_bytes or None


def _problem(text: bytes) -> Problem:
    try:
        parts: Any = from_json(text)
    except ValueError:
        parts = None
    is_ours = isinstance(parts, list) and len(parts) == 3
    if not is_ours or not all(isinstance(part, str) for part in parts):
        raise wrong("a refusal without a reason", "its three parts")
    return Problem(*parts)
