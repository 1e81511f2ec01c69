"""Emulated machines take the time that theirs would, and emulated links that of their bits."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from tests.running.scripted import plan_of
from tests.running.test_virtual import CITY, PLACES, THERE_AND_BACK

from vedette.running.emulated import RECENT, EmulatedWork
from vedette.running.work import Done
from vedette.types.commit import SavedState
from vedette.types.graph import Step
from vedette.types.media import Bundle

FRAME = Bundle("a", 3, Fraction(3, 10), ((0, "picture"),))


class Scripted:
    """Takes a stated time on this machine for each step, on a clock that only sleeping moves."""

    def __init__(self, cpu_s: Mapping[str, float], sizes: Mapping[str, float]) -> None:
        self.now_s, self._cpu_s, self._sizes = 0.0, cpu_s, sizes

    def do(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        here = next(inputs[name] for name in step.inputs if name in inputs)
        took_s = self._cpu_s.get(step.name, 0.0)
        self.now_s += took_s
        return Done(here, len(here.items), took_s, self._sizes.get(step.name, 0.0))

    def save(self, step: Step, stream: str) -> SavedState:
        return SavedState(f"{step.name} {stream}")

    def load(self, step: Step, stream: str, state: SavedState) -> None:
        pass

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def took_s(
    name: str,
    *,
    cpu_s: float = 0.0,
    size: float = 0.0,
    speed: float = 1.0,
    bundle: Bundle = FRAME,
    analysed: bool = False,
) -> float:
    """How long one step takes on a machine of ``speed``, in the plan there and back."""
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    script = Scripted({name: cpu_s}, {name: size})
    work = EmulatedWork(
        plan,
        script,
        speed=speed,
        answers={"tell.decode@edge"},
        clock=script.clock,
        sleep=script.sleep,
    )
    if analysed:
        tracks = plan.workflow.step("track")
        work.do(tracks, dict.fromkeys(tracks.inputs, FRAME))
    begun_s, step = script.now_s, plan.workflow.step(name)
    work.do(step, dict.fromkeys(step.inputs, bundle))
    return script.now_s - begun_s


def test_a_step_takes_what_its_device_would_take() -> None:
    speed = CITY.device(PLACES["look"]).speed
    assert took_s("look", cpu_s=0.03) == pytest.approx(0.03 / speed)
    assert took_s("look", cpu_s=0.03, speed=0.5) == pytest.approx(max(0.03, 0.015 / speed))


def test_a_packet_takes_its_bits_over_each_links_rate_and_half_a_round_trip() -> None:
    assert took_s("street.encode", size=10_000) == pytest.approx(0.0008 + 0.001 + 0.010 + 0.020)


def test_what_a_free_encoder_takes_here_is_made_up_for() -> None:
    there = 0.0008 + 0.001 + 0.010 + 0.020
    assert took_s("street.encode", cpu_s=0.005, size=10_000) == pytest.approx(there)


def test_only_an_answer_has_to_say_that_it_is_none() -> None:
    nothing = replace(FRAME, items=())
    assert took_s("street.encode", bundle=nothing) == 0
    assert took_s("tell.encode", bundle=nothing, analysed=True) == pytest.approx(0.020, abs=1e-3)


def test_what_was_done_comes_back_at_speed_1() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    script = Scripted({"look": 0.03}, {})
    work = EmulatedWork(plan, script, speed=0.5, clock=script.clock, sleep=script.sleep)
    step = plan.workflow.step("look")
    assert work.do(step, dict.fromkeys(step.inputs, FRAME)).cpu_s == pytest.approx(0.015)


def test_a_frame_on_its_way_is_owed_its_seconds_however_many_came_before() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    script = Scripted({"look": 0.03}, {})
    work = EmulatedWork(plan, script, speed=0.1, clock=script.clock, sleep=script.sleep)
    step = plan.workflow.step("look")
    for number in range(RECENT + 1):
        work.do(step, dict.fromkeys(step.inputs, replace(FRAME, frame=number)))
    assert work.owed_s("a", RECENT - 1) == work.owed_s("a", RECENT) > 0
    assert work.owed_s("a", 0) == 0
