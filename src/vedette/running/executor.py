"""The contract that every executor keeps, and the parts of it that all of them share.

``Executor.run(plan, sources, sink)`` takes each stream's frames through the plan and hands its
answers to the sink, in order, in commits. What a commit holds depends on the plan and the frames
alone: a checkpoint lies before the first frame of every ``gop_s`` seconds of a stream and after
its last one. A run that is stopped or killed keeps what was committed and goes on from there.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from vedette.running.groups import groups
from vedette.running.work import Work
from vedette.types.commit import Commit
from vedette.types.events import Event, Incident
from vedette.types.figures import Figures
from vedette.types.graph import Span, Stream, Workflow
from vedette.types.media import Bundle, Checkpoint, Frame
from vedette.types.plan import Deployment
from vedette.types.profile import Trace

ALL = ""
"""Stands for all streams: the owner of the states of steps that several sources reach."""

Progress = Callable[[str, int], None]
"""Told (stream, frame) of every frame that is through."""


Onlooker = Callable[[str, int, Mapping[str, Bundle]], None]
"""Told (stream, frame, bundles) of every frame that is through, in order for each stream: that of
its source, that of the step that tracks, and the answers."""


class FrameSource(Protocol):
    """Where one stream's frames come from; ``media.source.Reader`` is one."""

    @property
    def stream(self) -> Stream: ...

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def rate(self) -> Fraction: ...

    def frames(self, span: Span = ..., resume: Checkpoint | None = None) -> Iterator[Frame]: ...

    def seek_point(self) -> tuple[int, int] | None: ...

    def incidents(self) -> Sequence[Incident]: ...


class Sink(Protocol):
    """Where answers go. Calls come one at a time."""

    def resume(self) -> Mapping[str, Commit]:
        """Every stream's last commit, without its events; empty at the start of a run.

        The states of the stream ``ALL`` are the last ones of each step: groups of streams commit
        theirs apart.
        """
        ...

    def deliver(self, step: str, bundle: Bundle) -> None:
        """One frame's answer of one declared step, as soon as it is there; may come again."""
        ...

    def commit(self, commits: Sequence[Commit]) -> None:
        """Make all of it durable, or nothing."""
        ...

    def incident(self, incident: Incident) -> None: ...


@dataclass(frozen=True, slots=True)
class StepCount:
    """What one step did. ``age_*_ms``: how old frames were when it had done them."""

    frames: int
    calls: int
    items: int
    cpu_s: float
    age_mean_ms: float
    age_max_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """A run, in figures. ``finished`` is False where it was stopped before its sources ended."""

    figures: Figures
    events: int
    incidents: tuple[Incident, ...]
    steps: Mapping[str, StepCount]
    trace: Trace | None = None
    finished: bool = True


class Executor(Protocol):
    def run(
        self,
        plan: Deployment,
        sources: Mapping[str, FrameSource],
        sink: Sink,
        *,
        spans: Mapping[str, Span] = ...,
        stop: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Run to the end of all sources (by stream name), or until ``stop`` is set.

        ``spans`` limits streams to a part. An operator's error ends the run, is noted as an
        incident, and is raised again with the step, stream and frame in it.
        """
        ...


@dataclass(slots=True)
class MemorySink:
    """Keeps everything in memory; resumes from its own commits."""

    commits: list[Commit] = field(default_factory=list)
    answers: list[tuple[str, Bundle]] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)

    def resume(self) -> Mapping[str, Commit]:
        found: dict[str, Commit] = {}
        for commit in self.commits:
            before = found.get(commit.checkpoint.stream, commit)
            states = {**before.states, **commit.states}
            found[commit.checkpoint.stream] = replace(commit, states=states)
        return found

    def deliver(self, step: str, bundle: Bundle) -> None:
        self.answers.append((step, bundle))

    def commit(self, commits: Sequence[Commit]) -> None:
        self.commits += commits

    def incident(self, incident: Incident) -> None:
        self.incidents.append(incident)

    @property
    def events(self) -> list[tuple[str, Event]]:
        """All committed (step, event) pairs in the order of their commits."""
        return [pair for commit in self.commits for pair in commit.events]


def messages(
    source: FrameSource,
    span: Span,
    resume: Checkpoint | None,
    interval_s: Fraction,
    *,
    every_cut: bool = True,
) -> Iterator[Frame | Checkpoint]:
    """A stream's frames with its checkpoints between them.

    A checkpoint's time is a multiple of the interval, also after the last frame, so that the
    checkpoints of all streams at one time make one cut through the run. A stream that pauses has
    one for ``every_cut`` in its pause, or one only.
    """
    name = source.stream.name
    cut = None if resume is None else resume.time_s // interval_s
    last = -1
    for frame in source.frames(span, resume):
        here = frame.time_s // interval_s
        first = here if cut is None else cut
        for number in range(first + 1 if every_cut else max(first + 1, here), here + 1):
            yield Checkpoint(name, frame.key.frame, number * interval_s, source.seek_point())
        yield frame
        cut, last = here, frame.key.frame
    if last >= 0 and cut is not None:
        yield Checkpoint(name, last + 1, (cut + 1) * interval_s, source.seek_point())


def messages_of(
    plan: Deployment,
    sources: Mapping[str, FrameSource],
    resumed: Mapping[str, Commit],
    spans: Mapping[str, Span],
) -> dict[str, Iterator[Frame | Checkpoint]]:
    """Each stream's messages, from where its last commit left off."""
    interval_s, together = interval_of(plan.workflow), groups(plan.workflow)
    return {
        name: messages(
            source,
            spans.get(name, Span()),
            resumed[name].checkpoint if name in resumed else None,
            interval_s,
            every_cut=len(together[name]) > 1,
        )
        for name, source in sources.items()
    }


def load_states(plan: Deployment, work: Work, resumed: Mapping[str, Commit]) -> None:
    """Give stateful steps the states that were committed last."""
    for stream, commit in resumed.items():
        for name, state in commit.states.items():
            work.load(plan.workflow.step(name), stream, state)


def interval_of(workflow: Workflow) -> Fraction:
    """The seconds of a stream between two checkpoints: one group of pictures."""
    return Fraction(workflow.transport.gop_s).limit_denominator(10**6)


def in_order(message: Frame | Checkpoint) -> tuple[Fraction, int, str, int]:
    """The order over all streams: by time, stream and number, a cut before its frames."""
    if isinstance(message, Checkpoint):
        return message.time_s, 0, message.stream, message.frame
    return message.time_s, 1, message.key.stream, message.key.frame
