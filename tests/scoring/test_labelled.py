"""People's labels in the place of golden: which frames count, and whom nobody is asked to find."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vedette.scoring import (
    against,
    answer_score,
    answering,
    event_score,
    frame_score,
    pooled,
    score,
    with_labels,
)
from vedette.types.annotations import Annotations, Row, annotations
from vedette.types.cascade import Question
from vedette.types.figures import Score
from vedette.types.graph import EventRule

Make = Callable[..., Any]
GROUPS = {"person": "person", "car": "vehicle"}
RULE = EventRule()


def labels(
    *tracks: int,
    frames: range = range(60),
    covered: range | None = None,
    sure: float = 1.0,
    label: str = "car",
) -> Annotations:
    """The same squares as the fixture ``moving``: 40 px that move by 4 px a frame."""
    rows: list[Row] = [
        (n, track, 30 + 4 * n, 80, 70 + 4 * n, 120, sure, label) for n in frames for track in tracks
    ]
    return annotations(rows, np.array(frames if covered is None else covered, np.int32))


def counts(given: Score) -> tuple[int, int, int, int]:
    return given.precision.hits, given.precision.total, given.recall.hits, given.recall.total


def test_labels_take_the_place_of_what_golden_saw(trace: Make, moving: Make) -> None:
    golden = trace(moving(y=300), frames=60)
    truth = with_labels(golden, {"a": labels(1)}, GROUPS)
    assert frame_score(truth, trace(moving(), frames=60)).f1 == 1
    assert event_score(truth, trace(moving(), frames=60), RULE).f1 == 1
    assert frame_score(truth, golden).f1 == 0


def test_without_labels_golden_is_the_reference(trace: Make, moving: Make) -> None:
    golden = trace(moving())
    assert with_labels(golden, {}, GROUPS) is golden
    assert score(golden, golden, RULE)["frame_f1"].against == "golden"


def test_only_frames_that_labels_cover_count(trace: Make, moving: Make) -> None:
    golden = trace(moving(frames=100))
    truth = with_labels(golden, {"a": labels(1, frames=range(60))}, GROUPS)
    answer = trace([*moving(frames=100), *moving(2, start=65, frames=35, y=300)])
    assert counts(frame_score(truth, answer)) == (60, 60, 60, 60)
    assert counts(event_score(truth, answer, RULE)) == (1, 1, 1, 1)


@pytest.mark.parametrize(("every", "right"), [(20, 1), (30, 0)])
def test_labels_of_some_frames_are_one_stretch_where_a_second_lies_between_at_most(
    trace: Make, moving: Make, every: int, right: int
) -> None:
    some = range(0, 61, every)
    truth = with_labels(trace([], frames=100), {"a": labels(1, frames=some)}, GROUPS)
    found = event_score(truth, trace(moving(frames=61), every=7), RULE)
    assert (found.precision.hits, found.recall.total) == (right, 1)


def test_frames_that_were_looked_at_and_are_empty_charge_what_is_seen_there(
    trace: Make, moving: Make
) -> None:
    seen = labels(1, frames=range(10), covered=range(60))
    truth = with_labels(trace([], frames=60), {"a": seen}, GROUPS)
    assert counts(frame_score(truth, trace(moving(), frames=60))) == (10, 60, 10, 10)


def test_nobody_is_charged_for_what_nobody_is_asked_to_find(trace: Make, moving: Make) -> None:
    truth = with_labels(trace([], frames=60), {"a": labels(1, sure=0)}, GROUPS)
    answer = trace([*moving(), *moving(2, y=300)], frames=60)
    assert counts(frame_score(truth, answer)) == (0, 60, 0, 0)
    assert counts(event_score(truth, answer, RULE)) == (0, 1, 0, 0)


def test_labels_that_the_question_does_not_ask_for_are_left_out(trace: Make) -> None:
    truth = with_labels(trace([], frames=60), {"a": labels(1, label="tree")}, GROUPS)
    assert len(truth.tracks.frame) == 0


def test_boxes_without_a_track_are_no_events(trace: Make, moving: Make) -> None:
    truth = with_labels(trace([], frames=60), {"a": labels(-1)}, GROUPS)
    assert frame_score(truth, trace(moving(), frames=60)).f1 == 1
    assert event_score(truth, trace(moving(), frames=60), RULE).recall.total == 0


def test_every_score_says_what_it_is_against(trace: Make, moving: Make) -> None:
    golden = trace(moving(stream="b"), streams=("a", "b"), frames=60)
    both = with_labels(golden, {"a": labels(1)}, GROUPS)
    alone = with_labels(trace([], frames=60), {"a": labels(1)}, GROUPS)
    assert (against(golden), against(both), against(alone)) == (
        "golden",
        "labels and golden",
        "labels",
    )
    one, other = (score(each, golden, RULE)["event_f1"] for each in (both, both))
    assert pooled(one, other).against == "labels and golden"


def test_the_streams_without_labels_keep_their_golden(trace: Make, moving: Make) -> None:
    golden = trace(moving(stream="b"), streams=("a", "b"), frames=60)
    both = with_labels(golden, {"a": labels(1)}, GROUPS)
    assert counts(frame_score(both, golden)) == (60, 60, 60, 120)


def test_labels_answer_a_question_where_a_box_of_its_classes_has_its_centre_in_the_zone(
    trace: Make, moving: Make
) -> None:
    """The centre's x is 50 + 4 times the frame: in [90, 130) from frame 10 to 19."""
    zone = ((90.0, 0.0), (130.0, 0.0), (130.0, 200.0), (90.0, 200.0))
    truth = with_labels(trace(moving(y=300), frames=60), {"a": labels(1)}, GROUPS)
    vehicles = answering(truth, Question({"vehicle": ("car",)}, zone=zone))
    assert vehicles.tracks.frame.tolist() == list(range(10, 20))
    assert len(answering(truth, Question({"person": ("person",)}, zone=zone)).tracks.frame) == 0
    assert len(answering(truth, Question({})).tracks.frame) == 60
    right = trace([("a", n, 0, 110, 100, 40, 0.9) for n in range(10, 20)], frames=60)
    assert answer_score(vehicles, right).value == 1


def test_streams_without_labels_are_answered_by_golden(trace: Make, moving: Make) -> None:
    golden = trace(moving())
    assert len(answering(golden, Question({}, zone=((0, 0), (1, 0), (1, 1)))).tracks.frame) == 60
