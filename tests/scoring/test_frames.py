"""Boxes at every source frame: carried forward, by group, and small ones left out."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vedette.scoring import score
from vedette.scoring.frames import frame_score
from vedette.types.figures import Score
from vedette.types.graph import EventRule

Make = Callable[..., Any]


def counts(given: Score) -> tuple[int, int, int]:
    """Pairs, answered boxes, expected boxes."""
    return given.recall.hits, given.precision.total, given.recall.total


def test_the_same_boxes_score_one(trace: Make, moving: Make) -> None:
    same = trace([*moving(1), *moving(2, y=200)])
    assert counts(frame_score(same, same)) == (120, 120, 120)


def test_boxes_are_carried_forward_from_the_last_analysed_frame(trace: Make, moving: Make) -> None:
    """4 px a frame of 40: a box three frames old overlaps by 28 / 52."""
    reference = trace(moving(frames=100))
    assert counts(frame_score(reference, trace(moving(frames=100), every=4))) == (100, 100, 100)
    assert counts(frame_score(reference, trace(moving(frames=100), every=5))) == (80, 100, 100)


def test_a_frame_that_was_analysed_and_found_empty_clears_the_boxes(
    trace: Make, moving: Make
) -> None:
    reference = trace(moving(frames=10, speed=0), frames=20)
    gone = trace(moving(frames=4, speed=0), frames=20)
    assert counts(frame_score(reference, gone)) == (4, 4, 10)


def test_nothing_is_answered_before_the_first_analysed_frame(trace: Make, moving: Make) -> None:
    rows = moving(frames=10, speed=0)
    late = trace(rows[5:], frames=10)
    late.analysed.flags.writeable = True
    late.analysed[:5] = False
    assert counts(frame_score(trace(rows, frames=10), late)) == (5, 5, 10)


def test_an_overlap_under_a_half_is_an_error_on_both_sides(trace: Make, moving: Make) -> None:
    reference, answer = trace(moving(frames=1)), trace(moving(frames=1, y=115))
    assert counts(frame_score(reference, answer)) == (0, 1, 1)


def test_boxes_of_another_group_are_no_partners(trace: Make, moving: Make) -> None:
    reference, answer = trace(moving(frames=1)), trace(moving(frames=1), groups={1: 1})
    assert counts(frame_score(reference, answer)) == (0, 1, 1)


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ((15.9, 0), (15.9, 0), (0, 0, 0)),
        ((15.5, 0), (16.5, 0), (0, 0, 0)),
        ((16.5, 0), (15.5, 0), (0, 0, 0)),
        ((16.5, 0), (16.5, 0), (1, 1, 1)),
        ((15.5, 0), (16.5, 50), (0, 1, 0)),
        ((16.5, 0), (15.5, 50), (0, 0, 1)),
    ],
)
def test_small_objects_are_not_scored_nor_is_what_is_paired_with_one(
    trace: Make,
    moving: Make,
    reference: tuple[float, float],
    answer: tuple[float, float],
    expected: tuple[int, int, int],
) -> None:
    sides = [trace(moving(frames=1, side=side, y=100 + y)) for side, y in (reference, answer)]
    assert counts(frame_score(*sides)) == expected


def test_a_scored_box_does_not_lose_its_partner_to_a_small_one(trace: Make, moving: Make) -> None:
    reference = trace([*moving(1, frames=1, side=17), *moving(2, frames=1, side=15, y=103)])
    answer = trace(moving(1, frames=1, side=16, y=101.5))
    assert counts(frame_score(reference, answer)) == (1, 1, 1)


def test_frames_of_several_streams_are_pooled(trace: Make, moving: Make) -> None:
    rows = [*moving(frames=3), *moving(frames=5, stream="b")]
    reference = trace(rows, streams=("a", "b"))
    answer = trace(rows[:3], streams=("b", "a"))
    assert counts(frame_score(reference, answer)) == (3, 3, 8)


def test_a_thousand_frames_of_ten_boxes_are_scored_in_well_under_a_second(trace: Make) -> None:
    random = np.random.default_rng(1)
    place = random.uniform(0, 600, (10, 2))
    rows = [
        ("a", n, k, place[k, 0] + n / 9, place[k, 1], 40, 0.8)
        for n in range(1000)
        for k in range(10)
    ]
    reference, answer = trace(rows, frames=1000), trace(rows, frames=1000, every=2)
    start = time.process_time()
    scores = score(reference, answer, EventRule())
    assert time.process_time() - start < 1.5
    assert set(scores) == {"event_f1", "frame_f1"}
    assert scores["event_f1"].f1 > 0.9
