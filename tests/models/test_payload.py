"""What is coded comes back as good as it may, and nothing hostile unfolds."""

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from vedette.models.numbers import quantised, restored
from vedette.models.payload import (
    ACCEPT,
    CODING,
    DATATYPE,
    SHAPE,
    TENSORS,
    accepted,
    agreed,
    coded,
    codings,
    extensions,
    plain,
)
from vedette.models.wire.errors import WireError
from vedette.models.wire.tensor import Tensor
from vedette.types.media import Pixels

shapes = arrays.array_shapes(min_dims=1, max_dims=4, max_side=6)
floats = st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
    lambda dtype: arrays.arrays(
        dtype,
        shapes,
        elements={"min_value": -1000, "max_value": 1000, "allow_subnormal": False},
    )
)


class Raw:
    """A codec of pictures that does nothing."""

    def encode(self, pictures: Any) -> list[bytes]:
        return [each.tobytes() for each in pictures]

    def decode(self, parts: Any, size: tuple[int, int]) -> list[Pixels]:
        return [np.frombuffer(each, np.uint8).reshape(size[1], size[0], 3) for each in parts]


KNOWN = codings({"raw": Raw()})


def there_and_back(array: NDArray[Any], coding: str) -> NDArray[Any]:
    (again,) = plain([coded(Tensor.of("x", array), coding, KNOWN)], KNOWN)
    assert again.array.dtype == array.dtype
    assert again.parameters == {}
    return again.array


@given(floats, st.sampled_from(sorted(TENSORS)))
def test_floats_come_back_as_near_as_their_coding_allows(array: NDArray[Any], coding: str) -> None:
    again = there_and_back(array, coding).astype(np.float64)
    widest = float(np.ptp(array.astype(np.float64)))
    largest = float(np.abs(array).max())
    near = {
        "zstd": 0.0,
        "fp16": largest / 2000 + 1e-7,
        "int8": widest / 500 + largest / 1e6 + 1e-37,
    }
    own = largest * float(np.finfo(array.dtype).eps)
    error = np.abs(again - array.astype(np.float64)).max()
    assert error <= near[coding.partition("+")[0]] + (own if coding != "zstd" else 0.0)


@given(arrays.arrays(np.float32, shapes, elements=st.integers(0, 255).map(float)))
def test_pixels_lose_nothing_as_bytes(array: NDArray[Any]) -> None:
    assert np.array_equal(there_and_back(array, "int8+zstd"), array)


@given(arrays.arrays(st.sampled_from([np.int64, np.uint8, np.float64]), shapes))
def test_zstd_alone_loses_nothing_of_any_numbers(array: NDArray[Any]) -> None:
    np.testing.assert_array_equal(there_and_back(array, "zstd"), array)


@given(arrays.arrays(np.float32, (3, 4, 5), elements={"min_value": -9, "max_value": 9}))
def test_a_row_is_coded_as_it_would_be_alone(array: NDArray[Any]) -> None:
    together = there_and_back(array, "int8")
    alone = [there_and_back(array[i : i + 1], "int8") for i in range(len(array))]
    np.testing.assert_array_equal(together, np.concatenate(alone))


@pytest.mark.parametrize("shape", [(2, 3, 4, 6), (2, 4, 6, 3)])
@pytest.mark.parametrize("scale", [1.0, 1 / 255])
def test_pictures_go_through_a_codec_in_either_layout(shape: tuple[int, ...], scale: float) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape).astype(np.float32)
    again = there_and_back((pixels * np.float32(scale)).astype(np.float32), "raw")
    np.testing.assert_allclose(again, pixels * scale, atol=scale / 1.9)
    assert np.array_equal(there_and_back(pixels.astype(np.uint8), "raw"), pixels)


@pytest.mark.parametrize(
    ("array", "coding"),
    [
        (np.array([[1, 2]]), "int8"),
        (np.array([[1e6]], np.float32), "fp16"),
        (np.array([[np.nan, 1.0]], np.float32), "int8+zstd"),
        (np.array([[np.inf]], np.float32), "fp16+zstd"),
        (np.array([[3e38, -3e38]], np.float32), "int8"),
        (np.ones((2, 5, 5, 4), np.float32), "raw"),
        (np.zeros((0, 3), np.float32), "zstd"),
        (np.array([b"text"], object), "zstd"),
        (np.array([True]), "zstd"),
    ],
)
def test_what_a_coding_cannot_hold_travels_as_it_is(array: NDArray[Any], coding: str) -> None:
    tensor = Tensor.of("x", array)
    assert coded(tensor, coding, KNOWN) is tensor
    assert plain([tensor], KNOWN) == (tensor,)


def test_a_server_that_knows_nothing_of_codings_sees_another_datatype() -> None:
    tensor = coded(Tensor.of("x", np.ones((1, 3), np.float32)), "fp16", KNOWN)
    assert tensor.datatype == "BYTES"
    assert tensor.parameters == {CODING: "fp16", DATATYPE: "FP32", SHAPE: "1,3"}


def test_sender_and_server_agree_on_the_first_coding_that_both_know() -> None:
    assert agreed(["brotli", "fp16", "zstd"], extensions(KNOWN)) == "fp16"
    assert agreed(["fp16"], ["binary_tensor_data"]) is None
    assert accepted({ACCEPT: "brotli, int8"}, KNOWN) == "int8"
    assert accepted({}, KNOWN) is None


@pytest.mark.parametrize("asked", ["brotli", 3, ""])
def test_an_answer_in_unknown_codings_only_is_refused(asked: str | int) -> None:
    with pytest.raises(WireError, match="accept-coding"):
        accepted({ACCEPT: asked}, KNOWN)


def test_without_zstandard_its_codings_are_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.models.numbers.find_spec", lambda _: None)
    assert list(codings()) == ["fp16", "int8"]


def message(coding: str, parts: list[Any], **said: Any) -> Tensor:
    parameters = {CODING: coding, DATATYPE: "FP32", SHAPE: "2,4"} | said
    return Tensor("x", "BYTES", np.array(parts, object), parameters)


BOMB = zstandard.ZstdCompressor().compress(bytes(1 << 26))
UNSIZED = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(16))


@pytest.mark.parametrize(
    "hostile",
    [
        message("brotli", [b""]),
        message("fp16", [b""]),
        message("fp16", [bytes(17)]),
        message("fp16", [bytes(16), b""]),
        message("fp16", []),
        message("fp16", ["text of 16 chars"]),
        message("fp16+zstd", [BOMB]),
        message("fp16+zstd", [UNSIZED]),
        message("fp16+zstd", [b"no zstd at all"]),
        message("fp16+zstd", [zstandard.compress(bytes(16))[:-2]]),
        message("fp16+zstd", [zstandard.compress(bytes(16)) + b"more"]),
        message("int8", [np.full(4, np.nan, "<f4").tobytes() + bytes(8)]),
        message("int8", [bytes(8 + 8)]),
        message("fp16", [bytes(16)], **{DATATYPE: "INT64"}),
        message("fp16", [bytes(16)], **{DATATYPE: "BYTES"}),
        message("fp16", [bytes(16)], **{DATATYPE: 5}),
        message("fp16", [bytes(16)], **{SHAPE: "2,-4"}),
        message("fp16", [bytes(16)], **{SHAPE: "2,0"}),
        message("fp16", [bytes(16)], **{SHAPE: "2,²"}),
        message("fp16", [bytes(16)], **{SHAPE: "1," * 50 + "1"}),
        message("fp16", [bytes(16)], **{SHAPE: 8}),
        message("raw", [b"", b"x"]),
        message("raw", [b"x", bytes(12)], **{SHAPE: "1,3,2,2"}),
        message("raw", [b""], **{SHAPE: "1,3,2,2"}),
    ],
)
def test_hostile_payloads_are_refused(hostile: Tensor) -> None:
    with pytest.raises(WireError) as refused:
        plain([hostile], KNOWN)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "tensors",
    [
        [message("fp16", [b""], **{SHAPE: "99999999,99999999"})],
        [message("fp16", [b""], **{SHAPE: "6000,6000"})],
        [message("int8", [b""], **{SHAPE: "1024,1024"})] * 17,
    ],
)
def test_a_message_that_unfolds_to_too_much_is_refused_before_any_of_it_is(
    tensors: list[Tensor],
) -> None:
    with pytest.raises(WireError) as refused:
        plain(tensors, KNOWN)
    assert refused.value.status == 413


@given(
    st.sampled_from([*TENSORS, "raw"]),
    st.lists(st.binary(max_size=40), max_size=3),
    st.sampled_from(["FP32", "FP16", "INT8", "UINT8", "BOOL", ""]),
    st.text("0123456789,- ", max_size=9),
)
def test_any_bytes_are_an_array_of_what_they_say_or_are_refused(
    coding: str, parts: list[bytes], datatype: str, shape: str
) -> None:
    found: tuple[Tensor, ...] = ()
    with suppress(WireError):
        found = plain([message(coding, parts, **{DATATYPE: datatype, SHAPE: shape})], KNOWN)
    for each in found:
        assert list(each.shape) == [int(side) for side in shape.split(",")]
        assert each.datatype == datatype


def test_levels_reach_both_ends_of_each_channel() -> None:
    array = np.array([[[0.1, -5.0], [0.9, 5.0]]], np.float32)
    scales, levels = quantised(array, 1) or (b"", b"")
    again = restored(scales, levels, array.dtype, array.shape, 1)
    np.testing.assert_allclose(again, array, atol=1e-6)
