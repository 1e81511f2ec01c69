"""What a run adds up to, on frames that one can count on one's fingers."""

from dataclasses import replace
from fractions import Fraction

import pytest
from tests.running.scripted import plan_of, sources_for

from vedette.running.age import Age, age_of_information
from vedette.running.figuring import figures
from vedette.running.tally import Lost, Passed, Tally
from vedette.types.commit import Commit
from vedette.types.graph import Step
from vedette.types.media import Checkpoint

PLAN = plan_of([Step("look", "look", ("street",))])
RATES = {"a": Fraction(1), "b": Fraction(1)}


def answered(stream: str, captured_s: float, answered_s: float) -> Passed:
    return Passed(stream, int(captured_s), captured_s, captured_s, answered_s, is_analysed=True)


def tally_of(*frames: Passed) -> Tally:
    tally = Tally(PLAN)
    for frame in frames:
        tally.captured(frame)
        tally.ended(frame)
    return tally


def age_of(*answers: tuple[float, float]) -> Age:
    age = Age()
    for captured_s, answered_s in answers:
        age.answered(captured_s, answered_s)
    return age


def test_an_older_answer_that_comes_late_makes_nothing_newer() -> None:
    late, without = age_of((0, 3.0), (1, 1.5)), age_of((1, 1.5))
    ends = {"a": 4.0}
    assert age_of_information({"a": late}, ends) == age_of_information({"a": without}, ends)


def test_a_stream_without_answers_is_as_old_as_it_is_long() -> None:
    p95_s, greatest_s = age_of_information({"a": Age()}, {"a": 10.0})
    assert p95_s == pytest.approx(9.5)
    assert greatest_s == 10.0


def test_ages_are_pooled_over_streams() -> None:
    ages = {"a": age_of(*((n, n + 0.5) for n in range(10))), "b": Age()}
    p95_s, greatest_s = age_of_information(ages, {"a": 10.0, "b": 10.0})
    assert greatest_s == 10.0
    assert p95_s == pytest.approx(9.0)  # 5% of twice ten seconds are b's last one


def test_a_run_without_analysed_frames_has_no_latency() -> None:
    tally = tally_of(Passed("a", 0, 0.0, 0.0, 0.1))
    assert figures(tally, "measured", RATES).latency_p95_ms == float("inf")


def test_streams_of_different_length_count_as_running_at_once() -> None:
    tally = tally_of(*(answered("a", n, n) for n in range(4)), answered("b", 0, 0))
    tally.busy_s["box", "a"] = 2.0
    tally.busy_s["box", "b"] = 0.5
    assert figures(tally, "rehearsed", RATES).load["box"] == pytest.approx((2 / 4 + 0.5 / 1) / 2)


def test_measured_seconds_are_no_load_of_a_declared_machine() -> None:
    tally = tally_of(answered("a", 0, 0))
    tally.busy_s["box", "a"] = 2.0
    assert figures(tally, "measured", RATES).load == {}


def test_a_frame_that_was_dropped_is_not_lost_a_second_time() -> None:
    """Ten frames came, four are committed; of the others two were dropped, and four are lost."""
    plan = plan_of([Step("look", "look", ("street",))], streams={"street": ("a",)})
    tally, sources = Tally(plan), sources_for(plan)
    live = replace(sources["a"], stream=replace(sources["a"].stream, pace="live"))
    for number in range(10):
        tally.captured(Passed("a", number, number / 10, number / 10))
    for number in (1, 6, 8):
        tally.dropped(Passed("a", number, number / 10, number / 10))
    after = {"a": Commit(Checkpoint("a", 4, Fraction(4, 10)))}
    (found,) = Lost({"a": live}, tally, {}, after).incidents()
    assert (found.kind, found.count) == ("not committed", 4)
