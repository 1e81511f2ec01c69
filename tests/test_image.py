"""Pictures, tiles and change."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from vedette import image
from vedette.errors import MediaError
from vedette.types.media import Frame, Key, Picture, Pixels


def gradient(width: int, height: int) -> Pixels:
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, (x + y) / 2], axis=-1).astype(np.uint8)


def frame(pixels: Pixels) -> Frame:
    height, width = pixels.shape[:2]
    picture = image.ArrayPicture(pixels)
    return Frame(Key("a", 7), Fraction(1), picture, (width, height), (0.0, 0.0, width, height))


def test_a_picture_converts_each_size_once() -> None:
    picture = image.ArrayPicture(gradient(64, 48))
    assert picture.bgr(32, 24).shape == (24, 32, 3)
    assert picture.bgr(32, 24) is picture.bgr(32, 24)
    assert picture.luma() is picture.luma()


def test_nobody_can_write_into_a_picture() -> None:
    picture = image.ArrayPicture(gradient(64, 48))
    for pixels in (picture.bgr(), picture.bgr(10, 10), picture.luma()):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 1


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copied_picture_is_equal_and_still_locked(
    twin: Callable[[image.CutPicture], Picture],
) -> None:
    cut = image.CutPicture(image.ArrayPicture(gradient(64, 48)), (8, 8, 40, 30))
    again = twin(cut)
    np.testing.assert_array_equal(again.bgr(), cut.bgr())
    assert not again.bgr().flags.writeable


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_an_array_that_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MediaError, match="expected a picture"):
        image.ArrayPicture(np.zeros(shape, np.uint8))


def test_corner_tiles_cover_the_picture_and_overlap() -> None:
    seen = np.zeros((272, 640), int)
    for x0, y0, x1, y1 in image.corner_boxes(640, 272):
        seen[y0:y1, x0:x1] += 1
    assert seen.min() == 1
    assert seen.max() == 4


def test_a_cut_of_a_cut_knows_where_it_lies_in_the_source() -> None:
    pixels = gradient(64, 48)
    inner = image.cut(image.cut(frame(pixels), (16, 8, 64, 48)), (4, 4, 20, 24))
    assert inner.region == (20.0, 12.0, 36.0, 32.0)
    np.testing.assert_array_equal(inner.picture.bgr(), pixels[12:32, 20:36])
    assert inner.picture.luma().shape == (20, 16)


def test_a_region_finds_its_box_in_a_smaller_picture_of_the_source() -> None:
    whole = frame(gradient(64, 48))
    half = Frame(
        whole.key, whole.time_s, image.ArrayPicture(gradient(32, 24)), (64, 48), whole.region
    )
    assert image.box_of(half, (10.0, 10.0, 21.0, 21.0)) == (5, 5, 11, 11)
    assert image.box_of(half, (-5.0, 40.0, 200.0, 100.0)) == (0, 20, 32, 24)
    assert image.box_of(half, (70.0, 0.0, 80.0, 10.0)) is None


def test_change_grows_from_nothing_to_one() -> None:
    black = image.thumbnail(frame(np.zeros((60, 80, 3), np.uint8)))
    white = image.thumbnail(frame(np.full((60, 80, 3), 255, np.uint8)))
    assert image.difference(black, black) == 0.0
    assert image.difference(black, white) == pytest.approx(1.0)


def test_a_small_object_that_moves_outweighs_an_even_flicker() -> None:
    still = np.full((100, 100, 3), 100, np.uint8)
    flicker = still + np.uint8(1)
    moved = still.copy()
    moved[40:44, 40:44] = 200
    base = image.thumbnail(frame(still))
    by_object = image.difference(base, image.thumbnail(frame(moved)))
    assert by_object > image.difference(base, image.thumbnail(frame(flicker)))


def test_a_zone_is_seen_with_a_quarter_around_it_inside_the_picture() -> None:
    assert image.around([(0, 40), (80, 40), (40, 80)], (640, 360)) == (0, 30, 100, 90)
    assert image.around(None, (640, 360)) == (0, 0, 640, 360)


def test_a_patch_of_a_resized_frame_shows_the_same_of_the_source() -> None:
    large = frame(gradient(640, 360))
    small = replace(frame(image.resized(gradient(640, 360), 320, 180)), size=(640, 360))
    small = replace(small, region=large.region)
    region = (101.0, 50.0, 333.0, 222.0)
    gap = image.patch(large, region).astype(int) - image.patch(small, region)
    assert np.abs(gap).max() <= 3


def test_a_patch_outside_the_picture_is_refused() -> None:
    with pytest.raises(MediaError, match="outside the picture"):
        image.patch(frame(gradient(64, 48)), (64.0, 0.0, 70.0, 10.0))


def test_networks_take_planes_from_0_to_1() -> None:
    planes = image.planar(np.stack([gradient(50, 50)] * 2))
    assert planes.shape == (2, 3, 50, 50)
    assert planes.dtype == np.float32
    assert (planes.min(), planes.max()) == (0, 1)
    np.testing.assert_allclose(planes[1, 2, 30, 40], gradient(50, 50)[30, 40, 2] / 255, rtol=1e-6)
