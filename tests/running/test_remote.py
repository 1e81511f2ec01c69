"""Segments elsewhere: workers that die and hang leave the commits of an undisturbed local run."""

import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
from tests.running.hosted import QUICK, SCRIPTED, HostedExecutor, MemoryEndpoint, cut
from tests.running.killed_child import STEPS, AnnounceParts, Follow
from tests.running.scripted import OPERATORS, no_models, plan_of, sources_for
from tests.running.test_executor import APART, FIVE_SOURCES, SHARED, TELL, TWO_SOURCES

from vedette.errors import InputError, Problem
from vedette.models.endpoint import Endpoint, UnansweredError
from vedette.models.wire import InferRequest, InferResponse, Tensor
from vedette.running.crossing import PACKED, Asked, ask
from vedette.running.executor import MemorySink, Report
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.serve.segment_model import SegmentModel
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Step
from vedette.types.media import Bundle
from vedette.types.plan import Deployment

FRAMES = 60
ALL_OPERATORS = {**OPERATORS, "follow": Follow, "announce_parts": AnnounceParts}
TWO_BOXES = Cluster(
    "two",
    (Device("box", "edge", cores=2), Device("cloud", "cloud", cores=8)),
    (Link("box", "cloud", 10.0, 10.0, 20.0),),
)


Found = tuple[list[str], list[str]]


def kept(sink: MemorySink) -> Found:
    answers = sorted(f"{b.stream} {b.frame} {step} {b}" for step, b in sink.answers)
    return sorted(map(repr, sink.commits)), answers


def committed(executor: LocalExecutor, plan: Deployment) -> Found:
    """Every commit and every answer."""
    sink = MemorySink()
    executor._operators = ALL_OPERATORS
    executor.run(plan, sources_for(plan, FRAMES), sink)
    return kept(sink)


STATELESS = [
    Step("look", "look", ("street",)),
    Step("far", "spread", ("look",)),
    Step("farther", "add", ("far",)),
    Step("sum", "accumulate", ("farther",)),
    Step("tell", "announce", ("sum",)),
]


PLANS = {
    "follow": plan_of(STEPS, gop_s=0.7),
    "tell": plan_of(TELL),
    "shared": plan_of(SHARED, streams=TWO_SOURCES),
    "apart": plan_of(APART, streams=FIVE_SOURCES),
}


@pytest.fixture(scope="module")
def local() -> Mapping[str, Found]:
    return {
        name: committed(LocalExecutor(OPERATORS, no_models), plan) for name, plan in PLANS.items()
    }


@pytest.mark.parametrize("name", PLANS)
def test_workers_commit_what_a_local_run_does(name: str, local: Mapping[str, Found]) -> None:
    assert committed(HostedExecutor(), PLANS[name]) == local[name]


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("seed", range(4))
def test_workers_that_die_leave_the_commits_of_a_local_run(
    name: str, seed: int, local: Mapping[str, Found]
) -> None:
    dies_at = random.Random(seed).sample(range(1, 120), 5)
    executor = HostedExecutor(workers=2, dies_at=dies_at)
    assert committed(executor, PLANS[name]) == local[name]
    assert sum(each.requests for each in executor.endpoints) > FRAMES


def test_a_worker_that_hangs_is_left(local: Mapping[str, Found]) -> None:
    executor = HostedExecutor(workers=2, hangs_at=(40,))
    assert committed(executor, PLANS["follow"]) == local["follow"]


def test_a_worker_that_hangs_when_a_sequence_begins_is_left(local: Mapping[str, Found]) -> None:
    patient = replace(QUICK, deadline_s=3600.0)
    executor = HostedExecutor(workers=2, hangs_at=(1,), patience=patient)
    assert committed(executor, PLANS["follow"]) == local["follow"]


def test_a_run_that_waits_for_a_worker_is_stopped_and_goes_on_later(
    local: Mapping[str, Found],
) -> None:
    plan, sink, stop = PLANS["follow"], MemorySink(), threading.Event()
    patient = replace(QUICK, lasting_s=3600.0)
    executor = HostedExecutor(hangs_at=(40,), hung=stop, patience=patient)
    executor._operators = ALL_OPERATORS
    assert not executor.run(plan, sources_for(plan, FRAMES), sink, stop=stop).finished
    again = HostedExecutor()
    again._operators = ALL_OPERATORS
    again.run(plan, sources_for(plan, FRAMES), sink)
    assert sorted(map(repr, sink.commits)) == local["follow"][0]


def test_a_lost_worker_is_an_incident() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    sink = MemorySink()
    report = HostedExecutor(dies_at=(20,)).run(plan, sources_for(plan, 30), sink)
    assert [(each.kind, each.stream, each.count) for each in report.incidents] == [
        ("lost worker", "a", 1)
    ]


def test_what_was_answered_before_the_last_checkpoint_is_not_sent_again() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    executor = HostedExecutor(dies_at=(50,))
    executor.run(plan, sources_for(plan, 60), MemorySink())
    requests = executor.endpoints[0].requests
    assert requests <= 60 + 6 + 2 + 1 + 10 + 16 + 1  # an interval and what is under way, again


def test_no_more_is_under_way_than_a_sequence_may_have() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    executor = HostedExecutor()
    executor.run(plan, sources_for(plan, 200), MemorySink())
    assert executor.endpoints[0].most <= 16


def test_workers_that_stay_away_end_the_run_and_it_goes_on_later(
    local: Mapping[str, Found],
) -> None:
    plan, sink = PLANS["follow"], MemorySink()
    soon = replace(QUICK, lasting_s=1.0)
    executor = HostedExecutor(patience=soon, dies_at=range(60, 1000))
    executor._operators = ALL_OPERATORS
    with pytest.raises(InputError, match="worker"):
        executor.run(plan, sources_for(plan, FRAMES), sink)
    assert sink.commits
    assert "lost worker" in {each.kind for each in sink.incidents}
    again = HostedExecutor()
    again._operators = ALL_OPERATORS
    again.run(plan, sources_for(plan, FRAMES), sink)
    assert sorted(map(repr, sink.commits)) == local["follow"][0]


def test_a_stop_does_not_wait_for_a_worker_that_is_lost() -> None:
    plan, sink, stop = PLANS["tell"], MemorySink(), threading.Event()

    class Gone(MemoryEndpoint):
        async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
            stop.set()
            raise UnansweredError(503, Problem("nobody", "a worker"), sent=False)

    endless = replace(QUICK, lasting_s=float("inf"))
    hosts = Hosts(frozenset({"box"}), lambda _: [Gone({})], patience=endless, codec=SCRIPTED)
    executor = LocalExecutor(OPERATORS, no_models, hosts=hosts)
    assert not executor.run(plan, sources_for(plan, FRAMES), sink, stop=stop).finished


class Unwilling(MemoryEndpoint):
    async def close(self) -> None:
        raise OSError("it was never open")


def unwilling(_device: str) -> list[MemoryEndpoint]:
    return [Unwilling({})]


def unreachable(_device: str) -> list[MemoryEndpoint]:
    raise OSError("no such machine")


def test_an_answer_that_is_taken_back_ends_the_run() -> None:
    class Fickle(MemoryEndpoint):
        async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
            raise CancelledError

    plan = PLANS["tell"]
    hosts = Hosts(frozenset({"box"}), lambda _: [Fickle({})], patience=QUICK, codec=SCRIPTED)
    with pytest.raises(CancelledError):
        LocalExecutor(OPERATORS, no_models, hosts=hosts).run(plan, sources_for(plan), MemorySink())


@pytest.mark.parametrize("connect", [unwilling, unreachable])
def test_what_goes_wrong_with_a_connection_leaves_no_thread(
    connect: Callable[[str], Sequence[Endpoint]],
) -> None:
    executor = LocalExecutor(OPERATORS, no_models, hosts=Hosts(frozenset({"box"}), connect))
    with pytest.raises(OSError, match=r"never|no such"):
        executor.run(PLANS["tell"], sources_for(PLANS["tell"], 0), MemorySink())
    assert "remote" not in {thread.name for thread in threading.enumerate()}


class NoBytes(MemoryEndpoint):
    """One of its answers is made of numbers."""

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        is_ninth = self.requests == 8
        response = await super().infer(request, deadline_s)
        if not is_ninth:
            return response
        numbers = np.array([1])
        outputs = Tensor("keys", "INT64", numbers), Tensor("items", "INT64", numbers)
        return replace(response, outputs=outputs)


class Broken(MemoryEndpoint):
    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        raise LookupError("nobody foresaw this")


def run_at(kind: type[MemoryEndpoint]) -> Report:
    plan = plan_of(TELL, streams={"street": ("a",)})
    (segment,) = cut(plan, OPERATORS)
    model = SegmentModel(plan, segment, OPERATORS, no_models, codec=SCRIPTED)
    endpoint = kind({segment.name: model})
    hosts = Hosts(frozenset({"box"}), lambda _: [endpoint], patience=QUICK, codec=SCRIPTED)
    executor = LocalExecutor(OPERATORS, no_models, hosts=hosts)
    return executor.run(plan, sources_for(plan), MemorySink())


def test_an_answer_that_is_no_bytes_loses_its_worker() -> None:
    assert [each.kind for each in run_at(NoBytes).incidents] == ["lost worker"]


def test_an_error_that_nobody_foresaw_ends_the_run() -> None:
    with pytest.raises(LookupError, match="foresaw"):
        run_at(Broken)


def test_what_no_form_exists_for_says_so() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    frame = next(sources_for(plan)["a"].frames())
    bundle = Bundle("a", 0, frame.time_s, ((0, frame),))
    with pytest.raises(InputError, match="picture on its way"):
        ask(Asked("a", 0, frame.time_s, {"street": bundle}), PACKED)


ACROSS = [
    Step("look", "look", ("street",)),
    Step("far", "add", ("look",)),
    Step("farther", "accumulate", ("far",)),
    Step("near", "add", ("look",)),
    Step("both", "pair", ("near", "farther")),
    Step("tell", "announce", ("both",)),
]


def named(plan: Deployment) -> list[tuple[str, list[str]]]:
    return [(each.name, [s.name for s in each.steps]) for each in cut(plan, OPERATORS)]


def test_a_segment_holds_what_a_frame_meets_on_one_machine() -> None:
    plan = plan_of(ACROSS, cluster=TWO_BOXES, placement={"far": "cloud", "farther": "cloud"})
    assert named(plan) == [
        ("box-0-street", ["look"]),
        ("cloud-1-street", ["far", "farther"]),
        ("box-2-street", ["near", "both", "tell"]),
    ]


def test_a_segment_reads_and_shows_what_crosses() -> None:
    plan = plan_of(ACROSS, cluster=TWO_BOXES, placement={"far": "cloud", "farther": "cloud"})
    ports: list[tuple[Sequence[str], Sequence[str]]] = [
        (each.inputs, each.outputs) for each in cut(plan, OPERATORS)
    ]
    assert ports == [
        (("street",), ("look",)),
        (("look",), ("farther",)),
        (("look", "farther"), ("tell",)),
    ]


def test_sources_that_meet_share_a_segment() -> None:
    plan = plan_of(SHARED, streams=TWO_SOURCES)
    assert [each.name for each in cut(plan, OPERATORS)] == [
        "box-0-park",
        "box-0-street",
        "box-0-park-street",
    ]


def test_a_plan_over_two_machines_commits_what_one_does() -> None:
    plan = plan_of(ACROSS, cluster=TWO_BOXES, placement={"far": "cloud", "farther": "cloud"})
    executor = HostedExecutor(dies_at=(30, 55))
    assert committed(executor, plan) == committed(LocalExecutor(OPERATORS, no_models), plan)
    assert {name for each in executor.endpoints for name in each.models} == {
        "box-0-street",
        "box-2-street",
        "cloud-1-street",
    }


@pytest.mark.parametrize("dies_at", [(), (9, 40)])
def test_frames_are_spread_over_the_workers_of_a_segment_without_state(
    dies_at: Sequence[int],
) -> None:
    placement = {"far": "cloud", "farther": "cloud"}
    plan = plan_of(STATELESS, streams={"street": ("a",)}, cluster=TWO_BOXES, placement=placement)
    executor = HostedExecutor(workers=3, dies_at=dies_at)
    assert committed(executor, plan) == committed(LocalExecutor(OPERATORS, no_models), plan)
    there = [each for each in executor.endpoints if "cloud-1-street" in each.models]
    frames = [sum(b'"kind":"frame"' in keys(asked) for asked in each.asked) for each in there]
    assert sum(frames) >= FRAMES
    assert min(frames) >= (1 if dies_at else FRAMES // 6)


def test_a_worker_that_stands_by_takes_the_place_of_one_that_is_lost() -> None:
    plan = replace(plan_of(TELL, streams={"street": ("a", "b")}), replicas={"box": 2})
    executor = HostedExecutor(workers=3, dies_at=(20,))
    executor.run(plan, sources_for(plan, FRAMES), MemorySink())
    streams = [set[bytes](), set[bytes](), set[bytes]()]
    for seen, endpoint in zip(streams, executor.endpoints, strict=True):
        seen.update(*(re.findall(rb'"stream":"(.)"', keys(each)) for each in endpoint.asked))
    assert streams == [{b"a"}, {b"b"}, {b"a"}]


def keys(asked: InferRequest) -> bytes:
    return bytes(asked.inputs[0].array[0]) if asked.inputs else b""
