"""Requests, answers and refusals in one piece each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.models.wire import InferRequest, InferResponse, Tensor, WireError, framed, wrong
from vedette.models.wire.tensor import objects

ASKED = InferRequest(
    "box-0-street",
    (
        Tensor("keys", "BYTES", objects([b"{}"], (1,))),
        Tensor("items", "BYTES", objects([b"one", b"", b"three"], (3,))),
    ),
    parameters={"sequence_id": "s", "number": 7},
)


def test_a_request_comes_out_as_it_went_in() -> None:
    found = framed.asked(framed.request(ASKED), "box-0-street")
    assert [each.array.tolist() for each in found.inputs] == [[b"{}"], [b"one", b"", b"three"]]
    assert (found.model, found.parameters["number"]) == ("box-0-street", 7)


def test_an_answer_comes_out_as_it_went_in() -> None:
    numbers = Tensor("out", "FP32", np.arange(3, dtype=np.float32))
    asked = framed.asked(framed.request(ASKED), "m")
    message = framed.response(InferResponse("m", (numbers,), "1", "", {"watermark": 4}), asked)
    found = framed.answered(message)
    assert found.outputs[0].array.tolist() == [0.0, 1.0, 2.0]
    assert found.parameters["watermark"] == 4


def test_an_answer_without_tensors_is_one() -> None:
    assert framed.answered(framed.response(InferResponse("m", ()), ASKED)).outputs == ()


def test_a_refusal_is_raised_where_it_arrives() -> None:
    message = framed.refusal(wrong("a sequence that is not here", "one", "it", status=404))
    with pytest.raises(WireError, match="not here") as raised:
        framed.answered(message)
    assert (raised.value.status, raised.value.problems[0].hint) == (404, "it")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_with_a_reason(message: bytes) -> None:
    for read in (framed.answered, lambda each: framed.asked(each, "m")):
        with pytest.raises(WireError):
            read(message)


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_broken_request_is_read_as_one_or_refused(place: int, value: int) -> None:
    message = bytearray(framed.request(ASKED))
    message[place % len(message)] = value
    assert status(bytes(message)) in {200, 400, 413}


def status(message: bytes) -> int:
    """What a server would answer with."""
    try:
        framed.asked(message, "m")
    except WireError as error:
        return error.status
    return 200
