"""Passes of several frames: in virtual time by hand, and on threads with the same answers."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.running.scripted import OPERATORS, Number, plan_of, sources_for
from tests.running.test_virtual import one_step, simulated, trace_of

import vedette as vd
from vedette.models.backend import Arrays, Backend, completed
from vedette.running.executor import MemorySink
from vedette.running.local import LocalExecutor
from vedette.running.passes import callers, gathering
from vedette.running.work import signatures_of
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import Step
from vedette.types.media import Frame
from vedette.types.passes import Passes
from vedette.types.plan import Deployment

PAIRS = Passes((1, 2), (1.0, 0.5))
MANY = Passes((1, 4), (1.0, 0.5))


def test_frames_that_wait_for_a_step_share_its_next_pass() -> None:
    """10 frames a second of 160 ms each; two take 160 ms together. Seven are at 0, 100, 200 ...

    Passes begin at 0, 160, 320 (two), 480, 640 (two) and 800.
    """
    box = Cluster("box", (Device("box", "edge", cores=1, max_batch=2),), ())
    plan = replace(one_step(cluster=box), batches={"look": PAIRS})
    figures = simulated(plan, trace_of(plan, 8, {"look": 0.16}))
    assert figures.latency_p50_ms == pytest.approx(
        np.median([160, 220, 280, 180, 240, 300, 200, 260])
    )
    assert figures.latency_p95_ms == pytest.approx(293)
    assert figures.cpu_ms_per_frame == pytest.approx((4 * 160 + 4 * 80) / 8)
    assert figures.load["box"] == pytest.approx(0.8)  # passes as full as they may be
    assert figures.step_ms["look"] == pytest.approx(160)
    assert figures.step_ms["wait box"] == pytest.approx(70)


def test_without_waiting_nothing_is_shared() -> None:
    plan = one_step(cluster=Cluster("box", (Device("box", "edge", cores=1, max_batch=2),), ()))
    trace = trace_of(plan, 8, {"look": 0.05})
    alone, together = (
        simulated(plan, trace),
        simulated(replace(plan, batches={"look": PAIRS}), trace),
    )
    assert replace(together, load={}) == replace(alone, load={})
    assert together.load["box"] == pytest.approx(alone.load["box"] / 2)


class Twice:
    """A model whose passes wait until ``enough`` rows are there or nobody else can come."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.first = threading.Event()

    def submit(self, batch: Arrays) -> Future[Arrays]:
        return completed(lambda: self._run(batch["x"]))

    def _run(self, x: Any) -> Arrays:
        self.rows.append(len(x))
        self.first.wait(0.05)  # long enough for others to come, whatever they do
        return {"y": 2 * x}


class Doubling:
    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def over(self, backend: Backend) -> "Doubling":
        return Doubling(backend)

    def value(self, number: int) -> int:
        given = {"x": np.array([[number]], np.int64)}
        return int(self.backend.submit(given).result()["y"][0, 0])


def double(frame: Frame, *, model: vd.Model[Doubling]) -> Number:
    return Number(frame.key, frame.time_s, model.value(frame.key.frame))


KNOWN = {**OPERATORS, "double": double}


def doubling(batches: dict[str, Passes]) -> Deployment:
    steps = [
        Step("double", "double", ("street",), {"model": "net"}),
        Step("sum", "accumulate", ("double",)),
        Step("tell", "announce", ("sum",)),
    ]
    streams = {"street": tuple("abcdef")}
    return replace(plan_of(steps, streams=streams), batches=batches)


def ran(plan: Deployment, workers: int) -> tuple[list[int], MemorySink]:
    backend, sink = Twice(), MemorySink()
    model = Doubling(backend)
    executor = LocalExecutor(KNOWN, lambda _: model, workers=workers)
    assert executor.run(plan, sources_for(plan, 12), sink).finished
    return backend.rows, sink


def test_streams_share_passes_of_a_run_and_its_commits_are_those_of_one_by_one() -> None:
    alone, one = ran(doubling({}), 2)
    together, other = ran(doubling({"double": MANY}), 2)
    assert set(alone) == {1}
    assert sum(together) == sum(alone) == 72
    assert 1 < max(together) <= 4
    for stream in "abcdef":
        mine = [c for c in other.commits if c.checkpoint.stream == stream]
        assert mine == [c for c in one.commits if c.checkpoint.stream == stream]


def test_a_model_is_one_for_all_who_share_its_passes() -> None:
    plan = doubling({"double": MANY})
    load = gathering(plan, lambda _: Doubling(Twice()), signatures_of(plan, KNOWN), 1)
    assert load("net") is load("net")
    assert load("other") is not load("other")


def test_who_waits_in_a_pass_takes_no_core() -> None:
    assert callers(doubling({}), 3) == 3
    assert callers(doubling({"double": MANY}), 3) == 12
