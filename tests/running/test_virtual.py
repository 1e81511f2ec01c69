"""Virtual time: latencies that one can check by hand, queues, traffic, and exact replay."""

import weakref
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.running.scripted import (
    OPERATORS,
    WHOLE,
    Number,
    ScriptedSource,
    look,
    no_models,
    plan_of,
    sources_for,
)

from vedette.errors import DeclarationError
from vedette.running.core import LiveBounds
from vedette.running.executor import MemorySink
from vedette.running.replay import TraceSource
from vedette.running.sound import ensure_sound
from vedette.running.tracing import tracks_of
from vedette.running.virtual import VirtualExecutor, simulate
from vedette.running.work import signatures_of
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.figures import Figures
from vedette.types.graph import Span, Step
from vedette.types.media import Checkpoint, Frame
from vedette.types.plan import Deployment
from vedette.types.profile import StepTrace, Trace

ONE_CORE = Cluster("one", (Device("box", "edge", cores=1),), ())
CITY = Cluster(
    "city",
    (
        Device("camera", "camera", cores=0.5, speed=0.5, per_stream=True, encoder="h264"),
        Device("edge", "edge", cores=2, speed=0.5, price_per_hour=0.04),
        Device("cloud", "cloud", cores=4, price_per_hour=0.4),
    ),
    (
        Link("camera", "edge", 100, 100, rtt_ms=2),
        Link("edge", "cloud", 8, 8, rtt_ms=40, price_per_gb=0.09),
    ),
)
THERE_AND_BACK = [
    Step("street.encode", "encode", ("street",), {"kind": "frame"}, part_of="street"),
    Step("street.decode@cloud", "decode", ("street.encode",), {"kind": "frame"}, part_of="street"),
    Step("look", "look", ("street.decode@cloud",)),
    Step("track", "track", ("look",)),
    Step("tell", "announce", ("track",)),
    Step("tell.encode", "encode", ("tell",), {"kind": "event"}, part_of="tell"),
    Step("tell.decode@edge", "decode", ("tell.encode",), {"kind": "event"}, part_of="tell"),
]
PLACES = {
    "street": "camera",
    "street.encode": "camera",
    "street.decode@cloud": "cloud",
    "look": "cloud",
    "track": "cloud",
    "tell": "cloud",
    "tell.encode": "cloud",
    "tell.decode@edge": "edge",
}


def trace_of(plan: Deployment, count: int, costs: dict[str, float], **changes: object) -> Trace:
    """``count`` frames a stream, 10 a second, each step at its cost; packets as ``sizes`` says."""
    streams = tuple(stream.name for _, stream in plan.workflow.streams())
    rows = count * len(streams)
    sizes = changes.get("sizes", {})
    assert isinstance(sizes, dict)
    names = [step.name for step in plan.workflow.steps]

    def column(value: float) -> StepTrace:
        zeros = np.zeros(rows)
        return StepTrace(zeros + value, np.ones(rows, np.int32), zeros, zeros, zeros)

    steps = {name: column(costs.get(name, 0.0)) for name in names}
    for name, size_bytes in sizes.items():
        steps[name] = replace(steps[name], size_bytes=np.full(rows, float(size_bytes)))
    frame = np.tile(np.arange(count, dtype=np.int32), len(streams))
    return Trace(
        choice={},
        streams=streams,
        stream=np.repeat(np.arange(len(streams), dtype=np.int32), count),
        frame=frame,
        time_s=frame / 10,
        analysed=np.ones(rows, np.bool_),
        steps=steps,
        tracks=tracks_of(streams, []),
        sizes=dict.fromkeys(streams, (64, 48)),
        rates=dict.fromkeys(streams, Fraction(10)),
    )


def simulated(plan: Deployment, trace: Trace, bounds: LiveBounds | None = None) -> Figures:
    signatures = signatures_of(plan, OPERATORS)
    return simulate(plan, trace, signatures, bounds=bounds or LiveBounds()).figures


def one_step(**settings: object) -> Deployment:
    streams = {"street": ("a",)}
    return plan_of([Step("look", "look", ("street",))], streams=streams, **settings)  # type: ignore[arg-type]


def test_one_device_takes_the_steps_seconds_over_its_speed() -> None:
    cluster = Cluster("slow", (Device("box", "edge", cores=1, speed=0.5),), ())
    plan = one_step(cluster=cluster)
    figures = simulated(plan, trace_of(plan, 20, {"look": 0.02}))
    assert figures.latency_p50_ms == pytest.approx(40)
    assert figures.age_max_ms == pytest.approx(140)  # a frame's time and its latency
    assert figures.load["box"] == pytest.approx(0.4)
    assert figures.cpu_ms_per_frame == pytest.approx(20)


def test_less_than_a_core_is_one_slower_server() -> None:
    plan = one_step(cluster=Cluster("half", (Device("box", "edge", cores=0.5),), ()))
    figures = simulated(plan, trace_of(plan, 20, {"look": 0.02}))
    assert figures.latency_p95_ms == pytest.approx(40)
    assert figures.load["box"] == pytest.approx(0.4)


def test_a_machine_is_full_at_a_load_of_one_whatever_its_cores() -> None:
    plan = one_step(cluster=Cluster("odd", (Device("box", "edge", cores=1.9),), ()))
    figures = simulated(plan, trace_of(plan, 40, {"look": 0.18}))
    assert figures.load["box"] == pytest.approx(0.18 / 0.19)
    assert figures.latency_p95_ms == pytest.approx(180 / 1.9)


def test_streams_that_are_dealt_to_two_machines_do_not_wait_for_each_other() -> None:
    box = Device("box", "edge", cores=1, price_per_hour=0.5, max_replicas=2)
    plan = plan_of(
        [Step("look", "look", ("street",))],
        streams={"street": ("a", "b")},
        cluster=Cluster("pair", (box,), ()),
    )
    trace = trace_of(plan, 20, {"look": 0.07})
    one, two = (simulated(replace(plan, replicas={"box": n}), trace) for n in (1, 2))
    assert two.latency_p95_ms == pytest.approx(70)
    assert one.latency_p95_ms > 90
    assert [each.load["box"] for each in (one, two)] == pytest.approx([1.4, 0.7])
    assert (one.price_per_hour, two.price_per_hour) == (0.5, 1.0)


def test_machines_where_streams_meet_cannot_be_several() -> None:
    plan = plan_of(
        [Step("look", "look", ("street",)), Step("both", "pair", ("look", "yard"))],
        streams={"street": ("a",), "yard": ("b",)},
        cluster=ONE_CORE,
    )
    with pytest.raises(DeclarationError, match="2 machines of box, where streams meet in step"):
        ensure_sound(replace(plan, replicas={"box": 2}), signatures_of(plan, OPERATORS))


def test_streams_that_nobody_synchronised_come_in_turn() -> None:
    plan = plan_of([Step("look", "look", ("street",))], cluster=ONE_CORE)
    figures = simulated(plan, trace_of(plan, 10, {"look": 0.02}))
    assert figures.latency_p95_ms == pytest.approx(20)
    assert figures.step_ms == pytest.approx({"look": 20})


def test_two_streams_wait_for_one_core() -> None:
    plan = plan_of([Step("look", "look", ("street",))], cluster=ONE_CORE)
    figures = simulated(plan, trace_of(plan, 1, {"look": 0.07}))
    assert figures.latency_p50_ms == pytest.approx((70 + 90) / 2)  # the other came 50 ms later
    assert figures.step_ms == pytest.approx({"look": 70, "wait box": 10})


def test_a_link_takes_bits_over_rate_and_half_a_round_trip() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    sizes = {"street.encode": 10_000, "tell.encode": 500}
    costs = {"street.encode": 9.0, "look": 0.03}
    figures = simulated(plan, trace_of(plan, 10, costs, sizes=sizes))
    assert figures.step_ms == pytest.approx(
        {"camera->edge": 0.8 + 1, "edge->cloud": 10 + 20, "look": 30, "cloud->edge": 0.5 + 20}
    )
    assert figures.latency_p95_ms == pytest.approx(82.3)
    assert figures.camera_mbps == pytest.approx(0.8)
    assert figures.wan_mbps == pytest.approx(0.84)
    assert figures.step_mbps == pytest.approx({"street": 0.8, "tell": 0.04})
    assert figures.load["edge->cloud"] == pytest.approx(0.1)


def test_the_price_is_that_of_devices_in_use_and_of_gigabytes() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    figures = simulated(plan, trace_of(plan, 10, {}, sizes={"street.encode": 100_000}))
    assert figures.price_per_hour == pytest.approx(0.44 + 0.09 * 1e6 * 3600 / 1e9)


def test_an_analysed_frame_without_an_answer_sends_a_few_bytes() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    trace = trace_of(plan, 10, {})
    silent = replace(trace.steps["tell"], items=np.zeros(10, np.int32))
    names = ("tell", "tell.encode", "tell.decode@edge")
    figures = simulated(plan, replace(trace, steps={**trace.steps, **dict.fromkeys(names, silent)}))
    assert figures.wan_mbps == pytest.approx(16 * 8 * 10 / 1e6)


def test_an_overloaded_file_shows_as_latency_that_grows() -> None:
    plan = one_step(cluster=ONE_CORE)
    figures = simulated(plan, trace_of(plan, 50, {"look": 0.2}))
    assert figures.load["box"] == pytest.approx(2)
    assert figures.latency_p95_ms > 4000
    assert figures.dropped == 0


def test_an_overloaded_live_stream_drops_the_oldest_that_waits() -> None:
    plan = one_step(cluster=ONE_CORE, pace="live")
    figures = simulated(plan, trace_of(plan, 50, {"look": 0.2}), LiveBounds(1, 1))
    assert figures.dropped == pytest.approx(25, abs=2)
    assert figures.latency_p95_ms == pytest.approx(300, abs=101)


class Plain:
    """A picture that one can ask after."""


class Pictured(ScriptedSource):
    def frames(self, span: Span = WHOLE, resume: Checkpoint | None = None) -> Iterator[Frame]:
        for frame in super().frames(span, resume):
            picture: Any = Plain()
            yield replace(frame, picture=picture)


def test_an_overloaded_file_keeps_no_pictures_in_its_queues() -> None:
    seen: weakref.WeakSet[Any] = weakref.WeakSet()
    alive = []

    def see(frame: Frame) -> Number:
        seen.add(frame.picture)
        alive.append(len(seen))
        return look(frame)

    def both(frame: Frame, number: Number) -> Number:
        return number

    steps = [
        Step("see", "see", ("street",)),
        Step("sum", "accumulate", ("see",)),
        Step("both", "both", ("street", "sum")),
    ]
    plan = plan_of(steps, cluster=ONE_CORE)
    ticks = iter(np.arange(0, 1000, 0.2).tolist())
    executor = VirtualExecutor(
        {**OPERATORS, "see": see, "both": both}, no_models, clock=lambda: next(ticks)
    )
    sources = {s.name: Pictured(s, 60) for _, s in plan.workflow.streams()}
    report = executor.run(plan, sources, MemorySink())
    assert report.figures.load["box"] > 5
    assert max(alive) <= 4  # of each stream the one at work and the one that comes next


def test_items_of_a_stateless_step_may_share_the_cores() -> None:
    cluster = Cluster("two", (Device("box", "edge", 2),), ())
    plan = one_step(cluster=cluster, parallel_items=True)
    trace = trace_of(plan, 10, {"look": 0.05})
    five = replace(trace.steps["look"], items=np.full(10, 5, np.int32))
    figures = simulated(plan, replace(trace, steps={"look": five}))
    assert figures.latency_p50_ms == pytest.approx(30)  # five pieces of 10 ms on two cores


def test_waiting_follows_queueing_theory() -> None:
    """Poisson arrivals and constant service: M/D/1 waits rho / (2 (1 - rho)) services."""
    plan = one_step(cluster=ONE_CORE)
    count, service_s, rho = 20_000, 0.01, 0.7
    trace = trace_of(plan, count, {"look": service_s})
    gaps = np.random.default_rng(7).exponential(service_s / rho, count)
    figures = simulated(plan, replace(trace, time_s=np.cumsum(gaps)))
    expected_ms = 1000 * service_s * rho / (2 * (1 - rho))
    assert figures.step_ms["wait box"] == pytest.approx(expected_ms, rel=0.08)


@pytest.mark.parametrize("parallel_items", [False, True])
@pytest.mark.parametrize("pace", ["file", "live"])
def test_the_trace_of_a_rehearsal_replays_exactly(pace: str, *, parallel_items: bool) -> None:
    steps = [
        *THERE_AND_BACK[:3],
        Step("parts", "spread", ("look",)),
        Step("more", "add", ("parts",)),
    ]
    steps += [replace(THERE_AND_BACK[3], inputs=("more",)), *THERE_AND_BACK[4:]]
    place = {**PLACES, "parts": "cloud", "more": "cloud"}
    plan = plan_of(steps, cluster=CITY, placement=place, pace=pace, parallel_items=parallel_items)
    ticks = iter(np.cumsum(np.random.default_rng(1).exponential(0.03, 10**5)).tolist())
    executor = VirtualExecutor(
        OPERATORS, no_models, clock=lambda: next(ticks), bounds=LiveBounds(2, 2)
    )
    rehearsed = executor.run(plan, sources_for(plan, 40), MemorySink())
    assert rehearsed.trace is not None
    again = simulated(plan, rehearsed.trace, LiveBounds(2, 2))
    assert replace(again, label="rehearsed") == rehearsed.figures
    assert (again.dropped > 0) == (pace == "live")


def test_a_replay_reads_the_frames_of_the_trace() -> None:
    plan = one_step()
    trace = trace_of(plan, 3, {})
    stream = next(plan.workflow.streams())[1]
    assert [frame.key.frame for frame in TraceSource(trace, stream).frames()] == [0, 1, 2]
