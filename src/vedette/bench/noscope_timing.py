"""What a way of answering takes and says: the real executor on a clip's part, in its own process.

CPU time is user and system time of the whole process, from when the first frame of the part is
handed out until the last answer is there; decoding, queues and threads are in it, starting and
loading models are not. Before and after it the reference call (a pass of YOLOX-Nano 416) is timed
in the same process, so that time is known at speed 1, whatever else the machine does.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import av

from vedette.declaring.operator import operators
from vedette.media.source import Reader, open_source
from vedette.models import REFERENCE_MS, loader, reference_call
from vedette.running.local import LocalExecutor
from vedette.types.commit import Commit
from vedette.types.events import Incident
from vedette.types.graph import Span
from vedette.types.media import Bundle, Checkpoint, Frame
from vedette.types.plan import Deployment

CALLS = 5
"""Reference calls before and after a run."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One run, with times in CPU milliseconds a source frame at speed 1.

    ``frame_ms`` is all of it; ``work_ms`` what operators took of that, so without decoding.
    ``said`` holds an answer a frame, carried over those that nobody looked at; ``calls`` how many
    frames each step was called for, a frame of the source. ``reference_ms`` is the reference
    call's time on this machine meanwhile.
    """

    frame_ms: float
    reference_ms: float
    work_ms: float = 0.0
    said: tuple[bool, ...] = ()
    calls: Mapping[str, float] = field(default_factory=dict)
    incidents: tuple[str, ...] = ()


def timed(plan: Deployment, span: Span, answer: str) -> Timed:
    """Run a plan of one stream on a part of it; ``answer`` is the step that says yes or no."""
    (_, stream), *_ = plan.workflow.streams()
    sink = Answers(answer)
    call = reference_call()
    executor = LocalExecutor(operators(), loader(plan.workflow.own))
    with open_source(stream) as source:
        watched = Watched(source)
        before = spent_s(call)
        report = executor.run(plan, {stream.name: watched}, sink, spans={stream.name: span})
        cpu_s = time.process_time() - watched.begun_s
        frames, ms = watched.handed_out, Speed(before, spent_s(call)).milliseconds
    return Timed(
        frame_ms=ms(cpu_s) / frames,
        reference_ms=REFERENCE_MS / ms(0.001),
        work_ms=ms(sum(step.cpu_s for step in report.steps.values())) / frames,
        said=sink.said(span.start, span.start + frames),
        calls={name: step.calls / frames for name, step in report.steps.items()},
        incidents=tuple(f"{each.kind}: {each.detail}" for each in report.incidents),
    )


def decoded(url: str, span: Span) -> Timed:
    """Decode a part of a file in full, every frame, in one thread, and do nothing with it."""
    call = reference_call()
    before, frames, begun_s = spent_s(call), 0, time.process_time()
    with av.open(url) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for number, _ in enumerate(container.decode(stream)):
            if number == span.start:
                begun_s = time.process_time()
            if number >= span.start:
                frames += 1
            if span.end is not None and number + 1 >= span.end:
                break
    cpu_s = time.process_time() - begun_s
    ms = Speed(before, spent_s(call)).milliseconds
    return Timed(ms(cpu_s) / max(frames - 1, 1), REFERENCE_MS / ms(0.001))


@dataclass(frozen=True, slots=True)
class Speed:
    """How long the reference call took before and after something, in seconds."""

    before_s: Sequence[float]
    after_s: Sequence[float]

    def milliseconds(self, cpu_s: float) -> float:
        """Seconds of this machine as milliseconds at speed 1.

        >>> Speed([0.0154], [0.0154]).milliseconds(0.1)
        50.0
        """
        return 1000 * cpu_s * REFERENCE_MS / 1000 / median([*self.before_s, *self.after_s])


class Watched:
    """A source that notes what its process had spent when it handed out its first frame."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self.stream, self.size, self.rate = source.stream, source.size, source.rate
        self.begun_s, self.handed_out = 0.0, 0

    def frames(self, span: Span = Span(), resume: Checkpoint | None = None) -> Iterator[Frame]:  # noqa: B008  # a frozen value
        for frame in self._source.frames(span, resume):
            if self.handed_out == 0:
                self.begun_s = time.process_time()
            self.handed_out += 1
            yield frame

    def seek_point(self) -> tuple[int, int] | None:
        return self._source.seek_point()

    def incidents(self) -> Sequence[Incident]:
        return self._source.incidents()


@dataclass(slots=True)
class Answers:
    """Keeps whether a step said yes of each frame that it was asked about."""

    step: str
    yes: dict[int, bool] = field(default_factory=dict)

    def resume(self) -> Mapping[str, Commit]:
        return {}

    def deliver(self, step: str, bundle: Bundle) -> None:
        if step == self.step and bundle.items:
            self.yes[bundle.frame] = any(len(found) > 0 for _, found in bundle.items)

    def commit(self, commits: Sequence[Commit]) -> None:
        pass

    def incident(self, incident: Incident) -> None:
        pass

    def said(self, start: int, end: int) -> tuple[bool, ...]:
        """An answer for each frame; one that nobody looked at has the one before it.

        >>> Answers("gate", {3: True, 6: False}).said(3, 8)
        (True, True, True, False, False)
        """
        if not self.yes:
            raise ValueError(f"no answer of the step {self.step}")
        answers, last = [], False
        for number in range(start, end):
            last = self.yes.get(number, last)
            answers.append(last)
        return tuple(answers)


def spent_s(call: Callable[[], None]) -> list[float]:
    """CPU seconds of each of some reference calls."""
    spent = []
    for _ in range(CALLS):
        begun_s = time.process_time()
        call()
        spent.append(time.process_time() - begun_s)
    return spent
