"""The threads of one local run: readers, lanes, and one for every group of streams that meet.

While as many streams run as there are cores, handing a frame from thread to thread buys nothing: a
lane then does all its stages itself, and of a file also the reading. The first error ends them
all; every wait is woken by the end of the run.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Protocol

from vedette.running.course import Course
from vedette.running.delivery import Delivery
from vedette.running.executor import Onlooker
from vedette.running.groups import Group, groups
from vedette.running.lanes import (
    Idle,
    Message,
    Messages,
    Moving,
    Note,
    Passing,
    StageRunner,
    already,
    merged,
    received,
)
from vedette.running.mailbox import Mailbox
from vedette.running.segment import Stage
from vedette.running.tally import Passed, Tally, answering, empty_bytes
from vedette.running.work import Done, Work
from vedette.types.graph import Step, Stream
from vedette.types.media import Bundle, Checkpoint, End, Frame
from vedette.types.plan import Deployment

GIVE_WAY_S = 1e-3
"""A thread that wakes another and goes on computing keeps it from their core for milliseconds."""
LOOK_S = 0.1
"""How often it is looked whether the user wants no more, where no frame comes through."""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """``queue``: frames read but not begun, a stream; ``window``: frames at once in a stateless
    stage, a stream. ``merge_s``: how long steps that streams share wait for a live stream.
    """

    queue: int = 8
    window: int = 4
    merge_s: float = 1.0


Needed = Mapping[str, frozenset[str]]
"""By stream, which outputs are needed later; of streams that are not in it nothing is done."""


class Elsewhere(Protocol):
    """Other machines, which do some of a plan's stages."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in an order in which those of a segment follow each other."""
        ...

    def segment_of(self, stage: Stage) -> str:
        """The segment that a stage is done in; empty where it is done here."""
        ...

    def through(
        self, segment: str, messages: Messages, needed: Needed, note: Note, wake: threading.Event
    ) -> Messages:
        """Takes messages through a segment; order is kept. ``wake`` is set when more is done."""
        ...

    def end(self) -> None:
        """Whoever waits for an answer gets a CancelledError."""
        ...


@dataclass(frozen=True, slots=True)
class Joint:
    """Where the lanes of a group of streams end: for each its box and its course."""

    boxes: dict[str, Mailbox[Message]] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    wake: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Threads:
    """Runs streams to their ends. ``clock`` gives wall seconds; ``stop`` is the user's.

    ``owed_s`` (stream, frame): seconds of a frame's work that an emulated machine does not take.
    """

    plan: Deployment
    work: Work
    delivery: Delivery
    pool: ThreadPoolExecutor
    bounds: QueueBounds
    clock: Callable[[], float]
    stop: threading.Event
    onlooker: Onlooker | None = None
    cores: int = 1
    elsewhere: Elsewhere | None = None
    owed_s: Callable[[str, int], float] | None = None
    tally: Tally = field(init=False)
    _readers: dict[str, set[str]] = field(init=False)
    """Where each step's output is read, apart from where it is made."""
    _answering: frozenset[tuple[str, str]] = field(init=False)
    _halt: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _boxes: list[Mailbox[Message]] = field(default_factory=list)
    _started_s: dict[str, float] = field(default_factory=dict)
    _error: BaseException | None = None
    _is_cut_short: bool = False
    _lanes: int = 0

    def __post_init__(self) -> None:
        self.tally = Tally(self.plan)
        self._readers = {step.name: set() for step in self.plan.workflow.steps}
        for step in self.plan.workflow.steps:
            for name in self._readers.keys() & set(step.inputs):
                if self.plan.placement[step.name] != self.plan.placement[name]:
                    self._readers[name].add(self.plan.placement[step.name])
        self._answering = answering(self.plan, self.delivery.answers)

    def run(
        self,
        streams: Mapping[str, Iterator[Frame | Checkpoint]],
        courses: Mapping[str, Course],
        *,
        paced: bool,
    ) -> bool:
        """All streams to their ends, or until the stop; says if the ends were reached."""
        threads = list(self._threads(streams, courses, paced=paced))
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(LOOK_S)
                    if thread.is_alive():  # who waits for a machine that is lost does not look
                        self._heed_stop()
        finally:  # an interrupt of the main thread ends the others
            self._end()
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error
        return not self._is_cut_short

    def _threads(
        self,
        streams: Mapping[str, Iterator[Frame | Checkpoint]],
        courses: Mapping[str, Course],
        *,
        paced: bool,
    ) -> Iterator[threading.Thread]:
        declared = {
            stream.name: (source, stream) for source, stream in self.plan.workflow.streams()
        }
        together = groups(self.plan.workflow)
        joint: dict[Group, Joint] = {}
        is_crowded = len(streams) >= self.cores
        for name, messages in streams.items():
            source, stream = declared[name]
            met, onward = courses[source], None
            if len(together[name]) > 1:
                meeting = joint.setdefault(together[name], Joint())
                onward = meeting.boxes[name] = self._box(meeting.wake)
                meeting.courses[name] = met
            is_paced = paced or stream.pace == "live"
            wake = threading.Event()
            read = self._read(messages, met, stream, is_paced=is_paced)
            incoming: Messages = read
            if is_paced or not is_crowded:
                box = self._box(wake)
                incoming = received(box, wake, self._halt)
                filling = partial(
                    self._fill, box, read, is_live=stream.pace == "live", is_paced=is_paced
                )
                yield self._thread(f"read {name}", filling)
            lane = partial(self._lane, name, met, incoming, wake, onward)
            yield self._thread(f"lane {name}", lane)
        for group, meeting in joint.items():
            live = frozenset(name for name in group if declared[name][1].pace == "live")
            messages_of_all = merged(
                meeting.boxes, meeting.wake, self._halt, live=live, bound_s=self.bounds.merge_s
            )
            sharing = partial(self._share, messages_of_all, meeting.courses, meeting.wake)
            yield self._thread(f"shared {min(group)}", sharing)

    def _thread(self, name: str, target: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001  # raised again where the run was called
                if isinstance(error, CancelledError) and self._halt.is_set():
                    return
                with self._lock:
                    self._error = self._error or error
                self._end()

        return threading.Thread(target=guarded, name=name, daemon=True)

    def _box(self, wake: threading.Event) -> Mailbox[Message]:
        box: Mailbox[Message] = Mailbox(self.bounds.queue, wake)
        self._boxes.append(box)
        return box

    def _heed_stop(self) -> None:
        if self.stop.is_set() and not self._halt.is_set():
            self._is_cut_short = True
            self._end()

    def _end(self) -> None:
        self._halt.set()
        for box in self._boxes:
            box.close()
        if self.elsewhere is not None:
            self.elsewhere.end()

    def _read(
        self,
        messages: Iterator[Frame | Checkpoint],
        met: Course,
        stream: Stream,
        *,
        is_paced: bool,
    ) -> Iterator[Message]:
        """A stream's messages as its lane takes them, and where they end."""
        first_s, count = None, 0
        for message in messages:
            self._heed_stop()
            if self._halt.is_set():
                return
            if isinstance(message, Checkpoint):
                yield Passing(message)
                continue
            first_s = float(message.time_s) if first_s is None else first_s
            fate = self._captured(message, float(message.time_s) - first_s, paced=is_paced)
            fate.is_analysed = met.tracks is None
            bundle = Bundle(stream.name, message.key.frame, message.time_s, ((0, message),))
            yield Moving(message.time_s, fate, {met.source: bundle})
            count += 1
        yield End(stream.name, count)

    def _fill(
        self, box: Mailbox[Message], messages: Iterator[Message], *, is_live: bool, is_paced: bool
    ) -> None:
        """Put what is read into a lane's box; a live stream drops the oldest that waits there.

        Of a paced file the next frame is not due for long: the lane that was woken comes first.
        """
        for message in messages:
            is_frame = isinstance(message, Moving)
            dropped = box.put(message, may_drop=is_live and is_frame)
            if isinstance(dropped, Moving):
                with self._lock:
                    self.tally.dropped(dropped.fate)
            if is_paced and is_frame and not is_live:
                self._halt.wait(GIVE_WAY_S)

    def _captured(self, frame: Frame, at_s: float, *, paced: bool) -> Passed:
        """Wait until a paced frame is due, and note when it was captured."""
        stream = frame.key.stream
        now_s = self.clock() - self._started_s.setdefault(stream, self.clock())
        if paced and at_s > now_s:
            self._halt.wait(at_s - now_s)
        fate = Passed(stream, frame.key.frame, at_s, at_s if paced else now_s)
        with self._lock:
            self.tally.captured(fate)
        return fate

    def _lane(
        self,
        stream: str,
        met: Course,
        messages: Messages,
        wake: threading.Event,
        onward: Mailbox[Message] | None,
    ) -> None:
        """Take a stream through its own stages, and to the answers or the shared stages."""
        own = [stage for stage in met.stages if not stage.shared]
        messages = self._through(own, {stream: met}, messages, wake)
        with self._lock:
            self._lanes += 1
        for message in messages:
            if onward is not None and not isinstance(message, Idle):
                onward.put(message)
            elif onward is None:
                self._deliver(message)
        with self._lock:
            self._lanes -= 1

    def _through(
        self,
        stages: Sequence[Stage],
        courses: Mapping[str, Course],
        messages: Messages,
        wake: threading.Event,
    ) -> Messages:
        """A chain of all stages; those of a segment elsewhere are one link of it."""
        elsewhere = self.elsewhere
        for segment, part in groupby(stages, elsewhere.segment_of if elsewhere else _here):
            group = list(part)
            if elsewhere is not None and segment:
                needed = _needed_after(group, courses)
                messages = elsewhere.through(segment, messages, needed, self._note, wake)
                continue
            for stage in group:
                needed = _needed_after([stage], courses)
                runner = StageRunner(stage, self.work, self._note, needed)
                if stage.stateful:
                    messages = runner.serial(messages)
                else:
                    begin = partial(self._begin, wake)
                    messages = runner.parallel(messages, begin, self.bounds.window)
        return messages

    def _begin(self, wake: threading.Event, work: Callable[[], Message]) -> Future[Message]:
        """Do a frame's stateless stage in this lane, or in the pool where a core is free."""
        if self._lanes >= self.cores:
            return already(work())
        future = self.pool.submit(work)
        future.add_done_callback(lambda _: wake.set())
        return future

    def _share(
        self, messages: Messages, courses: Mapping[str, Course], wake: threading.Event
    ) -> None:
        """Take a group's streams in one order through the stages that they share."""
        stages = [stage for met in courses.values() for stage in met.stages if stage.shared]
        by_name = {stage.steps[0].name: stage for stage in stages}
        steps = self.plan.workflow.ordered() if self.elsewhere is None else self.elsewhere.steps
        shared = [by_name[step.name] for step in steps if step.name in by_name]
        messages = self._through(shared, courses, messages, wake)
        for message in messages:
            self._deliver(message)

    def _deliver(self, message: Message | Idle) -> None:
        if self._halt.is_set():
            return
        if isinstance(message, Passing):
            self.delivery.passed(message.checkpoint, message.states, message.shared)
        if isinstance(message, Moving):
            fate = message.fate
            fate.answered_s = self._now_s(fate)
            spent_s = sum(fate.parts.values())
            waited_s = max(0.0, fate.answered_s - fate.captured_s - spent_s)
            fate.parts = {**fate.parts, "wait": waited_s}
            with self._lock:
                self.tally.ended(fate)
            self.delivery.frame(fate.stream, fate.frame, message.bundles)
            if self.onlooker is not None:
                self.onlooker(fate.stream, fate.frame, message.bundles)

    def _now_s(self, fate: Passed) -> float:
        """How long a frame's stream has been running, as it looks to the frame's machines."""
        now_s = self.clock() - self._started_s[fate.stream]
        return now_s if self.owed_s is None else now_s - self.owed_s(fate.stream, fate.frame)

    def _note(self, step: Step, done: Done, moving: Moving) -> None:
        fate, place = moving.fate, self.plan.placement
        if done.calls:
            fate.parts = {**fate.parts, step.name: done.cpu_s}
        if step.name == self.plan.workflow.events.tracks and done.calls:
            fate.is_analysed = True
        age_s = self._now_s(fate) - fate.captured_s
        with self._lock:
            self.tally.done(step, done, age_s)
            for device in self._readers[step.name]:
                size_bytes = done.size_bytes
                if not done.bundle.items and fate.is_analysed:
                    size_bytes = empty_bytes(self._answering, step.name, device)
                route = self.plan.cluster.route(place[step.name], device)
                self.tally.sent(step, fate.stream, size_bytes, route)


def _here(_stage: Stage) -> str:
    return ""


def _needed_after(stages: Sequence[Stage], courses: Mapping[str, Course]) -> Needed:
    """What is needed after the last of ``stages`` that a stream meets, of those that meet any."""
    met = {
        stream: [stage for stage in stages if stage in course.stages]
        for stream, course in courses.items()
    }
    return {stream: courses[stream].needed_after(mine[-1]) for stream, mine in met.items() if mine}
