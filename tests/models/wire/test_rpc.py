from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.wire.values import requests, responses, same, status_of

pytest.importorskip("google.protobuf", reason="the extra serve is not installed")

from vedette.models.wire import (
    InferRequest,
    InferResponse,
    Limits,
    ModelMetadata,
    RequestedOutput,
    ServerMetadata,
    Tensor,
    TensorMetadata,
    WireError,
    rpc,
)
from vedette.models.wire.rpc_schema import message, methods


def request_of(**changes: Any) -> Any:
    whole = {"name": "x", "datatype": "FP32", "shape": [2]} | changes
    return message("ModelInferRequest")(model_name="m", inputs=[whole])


@given(requests())
def test_a_request_is_the_same_after_its_message(request_: InferRequest) -> None:
    again = rpc.decode_request(rpc.encode_request(request_))
    assert same(again.inputs, request_.inputs)
    assert (again.model, again.id) == (request_.model, request_.id)
    assert dict(again.parameters) == dict(request_.parameters)


@given(responses())
def test_a_response_is_the_same_after_its_message(response: InferResponse) -> None:
    again = rpc.decode_response(rpc.encode_response(response))
    assert same(again.outputs, response.outputs)
    assert dict(again.parameters) == dict(response.parameters)


def test_requested_outputs_and_unsigned_parameters_cross() -> None:
    asked = InferRequest("m", (), (RequestedOutput("a", {"k": 1 << 63}),), "2")
    again = rpc.decode_request(rpc.encode_request(asked))
    assert (again.outputs, again.version) == (asked.outputs, "2")


def test_metadata_crosses() -> None:
    tensor = TensorMetadata("x", "FP32", (-1, 3))
    model = ModelMetadata("m", ("1", "2"), "onnx", (tensor,), (tensor,))
    server = ServerMetadata("vedette", "1", ("binary_tensor_data",))
    assert rpc.from_model(rpc.to_model(model)) == model
    assert rpc.from_server(rpc.to_server(server)) == server


@pytest.mark.parametrize(
    ("datatype", "contents", "elements"),
    [
        ("BOOL", "bool_contents", [True, False]),
        ("INT8", "int_contents", [-128, 127]),
        ("INT64", "int64_contents", [-(1 << 63), 1]),
        ("UINT16", "uint_contents", [0, 65535]),
        ("UINT64", "uint64_contents", [0, (1 << 64) - 1]),
        ("FP32", "fp32_contents", [0.5, float("inf")]),
        ("FP64", "fp64_contents", [0.5, -1.0]),
        ("BYTES", "bytes_contents", [b"a", b"\xff"]),
    ],
)
def test_typed_contents_are_understood(datatype: str, contents: str, elements: list[Any]) -> None:
    made = request_of(datatype=datatype, contents={contents: elements})
    tensor = rpc.decode_request(made.SerializeToString()).inputs[0]
    assert (tensor.datatype, tensor.array.tolist()) == (datatype, elements)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "0 elements in 'x'"),
        ({"contents": {"fp32_contents": [1]}}, "1 elements"),
        ({"contents": {"fp64_contents": [1, 2]}}, "other contents"),
        ({"contents": {"fp32_contents": [1, 2], "int_contents": [1]}}, "other contents"),
        ({"datatype": "INT8", "contents": {"int_contents": [1, 300]}}, "cannot hold"),
        ({"datatype": "FP16"}, "raw contents for FP16"),
        ({"datatype": ""}, "the datatype ''"),
        ({"shape": [-1]}, "a dimension"),
        ({"shape": [1 << 40, 1 << 40]}, "elements"),
        ({"shape": [1] * 17}, "17 dimensions"),
        ({"parameters": {"a": {}}}, "without a value"),
    ],
)
def test_what_a_tensor_has_wrong_is_named(changes: dict[str, Any], told: Any) -> None:
    with pytest.raises(WireError, match=told):
        rpc.decode_request(request_of(**changes).SerializeToString())


def test_raw_contents_are_one_a_tensor_and_stand_alone() -> None:
    made = request_of()
    made.raw_input_contents.extend([bytes(8), bytes(8)])
    with pytest.raises(WireError, match="2 raw contents for 1 tensors"):
        rpc.decode_request(made.SerializeToString())
    del made.raw_input_contents[1]
    made.inputs[0].contents.fp32_contents.extend([1, 2])
    with pytest.raises(WireError, match="raw and typed"):
        rpc.decode_request(made.SerializeToString())


def test_truncated_raw_contents_are_refused() -> None:
    made = request_of()
    made.raw_input_contents.append(bytes(7))
    with pytest.raises(WireError, match="found 7 bytes for 'x'"):
        rpc.decode_request(made.SerializeToString())


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: Any) -> None:
    assert status_of(lambda: rpc.decode_request(body)) in {200, 400, 413}


@given(requests(), st.data())
def test_a_changed_byte_is_read_or_refused(request_: InferRequest, data: st.DataObject) -> None:
    body = bytearray(rpc.encode_request(request_))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    assert status_of(lambda: rpc.decode_request(bytes(body))) in {200, 400, 413}


def test_more_bytes_than_the_limit_are_not_parsed() -> None:
    asked = InferRequest("m", (Tensor.of("x", np.zeros(9)),))
    with pytest.raises(WireError, match="at most 20"):
        rpc.decode_request(rpc.encode_request(asked), limits=Limits(body_bytes=20))


@pytest.mark.parametrize(
    ("start", "told"), [(b"", "too many fields"), (b"\x0b\x0c", "no ModelInferRequest")]
)
def test_many_empty_tensors_are_refused_before_they_are_made(start: bytes, told: str) -> None:
    with pytest.raises(WireError, match=told):
        rpc.decode_request(start + b"\x2a\x00" * 5000)


@pytest.mark.parametrize("field", ["name", "datatype"])
def test_long_names_are_refused_and_not_repeated(field: str) -> None:
    with pytest.raises(WireError) as caught:
        rpc.decode_request(request_of(**{field: "x" * 2000}).SerializeToString())
    assert len(caught.value.line()) < 200


def test_every_procedure_has_its_path_and_only_one_streams() -> None:
    assert methods()["ModelInfer"].path == "/inference.GRPCInferenceService/ModelInfer"
    assert [each.name for each in methods().values() if each.streams] == ["ModelStreamInfer"]


def test_a_servers_code_becomes_https() -> None:
    codes = [rpc.answered(code, "no", "grpc://a").status for code in (3, 5, 8, 14, 2)]
    assert codes == [400, 404, 429, 503, 500]
