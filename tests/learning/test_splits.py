"""Where a recording is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import InfeasibleError, InputError
from vedette.learning.splits import check_deciding, split
from vedette.scoring.promise import runs_of
from vedette.types.graph import Span

RUNS = st.lists(st.tuples(st.integers(5, 60), st.integers(5, 40)), min_size=14, max_size=40)


def recording(runs: list[tuple[int, int]]) -> np.ndarray:
    return np.concatenate([[False] * no + [True] * yes for no, yes in runs])


@settings(max_examples=60)
@given(RUNS)
def test_no_border_cuts_a_run_of_yes_and_gaps_are_as_long_as_a_median_event(
    runs: list[tuple[int, int]],
) -> None:
    truth = recording(runs)
    parts = split(truth, 25.0)
    assert parts.gap == int(np.median([yes for _, yes in runs]))
    assert parts.select.start - int(parts.train.end or 0) >= parts.gap
    assert parts.select.end == len(truth)
    for at in (parts.select.start, parts.train.end, *(fold.scored.start for fold in parts.folds)):
        assert not at or not (truth[at - 1] and truth[at])


@settings(max_examples=60)
@given(RUNS)
def test_folds_score_each_training_frame_once_and_never_train_within_a_gap_of_it(
    runs: list[tuple[int, int]],
) -> None:
    truth = recording(runs)
    parts = split(truth, 25.0)
    scored = [range(fold.scored.start, int(fold.scored.end or 0)) for fold in parts.folds]
    assert [frame for part in scored for frame in part] == list(range(int(parts.train.end or 0)))
    for fold, frames in zip(parts.folds, scored, strict=True):
        trained = [t for each in fold.trained for t in range(each.start, int(each.end or 0))]
        assert all(t < frames[0] - parts.gap or t > frames[-1] + parts.gap for t in trained)
        assert 0 < truth[trained].sum() < len(trained)


def test_the_border_moves_to_where_both_parts_have_runs_enough() -> None:
    truth = recording([(20, 20)] * 10 + [(400, 20)])
    parts = split(truth, 25.0)
    assert min(runs_of(truth[parts.select.start :]).count()) >= 4
    assert int(parts.train.end or 0) < 0.4 * len(truth)


@pytest.mark.parametrize("answer", [True, False])
def test_one_answer_throughout_is_wrong_input(answer: bool) -> None:
    with pytest.raises(InputError, match="in all of the" if answer else "in none of the"):
        split(np.full(200, answer), 25.0)


def test_nothing_at_all_is_wrong_input() -> None:
    with pytest.raises(InputError, match="no frame"):
        split(np.zeros(0, bool), 25.0)


def test_too_few_runs_are_not_supportable_and_it_is_said_how_much_is_missing() -> None:
    truth = recording([(600, 150)] * 2)  # 60 s at 25 a second
    with pytest.raises(InfeasibleError, match="not supportable") as caught:
        split(truth, 25.0)
    (problem,) = caught.value.problems
    assert problem.found.startswith("2 runs of yes and 2 of no")
    assert "3 more, about 90 seconds with yes" in problem.hint


def test_a_recording_without_room_for_a_gap_is_not_supportable() -> None:
    with pytest.raises(InfeasibleError, match="too few to split"):
        split(recording([(1, 1)] * 3 + [(1, 300)] * 3), 25.0)


def test_runs_that_fall_into_the_gap_do_not_decide() -> None:
    truth = recording([(10, 10)] * 6)
    check_deciding(truth, [Span(0, 60), Span(60, 120)], 25.0)
    with pytest.raises(InfeasibleError, match="4 runs of yes"):
        check_deciding(truth, [Span(0, 40), Span(80, 120)], 25.0)
