"""Right answers: yes and no apart, carried forward, by stream, with the runs that they come in."""

from collections.abc import Callable
from typing import Any

import numpy as np

from vedette.scoring.answers import answer_score, answers, runs_of
from vedette.scoring.intervals import pooled
from vedette.types.figures import Score
from vedette.types.profile import Trace

Make = Callable[..., Any]


def said(trace: Make, yes: str, *, every: int = 1, stream: str = "a") -> Trace:
    """A trace that answers "y" or "n" in each frame."""
    rows = [(stream, n, 0, 50, 50, 40, 0.9) for n, each in enumerate(yes) if each == "y"]
    found: Trace = trace(rows, frames=len(yes), every=every, streams=("a", "b"))
    return found


def counts(given: Score) -> tuple[int, int, int, int]:
    """Right yes, all yes, right no, all no."""
    return given.recall.hits, given.recall.total, given.precision.hits, given.precision.total


def test_a_trace_answers_itself_without_a_mistake(trace: Make) -> None:
    same = said(trace, "nnyyynny")
    assert counts(answer_score(same, same)) == (4, 4, 12, 12)  # the other stream says no
    assert answer_score(same, same).value == 1


def test_wrong_yes_and_wrong_no_are_counted_apart(trace: Make) -> None:
    found = answer_score(said(trace, "yyyynnnnnn"), said(trace, "yyynnnnnny"))
    assert counts(found) == (3, 4, 15, 16)
    assert found.value == 0.75


def test_answers_are_carried_over_frames_that_were_not_analysed(trace: Make) -> None:
    """Every fourth frame: 0 is no, so 1 to 3 are, and 4 is yes, so 5 to 7 are."""
    found = answer_score(said(trace, "nnyyyynn"), said(trace, "nnyyyynn", every=4))
    assert counts(found) == (2, 4, 10, 12)


def test_before_the_first_analysed_frame_the_answer_is_no(trace: Make) -> None:
    late = said(trace, "yyyy")
    late.analysed.flags.writeable = True
    late.analysed[:2] = False
    assert next(answers(late)).yes.tolist() == [False, False, True, True]


def test_a_stream_that_was_not_answered_says_no(trace: Make) -> None:
    reference = said(trace, "yn", stream="b")
    alone = trace([], frames=2, streams=("a",))
    assert counts(answer_score(reference, alone)) == (0, 1, 3, 3)


def test_runs_of_yes_and_of_no_are_those_of_the_reference(trace: Make) -> None:
    reference = said(trace, "nyynnyny")
    assert answer_score(reference, said(trace, "nnnnnnnn")).runs == (3, 3 + 1)
    assert answer_score(reference, reference).support == 3


def test_the_runs_of_two_parts_add_up(trace: Make) -> None:
    one, other = said(trace, "ynyn"), said(trace, "nnyn")
    both = pooled(answer_score(one, one), answer_score(other, other))
    assert both.runs == (3, 2 + 1 + 2 + 1)


def test_a_run_begins_wherever_a_yes_follows_no_yes() -> None:
    assert [runs_of(np.array(each, bool)) for each in ([], [1], [0, 1, 1, 0, 1], [0])] == [
        0,
        1,
        2,
        0,
    ]
