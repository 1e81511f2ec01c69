import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.wire.values import same, status_of, tensors

from vedette.models.wire import Limits, Tensor, WireError
from vedette.models.wire.tensor import checked_shape, from_chunk, to_chunk


@given(tensors("x"))
def test_a_tensor_is_the_same_after_its_bytes(tensor: Tensor) -> None:
    chunk = bytes(to_chunk(tensor))
    again = from_chunk("x", tensor.datatype, tensor.shape, chunk, parameters=tensor.parameters)
    assert same((tensor,), (again,))


@given(st.binary(max_size=40), st.integers(0, 9))
def test_bytes_whose_lengths_lie_are_refused_or_mean_what_they_say(
    chunk: bytes, count: int
) -> None:
    read = partial(from_chunk, "x", "BYTES", (count,), chunk)
    assert status_of(read) == 400 or bytes(to_chunk(read())) == chunk


def test_a_length_of_four_gigabytes_allocates_nothing() -> None:
    with pytest.raises(WireError, match="found 8 bytes for 'x' that do not hold 1 elements"):
        from_chunk("x", "BYTES", (1,), b"\xff\xff\xff\xff1234")


def test_more_elements_than_the_limit_are_refused_before_any_is_made() -> None:
    with pytest.raises(WireError, match="at most 10"):
        from_chunk("x", "BYTES", (11,), b"\0" * 44, limits=Limits(items=10))


@pytest.mark.parametrize("size", [0, 3, 5, 8])
def test_truncated_and_overlong_tensors_are_refused(size: int) -> None:
    with pytest.raises(WireError, match=f"found {size} bytes for 'x'\n  expected 4: FP32"):
        from_chunk("x", "FP32", (1,), b"\0" * size)


def test_a_byte_of_two_is_no_boolean() -> None:
    with pytest.raises(WireError, match="0 or 1"):
        from_chunk("x", "BOOL", (2,), b"\1\2")


@pytest.mark.parametrize(
    "shape",
    [[-1], [1.0], [True], ["1"], [1 << 63], [1 << 40, 1 << 40], [0, 1 << 62, 4], [1] * 17, 3, None],
)
def test_shapes_that_no_tensor_has_are_refused(shape: Any) -> None:
    with pytest.raises(WireError):
        checked_shape("x", shape)


def test_a_scalar_and_an_empty_shape_are_shapes() -> None:
    assert (checked_shape("x", []), checked_shape("x", [3, 0])) == ((), (3, 0))


def test_a_tensor_over_aligned_bytes_copies_nothing_and_cannot_be_written() -> None:
    chunk = np.arange(4, dtype="<f4").tobytes()
    tensor = from_chunk("x", "FP32", (4,), chunk)
    assert np.shares_memory(tensor.array, np.frombuffer(chunk, np.uint8))
    assert not tensor.array.flags.writeable


def test_a_tensor_over_bytes_at_an_odd_place_is_aligned() -> None:
    tensor = from_chunk("x", "FP64", (2,), memoryview(bytes(17))[1:])
    assert tensor.array.flags.aligned


def test_an_array_of_another_kind_is_no_tensor_of_the_datatype() -> None:
    with pytest.raises(WireError, match="found an array of float64 for 'x'"):
        Tensor("x", "FP32", np.zeros(2))


def test_an_array_finds_its_datatype() -> None:
    kinds = [np.zeros(1, kind) for kind in ("?", "<u2", ">i8", "<f2", "S3", "U3")]
    found = [Tensor.of("x", each).datatype for each in kinds]
    assert found == ["BOOL", "UINT16", "INT64", "FP16", "BYTES", "BYTES"]


def test_complex_numbers_have_no_datatype() -> None:
    with pytest.raises(WireError, match="complex"):
        Tensor.of("x", np.zeros(1, complex))


def test_elements_that_are_no_bytes_cannot_be_sent() -> None:
    with pytest.raises(WireError, match="found int in 'x'"):
        to_chunk(Tensor("x", "BYTES", np.array([1], object)))


def test_an_error_survives_pickling_and_has_the_protocols_form() -> None:
    with pytest.raises(WireError) as caught:
        checked_shape("x", [-1])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.status, again.body()) == (400, caught.value.body())
    assert again.body().startswith(b'{"error": "found a dimension')
