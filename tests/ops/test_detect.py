"""Which boxes count, how classes are merged, and what tiles make of a frame."""

from fractions import Fraction

import numpy as np
import pytest
from tests.models.fakes import FakeDetector

from vedette.declaring.operator import signatures
from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.ops.detect import detect, merge, tile
from vedette.types.media import Detections, Frame, Key, Region

CLASSES = {"person": ["person"], "vehicle": ["car", "truck"]}
Row = tuple[str, float, Region]


def frame(region: Region = (0.0, 0.0, 640.0, 272.0)) -> Frame:
    width, height = int(region[2] - region[0]), int(region[3] - region[1])
    picture = ArrayPicture(np.zeros((height, width, 3), np.uint8))
    return Frame(Key("a", 5), Fraction(1, 5), picture, (640, 272), region)


def found(*rows: Row, at: Frame | None = None, confidence: float = 0.3) -> Detections:
    detector = FakeDetector({5: rows})
    return detect(at or frame(), model=detector, confidence=confidence, classes=CLASSES)


def described(detections: Detections) -> list[tuple[str, str, float]]:
    rows = zip(detections.label, detections.group, detections.confidence, strict=True)
    return [
        (detections.labels[label], detections.groups[group], round(float(sure), 2))
        for label, group, sure in rows
    ]


def test_labels_are_grouped_as_the_question_merges_them() -> None:
    result = found(
        ("truck", 0.5, (0, 0, 50, 50)),
        ("cat", 0.9, (100, 0, 150, 50)),
        ("person", 0.7, (200, 0, 250, 50)),
    )
    assert described(result) == [("person", "person", 0.7), ("truck", "vehicle", 0.5)]
    assert result.groups == ("person", "vehicle")
    assert result.track.tolist() == [-1, -1]


def test_one_object_with_two_labels_of_a_group_is_found_once() -> None:
    result = found(
        ("car", 0.5, (0, 0, 50, 50)),
        ("truck", 0.6, (2, 0, 50, 50)),
        ("person", 0.4, (0, 0, 50, 50)),
    )
    assert described(result) == [("truck", "vehicle", 0.6), ("person", "person", 0.4)]


def test_confidence_reaches_the_detector() -> None:
    assert len(found(("car", 0.4, (0, 0, 50, 50)), confidence=0.5)) == 0


def test_nothing_found_is_an_empty_table() -> None:
    result = found()
    assert result.boxes.shape == (0, 4)
    assert result.key == Key("a", 5)


def test_a_class_that_the_model_lacks_is_explained() -> None:
    with pytest.raises(ModelError, match="found the class motor"):
        detect(frame(), model=FakeDetector({}), classes={"vehicle": ["motor"]})


TOP_RIGHT = (256.0, 0.0, 640.0, 163.0)


@pytest.mark.parametrize(
    ("box", "counts"),
    [
        ((300, 50, 350, 100), True),
        ((258, 50, 350, 100), False),  # cut on the left
        ((260, 50, 350, 100), True),
        ((300, 50, 350, 161), False),  # cut below
        ((300, 0, 350, 100), True),  # the picture's own edges cut nothing
        ((600, 50, 640, 100), True),
    ],
)
def test_boxes_at_an_inner_edge_of_a_tile_do_not_count(box: Region, counts: bool) -> None:
    assert len(found(("car", 0.8, box), at=frame(TOP_RIGHT))) == counts


def test_boxes_at_the_edge_of_a_whole_frame_count() -> None:
    assert len(found(("car", 0.8, (0, 0, 50, 50)), ("car", 0.8, (600, 200, 640, 272)))) == 2


def test_a_frame_is_tiled_into_itself_and_four_corners() -> None:
    whole = frame()
    parts = tile(whole)
    assert [part.key.item for part in parts] == [0, 1, 2, 3, 4]
    assert parts[0].region == whole.region
    assert [part.region for part in parts[1:]] == [
        (0, 0, 384, 163),
        (256, 0, 640, 163),
        (0, 109, 384, 272),
        (256, 109, 640, 272),
    ]
    assert {part.size for part in parts} == {(640, 272)}
    assert parts[4].picture.bgr().shape == (163, 384, 3)


def test_tiles_of_a_shrunk_frame_lie_in_source_pixels() -> None:
    picture = ArrayPicture(np.zeros((136, 320, 3), np.uint8))
    shrunk = Frame(Key("a", 5), Fraction(1), picture, (640, 272), (0.0, 0.0, 640.0, 272.0))
    assert tile(shrunk)[2].region == (256.0, 0.0, 640.0, 164.0)


def test_what_several_tiles_see_is_merged_into_one() -> None:
    whole = found(("car", 0.5, (300, 50, 350, 100)), ("person", 0.6, (10, 10, 40, 80)))
    corner = found(
        ("car", 0.8, (301, 50, 351, 100)),
        ("car", 0.4, (500, 50, 520, 60)),
        at=frame(TOP_RIGHT),
    )
    merged = merge((whole, corner))
    assert described(merged) == [
        ("car", "vehicle", 0.8),
        ("person", "person", 0.6),
        ("car", "vehicle", 0.4),
    ]
    assert merged.key == Key("a", 5, 0)


def test_merging_removes_overlaps_by_label_before_group() -> None:
    chain = [
        ("car", 0.9, (0, 0, 100, 100)),
        ("truck", 0.8, (0, 0, 160, 100)),
        ("truck", 0.7, (60, 0, 160, 100)),
    ]
    parts = tuple(found(row) for row in chain)
    assert described(merge(parts)) == [("car", "vehicle", 0.9)]


def test_the_operators_declare_what_they_take_and_make() -> None:
    known = signatures()
    assert known["detect"].models == ("model",)
    assert known["tile"].output.arity == "all"
    assert known["merge"].inputs[0].arity == "all"
