"""Cells, claims and notes of the noscope track, from runs that are written by hand."""

from typing import Any

import pytest

from vedette.bench.noscope_claims import claims, notes
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_rows import Arm, Beside, Learned, Measured, is_one_pass, row, told
from vedette.bench.noscope_timing import Timed
from vedette.types.cascade import Cascade, DifferenceStage, Promise, Question, ScoreStage

TRUTH = ([False] * 40 + [True] * 20) * 5
ASKED = Asked("road near", "road_counting", Question({"vehicle": ("car",)}), None)


def arm(name: str, frame_ms: float, wrong: int = 0, work_ms: float = 1.0) -> Arm:
    """An arm that answers the first yes frames no."""
    said = list(TRUTH)
    said[40 : 40 + wrong] = [False] * wrong
    times = (frame_ms, frame_ms * 0.9, frame_ms * 1.1)
    return Arm(name, tuple(Timed(each, 7.7, work_ms, tuple(said)) for each in times))


def cascade(**parts: Any) -> Cascade:
    return Cascade("gate", ASKED.question, Promise(0.05, 0.05), "tiled", (640, 352), **parts)


BESIDE = Beside(arm("reference", 40.0, work_ms=39.0), arm("one pass", 8.0, 6), arm("decode", 0.5))
BOTH = cascade(difference=DifferenceStage("last", 2.0, 30), scores=(ScoreStage("special", 0, 1),))
PASS = cascade(scores=(ScoreStage("yolox-nano-416", 0.5, 0.5),))


def accepted(**changes: Any) -> dict[str, Any]:
    measured = Measured(
        arm("cascade", 0.8, 5, 0.3), stages=(arm("difference", 4.0),), plain=arm("plain", 2, 9)
    )
    learned = Learned(BOTH, "", BOTH, labelling_s=20.0, training_s=30.0)
    return {**row(ASKED, 0.05, learned, BESIDE, measured), **changes}


def refused(**changes: Any) -> dict[str, Any]:
    return {**row(ASKED, 0.05, Learned(None, "too short"), BESIDE, Measured()), **changes}


def claim(rows: list[dict[str, Any]], name: str) -> Any:
    return next(each for each in claims(rows) if name in each.name)


def test_a_row_has_speed_and_errors_of_the_cascade_and_of_what_stands_beside_it() -> None:
    found = accepted()
    assert found["status"] == "cascade"
    assert found["fps"] == pytest.approx(1250)
    assert found["speedup"] == pytest.approx(50)
    assert found["speedup_spread"] == pytest.approx([40 / 0.88, 40 / 0.72])
    assert found["speedup_without_decode"] == pytest.approx(130)
    assert found["decodes_a_frame"] == pytest.approx(1.6)
    assert (found["fn"]["wrong"], found["fn"]["total"], found["fn"]["runs_wrong"]) == (5, 100, 1)
    assert found["fn"]["by_frames"]["lower"] < 0.05 < found["fn"]["by_frames"]["upper"]
    assert (found["kept"], found["one_pass_kept"], found["plain_kept"]) == (True, False, False)
    assert found["alone"][0]["stage"] == "difference"
    assert found["runs"] == [5, 5]


def test_no_mistake_is_no_certainty() -> None:
    assert (
        row(ASKED, 0.05, Learned(BOTH), BESIDE, Measured(arm("cascade", 1.0)))["fn"]["by_runs"][
            "upper"
        ]
        > 0.3
    )


def test_a_refused_row_has_its_reason_and_no_speed() -> None:
    found = refused()
    assert (found["status"], found["reason"]) == ("refused", "too short")
    assert "speedup" not in found
    assert found["one_pass_speedup"] == pytest.approx(5)


def test_one_pass_alone_is_told_apart() -> None:
    assert is_one_pass(PASS)
    assert not is_one_pass(BOTH)
    assert not is_one_pass(cascade(scores=PASS.scores, frame_step=2))
    assert not is_one_pass(cascade())
    assert told(cascade(scores=PASS.scores, frame_step=2)) == (
        "1 in 2; yolox-nano-416 .5 to .5; tiled"
    )


def test_speed_is_claimed_of_each_question_and_of_none_that_broke_its_promise() -> None:
    other = accepted(question="road right", speedup=70.0)
    name = "road_counting at 5%"
    assert claim([accepted(), other], name).value == pytest.approx(50)
    assert claim([accepted(), other], name).is_met
    assert claim([accepted(), {**other, "kept": False}], name).value == pytest.approx(1)
    assert claim([accepted(), refused(question="road right")], name).value == pytest.approx(1)
    assert claim([accepted(), other], "road_counting at 1%").value is None


def test_one_question_is_enough_at_one_percent() -> None:
    rows = [accepted(rate=0.01), refused(question="road right", rate=0.01)]
    assert claim(rows, "road_counting at 1%").value == pytest.approx(50)


def test_cells_are_counted_as_accepted_refused_and_kept() -> None:
    short = refused(question="ua", should_refuse=True)
    rows = [accepted(), accepted(status="one pass", kept=False), refused(), short]
    assert claim(rows, "cells accepted").value == 2
    assert "2 of 3 that were run; 1 only run one pass" in claim(rows, "cells accepted").reason
    assert claim(rows, "too short").is_met
    assert not claim([accepted(should_refuse=True)], "too short").is_met
    assert claim(rows, "accepted cells with").value == pytest.approx(0.5)
    assert "a plain search kept it in 0 of 2" in claim(rows, "accepted cells with").reason


def test_decodes_a_frame_are_of_the_best_cell_at_five_percent() -> None:
    rows = [accepted(), accepted(decodes_a_frame=9.0), accepted(rate=0.01, decodes_a_frame=0.1)]
    assert claim(rows, "full decodes").value == pytest.approx(1.6)


def test_without_clips_every_claim_says_why_it_was_not_run() -> None:
    rows = [{"question": "q", "clip": "c", "rate": 0.01, "status": "not run", "should_refuse": 0}]
    found = claims(rows, "no --clips")
    assert {each.is_met for each in found} == {None}
    assert {each.reason for each in found} == {"no --clips"}
    assert notes(rows) == ()


def test_where_one_pass_is_the_better_answer_it_is_said() -> None:
    quick = Beside(BESIDE.reference, arm("one pass", 0.7, 1), BESIDE.decode)
    lost = row(ASKED, 0.05, Learned(BOTH), quick, Measured(arm("cascade", 0.8)))
    assert "one pass of the detector beats the cascade" in "\n".join(notes([lost]))
    shy = row(ASKED, 0.05, Learned(None, "why"), quick, Measured())
    assert "refused, though one pass" in "\n".join(notes([shy]))
    assert "one pass of" not in "\n".join(notes([accepted()]))


def test_a_broken_promise_and_a_suspension_are_said() -> None:
    told_of = "\n".join(notes([accepted(kept=False, incidents=["cascade suspended: 9 of 20"])]))
    assert "broke its promise, FN 5 of 100 and FP 0 of 200" in told_of
    assert "cascade suspended: 9 of 20" in told_of


def test_learning_is_counted_once_a_question_and_apart() -> None:
    told_of = "\n".join(notes([accepted(), accepted(rate=0.01)]))
    assert "labelling took 20 CPU-seconds, training 30" in told_of
