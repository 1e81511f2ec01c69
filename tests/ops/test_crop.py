"""Crops are cut of confirmed tracks, from frames of any size, with their boxes as detected."""

from fractions import Fraction

import numpy as np
import pytest

from vedette.image import ArrayPicture
from vedette.ops.crop import crop
from vedette.types.media import Detections, Frame, Key

SIZE = (640, 360)


def frame(width: int = 640, height: int = 360) -> Frame:
    """Blue tells the column, green the row, in 255ths of the picture."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    whole = (0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    return Frame(Key("a", 7), Fraction(7, 25), ArrayPicture(pixels), SIZE, whole)


def detections(boxes: list[tuple[float, ...]], track: list[int], group: list[int]) -> Detections:
    count = len(boxes)
    return Detections(
        key=Key("a", 7),
        time_s=Fraction(7, 25),
        size=SIZE,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        confidence=np.full(count, 0.75, np.float32),
        label=np.array(group, np.int32),
        group=np.array(group, np.int32),
        track=np.array(track, np.int32),
        labels=("person", "truck"),
        groups=("person", "vehicle"),
    )


BOX = (100.5, 50.0, 200.25, 150.0)


def test_a_crop_carries_its_object_and_shows_its_box() -> None:
    (cut,) = crop(frame(), detections([BOX], [3], [1]))
    assert (cut.box, cut.label, cut.group, cut.track) == (BOX, "truck", "vehicle", 3)
    assert cut.confidence == 0.75
    assert cut.frame.region == (100, 50, 201, 150)
    assert (cut.frame.key, cut.frame.size) == (Key("a", 7), SIZE)


def test_unconfirmed_objects_are_not_cut_out() -> None:
    cut = crop(frame(), detections([BOX, BOX], [-1, 0], [1, 1]))
    assert [each.track for each in cut] == [0]


def test_only_the_named_groups_are_cut_out() -> None:
    objects = detections([BOX, BOX], [0, 1], [0, 1])
    assert [each.track for each in crop(frame(), objects, groups=["vehicle"])] == [1]
    assert [each.track for each in crop(frame(), objects)] == [0, 1]


def test_a_smaller_frame_is_cut_at_the_same_place() -> None:
    objects = detections([(160, 90, 320, 180)], [0], [1])
    (large,), (small,) = crop(frame(), objects), crop(frame(320, 180), objects)
    assert (small.frame.picture.width, small.frame.picture.height) == (80, 45)
    middles = [cut.frame.picture.bgr().mean(axis=(0, 1)) for cut in (large, small)]
    assert middles[0] == pytest.approx(middles[1], abs=1)


def test_boxes_beyond_the_picture_are_cut_at_its_edge_or_left_out() -> None:
    objects = detections([(600, 300, 700, 400), (650, 10, 700, 40)], [0, 1], [1, 1])
    (cut,) = crop(frame(), objects)
    assert (cut.track, cut.frame.picture.width, cut.frame.picture.height) == (0, 40, 60)


def test_a_frame_without_objects_gives_no_crops() -> None:
    assert crop(frame(), detections([], [], [])) == ()
