"""What is an event, which two are the same, and that a threshold costs nobody."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.scoring.events import event_score, least_side_px, sightings
from vedette.scoring.matching import most_pairs
from vedette.types.figures import Score
from vedette.types.graph import EventRule
from vedette.types.profile import Trace

Make = Callable[..., Any]
RULE = EventRule()


def counts(score: Score) -> tuple[int, int, int, int]:
    """Right of answered, found of expected."""
    return (
        score.precision.hits,
        score.precision.total,
        score.recall.hits,
        score.recall.total,
    )


def numbers(trace: Trace, rule: EventRule = RULE) -> tuple[int, int]:
    """How many strict and loose events it has."""
    strict, loose = sightings(trace, rule)
    return len(strict), len(loose)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (1, 1)),
        ({"speed": 0}, (0, 0)),
        ({"speed": 0.6}, (0, 1)),  # 35 of its 40 px
        ({"speed": 0.3}, (0, 0)),
        ({"side": 24}, (1, 1)),
        ({"side": 20}, (0, 1)),
        ({"side": 17}, (0, 0)),
        ({"frames": 26}, (1, 1)),
        ({"frames": 20}, (0, 1)),
        ({"frames": 14}, (0, 0)),
        ({"confidence": 0.4}, (0, 1)),
        ({"confidence": 0.29}, (0, 0)),
    ],
)
def test_an_event_moves_lasts_is_large_and_begins_surely(
    trace: Make, moving: Make, change: dict[str, float], expected: tuple[int, int]
) -> None:
    assert numbers(trace(moving(**change))) == expected


def test_an_event_begins_with_the_first_sure_box_of_its_track(trace: Make, moving: Make) -> None:
    weak = moving(frames=40, confidence=0.4)
    sure = [(a, n, t, x, y, side, 0.9) for a, n, t, x, y, side, _ in moving(frames=80)[40:]]
    (strict,), (loose,) = sightings(trace([*weak, *sure]), RULE)
    assert (strict.frame[0], loose.frame[0], loose.frame[loose.sure]) == (40, 0, 40)


def test_an_event_may_be_weak_once_it_has_begun(trace: Make, moving: Make) -> None:
    rows = [(*row[:6], 0.9 if row[1] == 0 else 0.31) for row in moving()]
    assert numbers(trace(rows)) == (1, 1)


def test_the_least_side_follows_the_source_width() -> None:
    assert [least_side_px(width) for width in (320, 480, 640, 800, 960)] == [20, 22, 24, 28, 32]


def test_a_side_that_the_user_gives_holds_at_any_width(trace: Make, moving: Make) -> None:
    assert numbers(trace(moving(side=20), width=960), EventRule(min_side_px=15)) == (1, 1)


def test_an_answer_that_misses_one_and_invents_one_is_charged_for_both(
    trace: Make, moving: Make
) -> None:
    reference = trace([*moving(1), *moving(2, y=200)])
    answer = trace([*moving(1), *moving(3, y=300)])
    assert counts(event_score(reference, answer, RULE)) == (1, 2, 1, 2)


@pytest.mark.parametrize("change", [{"side": 23.9}, {"frames": 25}, {"confidence": 0.49}])
def test_an_object_at_a_threshold_costs_nobody(
    trace: Make, moving: Make, change: dict[str, float]
) -> None:
    above, below = trace(moving(side=24.1)), trace(moving(**{"side": 24.1, **change}))
    assert counts(event_score(above, below, RULE)) == (0, 0, 1, 1)
    assert counts(event_score(below, above, RULE)) == (1, 1, 0, 0)


def test_two_answers_for_one_object_are_right_once(trace: Make, moving: Make) -> None:
    twice = trace([*moving(1), *moving(2, y=104)])
    assert counts(event_score(trace(moving()), twice, RULE)) == (1, 2, 1, 1)


def test_most_pairs_come_before_the_best_pair() -> None:
    worth = np.array([[0.9, 0.4], [0.8, 0.0]])
    rows, columns = most_pairs(worth, worth > 0.3)
    assert list(zip(rows, columns, strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(("frames", "found"), [(40, 1), (26, 0)])
def test_a_pair_covers_at_least_three_tenths_of_the_reference(
    trace: Make, moving: Make, frames: int, found: int
) -> None:
    reference = trace(moving(frames=100, speed=2))
    assert event_score(reference, trace(moving(frames=frames, speed=2)), RULE).recall.hits == found


def test_a_pair_overlaps_by_three_tenths_in_the_mean(trace: Make, moving: Make) -> None:
    reference = trace(moving())
    near, far = trace(moving(y=118)), trace(moving(y=124))
    assert event_score(reference, near, RULE).recall.hits == 1
    assert event_score(reference, far, RULE).recall.hits == 0


def test_boxes_between_analysed_frames_are_interpolated(trace: Make, moving: Make) -> None:
    reference = trace(moving(speed=8))
    assert event_score(reference, trace(moving(speed=8), every=6), RULE).f1 == 1


def test_events_of_other_groups_and_other_streams_are_no_partners(
    trace: Make, moving: Make
) -> None:
    reference = trace(moving(), streams=("a", "b"))
    person = trace(moving(), streams=("a", "b"), groups={1: 1})
    elsewhere = trace(moving(stream="b"), streams=("a", "b"))
    assert counts(event_score(reference, person, RULE)) == (0, 1, 0, 1)
    assert counts(event_score(reference, elsewhere, RULE)) == (0, 1, 0, 1)


def test_counts_are_pooled_over_streams_whatever_their_order(trace: Make, moving: Make) -> None:
    rows = [*moving(), *moving(stream="b"), *moving(2, stream="b", y=300)]
    reference, answer = trace(rows, streams=("a", "b")), trace(rows[:120], streams=("b", "a"))
    assert counts(event_score(reference, answer, RULE)) == (2, 2, 2, 3)


def test_no_events_on_either_side_is_a_score_without_support(trace: Make) -> None:
    score = event_score(trace([]), trace([]), RULE)
    assert (score.f1, score.lower) == (1, 0)


boxes = st.tuples(
    st.integers(0, 99),
    st.integers(0, 3),
    st.floats(0, 600),
    st.floats(0, 300),
    st.floats(2, 120),
    st.floats(0.3, 1),
)
rules = st.builds(
    EventRule,
    min_duration_s=st.floats(0, 2),
    min_side_px=st.none() | st.floats(0, 60),
    start_confidence=st.floats(0.2, 0.9),
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(boxes, max_size=60, unique_by=lambda row: row[:2]), rule=rules)
def test_a_trace_scores_one_against_itself(
    trace: Make, rows: list[tuple[Any, ...]], rule: EventRule
) -> None:
    same = trace([("a", *row) for row in rows])
    score = event_score(same, same, rule)
    assert score.precision.hits == score.precision.total
    assert score.recall.hits == score.recall.total


def test_a_track_that_outlives_its_object_is_still_a_partner(trace: Make, moving: Make) -> None:
    """It goes on as something far away and small, so that its median is too small for an event."""
    seen = moving(frames=40)
    _, _, _, x, y, _, _ = seen[-1]
    beyond = [("a", frame, seen[0][2], x, y, 6.0, 0.5) for frame in range(40, 100)]
    assert numbers(trace([*seen, *beyond])) == (0, 0)
    assert counts(event_score(trace([*seen, *beyond]), trace(seen), RULE)) == (1, 1, 0, 0)
    assert counts(event_score(trace(seen), trace([*seen, *beyond]), RULE)) == (0, 0, 1, 1)


def test_a_part_of_a_track_elsewhere_is_no_partner(trace: Make, moving: Make) -> None:
    away = [(*row[:3], row[3] + 200, *row[4:]) for row in moving(frames=60)]
    assert counts(event_score(trace(away), trace(moving(frames=40)), RULE)) == (0, 1, 0, 1)


def test_a_glimpse_of_a_whole_event_is_not_the_event(trace: Make, moving: Make) -> None:
    """The reference has it as an event: of that, a quarter is not enough, on either side."""
    whole = moving(frames=100, speed=3)
    glimpse = [row for row in whole if row[1] < 27]
    assert numbers(trace(glimpse)) == (1, 1)
    assert counts(event_score(trace(whole), trace(glimpse), RULE)) == (0, 1, 0, 1)


def test_an_answers_track_that_goes_on_as_another_object_still_found_the_first(
    trace: Make, moving: Make
) -> None:
    first = moving(frames=30)
    _, _, track, x, y, side, _ = first[-1]
    other = [("a", f, track, x + 250, y, 2 * side, 0.9) for f in range(30, 100)]
    assert counts(event_score(trace(first), trace([*first, *other]), RULE))[2:] == (1, 1)
