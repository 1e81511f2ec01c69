from dataclasses import replace

import pytest
from tests.planning.conftest import scores

from vedette.planning.verify import Checked, Verified, asked, judge, supports, verify
from vedette.scoring import share
from vedette.types.figures import Figures, Score
from vedette.types.graph import Objective
from vedette.types.plan import Candidate

FLOOR = Objective(floors={"event_f1": 0.9})
LADDER = [
    Candidate({}, {}, cost, 1.0, Figures("predicted", 0, 0, 0, 0, 0, 0, 0, 0, 1, 1))
    for cost in (5.0, 4.0, 3.0)
]


def play(
    *f1s: float, objective: Objective = FLOOR, total: int = 100
) -> tuple[list[float], Verified]:
    """Answer each question with the next F1; what was asked, and what came of it."""
    conversation, asked, answers = verify(LADDER, objective), [], iter(f1s)
    try:
        question = next(conversation)
        while True:
            asked.append(question.objective)
            question = conversation.send(Checked(scores(next(answers), total)))
    except StopIteration as end:
        return asked, end.value


def test_testing_goes_from_dearest_to_cheapest_and_stops_at_the_first_failure() -> None:
    asked, verified = play(0.99, 0.9)
    assert asked == [5.0, 4.0]
    assert verified.chosen == replace(LADDER[0], scores=verified.tested[0].scores,
                                      outcome=verified.tested[0].outcome)  # fmt: skip
    assert verified.verdict == "held"
    assert verified.tested[1].outcome == (
        "failed: the lower bound of event_f1 is 0.870, less than 0.9"
    )


def test_the_cheapest_wins_when_all_hold() -> None:
    asked, verified = play(0.99, 0.98, 0.97)
    assert asked == [5.0, 4.0, 3.0]
    assert verified.chosen == verified.tested[2]


def test_nothing_wins_when_the_dearest_fails() -> None:
    asked, verified = play(0.5)
    assert asked == [5.0]
    assert verified.chosen is None


def test_tests_that_are_left_are_spent_between_the_last_that_held_and_the_first_failure() -> None:
    ladder = [replace(LADDER[0], objective=float(cost)) for cost in range(20, 0, -1)]
    spread = [ladder[0], ladder[10], *ladder[17:]]
    asked = []
    conversation = verify(spread, FLOOR, ladder)
    question = next(conversation)
    try:
        while True:
            asked.append(question.objective)
            holds = question.objective >= 14
            question = conversation.send(Checked(scores(0.99 if holds else 0.5)))
    except StopIteration as end:
        verified = end.value
    assert asked == [20.0, 10.0, 15.0, 12.0, 13.0]
    assert verified.chosen.objective == 15.0


def test_between_two_neighbours_there_is_nothing_left_to_test() -> None:
    conversation = verify(LADDER, FLOOR, LADDER)
    assert next(conversation).objective == 5.0
    assert conversation.send(Checked(scores(0.99))).objective == 4.0
    with pytest.raises(StopIteration) as end:
        conversation.send(Checked(scores(0.5)))
    assert end.value.value.chosen.objective == 5.0


def test_few_events_need_a_margin_on_the_whole_part_and_the_verdict_says_so() -> None:
    checked = Checked(scores(1.0, 7), scores(0.96))
    assert judge(checked, FLOOR)[0] == "not supportable"
    assert judge(Checked(scores(1.0, 7), scores(0.94)), FLOOR)[0] is None
    assert judge(Checked(scores(1.0, 8)), FLOOR)[0] == "held"
    assert play(1.0, 1.0, 1.0, total=7)[1].verdict == "not supportable"


def test_every_floor_has_to_hold() -> None:
    both = Objective(floors={"event_f1": 0.9, "frame_f1": 0.7})
    mixed = {"event_f1": scores(0.99)["event_f1"], "frame_f1": scores(0.6)["frame_f1"]}
    assert judge(Checked(mixed), both)[0] is None
    assert judge(Checked(scores(0.99)), both)[0] == "held"


def test_without_floors_nothing_is_run_and_the_cheapest_wins() -> None:
    asked, verified = play(objective=Objective(floors={}))
    assert (asked, verified.chosen, verified.verdict) == ([], LADDER[2], "not checked")


def test_a_candidate_that_breaks_a_ceiling_when_simulated_fails_whatever_it_scores() -> None:
    checked = Checked(scores(1.0), broken="latency_p95_ms is 130 when simulated, more than 120")
    assert judge(checked, FLOOR) == (None, checked.broken)


def test_without_a_single_reference_event_nothing_holds() -> None:
    verdict, why = judge(Checked(scores(1.0, 0)), FLOOR)
    assert verdict is None
    assert "no reference event" in why


def test_where_the_reference_alerts_nothing_nothing_may_be_alerted() -> None:
    objective = Objective(floors={"alerts": 0.9})
    quiet = Score("alerts", share(0, 0), share(0, 0))
    verdict, why = judge(Checked({"alerts": quiet}), objective)
    assert verdict == "not supportable"
    assert "only 0 events that the reference alerts" in why
    loud = replace(quiet, precision=share(0, 2))
    assert judge(Checked({"alerts": loud}), objective)[0] is None


def test_no_more_is_asked_of_alerts_than_the_baseline_keeps() -> None:
    objective = Objective(floors={"alerts": 0.9})

    def said(hits: int, total: int) -> dict[str, Score]:
        return {"alerts": Score("alerts", share(hits, total), share(hits, total))}

    few = Checked(said(3, 5), perfect=said(5, 5), usual=said(3, 5))
    assert judge(few, objective) == (
        "not supportable",
        "only 5 events that the reference alerts, alerts is 0.600, at least the baseline's 0.600",
    )
    assert judge(replace(few, usual=said(4, 5)), objective)[0] is None
    many = Checked(said(80, 100), perfect=said(100, 100), usual=said(80, 100))
    assert judge(many, objective)[0] == "held"
    assert judge(replace(many, usual=said(99, 100)), objective)[1].endswith("less than 0.9")


def test_a_candidate_that_breaks_a_limit_is_passed_over() -> None:
    conversation = verify(LADDER, FLOOR)
    next(conversation)
    conversation.send(Checked(scores(1.0), broken="the load of edge is 90%"))
    conversation.send(Checked(scores(0.99)))
    try:
        conversation.send(Checked(scores(0.5)))
    except StopIteration as end:
        verified: Verified = end.value
    assert verified.chosen is not None
    assert verified.chosen.objective == 4.0
    assert [each.outcome.split(":")[0] for each in verified.tested] == ["failed", "held", "failed"]


ANSWERS = Objective(floors={"answers": 0.95})


def answered(wrong: int, *, frames: int = 200, runs: tuple[int, int] = (9, 9)) -> dict[str, Score]:
    """So many wrong no among the yes frames; every no is right."""
    yes, no = share(frames - wrong, frames), share(frames, frames)
    return {"answers": Score("answers", precision=no, recall=yes, runs=runs)}


def test_answers_are_held_to_the_lower_bound_of_the_worse_kind() -> None:
    perfect = answered(0)
    assert judge(Checked(answered(4), perfect=perfect), ANSWERS)[0] == "held"
    verdict, reason = judge(Checked(answered(9), perfect=perfect), ANSWERS)
    assert verdict is None
    assert reason == "the lower bound of answers is 0.941, less than 0.95"


def test_fewer_than_five_runs_of_either_answer_support_nothing() -> None:
    for runs in ((4, 9), (9, 4)):
        few = answered(0, runs=runs)
        verdict, reason = judge(Checked(few, perfect=few), ANSWERS)
        assert verdict == "not supportable"
        assert reason.startswith(f"only {runs[0]} runs of yes and {runs[1]} of no (200 and 200 f")
        wrong = Checked(few, answered(1, runs=runs), few)
        assert judge(wrong, ANSWERS)[0] is None


def test_too_few_frames_for_a_perfect_answer_to_hold_the_floor_support_nothing() -> None:
    few = answered(0, frames=12)
    assert supports(few["answers"], 0.9)
    assert not supports(few["answers"], 0.95)
    assert judge(Checked(few, perfect=few), ANSWERS)[0] == "not supportable"
    assert asked(ANSWERS, few).floors == {"answers": 1.0}
    assert asked(ANSWERS, answered(0)).floors == {"answers": 0.95}


def test_a_reference_that_only_ever_says_one_thing_supports_no_answer() -> None:
    never = {"answers": Score("answers", share(99, 99), share(0, 0), runs=(0, 1))}
    always = {"answers": Score("answers", share(0, 0), share(99, 99), runs=(1, 0))}
    for lone, word in ((never, "yes"), (always, "no")):
        verdict, reason = judge(Checked(lone, lone, lone), ANSWERS)
        assert verdict is None
        assert reason == f"there is no {word} of the reference to count answers on"
