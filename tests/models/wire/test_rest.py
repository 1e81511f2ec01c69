import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.models.wire.values import requests, responses, same, status_of

from vedette.models.wire import (
    InferRequest,
    InferResponse,
    Limits,
    RequestedOutput,
    Tensor,
    WireError,
)
from vedette.models.wire.rest import (
    decode_request,
    decode_response,
    encode_request,
    encode_response,
    is_binary,
)

ASKED_BINARY = InferRequest("m", (), parameters={"binary_data_output": True})


def request_of(**changes: Any) -> Any:
    tensor = {"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2]} | changes
    return json.dumps({"inputs": [tensor]}).encode()


@given(requests())
def test_a_request_is_the_same_after_its_body(request_: InferRequest) -> None:
    body = encode_request(request_)
    again = decode_request(bytes(body), body.json_bytes, model="m")
    assert same(again.inputs, request_.inputs)
    assert again.id == request_.id
    assert dict(again.parameters) == {"binary_data_output": True} | dict(request_.parameters)


@given(responses())
def test_a_response_is_the_same_after_its_body(response: InferResponse) -> None:
    body = encode_response(response, ASKED_BINARY)
    again = decode_response(bytes(body), body.json_bytes)
    assert same(again.outputs, response.outputs)
    assert (again.model, again.version, again.id) == (response.model, response.version, response.id)


@given(responses())
def test_a_response_in_json_alone_is_the_same_where_json_can_say_it(
    response: InferResponse,
) -> None:
    asked = InferRequest("m", ())
    assume(status_of(lambda: encode_response(response, asked)) == 200)
    body = encode_response(response, asked)
    assert body.json_bytes is None
    again = decode_response(bytes(body))
    values = [(each.shape, each.array.tolist()) for each in response.outputs]
    assert [(each.shape, each.array.tolist()) for each in again.outputs] == values


@given(requests(), st.data())
def test_a_body_cut_anywhere_is_refused(request_: InferRequest, data: st.DataObject) -> None:
    body = encode_request(request_)
    whole = bytes(body)
    cut = data.draw(st.integers(0, len(whole.rstrip()) - 1))
    with pytest.raises(WireError):
        decode_request(whole[:cut], body.json_bytes, model="m")


@given(st.binary(max_size=80), st.none() | st.integers(-2, 90))
def test_any_bytes_are_read_or_refused(body: Any, json_bytes: int | None) -> None:
    with pytest.raises(WireError):
        decode_request(b"\0" + body, json_bytes, model="m")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["inputs", "outputs", "parameters", "id", "name", "shape", "datatype", "data"]
            ),
            inner,
            max_size=8,
        )
    ),
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    assert status_of(lambda: decode_request(body, model="m")) in {200, 400, 413}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data": [1, 2, 3]}, "3 elements"),
        ({"data": [[1], [2]], "shape": [1, 2]}, "another shape"),
        ({"data": [1, "2"]}, "another kind"),
        ({"data": [1, True]}, "another kind"),
        ({"data": [1, 1e300]}, "cannot hold"),
        ({"data": [1, None]}, "another kind"),
        ({"data": "12"}, "no list"),
        ({"data": [1, 300], "datatype": "UINT8"}, "cannot hold"),
        ({"data": [1, -1], "datatype": "UINT64"}, "cannot hold"),
        ({"data": [1, 10**30], "datatype": "INT64"}, "cannot hold"),
        ({"data": [1, 2.5], "datatype": "INT64"}, "another kind"),
        ({"data": [0, 1], "datatype": "BOOL"}, "another kind"),
        ({"datatype": "BF16"}, "BF16"),
        ({"datatype": "FLOAT"}, "the datatype 'FLOAT'"),
        ({"datatype": ["FP32"]}, "a list for 'datatype'"),
        ({"shape": [1 << 62, 4]}, "elements"),
        ({"parameters": {"binary_data_size": 8}}, "binary_data_size"),
        ({"parameters": {"binary_data_size": -1}}, "binary_data_size"),
        ({"parameters": {"a": [1]}}, "a list for a parameter"),
        ({"name": 1}, "a number for 'name'"),
        ({"name": "x" * 2000}, "1024 characters"),
    ],
)
def test_what_a_tensor_in_json_has_wrong_is_named(changes: dict[str, Any], told: Any) -> None:
    with pytest.raises(WireError, match=told):
        decode_request(request_of(**changes), model="m")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "from 1 to 0"),
        (b"[]", "a list for the body"),
        (b"[" * 100_000, "recursion"),
        (b'{"inputs":' + b"[" * 300_000, "brackets"),
        (b'{"id":NaN}', "no JSON"),
        (b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1e400]}]}', "cannot hold"),
        (b'{"id":' + b"1" * 100_000 + b"}", "out of range"),
        (b'{"id":"\xff"}', "no JSON"),
        (b'{"inputs":[3]}', "a number for an element"),
        (b'{"inputs":{}}', "an object for 'inputs'"),
        (b'{"inputs":[{"name":"x"}]}', "'datatype'"),
    ],
)
def test_hostile_json_is_refused(body: Any, told: Any) -> None:
    with pytest.raises(WireError, match=told):
        decode_request(body, model="m")


def test_two_inputs_of_one_name_are_refused() -> None:
    node = '{"name":"x","datatype":"FP32","shape":[1],"data":[1]}'
    with pytest.raises(WireError, match="two tensors 'x'"):
        decode_request(f'{{"inputs":[{node},{node}]}}'.encode(), model="m")


def test_bytes_that_belong_to_no_tensor_are_refused() -> None:
    body = encode_request(InferRequest("m", (Tensor.of("x", np.zeros(2, np.float32)),)))
    with pytest.raises(WireError, match="1 bytes that belong to no tensor"):
        decode_request(bytes(body) + b"\0", body.json_bytes, model="m")


@pytest.mark.parametrize(
    "limits", [Limits(body_bytes=20), Limits(json_bytes=20), Limits(tensors=0), Limits(brackets=2)]
)
def test_every_limit_answers_413(limits: Limits) -> None:
    with pytest.raises(WireError) as caught:
        decode_request(request_of(), model="m", limits=limits)
    assert caught.value.status == 413


def test_nested_data_is_read_row_by_row() -> None:
    nested = request_of(shape=[2, 2], data=[[1, 2], [3, 4]])
    found = decode_request(nested, model="m")
    assert found.inputs[0].array.tolist() == [[1, 2], [3, 4]]


def test_arrays_behind_the_json_lie_in_the_body_aligned() -> None:
    picture = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)
    body = encode_request(InferRequest("m", (Tensor.of("x", picture),)))
    whole = bytes(body)
    again = decode_request(whole, body.json_bytes, model="m").inputs[0].array
    assert np.shares_memory(again, np.frombuffer(whole, np.uint8))
    assert body.json_bytes is not None
    assert body.json_bytes % 64 == 0


def test_an_outputs_own_wish_goes_before_the_requests() -> None:
    asked = InferRequest(
        "m",
        (),
        (RequestedOutput("a", {"binary_data": False}), RequestedOutput("b")),
        parameters={"binary_data_output": True},
    )
    assert [is_binary(asked, name) for name in "abc"] == [False, True, True]


@pytest.mark.parametrize("array", [np.array([np.nan]), np.array([b"\xff"], object)])
def test_what_json_cannot_say_asks_for_binary_data(array: NDArray[Any]) -> None:
    response = InferResponse("m", (Tensor.of("x", array),))
    with pytest.raises(WireError, match="the tensor as binary data"):
        encode_response(response, InferRequest("m", ()))
