"""What a run adds up to, on frames that one can count on one's fingers."""

from fractions import Fraction

import pytest
from tests.running.scripted import plan_of

from vedette.running.age import age_of_information
from vedette.running.figuring import figures
from vedette.running.tally import Passed, Tally
from vedette.types.graph import Step

PLAN = plan_of([Step("look", "look", ("street",))])
RATES = {"a": Fraction(1), "b": Fraction(1)}


def answered(stream: str, captured_s: float, answered_s: float) -> Passed:
    return Passed(stream, int(captured_s), captured_s, captured_s, answered_s, is_analysed=True)


def test_an_older_answer_that_comes_late_makes_nothing_newer() -> None:
    late = [answered("a", 1, 1.5), answered("a", 0, 3.0)]
    assert age_of_information(late, {"a": 4.0}) == age_of_information(late[:1], {"a": 4.0})


def test_a_stream_without_answers_is_as_old_as_it_is_long() -> None:
    p95_s, greatest_s = age_of_information([], {"a": 10.0})
    assert p95_s == pytest.approx(9.5)
    assert greatest_s == 10.0


def test_ages_are_pooled_over_streams() -> None:
    frames = [answered("a", n, n + 0.5) for n in range(10)]
    p95_s, greatest_s = age_of_information(frames, {"a": 10.0, "b": 10.0})
    assert greatest_s == 10.0
    assert p95_s == pytest.approx(9.0)  # 5% of twice ten seconds are b's last one


def test_a_run_without_analysed_frames_has_no_latency() -> None:
    tally = Tally(PLAN, [Passed("a", 0, 0.0, 0.0, 0.1)])
    assert figures(tally, "measured", RATES).latency_p95_ms == float("inf")


def test_streams_of_different_length_count_as_running_at_once() -> None:
    tally = Tally(PLAN, [answered("a", n, n) for n in range(4)] + [answered("b", 0, 0)])
    tally.busy_s["box", "a"] = 2.0
    tally.busy_s["box", "b"] = 0.5
    assert figures(tally, "rehearsed", RATES).load["box"] == pytest.approx((2 / 4 + 0.5 / 1) / 2)


def test_measured_seconds_are_no_load_of_a_declared_machine() -> None:
    tally = Tally(PLAN, [answered("a", 0, 0)])
    tally.busy_s["box", "a"] = 2.0
    assert figures(tally, "measured", RATES).load == {}
