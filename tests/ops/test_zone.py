"""Zones and questions: which objects count, what a yes looks like, and where a zone may lie."""

from dataclasses import replace

import numpy as np
import pytest
from tests.models.fakes import FakeDetector
from tests.ops.test_contract import frame

from vedette.errors import DeclarationError
from vedette.ops.zone import presence, present, zone
from vedette.types.media import Detections

LEFT = [[0.0, 0.0], [48.0, 0.0], [48.0, 64.0], [0.0, 64.0]]
RIGHT = [[48.0, 0.0], [96.0, 0.0], [96.0, 64.0], [48.0, 64.0]]
SLANTED = [[10.0, 5.0], [90.0, 5.0], [60.0, 60.0], [20.0, 60.0]]
CLASSES = {"vehicle": ["car", "bus"], "walker": ["person"]}
SEEN = {
    0: [("car", 0.9, (4.0, 10.0, 36.0, 40.0)), ("person", 0.6, (60.0, 10.0, 70.0, 40.0))],
    1: [("bus", 0.4, (4.0, 10.0, 36.0, 40.0)), ("dog", 0.9, (4.0, 10.0, 36.0, 40.0))],
    2: [("car", 0.8, (40.0, 10.0, 60.0, 40.0))],
}
DETECTOR = FakeDetector(SEEN)


def ask(number: int, **settings: object) -> Detections:
    return presence(frame(number), model=DETECTOR, classes=CLASSES, **settings)  # type: ignore[arg-type]


def found(number: int) -> Detections:
    seen = DETECTOR.detect([frame(number)], confidence=0.1)[0]
    group = np.array([0 if seen.labels[each] == "car" else 1 for each in seen.label], np.int32)
    return replace(seen, group=group, groups=("vehicle", "walker"))


def test_a_yes_is_one_row_that_shows_the_zone_and_names_what_was_asked() -> None:
    yes = ask(0, zone=SLANTED)
    assert yes.boxes.tolist() == [[10, 5, 90, 60]]
    assert yes.confidence.tolist() == pytest.approx([0.9])
    assert (yes.labels, yes.groups) == (("vehicle or walker",), ("vehicle or walker",))
    assert (yes.label.tolist(), yes.group.tolist(), yes.track.tolist()) == ([0], [0], [0])
    assert yes.key == frame(0).key


def test_a_no_has_no_rows_and_the_same_names() -> None:
    no = ask(3, zone=SLANTED)
    assert len(no) == 0
    assert no.boxes.shape == (0, 4)
    assert no.groups == ask(0).groups


def test_without_a_zone_the_whole_picture_is_asked_about() -> None:
    assert ask(0).boxes.tolist() == [[0, 0, 96, 64]]


def test_any_class_will_do_and_the_surest_object_in_the_zone_tells_how_sure() -> None:
    assert ask(0, zone=RIGHT).confidence.tolist() == pytest.approx([0.6])
    assert ask(0, zone=LEFT).confidence.tolist() == pytest.approx([0.9])


def test_what_is_less_sure_or_of_another_class_is_no_yes() -> None:
    assert len(ask(1)) == 0
    assert len(ask(1, confidence=0.4)) == 1


def test_the_centre_decides_which_zone_an_object_is_in() -> None:
    """Its centre lies at x = 50: two pixels right of the border."""
    assert len(ask(2, zone=LEFT)) == 0
    assert len(ask(2, zone=RIGHT)) == 1


def test_present_answers_as_presence_does_about_objects_that_were_found_before() -> None:
    for number in range(4):
        for settings in ({}, {"zone": LEFT}, {"zone": RIGHT, "confidence": 0.7}):
            one, other = ask(number, **settings), present(found(number), **settings)
            if number == 1:  # ``found`` has a dog, which nobody asks for
                continue
            assert one.confidence.tolist() == other.confidence.tolist()
            assert one.boxes.tolist() == other.boxes.tolist()


def test_a_zone_that_leaves_the_picture_is_refused_with_the_corner_and_the_size() -> None:
    with pytest.raises(DeclarationError) as refused:
        ask(0, zone=[[0, 0], [97, 0], [50, 50]])
    (problem,) = refused.value.problems
    assert problem.found == "a zone with the corner (97, 0)"
    assert problem.expected == "corners in the picture, which is 96 x 64"


def test_zones_keep_what_lies_in_any_of_them() -> None:
    kept = zone(found(0), zones={"left": LEFT})
    assert [kept.labels[each] for each in kept.label] == ["car"]
    assert len(zone(found(0), zones={"left": LEFT, "right": RIGHT})) == 2
    assert kept.groups == ("vehicle", "walker")


def test_zones_can_tell_the_groups_in_them_apart() -> None:
    kept = zone(found(0), zones={"left": LEFT, "right": RIGHT}, split=True)
    named = [kept.groups[each] for each in kept.group]
    assert named == ["left vehicle", "right walker"]


def test_what_lies_in_two_zones_belongs_to_the_first() -> None:
    kept = zone(found(0), zones={"all": SLANTED, "left": LEFT}, split=True)
    assert [kept.groups[each] for each in kept.group] == ["all vehicle", "all walker"]
