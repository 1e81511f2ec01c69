"""What is noted while a plan runs, whoever runs it."""

from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from vedette.planning.demand import EMPTY_ANSWER_BYTES
from vedette.running.age import Age
from vedette.running.executor import FrameSource, Sink, StepCount
from vedette.running.reservoir import Reservoir
from vedette.running.ways import Way
from vedette.running.work import Done, is_decoder
from vedette.types.commit import Commit
from vedette.types.events import Incident
from vedette.types.graph import Step
from vedette.types.plan import Deployment

K = TypeVar("K")
Sums = defaultdict[K, float]


@dataclass(slots=True)
class Passed:
    """One source frame's fate. ``parts`` says where its latency went, in seconds.

    ``at_s`` is where in its stream it is, from the stream's start; ``captured_s`` and
    ``answered_s`` when that was by the run's clock, on which the stream began at ``began_s``.
    """

    stream: str
    frame: int
    at_s: float
    captured_s: float
    answered_s: float | None = None
    began_s: float = 0.0
    is_analysed: bool = False
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

    def done(self, done: Done, age_s: float, share: float = 1.0) -> None:
        self.frames += 1
        self.calls += done.calls
        self.items += len(done.bundle.items)
        self.cpu_s += share * done.cpu_s
        self.age_s += age_s
        self.oldest_s = max(self.oldest_s, age_s)

    def count(self) -> StepCount:
        mean_ms = 1000 * self.age_s / max(self.frames, 1)
        oldest_ms = 1000 * self.oldest_s
        return StepCount(self.frames, self.calls, self.items, self.cpu_s, mean_ms, oldest_ms)


@dataclass(slots=True)
class Stretch:
    """One stream so far: its frames, and the greatest ``at_s`` and ``captured_s`` among them.

    Both count from the stream's start. ``let_go`` are the newest of the frames that were dropped.
    """

    frames: int = 0
    analysed: int = 0
    dropped: int = 0
    at_s: float = 0.0
    captured_s: float = 0.0
    age: Age = field(default_factory=Age)
    let_go: deque[int] = field(default_factory=lambda: deque(maxlen=4096))


@dataclass(slots=True)
class Tally:
    """All that a run is summed up from, however long. ``busy_s`` is CPU seconds at speed 1, and
    ``spare_s`` what of it passes would have saved that are as full as they may be.

    Sums and counts are exact. Percentiles of latency and age are those of all frames up to some
    100,000, and of an even sample beyond (see :class:`Reservoir`).
    """

    plan: Deployment
    streams: dict[str, Stretch] = field(default_factory=dict)
    latency_s: Reservoir = field(default_factory=Reservoir)
    parts_s: Sums[str] = field(default_factory=lambda: defaultdict(float))
    busy_s: Sums[tuple[str, str]] = field(default_factory=lambda: defaultdict(float))
    spare_s: Sums[tuple[str, str]] = field(default_factory=lambda: defaultdict(float))
    link_bytes: Sums[tuple[Way, str]] = field(default_factory=lambda: defaultdict(float))
    step_bytes: Sums[tuple[str, str]] = field(default_factory=lambda: defaultdict(float))
    gauges: dict[str, Gauge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauges = {step.name: Gauge() for step in self.plan.workflow.steps}

    def done(self, step: Step, done: Done, age_s: float, share: float = 1.0) -> None:
        """A step was done on a frame, in a pass with others for a ``share`` of what it took."""
        where = self.plan.placement[step.name], done.bundle.stream
        self.busy_s[where] += share * done.cpu_s
        self.gauges[step.name].done(done, age_s, share)
        if step.name in self.plan.batches:
            least = self.plan.batches[step.name].share[-1]
            self.spare_s[where] += (share - least) * done.cpu_s

    def captured(self, frame: Passed) -> None:
        """A frame has come."""
        stream = self.streams.get(frame.stream)
        if stream is None:  # a stretch is not made in vain: it is dear
            stream = self.streams[frame.stream] = Stretch()
        stream.frames += 1
        stream.at_s = max(stream.at_s, frame.at_s)
        stream.captured_s = max(stream.captured_s, frame.captured_s - frame.began_s)

    def dropped(self, frame: Passed) -> None:
        stream = self.streams[frame.stream]
        stream.dropped += 1
        stream.let_go.append(frame.frame)

    def ended(self, frame: Passed) -> None:
        """A frame is through; those of a stream in their order."""
        stream = self.streams[frame.stream]
        stream.analysed += frame.is_analysed
        if frame.is_analysed and frame.answered_s is not None:
            self.latency_s.add(frame.answered_s - frame.captured_s)
            began_s = frame.began_s
            stream.age.answered(frame.captured_s - began_s, frame.answered_s - began_s)
            for name, seconds in frame.parts.items():
                self.parts_s[name] += seconds

    def drops(self) -> list[Incident]:
        """How many frames each live stream dropped, where it did."""
        detail = "the oldest waiting frame was dropped"
        dropped = {name: each.dropped for name, each in self.streams.items() if each.dropped}
        return [Incident("dropped", name, detail, count) for name, count in dropped.items()]

    def counts(self) -> dict[str, StepCount]:
        return {name: gauge.count() for name, gauge in self.gauges.items()}

    def sent(self, step: Step, stream: str, size_bytes: float, route: Sequence[Way]) -> None:
        producer = step.part_of if step.name == f"{step.part_of}.encode" else step.name
        self.step_bytes[producer, stream] += size_bytes
        for way in route:
            self.link_bytes[way, stream] += size_bytes


class Concerned(Protocol):
    """What something may befall: a source, or work."""

    def incidents(self) -> Sequence[Incident]: ...


@dataclass(frozen=True, slots=True)
class Lost:
    """What a live stream had given when a run was stopped, and nobody will see again.

    Frames that were dropped are counted as such.
    ``before`` and ``after`` are the last commits at its begin and its end.
    """

    sources: Mapping[str, FrameSource]
    tally: Tally
    before: Mapping[str, Commit]
    after: Mapping[str, Commit]

    def incidents(self) -> list[Incident]:
        detail = "frames were under way when the run was stopped"
        live = [name for name, each in self.sources.items() if each.stream.pace == "live"]
        counts = {name: self._lost(name) for name in live if name in self.tally.streams}
        return [Incident("not committed", name, detail, n) for name, n in counts.items() if n > 0]

    def _lost(self, stream: str) -> int:
        begun, done = (
            commits[stream].checkpoint.frame if stream in commits else 0
            for commits in (self.before, self.after)
        )
        known = self.tally.streams[stream]
        return known.frames - (done - begun) - sum(1 for frame in known.let_go if frame >= done)


def incidents(concerned: Iterable[Concerned], tally: Tally, sink: Sink) -> tuple[Incident, ...]:
    """What befell the sources, their frames, and the work; the sink is told."""
    found = [incident for each in concerned for incident in each.incidents()]
    found += tally.drops()
    for incident in found:
        sink.incident(incident)
    return tuple(found)


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
