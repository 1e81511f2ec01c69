"""A plan in another's place: which steps go on with what they know, and what that leads to."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.running.hosted import HostedExecutor
from tests.running.scripted import OPERATORS, no_models, plan_of, sources_for
from tests.running.test_executor import TELL
from tests.running.test_remote import TWO_BOXES, kept

from vedette.declaring.operator import signatures
from vedette.running.executor import Executor, MemorySink
from vedette.running.local import LocalExecutor
from vedette.running.swap import begun_anew, carried
from vedette.running.work import signatures_of
from vedette.types.commit import Commit
from vedette.types.graph import Step
from vedette.types.plan import Deployment

CHAIN = [
    Step("sample", "sample", ("street",), {"rate_fps": 10}),
    Step("still", "skip_still", ("sample",), {"threshold": 0.1}),
    Step("detect", "detect", ("still",), {"model": "yolox-nano-416"}),
    Step("track", "track", ("detect",)),
    Step("crop", "crop", ("still", "track")),
    Step("match", "match_moving", ("crop",)),
    Step("alert", "alert", ("match",)),
]
RED = {"colour": "red"}
ALL = {"sample", "still", "track", "match", "alert"}


def changed(which: str, /, **changes: Any) -> list[Step]:
    return [replace(each, **changes) if each.name == which else each for each in CHAIN]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (CHAIN, ALL),
        (changed("sample", settings={"rate_fps": 5}), ALL - {"sample"}),
        (changed("still", settings={"threshold": 0.2}), ALL - {"still"}),
        (changed("detect", settings={"model": "yolox-tiny-416"}), ALL),
        (changed("track", when={"label": ("car",)}), ALL - {"track", "match", "alert"}),
        (changed("match", operator="match_colour", settings=RED), {"sample", "still", "track"}),
        (changed("alert", name="other"), ALL - {"alert"}),
    ],
)  # fmt: skip
def test_a_step_goes_on_unless_it_or_the_numbers_it_counts_by_begin_anew(
    steps: list[Step], expected: set[str]
) -> None:
    before, after = plan_of(CHAIN), plan_of(steps)
    found = carried(before, after, signatures())
    assert found == expected
    stateful = {each.name for each in steps if signatures()[each.operator].stateful}
    assert set(begun_anew(after, found, signatures())) == stateful - expected


def test_what_is_packed_otherwise_is_unpacked_anew_and_nothing_else_is() -> None:
    def packed(qp: int) -> Deployment:
        encode = Step("still.encode", "encode", ("still",), {"qp": qp}, part_of="still")
        decode = Step("still.decode@box", "decode", ("still.encode",), part_of="still")
        unpacked = ("still.decode@box",)
        steps = [replace(s, inputs=unpacked) if s.inputs == ("still",) else s for s in CHAIN]
        return plan_of([*steps[:2], encode, decode, *steps[2:]])

    found = carried(packed(20), packed(30), signatures())
    assert found == ALL
    assert begun_anew(packed(30), found, signatures()) == []
    assert carried(packed(20), packed(20), signatures()) == {
        *ALL,
        "still.encode",
        "still.decode@box",
    }


@dataclass
class Swapped(MemorySink):
    """Forgets the states of all steps but some, as a store does for a plan in another's place."""

    keeps: frozenset[str] = field(default_factory=frozenset)

    def resume(self) -> Mapping[str, Commit]:
        found = super().resume()
        return {
            name: replace(each, states={k: v for k, v in each.states.items() if k in self.keeps})
            for name, each in found.items()
        }


def followed(first: Executor, before: Deployment, then: Executor, after: Deployment) -> MemorySink:
    """One plan until frame 33 of a stream, and the other from the last commit on."""
    stop = threading.Event()

    def stop_at_33(stream: str, frame: int) -> None:
        if (stream, frame) == ("b", 33):
            stop.set()

    sink = Swapped()
    report = first.run(before, sources_for(before, 60), sink, stop=stop, progress=stop_at_33)
    assert not report.finished
    sink.keeps = carried(before, after, signatures_of(after, OPERATORS))
    assert then.run(after, sources_for(after, 60), sink).finished
    return sink


def local() -> LocalExecutor:
    return LocalExecutor(OPERATORS, no_models, workers=3)


@pytest.mark.parametrize("first", [local, HostedExecutor])
@pytest.mark.parametrize("then", [local, HostedExecutor])
def test_a_plan_that_only_places_otherwise_leads_to_an_undisturbed_runs_commits(
    first: Any, then: Any
) -> None:
    here = plan_of(TELL, cluster=TWO_BOXES)
    there = plan_of(TELL, cluster=TWO_BOXES, placement={"track": "cloud", "sum": "cloud"})
    whole = MemorySink()
    local().run(here, sources_for(here, 60), whole)
    sink = followed(first(), here, then(), there)
    assert kept(sink)[0] == kept(whole)[0]


def test_a_step_that_changed_counts_from_the_swap_on() -> None:
    plan = plan_of(TELL)
    other = plan_of(
        [replace(s, when={"label": ("even", "odd")}) if s.name == "sum" else s for s in TELL]
    )
    whole = MemorySink()
    local().run(plan, sources_for(plan, 60), whole)
    sink = followed(local(), plan, local(), other)
    assert len(sink.commits) == len(whole.commits)
    last = {c.checkpoint.stream: c.states for c in whole.commits}
    found = {c.checkpoint.stream: c.states for c in sink.commits}
    assert {s: states["track"] for s, states in found.items()} == {
        s: states["track"] for s, states in last.items()
    }
    assert found["b"]["sum"] != last["b"]["sum"]  # a may be through before the swap
