"""How operators are made and charged."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from tests.running.scripted import Sum, no_models, plan_of
from tests.running.test_virtual import CITY

from vedette.declaring.operator import Model
from vedette.running.real import RealWork
from vedette.types.graph import Step
from vedette.types.media import Bundle
from vedette.types.plan import Deployment

Scale = Callable[[float], float]
HERE = Bundle("a", 0, Fraction(0), ((0, 2.0),))


def scale(value: float, *, model: Model[Scale], offset: float = 0.0) -> float:
    return model(value) + offset


class Sums:
    def __init__(self, *, start: float = 0.0) -> None:
        self.start = start
        self.state = Sum()

    def __call__(self, value: float, *, model: Model[Scale]) -> float:
        self.state = Sum(self.state.total + int(model(value)))
        return self.start + self.state.total


class Encode:
    def __init__(self, *, kind: str = "frame", qp: int | str = 18) -> None:
        self.state = Sum()

    def __call__(self, value: float) -> float:
        return value


OPERATORS: dict[str, Any] = {"scale": scale, "sums": Sums, "encode": Encode}


def work(plan: Deployment, **settings: Any) -> RealWork:
    return RealWork(
        plan, OPERATORS, lambda name: {"tenfold": lambda value: 10 * value}[name], **settings
    )


def test_a_models_name_becomes_the_model() -> None:
    step = Step("s", "scale", ("street",), {"model": "tenfold", "offset": 1.0})
    done = work(plan_of([step])).do(step, {"street": HERE})
    assert done.bundle.items == ((0, 21.0),)


def test_a_class_has_an_instance_for_every_stream() -> None:
    step = Step("s", "sums", ("street",), {"model": "tenfold", "start": 0.5})
    both = work(plan_of([step]))
    both.do(step, {"street": HERE})
    assert both.do(step, {"street": HERE}).bundle.items == ((0, 40.5),)
    assert both.do(step, {"street": replace(HERE, stream="b")}).bundle.items == ((0, 20.5),)


def test_a_state_that_was_saved_can_be_loaded() -> None:
    step = Step("s", "sums", ("street",), {"model": "tenfold"})
    first, second = work(plan_of([step])), work(plan_of([step]))
    first.do(step, {"street": HERE})
    second.load(step, "a", first.save(step, "a"))
    assert second.do(step, {"street": HERE}).bundle.items == ((0, 40.0),)


@pytest.mark.parametrize(("qp", "cpu_s"), [(18, 0.0), ("jpeg 90", 1.0)])
def test_a_camera_encodes_frames_for_free_with_its_own_codec(qp: int | str, cpu_s: float) -> None:
    step = Step("e", "encode", ("street",), {"kind": "frame", "qp": qp}, part_of="street")
    ticks = iter(range(10))
    plan = plan_of([step], cluster=CITY)
    done = RealWork(plan, OPERATORS, no_models, clock=lambda: next(ticks)).do(
        step, {"street": HERE}
    )
    assert done.cpu_s == cpu_s


def test_what_is_not_called_costs_nothing() -> None:
    step = Step("s", "scale", ("street",), {"model": "tenfold"})
    ticks = iter(range(10))
    empty = replace(HERE, items=(), dropped=True)
    done = work(plan_of([step]), clock=lambda: next(ticks)).do(step, {"street": empty})
    assert (done.calls, done.cpu_s, done.bundle.dropped) == (0, 0.0, True)
