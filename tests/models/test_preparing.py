"""What a model is shown: order, scale, padding and layout of a picture's pixels."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from vedette.image import ArrayPicture
from vedette.models.preparing import Colours, Preparation, prepared

BGR = (10, 20, 30)


def picture(width: int = 200, height: int = 100) -> ArrayPicture:
    return ArrayPicture(np.full((height, width, 3), BGR, np.uint8))


def test_proportions_are_kept_and_the_rest_is_padded_right_and_below() -> None:
    planes, used = prepared(picture(), 64, 64, Preparation())
    assert used == (64, 32)
    np.testing.assert_array_equal(planes[0, :, 5, 5], BGR)
    assert (planes[0, :, 32:] == 114).all()
    planes, used = prepared(picture(), 64, 16, Preparation())
    assert used == (32, 16)
    assert (planes[0, :, :, 32:] == 114).all()


def test_a_stretched_picture_fills_the_input() -> None:
    planes, used = prepared(picture(), 32, 64, Preparation(fit="stretch"))
    assert used == (32, 64)
    assert (planes[0, 0] == BGR[0]).all()


ORDERS: tuple[Colours, Colours] = ("bgr", "rgb")
SCALES = [
    Preparation(colours=colours, range=range_, mean=mean, std=std)
    for colours, range_, (mean, std) in product(
        ORDERS,
        ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)),
        (((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), ((0.4, 0.5, 0.6), (0.1, 0.2, 0.3))),
    )
]


def one_pixel_at_a_time(pixels: NDArray[np.uint8], wanted: Preparation) -> NDArray[np.float64]:
    made = np.zeros((3, *pixels.shape[:2]))
    low, high = wanted.range
    for line, column in np.ndindex(*pixels.shape[:2]):
        values = pixels[line, column].tolist()
        for channel, value in enumerate(values if wanted.colours == "bgr" else values[::-1]):
            scaled = low + (high - low) * value / 255
            made[channel, line, column] = (scaled - wanted.mean[channel]) / wanted.std[channel]
    return made


@pytest.mark.parametrize("wanted", SCALES)
def test_each_pixel_is_scaled_as_declared(wanted: Preparation) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    batch, _ = prepared(ArrayPicture(pixels), 8, 6, wanted)
    np.testing.assert_allclose(batch[0], one_pixel_at_a_time(pixels, wanted), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_channels_may_come_last_in_any_type(dtype: str) -> None:
    first, _ = prepared(picture(), 64, 64, Preparation())
    last, _ = prepared(picture(), 64, 64, Preparation(), layout="nhwc", dtype=dtype)
    assert (last.shape, last.dtype) == ((1, 64, 64, 3), np.dtype(dtype))
    np.testing.assert_array_equal(last[0].transpose(2, 0, 1), first[0])


def test_what_is_padded_is_scaled_as_well() -> None:
    batch, _ = prepared(picture(), 64, 64, Preparation(range=(0.0, 1.0), pad=127.5))
    assert batch[0, 0, 60, 60] == pytest.approx(0.5)
