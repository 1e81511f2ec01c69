"""Conformance with tritonclient: what its classes write we read, and the other way round."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.models.wire.values import NUMERIC, arrays, same

from vedette.models.wire import (
    DTYPES,
    InferRequest,
    InferResponse,
    RequestedOutput,
    Tensor,
    rest,
    rpc,
)
from vedette.models.wire.rpc_schema import message, methods

http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is not installed")
ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
grpc = pytest.importorskip("tritonclient.grpc", reason="tritonclient[grpc] is not installed")

ALL_BINARY = InferRequest("m", (), parameters={"binary_data_output": True})


@st.composite
def typed(draw: st.DrawFn, datatypes: list[str]) -> Tensor:
    datatype = draw(st.sampled_from(datatypes))
    return Tensor("x", datatype, draw(arrays(datatype)))


def theirs(module: Any, tensor: Tensor, **how: Any) -> Any:
    made = module.InferInput("x", list(tensor.shape), tensor.datatype)
    is_bf16 = tensor.datatype == "BF16"
    array = tensor.array.astype(ml_dtypes.bfloat16) if is_bf16 else tensor.array
    made.set_data_from_numpy(array, **how)
    return made


@given(typed(sorted(DTYPES)))
def test_we_read_its_binary_tensors(tensor: Tensor) -> None:
    assume(tensor.array.size)
    made = theirs(http, tensor, binary_data=True)
    outputs = [http.InferRequestedOutput("y", binary_data=True)]
    body, size = http.InferenceServerClient.generate_request_body(
        [made], outputs=outputs, request_id="7", parameters={"p": "q"}
    )
    found = rest.decode_request(body, size, model="m")
    assert same(found.inputs, (tensor,))
    assert (found.id, found.parameters) == ("7", {"p": "q"})
    assert found.outputs == (RequestedOutput("y", {"binary_data": True}),)


@given(typed(sorted(set(NUMERIC) - {"FP16"})))
def test_we_read_its_json(tensor: Tensor) -> None:
    assume(tensor.array.size)
    assume(tensor.array.dtype.kind != "f" or np.isfinite(tensor.array).all())
    body, size = http.InferenceServerClient.generate_request_body(
        [theirs(http, tensor, binary_data=False)]
    )
    found = rest.decode_request(body, size, model="m")
    assert np.array_equal(found.inputs[0].array, tensor.array)
    assert rest.is_binary(found, "y")


@given(typed(sorted(DTYPES)))
def test_we_write_what_it_writes(tensor: Tensor) -> None:
    assume(tensor.array.size)
    body, size = http.InferenceServerClient.generate_request_body(
        [theirs(http, tensor, binary_data=True)]
    )
    ours = rest.encode_request(InferRequest("m", (tensor,)))
    assert bytes(ours)[ours.json_bytes :] == body[size:]


@given(typed(sorted(DTYPES)))
def test_it_reads_our_binary_answers(tensor: Tensor) -> None:
    assume(tensor.array.size)
    body = rest.encode_response(InferResponse("m", (tensor,), "1", "7"), ALL_BINARY)
    found = http.InferResult.from_response_body(bytes(body), header_length=body.json_bytes)
    assert found.get_response()["id"] == "7"
    assert same((Tensor.of("x", found.as_numpy("x")),), (tensor,))


def test_it_reads_our_json_answers() -> None:
    tensor = Tensor.of("x", np.array([[1, 2]], np.int32))
    body = rest.encode_response(InferResponse("m", (tensor,)), InferRequest("m", ()))
    found = http.InferResult.from_response_body(bytes(body))
    assert found.as_numpy("x").tolist() == [[1, 2]]


@given(typed(sorted(DTYPES)))
def test_we_read_and_write_its_messages(tensor: Tensor) -> None:
    assume(tensor.array.size)
    made = grpc.service_pb2.ModelInferRequest(model_name="m", id="7")
    made.inputs.add(name="x", datatype=tensor.datatype, shape=tensor.shape)
    made.raw_input_contents.append(theirs(grpc, tensor)._get_content())
    found = rpc.decode_request(made.SerializeToString())
    assert same(found.inputs, (tensor,))
    assert grpc.service_pb2.ModelInferRequest.FromString(rpc.encode_request(found)) == made


@given(typed(sorted(DTYPES)))
def test_it_reads_our_messages(tensor: Tensor) -> None:
    assume(tensor.array.size)
    answer = rpc.encode_response(InferResponse("m", (tensor,), "1", "7"))
    found = grpc.InferResult(grpc.service_pb2.ModelInferResponse.FromString(answer))
    assert same((Tensor.of("x", found.as_numpy("x")),), (tensor,))


def test_every_message_and_field_of_ours_is_its() -> None:
    pool = grpc.service_pb2.DESCRIPTOR.pool
    file = message("ModelInferRequest").DESCRIPTOR.file
    own = [row for each in file.message_types_by_name.values() for row in _rows(each)]
    known = [
        row
        for each in file.message_types_by_name
        for row in _rows(pool.FindMessageTypeByName(f"inference.{each}"))
    ]
    assert len(own) > 120
    assert set(own) <= set(known)


def test_every_procedure_of_ours_is_its() -> None:
    service = grpc.service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    known = {
        each.name: (each.input_type.full_name, each.output_type.full_name)
        for each in service.methods
    }
    own = {
        each.name: (each.request.DESCRIPTOR.full_name, each.response.DESCRIPTOR.full_name)
        for each in methods().values()
    }
    assert own.items() <= known.items()


def _rows(descriptor: Any) -> Iterator[tuple[Any, ...]]:
    for field in descriptor.fields:
        kind = field.message_type or field.enum_type
        yield (
            field.full_name,
            field.number,
            field.type,
            field.is_repeated,
            kind.full_name if kind else "",
            field.containing_oneof.name if field.containing_oneof else "",
        )
    for nested in descriptor.nested_types:
        yield from _rows(nested)
