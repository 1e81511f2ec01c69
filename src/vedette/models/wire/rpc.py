"""The protocol over gRPC: protobuf's bytes to the messages and back.

Tensors go as raw contents, which are the bytes that HTTP's binary extension has too; typed
contents are understood. Needs the extra ``serve``.
"""

import re
from collections.abc import Callable, Iterable
from math import prod
from typing import Any

from vedette.errors import Problem
from vedette.models.wire.elements import numbers
from vedette.models.wire.errors import HTTP_STATUS, WireError, wrong
from vedette.models.wire.fields import are_few
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.messages import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    RequestedOutput,
    ServerMetadata,
    TensorMetadata,
)
from vedette.models.wire.rpc_schema import message
from vedette.models.wire.tensor import (
    Parameter,
    Parameters,
    Tensor,
    checked_shape,
    dtype_of,
    from_chunk,
    objects,
    to_chunk,
)

STATUS = "vedette-status"
"""Metadata behind a refusal: HTTP's status, since gRPC's codes are fewer, and a connection that is
lost has the code of a server that is busy."""
_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def encode_request(request: InferRequest) -> bytes:
    """A ModelInferRequest's bytes."""
    made = message("ModelInferRequest")(
        model_name=request.model, model_version=request.version, id=request.id
    )
    _put_parameters(made, request.parameters)
    for output in request.outputs:
        _put_parameters(made.outputs.add(name=output.name), output.parameters)
    _put_tensors(made.inputs, made.raw_input_contents, request.inputs)
    return bytes(made.SerializeToString())


def decode_request(body: bytes, *, limits: Limits = DEFAULT) -> InferRequest:
    """What a ModelInferRequest's bytes ask. Raises WireError (400, 413)."""
    return from_request(parsed("ModelInferRequest", body, limits), limits=limits)


def from_request(found: Any, *, limits: Limits = DEFAULT) -> InferRequest:
    """A ModelInferRequest as a value. Raises WireError (400, 413)."""
    if len(found.outputs) > limits.tensors:
        raise wrong(f"{len(found.outputs)} outputs", f"at most {limits.tensors}", status=413)
    return InferRequest(
        model=found.model_name,
        inputs=_tensors(found.inputs, found.raw_input_contents, limits),
        outputs=tuple(
            RequestedOutput(_short(each.name, limits), _parameters(each, limits))
            for each in found.outputs
        ),
        version=found.model_version,
        id=found.id,
        parameters=_parameters(found, limits),
    )


def encode_response(response: InferResponse) -> bytes:
    """A ModelInferResponse's bytes."""
    return bytes(to_response(response).SerializeToString())


def to_response(response: InferResponse) -> Any:
    """A ModelInferResponse."""
    made = message("ModelInferResponse")(
        model_name=response.model, model_version=response.version, id=response.id
    )
    _put_parameters(made, response.parameters)
    _put_tensors(made.outputs, made.raw_output_contents, response.outputs)
    return made


def decode_response(body: bytes, *, limits: Limits = DEFAULT) -> InferResponse:
    """What a server answers. Raises WireError (400, 413)."""
    found = parsed("ModelInferResponse", body, limits)
    return InferResponse(
        model=found.model_name,
        outputs=_tensors(found.outputs, found.raw_output_contents, limits),
        version=found.model_version,
        id=found.id,
        parameters=_parameters(found, limits),
    )


def to_model(metadata: ModelMetadata) -> Any:
    """A ModelMetadataResponse."""
    made = message("ModelMetadataResponse")(
        name=metadata.name, versions=metadata.versions, platform=metadata.platform
    )
    for into, tensors in ((made.inputs, metadata.inputs), (made.outputs, metadata.outputs)):
        for each in tensors:
            into.add(name=each.name, datatype=each.datatype, shape=each.shape)
    return made


def from_model(found: Any) -> ModelMetadata:
    """A ModelMetadataResponse as a value."""
    return ModelMetadata(
        found.name,
        tuple(found.versions),
        found.platform,
        _tensor_metadata(found.inputs),
        _tensor_metadata(found.outputs),
    )


def to_server(metadata: ServerMetadata) -> Any:
    """A ServerMetadataResponse."""
    return message("ServerMetadataResponse")(
        name=metadata.name, version=metadata.version, extensions=metadata.extensions
    )


def from_server(found: Any) -> ServerMetadata:
    """A ServerMetadataResponse as a value."""
    return ServerMetadata(found.name, found.version, tuple(found.extensions))


def trailer(error: WireError) -> tuple[tuple[str, str], ...]:
    """What a server of ours sends behind a refusal: only it says UNAVAILABLE with a status."""
    return ((STATUS, str(error.status)),)


def answered(code: int, details: str, address: str, status: str = "") -> WireError:
    """The error that a server at ``address`` answered with, by ``status`` or gRPC's ``code``."""
    found = f"the refusal {details!r} from {address}"
    known = int(status) if re.fullmatch("[45][0-9]{2}", status) else HTTP_STATUS.get(code, 500)
    return WireError(known, Problem(found, "an answer"))


def _tensor_metadata(found: Iterable[Any]) -> tuple[TensorMetadata, ...]:
    return tuple(TensorMetadata(each.name, each.datatype, tuple(each.shape)) for each in found)


def parsed(name: str, body: bytes, limits: Limits = DEFAULT) -> Any:
    """The message of that name in ``body``. Raises WireError (400, 413)."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415  # an extra

    if len(body) > limits.body_bytes:
        raise wrong(f"{len(body)} bytes", f"at most {limits.body_bytes}", status=413)
    try:
        if not are_few(body):
            raise wrong(f"a {name} of too many fields", "fewer tensors", status=413)
        return message(name).FromString(body)
    except (DecodeError, ValueError):
        raise wrong(f"bytes that are no {name}", "a message of the protocol") from None


def _put_tensors(nodes: Any, raw: Any, tensors: tuple[Tensor, ...]) -> None:
    for tensor in tensors:
        node = nodes.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        _put_parameters(node, tensor.parameters)
        raw.append(bytes(to_chunk(tensor)))


def _tensors(nodes: Any, raw: Any, limits: Limits) -> tuple[Tensor, ...]:
    if len(nodes) > limits.tensors:
        raise wrong(f"{len(nodes)} tensors", f"at most {limits.tensors}", status=413)
    if raw and len(raw) != len(nodes):
        raise wrong(f"{len(raw)} raw contents for {len(nodes)} tensors", "one for each tensor")
    if len({each.name for each in nodes}) != len(nodes):
        raise wrong("two tensors of one name", "each name once")
    chunks: Iterable[bytes | None] = raw or (None,) * len(nodes)
    return tuple(_tensor(node, chunk, limits) for node, chunk in zip(nodes, chunks, strict=True))


def _tensor(node: Any, chunk: bytes | None, limits: Limits) -> Tensor:
    name, datatype, dims = _short(node.name, limits), _short(node.datatype, limits), node.shape
    if len(dims) > limits.rank:
        raise wrong(f"{len(dims)} dimensions of {name!r}", f"at most {limits.rank}")
    shape, parameters = checked_shape(name, tuple(dims), limits), _parameters(node, limits)
    if chunk is None:
        return _of_contents(node, shape, parameters, limits)
    if node.HasField("contents"):
        raise wrong(f"raw and typed contents for {name!r}", "one of them")
    return from_chunk(name, datatype, shape, chunk, parameters=parameters, limits=limits)


def _of_contents(
    node: Any, shape: tuple[int, ...], parameters: Parameters, limits: Limits
) -> Tensor:
    name, datatype = node.name, node.datatype
    dtype_of(datatype)
    if datatype not in _CONTENTS:
        raise wrong(f"no raw contents for {name!r}", f"raw contents for {datatype}")
    filled = {field.name for field, _ in node.contents.ListFields()}
    if not filled <= {_CONTENTS[datatype]}:
        raise wrong(f"other contents for {name!r}", f"{_CONTENTS[datatype]} for {datatype}")
    elements = getattr(node.contents, _CONTENTS[datatype])
    count = prod(shape)
    if len(elements) != count:
        raise wrong(f"{len(elements)} elements in {name!r}", f"{count}, of shape {list(shape)}")
    if datatype != "BYTES":
        return numbers(name, datatype, shape, elements, parameters=parameters)
    if count > limits.items:
        raise wrong(f"{count} elements of {name!r}", f"at most {limits.items}", status=413)
    return Tensor(name, datatype, objects(list(elements), shape), parameters)


def _short(text: str, limits: Limits) -> str:
    if len(text) > limits.name_characters:
        raise wrong("a long name", f"at most {limits.name_characters} characters")
    return text


def _put_parameters(node: Any, parameters: Parameters) -> None:
    for key, value in parameters.items():
        setattr(node.parameters[key], _choice(value), value)


def _choice(value: Parameter) -> str:
    choices: tuple[tuple[type, str, Callable[[Any], bool]], ...] = (
        (bool, "bool_param", lambda _: True),
        (int, "int64_param", lambda each: -(1 << 63) <= each < 1 << 63),
        (int, "uint64_param", lambda each: 0 <= each < 1 << 64),
        (float, "double_param", lambda _: True),
        (str, "string_param", lambda _: True),
    )
    for kind, name, holds in choices:
        if isinstance(value, kind) and holds(value):
            return name
    raise wrong("a parameter of another kind", "a boolean, a string, a number of 64 bits")


def _parameters(node: Any, limits: Limits) -> Parameters:
    found = node.parameters
    if len(found) > limits.parameters:
        raise wrong(f"{len(found)} parameters", f"at most {limits.parameters}")
    made: dict[str, Parameter] = {}
    for key, value in found.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is None:
            raise wrong("a parameter without a value", "a boolean, a string or a number")
        made[_short(key, limits)] = getattr(value, choice)
    return made
