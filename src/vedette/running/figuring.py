"""What a run adds up to: latency, age of information, traffic, load and price."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vedette.planning.cost import EMPTY_ANSWER_BYTES
from vedette.running.executor import StepCount
from vedette.running.work import Done, is_decoder
from vedette.types.cluster import Cluster, Link
from vedette.types.events import Incident
from vedette.types.figures import Figures, Label
from vedette.types.graph import Step
from vedette.types.plan import Deployment

K = TypeVar("K")
Sums = defaultdict[K, float]
Way = tuple[Link, bool]
"""A link and whether it is taken forward."""


@dataclass(slots=True)
class Passed:
    """One source frame's fate. ``parts`` says where its latency went, in seconds.

    ``at_s`` is where in its stream it is, ``captured_s`` and ``answered_s`` when that was by the
    run's clock. All count from the stream's start.
    """

    stream: str
    frame: int
    at_s: float
    captured_s: float
    answered_s: float | None = None
    is_analysed: bool = False
    is_dropped: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Gauge:
    """One step's counts while the run goes on."""

    frames: int = 0
    calls: int = 0
    items: int = 0
    cpu_s: float = 0.0
    age_s: float = 0.0
    oldest_s: float = 0.0

    def done(self, done: Done, age_s: float) -> None:
        self.frames += 1
        self.calls += done.calls
        self.items += len(done.bundle.items)
        self.cpu_s += done.cpu_s
        self.age_s += age_s
        self.oldest_s = max(self.oldest_s, age_s)

    def count(self) -> StepCount:
        mean_ms = 1000 * self.age_s / max(self.frames, 1)
        oldest_ms = 1000 * self.oldest_s
        return StepCount(self.frames, self.calls, self.items, self.cpu_s, mean_ms, oldest_ms)


@dataclass(slots=True)
class Tally:
    """All that a run is summed up from. ``busy_s`` is CPU seconds at speed 1."""

    plan: Deployment
    passed: list[Passed] = field(default_factory=list)
    busy_s: Sums[tuple[str, str]] = field(default_factory=lambda: defaultdict(float))
    link_bytes: Sums[tuple[Way, str]] = field(default_factory=lambda: defaultdict(float))
    step_bytes: Sums[tuple[str, str]] = field(default_factory=lambda: defaultdict(float))
    gauges: dict[str, Gauge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauges = {step.name: Gauge() for step in self.plan.workflow.steps}

    def done(self, step: Step, done: Done, age_s: float) -> None:
        self.busy_s[self.plan.placement[step.name], done.bundle.stream] += done.cpu_s
        self.gauges[step.name].done(done, age_s)

    def drops(self) -> list[Incident]:
        """How many frames each live stream dropped, where it did."""
        dropped = Counter(each.stream for each in self.passed if each.is_dropped)
        detail = "the oldest waiting frame was dropped"
        return [Incident("dropped", stream, detail, count) for stream, count in dropped.items()]

    def counts(self) -> dict[str, StepCount]:
        return {name: gauge.count() for name, gauge in self.gauges.items()}

    def sent(self, step: Step, stream: str, size_bytes: float, route: Sequence[Way]) -> None:
        producer = step.part_of if step.name == f"{step.part_of}.encode" else step.name
        self.step_bytes[producer, stream] += size_bytes
        for way in route:
            self.link_bytes[way, stream] += size_bytes


def answering(plan: Deployment, answers: Container[str]) -> frozenset[tuple[str, str]]:
    """The (packing step, device) pairs where what arrives is an answer."""
    return frozenset(
        (name, plan.placement[step.name])
        for step in plan.workflow.steps
        if step.name in answers and is_decoder(step)
        for name in step.inputs
    )


def empty_bytes(pairs: Container[tuple[str, str]], name: str, device: str) -> float:
    """What an analysed frame without items sends: only an answer has to say that it is none."""
    return EMPTY_ANSWER_BYTES if (name, device) in pairs else 0.0


def figures(
    tally: Tally, label: Label, rates: Mapping[str, Fraction], *, cpu_s: float | None = None
) -> Figures:
    """Sum up a run. Streams count as running all at once, each for as long as its own frames last.

    Latency is infinite where no frame was analysed.

    ``rates`` is each stream's frame rate; ``cpu_s`` replaces the sum of what the steps took.
    """
    lasts_s = _durations(((each.stream, each.at_s) for each in tally.passed), rates)
    runs_s = _durations(((each.stream, each.captured_s) for each in tally.passed), rates)
    analysed = [each for each in tally.passed if each.is_analysed and each.answered_s is not None]
    latency_ms = [1000 * _latency_s(each) for each in analysed]
    age_p95_s, age_max_s = age_of_information(tally.passed, runs_s)
    cpu_s = sum(tally.busy_s.values()) if cpu_s is None else cpu_s
    cluster = tally.plan.cluster
    return Figures(
        label=label,
        camera_mbps=0.0
        + sum(_mbps(tally, lasts_s, way) for way in _ways(tally) if _is_camera(cluster, way)),
        wan_mbps=0.0
        + sum(_mbps(tally, lasts_s, way) for way in _ways(tally) if _is_wan(cluster, way)),
        latency_p50_ms=_percentile(latency_ms, 50),
        latency_p95_ms=_percentile(latency_ms, 95),
        age_p95_ms=1000 * age_p95_s,
        age_max_ms=1000 * age_max_s,
        cpu_ms_per_frame=1000 * cpu_s / max(len(tally.passed), 1),
        price_per_hour=_price_per_hour(tally, lasts_s),
        frames=len(tally.passed),
        analysed=sum(each.is_analysed for each in tally.passed),
        dropped=sum(each.is_dropped for each in tally.passed),
        load={**_device_loads(tally, lasts_s), **_link_loads(tally, lasts_s)},
        step_ms=_step_ms(analysed),
        step_mbps=_step_mbps(tally, lasts_s),
    )


def age_of_information(
    passed: Sequence[Passed], lasts_s: Mapping[str, float]
) -> tuple[float, float]:
    """The 95th percentile and the maximum, over all instants of all streams.

    A stream's age rises with time and falls when a newer answer comes. It is counted from the
    stream's start, where it is 0, to its end or to its last answer.

    >>> frames = [Passed("a", n, n, n, n + 0.5, is_analysed=True) for n in (0.0, 1.0)]
    >>> age_of_information(frames, {"a": 2.0})
    (1.4, 1.5)
    """
    spans = np.array(
        [span for stream in lasts_s for span in _rises(passed, stream, lasts_s[stream])]
    )
    if not len(spans):
        return 0.0, 0.0
    low, high = spans[:, 0], spans[:, 1]
    points = np.unique(spans)
    covered = _total_above(low, points) - _total_above(high, points)
    return float(np.interp(0.95 * covered[-1], covered, points)), float(high.max())


def _total_above(values: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each point, by how much it is above the values below it, summed up."""
    ordered = np.sort(values)
    count = np.searchsorted(ordered, points)
    below: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(ordered)])[count]
    return points * count - below


def _rises(passed: Sequence[Passed], stream: str, lasts_s: float) -> Iterator[tuple[float, float]]:
    """From what age to what age a stream's age rises without a break, each time."""
    answers = sorted(
        (each.answered_s, each.captured_s)
        for each in passed
        if each.stream == stream and each.is_analysed and each.answered_s is not None
    )
    since_s = newest_s = 0.0
    for answered_s, captured_s in answers:
        if captured_s < newest_s:
            continue
        yield since_s - newest_s, answered_s - newest_s
        since_s, newest_s = answered_s, captured_s
    if lasts_s > since_s:
        yield since_s - newest_s, lasts_s - newest_s


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("inf")


def _latency_s(passed: Passed) -> float:
    return (passed.answered_s or 0.0) - passed.captured_s


def _durations(
    frames: Iterable[tuple[str, float]], rates: Mapping[str, Fraction]
) -> dict[str, float]:
    """How long each stream's frames last: up to a frame's time after its last one."""
    ends_s: dict[str, float] = {}
    for stream, moment_s in frames:
        end_s = moment_s + 1 / float(rates[stream])
        ends_s[stream] = max(ends_s.get(stream, 0.0), end_s)
    return ends_s


def _ways(tally: Tally) -> list[Way]:
    return list({way: None for way, _ in tally.link_bytes})


def _mbps(tally: Tally, lasts_s: Mapping[str, float], way: Way) -> float:
    """What all streams together send over a link in one direction."""
    return sum(_stream_mbps(tally, lasts_s, way).values())


def _stream_mbps(tally: Tally, lasts_s: Mapping[str, float], way: Way) -> dict[str, float]:
    return {s: 8e-6 * tally.link_bytes[way, s] / lasts_s[s] for s in lasts_s}


def _is_camera(cluster: Cluster, way: Way) -> bool:
    return "camera" in _tiers(cluster, way)


def _is_wan(cluster: Cluster, way: Way) -> bool:
    return _tiers(cluster, way).count("cloud") == 1


def _tiers(cluster: Cluster, way: Way) -> list[str]:
    return [cluster.device(name).tier for name in (way[0].source, way[0].target)]


def _price_per_hour(tally: Tally, lasts_s: Mapping[str, float]) -> float:
    """The hours of the devices that the plan uses, and the gigabytes that links carry."""
    cluster, placement = tally.plan.cluster, tally.plan.placement
    used = [device for device in cluster.devices if device.name in set(placement.values())]
    hours = sum(d.price_per_hour * (len(lasts_s) if d.per_stream else 1) for d in used)
    gigabytes = sum(
        way[0].price_per_gb * _mbps(tally, lasts_s, way) * 3600 / 8000 for way in _ways(tally)
    )
    return hours + gigabytes


def _device_loads(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    """The share of each device's cores in use; of cameras that of the busiest."""
    loads = {}
    for device in tally.plan.cluster.devices:
        each = [tally.busy_s[device.name, s] / lasts_s[s] for s in lasts_s]
        busy = max(each, default=0.0) if device.per_stream else sum(each)
        loads[device.name] = busy / (device.speed * device.cores)
    return loads


def _link_loads(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    loads = {}
    for way in _ways(tally):
        each = _stream_mbps(tally, lasts_s, way).values()
        mbps = max(each) if is_per_stream(tally.plan.cluster, way[0]) else sum(each)
        loads[way_name(way)] = mbps / rate_mbps(way)
    return loads


def is_per_stream(cluster: Cluster, link: Link) -> bool:
    return cluster.device(link.source).per_stream or cluster.device(link.target).per_stream


def rate_mbps(way: Way) -> float:
    link, is_forward = way
    return link.rate_mbps if is_forward else link.back_mbps


def way_name(way: Way) -> str:
    """A link's direction, as ``edge->cloud``."""
    link, is_forward = way
    return f"{link.source}->{link.target}" if is_forward else f"{link.target}->{link.source}"


def _step_ms(analysed: Sequence[Passed]) -> dict[str, float]:
    total: Sums[str] = defaultdict(float)
    for each in analysed:
        for name, seconds in each.parts.items():
            total[name] += seconds
    return {name: 1000 * seconds / len(analysed) for name, seconds in total.items()}


def _step_mbps(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    total: Sums[str] = defaultdict(float)
    for (step, stream), size_bytes in tally.step_bytes.items():
        total[step] += 8e-6 * size_bytes / lasts_s[stream]
    return dict(total)
