import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from numpy.typing import NDArray

from vedette.models.wire import InferRequest, RequestedOutput, Tensor, WireError
from vedette.models.wire.predict import decode_response, encode_request

ASKED = InferRequest("m", ())
ROWS = Tensor.of("x", np.array([[1.5, 2], [3, 4]], np.float32))


def sent(*tensors: Tensor) -> Any:
    return json.loads(encode_request(InferRequest("m", tensors)))


def test_one_input_goes_row_by_row() -> None:
    assert sent(ROWS) == {"instances": [[1.5, 2], [3, 4]]}


def test_inputs_of_equally_many_rows_go_row_by_row() -> None:
    other = Tensor.of("y", np.array([7, 8]))
    assert sent(ROWS, other) == {"instances": [{"x": [1.5, 2], "y": 7}, {"x": [3, 4], "y": 8}]}


def test_other_inputs_go_tensor_by_tensor() -> None:
    scalar = Tensor.of("y", np.array(7))
    assert sent(ROWS, scalar) == {"inputs": {"x": [[1.5, 2], [3, 4]], "y": 7}}


def test_bytes_go_as_base64() -> None:
    assert sent(Tensor.of("x", np.array([b"\xff"], object))) == {"instances": [{"b64": "/w=="}]}


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        ({"predictions": [[1.5], [2]]}, {"outputs": ("FP32", [[1.5], [2]])}),
        ({"predictions": [{"a": 1, "b": "t"}]}, {"a": ("INT64", [1]), "b": ("BYTES", [b"t"])}),
        ({"outputs": {"a": True}}, {"a": ("BOOL", True)}),
        ({"outputs": [{"b64": "/w=="}]}, {"outputs": ("BYTES", [b"\xff"])}),
        ({"predictions": []}, {"outputs": ("FP32", [])}),
    ],
)
def test_outputs_are_read(body: Any, outputs: Any) -> None:
    found = decode_response(json.dumps(body).encode(), ASKED)
    assert {each.name: (each.datatype, each.array.tolist()) for each in found.outputs} == outputs


def test_an_unnamed_output_has_the_name_that_was_asked_for() -> None:
    asked = InferRequest("m", (), (RequestedOutput("scores"),))
    assert decode_response(b'{"predictions":[1]}', asked).outputs[0].name == "scores"


def test_a_server_may_answer_with_numbers_that_are_none() -> None:
    found = decode_response(b'{"predictions":[NaN, -Infinity, 1.0]}', ASKED)
    assert np.array_equal(found.outputs[0].array, [np.nan, -np.inf, 1], equal_nan=True)


@given(nps.arrays(np.float32, nps.array_shapes(max_dims=3), elements=st.floats(width=32)))
def test_what_an_echo_answers_is_what_was_sent(array: NDArray[Any]) -> None:
    body = encode_request(InferRequest("m", (Tensor.of("x", array),)))
    found = decode_response(body.replace(b"instances", b"predictions"), ASKED).outputs[0].array
    assert np.array_equal(found, array, equal_nan=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"predictions":[[1],[1,2]]}',
        b'{"predictions":[{"a":1},{"b":1}]}',
        b'{"predictions":[1,"a"]}',
        b'{"predictions":[null]}',
        b'{"predictions":[true,1]}',
        b'{"predictions":[{"b64":"?"}]}',
        b'{"predictions":[{"b64":1}]}',
        b'{"outputs":' + b"[" * 20 + b"]" * 20 + b"}",
        b"{}",
        b"[]",
    ],
)
def test_what_is_no_answer_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        decode_response(body, ASKED)
