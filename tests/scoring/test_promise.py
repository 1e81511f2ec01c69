"""Intervals by frames and by runs, and what is still needed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from vedette.scoring.promise import (
    allowed,
    counted,
    mistakes,
    more_needed,
    more_runs,
    runs_of,
    supports,
    upper_by_runs,
)


def test_runs_are_the_stretches_of_equal_answers_and_end_with_their_block() -> None:
    runs = runs_of([True, True, True, False, False, True], [0, 0, 1, 1, 1, 1])
    assert runs.start.tolist() == [0, 2, 3, 5]
    assert runs.answer.tolist() == [True, True, False, True]
    assert runs.count() == (3, 1)
    assert runs_of([]).count() == (0, 0)


def test_mistakes_are_counted_by_frame_and_by_run() -> None:
    truth = np.array([True] * 4 + [False] * 6 + [True] * 5)
    said = truth.copy()
    said[[0, 1, 7]] ^= True
    missed, made_up = mistakes(truth, said)
    assert (missed.wrong, missed.total, missed.runs_wrong, missed.runs) == (2, 9, 1, 2)
    assert (made_up.wrong, made_up.total, made_up.runs_wrong, made_up.runs) == (1, 6, 1, 1)


def test_without_a_mistake_both_bounds_are_the_rule_of_three_and_never_zero() -> None:
    found = counted([0] * 50, [20] * 50)
    assert found.by_frames.lower == found.by_runs.lower == 0
    assert found.by_frames.upper == pytest.approx(3 / 1000, rel=0.01)
    assert found.by_runs.upper == pytest.approx(3 / 50, rel=0.04)


def test_without_a_frame_nothing_is_known() -> None:
    found = counted([], [])
    assert (found.by_frames.lower, found.by_frames.upper) == (0, 1)
    assert (found.by_runs.lower, found.by_runs.upper) == (0, 1)


@pytest.mark.parametrize(("bad", "runs"), [(0, 8), (1, 8), (3, 100), (40, 300), (7, 8), (8, 8)])
def test_runs_that_are_wholly_right_or_wrong_have_the_exact_binomial_bound(
    bad: int, runs: int
) -> None:
    wrong = [30] * bad + [0] * (runs - bad)
    exact = beta.ppf(0.9, bad + 1, runs - bad) if bad < runs else 1.0
    assert upper_by_runs(wrong, [30] * runs, 0.9) == pytest.approx(exact, rel=0.01)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), min_size=1, max_size=30))
def test_more_mistakes_never_lower_a_bound(runs: list[tuple[int, int]]) -> None:
    size = np.array([length for length, _ in runs])
    wrong = np.minimum(size, [bad for _, bad in runs])
    fewer = np.maximum(wrong - 1, 0)
    assert upper_by_runs(fewer, size) <= upper_by_runs(wrong, size) + 1e-6
    found = counted(wrong, size)
    assert found.by_runs.lower <= found.share + 1e-9 <= found.by_runs.upper + 2e-9


def test_the_bound_by_runs_holds_where_whole_runs_go_wrong_and_that_by_frames_does_not() -> None:
    rng = np.random.default_rng(0)
    share, runs = 0.06, 60
    by_runs = by_frames = 0
    for _ in range(200):
        size = rng.integers(10, 50, runs)
        found = counted(np.where(rng.random(runs) < share, size, 0), size, level=0.9)
        by_runs += found.by_runs.upper >= share
        by_frames += found.by_frames.upper >= share
    assert by_runs >= 180
    assert by_frames < 160


def test_a_promise_allows_its_rate_and_never_less_than_a_frame() -> None:
    assert [allowed(0.02, total) for total in (10, 50, 99, 100, 149)] == [1, 1, 1, 2, 2]
    assert counted([1, 0], [20, 20]).keeps(0.01)
    assert not counted([2, 0], [20, 20]).keeps(0.01)


def test_what_is_needed_suffices_once_it_is_there() -> None:
    needed = more_needed([1] + [0] * 59, [30] * 60, 0.02, 10.0, level=0.9)
    runs = 60 + int(needed.runs)
    times = runs / 60
    assert 1 < times < 10
    assert needed.minutes == pytest.approx((times - 1) * 10, rel=0.02)
    assert upper_by_runs([1] + [0] * 59, [30] * 60, 0.9, times=times) <= 0.02
    assert upper_by_runs([1] + [0] * 59, [30] * 60, 0.9, times=times * 0.95) > 0.02


def test_more_of_what_is_already_worse_than_promised_never_suffices() -> None:
    needed = more_needed([30, 0, 0], [30, 30, 30], 0.02, 10.0, level=0.9)
    assert math.isinf(needed.runs)
    assert str(needed) == "no amount of data like this"


def test_without_a_run_the_rule_of_three_says_how_many_it_takes() -> None:
    assert more_needed([], [], 0.01, 5.0, level=0.95).runs == 299
    assert str(more_runs(0, 5.0)) == "5 more"
    assert str(more_runs(4, 240.0)) == "1 more, about 60 minutes"
    assert more_runs(5, 1.0).runs == 0


def test_a_promise_is_supported_only_if_both_bounds_stay_within_it() -> None:
    many, few = counted([0] * 400, [25] * 400, level=0.9), counted([0] * 40, [25] * 40, level=0.9)
    assert supports((many, many), (0.01, 0.01))
    assert not supports((many, few), (0.01, 0.01))
    assert supports((many, few), (0.01, 0.06))
