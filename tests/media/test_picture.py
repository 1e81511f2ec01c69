"""Pictures are converted once, straight from the decoder, and shared read-only."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from vedette.image import ArrayPicture, Box, patch, resized
from vedette.media.picture import DecodedPicture, copied, planes_of, shrunk
from vedette.media.upright import clockwise
from vedette.types.media import Frame, Key, Picture


def gradient(width: int = 64, height: int = 48) -> av.VideoFrame:
    """Dark at the left, bright at the right; a decoder's padding included."""
    pixels = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    frame = av.VideoFrame.from_ndarray(np.dstack([pixels] * 3), format="bgr24")
    return frame.reformat(format="yuv420p")


MAKERS: dict[str, Callable[[], Picture]] = {
    "decoded": lambda: DecodedPicture(gradient()),
    "odd": lambda: DecodedPicture(gradient(61, 47)),
    "scaled": lambda: DecodedPicture(gradient(), size=(32, 20)),
    "turned": lambda: DecodedPicture(gradient(), turn=clockwise(270)),
    "upside down": lambda: DecodedPicture(gradient(), turn=clockwise(180)),
    "resized": lambda: shrunk(DecodedPicture(gradient()), 32, 24),
    "resized twice": lambda: shrunk(shrunk(DecodedPicture(gradient()), 40, 30), 32, 24),
    "resized array": lambda: shrunk(ArrayPicture(DecodedPicture(gradient()).bgr()), 32, 24),
}


@pytest.fixture(params=MAKERS)
def picture(request: pytest.FixtureRequest) -> Picture:
    return MAKERS[request.param]()


def test_pixels_have_the_size_that_is_asked_for(picture: Picture) -> None:
    assert picture.bgr().shape == (picture.height, picture.width, 3)
    assert picture.bgr(20, 12).shape == (12, 20, 3)
    assert picture.bgr(width=20).shape == (picture.height, 20, 3)
    assert picture.luma().shape == (picture.height, picture.width)


@pytest.mark.parametrize("box", [(0, 0, 9, 9), (5, 3, 25, 20), (12, 6, 32, 20), (31, 19, 32, 20)])
def test_a_patch_is_a_box_of_the_picture_scaled(picture: Picture, box: Box) -> None:
    found = patch(whole(picture), tuple(map(float, box)))  # type: ignore[arg-type]  # of 4
    wanted = resized(picture.bgr()[box[1] : box[3], box[0] : box[2]], 50, 50)
    assert found.shape == (50, 50, 3)
    assert not found.flags.writeable
    a_pixel = 256 / 32  # of the smallest picture; by as much a box moves to be even
    assert np.abs(found.astype(int) - wanted).mean() < a_pixel + 1


def test_a_patch_of_all_is_the_picture_at_that_size(picture: Picture) -> None:
    found = patch(whole(picture), (0.0, 0.0, float(picture.width), float(picture.height)))
    np.testing.assert_allclose(found, picture.bgr(50, 50), atol=3)


def test_a_patch_keeps_the_colours_of_its_source() -> None:
    pixels = np.full((48, 64, 3), (200, 120, 30), np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
    for space in (Colorspace.ITU601, Colorspace.ITU709):
        coded = frame.reformat(format="yuv420p", dst_colorspace=space)
        found = DecodedPicture(coded).patch((10, 10, 40, 40), 50)
        np.testing.assert_allclose(found.mean(axis=(0, 1)), (200, 120, 30), atol=4)


def whole(picture: Picture) -> Frame:
    size = picture.width, picture.height
    return Frame(Key("a", 0), Fraction(0), picture, size, (0.0, 0.0, *map(float, size)))  # type: ignore[arg-type]  # of 4


def test_nobody_can_write_on_shared_pixels(picture: Picture) -> None:
    assert not picture.bgr().flags.writeable
    assert not picture.bgr(20, 12).flags.writeable
    assert not picture.luma().flags.writeable


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "resized array"])
def test_luma_of_what_was_decoded_is_brightness_in_video_levels(name: str) -> None:
    picture = MAKERS[name]()
    grey = picture.bgr().astype(float).mean(axis=2)
    limited = (picture.luma().astype(float) - 16) * 255 / 219
    assert np.abs(grey - limited).max() < 15


def test_planes_are_made_from_any_picture(picture: Picture) -> None:
    frame = planes_of(picture, 20, 12)
    assert (frame.format.name, frame.width, frame.height) == ("yuv420p", 20, 12)


def test_a_picture_survives_pickling_as_its_pixels(picture: Picture) -> None:
    assert np.array_equal(pickle.loads(pickle.dumps(picture)).bgr(), picture.bgr())


def test_a_size_is_converted_once() -> None:
    picture = DecodedPicture(gradient())
    assert picture.bgr(20, 12).ctypes.data == picture.bgr(20, 12).ctypes.data


def test_luma_of_a_decoded_picture_is_no_copy() -> None:
    frame = gradient()
    luma = DecodedPicture(frame).luma()
    assert luma.ctypes.data == frame.planes[0].buffer_ptr


def test_pixels_outlive_their_picture() -> None:
    pixels = DecodedPicture(gradient()).bgr()
    expected = gradient().to_ndarray(format="bgr24")
    [DecodedPicture(gradient(300, 200)).bgr() for _ in range(20)]
    assert np.array_equal(pixels, expected)


def test_many_threads_get_the_same_pixels() -> None:
    picture = DecodedPicture(gradient(320, 240))
    sizes = [(w, h) for w in (40, 80, 160) for h in (30, 60)] * 10
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda size: picture.bgr(*size), sizes))
    fresh = DecodedPicture(gradient(320, 240))
    assert all(
        np.array_equal(pixels, fresh.bgr(*size)) for pixels, size in zip(found, sizes, strict=True)
    )


def test_detail_that_was_given_up_does_not_come_back() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = shrunk(ArrayPicture(stripes), 16, 16)
    assert np.ptp(small.bgr(64, 64)) < 40


def test_turning_moves_the_left_edge_down() -> None:
    upright = DecodedPicture(gradient(), turn=clockwise(270)).luma()
    assert upright[-1].mean() < upright[0].mean()


def test_a_copy_of_planes_is_the_encoders_own() -> None:
    shared = gradient(62, 46)
    own = copied(shared, None)
    again = copied(shared, own)
    assert again is own
    assert np.array_equal(own.to_ndarray(), shared.to_ndarray())
    assert own.planes[0].buffer_ptr != shared.planes[0].buffer_ptr


def test_colours_follow_the_tags_of_the_source() -> None:
    frame = gradient()
    frame.colorspace, frame.color_range = 1, 2
    full = DecodedPicture(frame).bgr()
    assert full.min() >= 14  # limited-range black, taken at its word as full range
