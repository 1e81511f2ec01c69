"""TensorFlow Serving's predict call in JSON, as far as a client needs it.

Source: https://www.tensorflow.org/tfx/serving/api_rest. It is also KServe's V1 protocol, and what
Distributed NoScope's stages speak. It names no datatypes: of what comes back, numbers with a
point are FP32 and whole ones INT64.
"""

import base64
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic_core import to_json

from vedette.models.wire.elements import numbers, unnested
from vedette.models.wire.errors import wrong
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.messages import InferRequest, InferResponse
from vedette.models.wire.nodes import read
from vedette.models.wire.tensor import Tensor, checked_shape, objects

UNNAMED = "outputs"
"""The output of a server that names none, where the request does not either."""


def encode_request(request: InferRequest) -> bytes:
    """The inputs row by row where they have equally many rows, else tensor by tensor."""
    columns = {each.name: _nested(each) for each in request.inputs}
    rows = {each.shape[:1] for each in request.inputs}
    if len(rows) != 1 or () in rows:
        return to_json({"inputs": columns}, inf_nan_mode="constants")
    if len(columns) == 1:
        return to_json({"instances": next(iter(columns.values()))}, inf_nan_mode="constants")
    instances = [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ]
    return to_json({"instances": instances}, inf_nan_mode="constants")


def decode_response(
    body: bytes, request: InferRequest, *, limits: Limits = DEFAULT
) -> InferResponse:
    """The outputs, of ``predictions`` or ``outputs``. Raises WireError (400, 413)."""
    top = read(body, limits, finite=False)
    found = _columns(top.member("predictions")) if "predictions" in top else top.member("outputs")
    if not isinstance(found, dict):
        name = request.outputs[0].name if request.outputs else UNNAMED
        found = {name: found}
    if len(found) > limits.tensors:
        raise wrong(f"{len(found)} outputs", f"at most {limits.tensors}", status=413)
    outputs = tuple(_tensor(name, value, limits) for name, value in found.items())
    return InferResponse(request.model, outputs, request.version, request.id)


def _nested(tensor: Tensor) -> Any:
    if tensor.datatype != "BYTES":
        return tensor.array.tolist()
    coded = [{"b64": base64.b64encode(each).decode()} for each in tensor.array.ravel().tolist()]
    made = np.empty(len(coded), np.object_)
    made[:] = coded
    return made.reshape(tensor.shape).tolist()


def _columns(rows: Any) -> Any:
    """Rows that are objects turned into lists by name; other rows are one output's."""
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or "b64" in rows[0]:
        return rows
    names = rows[0].keys()
    if any(not isinstance(row, dict) or row.keys() != names for row in rows):
        raise wrong("predictions that differ in what they name", "the same outputs in each row")
    return {name: [row[name] for row in rows] for name in names}


def _tensor(name: str, found: Any, limits: Limits) -> Tensor:
    shape: list[int] = []
    first = found
    while isinstance(first, list) and len(shape) <= limits.rank:
        shape.append(len(first))
        first = first[0] if first else None
    checked = checked_shape(name, shape, limits)
    elements = unnested(name, checked, found) if shape else [found]
    kinds = set(map(type, elements))
    if kinds <= {str, dict}:
        texts = [_bytes(name, each) for each in elements]
        return (
            Tensor(name, "BYTES", objects(texts, checked)) if texts else _numbers(name, checked, [])
        )
    if kinds <= {int, float} or kinds == {bool}:
        return _numbers(name, checked, elements)
    raise wrong(f"another kind of element in {name!r}", "numbers, booleans or text, of one kind")


def _numbers(name: str, shape: tuple[int, ...], elements: list[Any]) -> Tensor:
    kinds = set(map(type, elements))
    datatype = "BOOL" if bool in kinds else "INT64" if kinds == {int} else "FP32"
    return numbers(name, datatype, shape, elements)


def _bytes(name: str, found: str | Mapping[str, Any]) -> bytes:
    if isinstance(found, str):
        return found.encode()
    try:
        return base64.b64decode(found["b64"], validate=True)
    except (KeyError, TypeError, ValueError, Base64Error):
        raise wrong(f"an object in {name!r} that is no bytes", "base64 under 'b64'") from None
