"""Seconds on this machine as seconds on a device of speed 1."""

from dataclasses import dataclass

import pytest

from vedette.running.reference import EVERY_S, NOMINAL_S, Yardstick


@dataclass
class Machine:
    """A clock, and a reference call that takes ``call_s`` of it."""

    call_s: float
    now_s: float = 0.0
    calls: int = 0

    def clock(self) -> float:
        return self.now_s

    def reference(self) -> None:
        self.now_s += self.call_s
        self.calls += 1


def test_a_machine_of_half_the_speed_is_charged_half_the_seconds() -> None:
    machine = Machine(2 * NOMINAL_S)
    yardstick = Yardstick(machine.reference, machine.clock)
    assert yardstick.normal_s(0.01) == pytest.approx(0.005)


def test_without_a_reference_call_seconds_stay_as_they_are() -> None:
    assert Yardstick(None, Machine(1.0).clock).normal_s(0.01) == 0.01


def test_the_reference_call_is_repeated_after_some_seconds_of_work() -> None:
    machine = Machine(NOMINAL_S)
    yardstick = Yardstick(machine.reference, machine.clock)
    yardstick.normal_s(0.0)
    before = machine.calls
    yardstick.normal_s(EVERY_S / 2)
    assert machine.calls == before
    yardstick.normal_s(EVERY_S / 2)
    assert machine.calls == before + 1


def test_one_slow_reference_call_does_not_count() -> None:
    machine = Machine(NOMINAL_S)
    yardstick = Yardstick(machine.reference, machine.clock)
    yardstick.normal_s(1.0)
    yardstick.normal_s(1.0)
    machine.call_s = 1.0
    assert yardstick.normal_s(1.0) == pytest.approx(1.0)
