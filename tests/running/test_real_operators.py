"""The real operators on a real street: threads, virtual time and a resumed run see the same."""

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.running.test_virtual import CITY

from vedette import ops as _registered  # noqa: F401  # importing it is what registers them
from vedette.declaring.operator import operators, signatures
from vedette.media.source import open_source
from vedette.models import load_detector
from vedette.planning.placement import transport
from vedette.running.executor import Executor, MemorySink, Progress, Report
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor, simulate
from vedette.types.commit import SavedState
from vedette.types.graph import Source, Span, Step, Stream, Transport, Value, Workflow
from vedette.types.plan import Deployment

FRAMES = 40
CLASSES: dict[str, Value] = {"person": ["person"], "vehicle": ["car", "bus", "truck"]}
STEPS = (
    Step("sample", "sample", ("street",), {"rate_fps": "source"}),
    Step("resize", "resize", ("sample",), {"width": 480}),
    Step(
        "detect",
        "detect",
        ("resize",),
        {"model": "yolox-nano-416-wide", "confidence": 0.3, "classes": CLASSES},
    ),
    Step("track", "track", ("detect",)),
    Step("crop", "crop", ("resize", "track")),
    Step("type", "classify", ("crop",)),
    Step("colour", "match_colour", ("type",), {"colour": "white"}),
    Step("alert", "alert", ("colour",), {"min_duration_s": 0.1}),
)


@pytest.fixture
def plan(bikes: Path, yolox_nano: Path) -> Deployment:
    street = Source("street", (Stream("a", str(bikes)), Stream("b", str(bikes))))
    workflow = Workflow(
        "amber", (street,), STEPS, transport=Transport(gop_s=0.5), evidence_to="cloud"
    )
    place = {step.name: "edge" if step.name in {"sample", "resize"} else "cloud" for step in STEPS}
    packed, places = transport(workflow, place, CITY, signatures(), qp=26)
    return Deployment(workflow=packed, cluster=CITY, choice={}, placement=places)


def run(
    executor: Executor,
    plan: Deployment,
    sink: MemorySink,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> Report:
    with ExitStack() as scope:
        sources = {
            stream.name: scope.enter_context(open_source(stream, threads=1))
            for _, stream in plan.workflow.streams()
        }
        spans = {"a": Span(30, 30 + FRAMES), "b": Span(140, 140 + FRAMES)}
        return executor.run(plan, sources, sink, spans=spans, stop=stop, progress=progress)


def committed(sink: MemorySink) -> list[str]:
    events = [f"{step} {event}" for commit in sink.commits for step, event in commit.events]
    evidence = [f"{step} {event}" for commit in sink.commits for step, event in commit.evidence]
    return sorted([*events, *evidence])


def last_states(sink: MemorySink) -> dict[str, Mapping[str, SavedState]]:
    return {stream: commit.states for stream, commit in sink.resume().items()}


@pytest.mark.model
def test_threads_and_virtual_time_see_the_same(plan: Deployment) -> None:
    threads, virtual = MemorySink(), MemorySink()
    measured = run(LocalExecutor(operators(), load_detector), plan, threads).figures
    report = run(VirtualExecutor(operators(), load_detector), plan, virtual)
    rehearsed = report.figures
    assert committed(threads)
    assert report.trace is not None
    again = simulate(plan, report.trace, signatures()).figures
    assert replace(again, label="rehearsed") == rehearsed
    assert committed(threads) == committed(virtual)
    assert last_states(threads) == last_states(virtual)
    assert measured.camera_mbps == pytest.approx(rehearsed.camera_mbps)
    assert measured.wan_mbps == pytest.approx(rehearsed.wan_mbps)
    assert rehearsed.camera_mbps > rehearsed.wan_mbps > 0


@pytest.mark.model
def test_a_stopped_run_goes_on_as_if_nothing_had_been(plan: Deployment) -> None:
    executor = VirtualExecutor(operators(), load_detector)
    whole, parts, stop = MemorySink(), MemorySink(), threading.Event()
    run(executor, plan, whole)

    def stop_in_the_middle(_: str, frame: int) -> None:
        if frame == 140 + FRAMES // 2 + 8:
            stop.set()

    run(executor, plan, parts, stop, stop_in_the_middle)
    assert parts.commits
    assert len(parts.commits) < len(whole.commits)
    run(executor, plan, parts)
    assert committed(parts) == committed(whole)
    assert last_states(parts) == last_states(whole)
