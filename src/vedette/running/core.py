"""The event core: frames arrive at their capture times and contend for machines and links."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import simpy

from vedette.running.arrivals import Arrival, arrivals, phases
from vedette.running.course import Course, course, sources_of_streams
from vedette.running.delivery import Delivery
from vedette.running.executor import Onlooker
from vedette.running.groups import groups
from vedette.running.machines import Machine, Machines, Waiting, add
from vedette.running.passage import (
    CheckpointPassage,
    Parts,
    Passage,
)
from vedette.running.segment import Stage
from vedette.running.tally import Passed, Tally, answering, empty_bytes
from vedette.running.tracing import Recorder
from vedette.running.work import Done, Work, saved
from vedette.types.graph import Step, Stream
from vedette.types.media import Bundle, Checkpoint, Frame
from vedette.types.plan import Deployment


@dataclass(frozen=True, slots=True)
class LiveBounds:
    """For live streams: frames on their way at once, and frames that may wait to begin."""

    on_the_way: int = 8
    waiting: int = 8


class Core:
    """Runs the messages of all streams through a plan's stages in virtual time.

    A frame's work is done when it begins, in order, so that no picture queues; then its stages
    take their time. A stage job takes a server of its device for the sum of its steps' seconds.
    Stateful stages take a stream's frames one at a time, in order. Files are never dropped: an
    overloaded plan's latency grows. Live streams drop the oldest frame that waits when ``bounds``
    are reached.
    """

    def __init__(
        self,
        plan: Deployment,
        stages: tuple[Stage, ...],
        work: Work,
        delivery: Delivery,
        bounds: LiveBounds,
        *,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.tally, self.recorder = Tally(plan), Recorder(plan)
        self._plan, self._work, self._delivery, self._bounds = plan, work, delivery, bounds
        self._onlooker, is_watched = onlooker, onlooker is not None
        self._env = simpy.Environment()
        self._machines = Machines(self._env, plan)
        self._streams = {stream.name: stream for _, stream in plan.workflow.streams()}
        self._source_of = sources_of_streams(plan.workflow)
        names = [source.name for source in plan.workflow.sources]
        self._courses = {n: course(plan, stages, n, is_watched=is_watched) for n in names}
        self._groups = groups(plan.workflow)
        self._steps = {step.name: step for step in plan.workflow.steps}
        self._answering = answering(plan, delivery.answers)
        self._turns: dict[tuple[str, str], simpy.Event] = {}
        self._error: Exception | None = None
        self._on_the_way = dict.fromkeys(self._streams, 0)
        self._waiting: dict[str, deque[Passage | CheckpointPassage]] = {
            name: deque() for name in self._streams
        }

    def run(
        self,
        streams: Mapping[str, Iterator[Frame | Checkpoint]],
        rates: Mapping[str, Fraction],
        stop: threading.Event,
    ) -> bool:
        """Run to the end, or until ``stop`` is set; says if the end was reached.

        ``rates`` is each stream's frame rate.
        """
        one_clock = any(len(group) > 1 for group in self._groups.values())
        began_s = dict.fromkeys(rates, 0.0) if one_clock else phases(rates)
        self._begin_process(self._arrive(arrivals(streams, began_s, one_clock=one_clock), began_s))
        while self._env.peek() != float("inf"):
            if stop.is_set():
                return False
            self._env.step()
            if self._error is not None:
                raise self._error
        return True

    def _begin_process(self, waiting: Waiting) -> None:
        """Begin a process; its error ends the run as it is (the event core would remake it)."""

        def kept() -> Waiting:
            try:
                yield from waiting
            except Exception as error:  # noqa: BLE001  # raised by ``run``
                self._error = self._error or error

        self._env.process(kept())

    def _arrive(self, coming: Iterable[Arrival], began_s: Mapping[str, float]) -> Waiting:
        for moment_s, _, stream, number, message in coming:
            if moment_s > self._env.now:
                yield self._env.timeout(moment_s - self._env.now)
            met = self._courses[self._source_of[stream]]
            if isinstance(message, Checkpoint):
                self._admit(stream, CheckpointPassage(message, met))
                continue
            began = began_s[stream]
            fate = Passed(stream, number, moment_s - began, moment_s, began_s=began)
            self.tally.captured(fate)
            self.recorder.arrived(stream, number, message.time_s)
            bundle = Bundle(stream, number, message.time_s, ((0, message),))
            self._admit(stream, Passage(self._env, met, fate, bundle))

    def _admit(self, stream: str, passage: Passage | CheckpointPassage) -> None:
        """Begin, or on a live stream that is behind wait, and let the oldest that waits go."""
        waiting = self._waiting[stream]
        if not waiting and not self._must_wait(self._streams[stream], passage):
            self._begin(stream, passage)
            return
        waiting.append(passage)
        frames = [each for each in waiting if isinstance(each, Passage)]
        if len(frames) > self._bounds.waiting:
            self.tally.dropped(frames[0].fate)
            waiting.remove(frames[0])

    def _must_wait(self, stream: Stream, passage: Passage | CheckpointPassage) -> bool:
        is_full = self._on_the_way[stream.name] >= self._bounds.on_the_way
        return stream.pace == "live" and is_full and isinstance(passage, Passage)

    def _begin(self, stream: str, passage: Passage | CheckpointPassage) -> None:
        if isinstance(passage, CheckpointPassage):
            self._begin_checkpoint(stream, passage)
        else:
            self._on_the_way[stream] += 1
            self._begin_frame(stream, passage)

    def _ended(self, stream: str) -> None:
        self._on_the_way[stream] -= 1
        waiting = self._waiting[stream]
        while waiting and not self._must_wait(self._streams[stream], waiting[0]):
            self._begin(stream, waiting.popleft())

    def _begin_frame(self, stream: str, passage: Passage) -> None:
        met = passage.course
        passage.fate.is_analysed = met.tracks is None
        passage.work(self._do)
        if self._onlooker is not None:
            self._onlooker(stream, passage.fate.frame, passage.answers)
            passage.answers = {n: passage.answers[n] for n in met.sinks}  # no picture queues
        tracked = passage.done.get(met.tracks or "")
        if tracked and tracked.calls:
            passage.fate.is_analysed = True
        parts: Parts = {}
        add(parts, "wait source", self._env.now - passage.fate.captured_s)
        for stage in met.stages:
            turn, finished = self._turn(stage, met, stream)
            self._begin_process(self._pass_stage(stage, passage, turn, finished))
        turn, finished = self._delivery_turn(stream)
        self._begin_process(self._deliver(passage, turn, finished))
        self._publish(passage, met.source, met.device, parts)

    def _begin_checkpoint(self, stream: str, passage: CheckpointPassage) -> None:
        for stage in passage.course.stages:
            kept = passage.shared if stage.shared else passage.states
            for step in stage.steps if stage.stateful else ():
                kept[step.name] = saved(self._work, step, passage.checkpoint)
        turn, finished = self._delivery_turn(stream)
        self._begin_process(self._commit(passage, turn, finished))

    def _turn(
        self, stage: Stage, met: Course, stream: str
    ) -> tuple[simpy.Event | None, simpy.Event]:
        """What a stage job waits for, and what the next one will wait for."""
        finished = self._env.event()
        if not stage.stateful:
            return None, finished
        return self._queue((stage.steps[0].name, met.owner(stage, stream)), finished), finished

    def _delivery_turn(self, stream: str) -> tuple[simpy.Event | None, simpy.Event]:
        finished = self._env.event()
        return self._queue(("", min(self._groups[stream])), finished), finished

    def _queue(self, key: tuple[str, str], finished: simpy.Event) -> simpy.Event | None:
        previous = self._turns.get(key)
        self._turns[key] = finished
        return previous

    def _pass_stage(
        self, stage: Stage, passage: Passage, turn: simpy.Event | None, finished: simpy.Event
    ) -> Waiting:
        names = passage.course.inputs(stage)
        for name in names:
            yield from _until(passage.arrival(name, stage.device))
        _, parts = passage.latest((name, stage.device) for name in names)
        arrived_s = self._env.now
        yield from _until(turn)
        add(parts, f"wait {stage.device}", self._env.now - arrived_s)
        yield from self._charge(stage, passage, parts)
        finished.succeed()

    def _do(self, step: Step, bundles: Mapping[str, Bundle]) -> Done:
        done = self._work.do(step, bundles)
        self.recorder.done(step, done)
        return done

    def _charge(self, stage: Stage, passage: Passage, parts: Parts) -> Waiting:
        """Take the time that the work needs; each output is there when its step is done."""
        machine = self._machines.machine(stage.device, passage.fate.stream)
        done = {step.name: passage.done[step.name] for step in stage.steps}

        def publish(name: str, share: float = 1.0) -> None:
            age_s = self._env.now - passage.fate.captured_s
            self.tally.done(self._steps[name], done[name], age_s, share)
            if name in stage.outputs:
                self._publish(passage, name, stage.device, parts, done[name])

        in_turn: list[tuple[str, float]] = []
        for name, each in done.items():
            pieces = self._pieces(stage, machine, each)
            passes = self._plan.batches.get(name) if each.cpu_s else None
            if passes is None and pieces == 1:
                in_turn.append((name, each.cpu_s))
                continue
            yield from self._machines.compute(machine, in_turn, parts, publish)
            in_turn = []
            if passes is not None:
                share = yield from self._machines.compute_together(
                    machine, name, each.cpu_s, passes, parts
                )
                publish(name, share)
                continue
            yield from self._machines.compute_apart(machine, name, each.cpu_s, pieces, parts)
            publish(name)
        yield from self._machines.compute(machine, in_turn, parts, publish)

    def _pieces(self, stage: Stage, machine: Machine, done: Done) -> int:
        """Over how many servers a step's items are shared: evenly, by the items it made."""
        if not self._plan.parallel_items or stage.stateful or machine.servers.capacity == 1:
            return 1
        return max(1, len(done.bundle.items)) if done.cpu_s else 1

    def _publish(
        self, passage: Passage, name: str, here: str, parts: Parts, done: Done | None = None
    ) -> None:
        """Hand an output to its readers: here at once, elsewhere when it has come there."""
        for device in passage.course.devices[name]:
            if device == here:
                passage.arrival(name, device).succeed((self._env.now, dict(parts)))
            else:
                self._begin_process(self._carry(passage, name, (here, device), dict(parts), done))

    def _carry(
        self,
        passage: Passage,
        name: str,
        ends: tuple[str, str],
        parts: Parts,
        done: Done | None,
    ) -> Waiting:
        stream, size_bytes = passage.fate.stream, done.size_bytes if done else 0.0
        if done and not done.bundle.items and passage.fate.is_analysed:
            size_bytes = empty_bytes(self._answering, name, ends[1])
        route = self._plan.cluster.route(*ends)
        if done:
            self.tally.sent(self._steps[name], stream, size_bytes, route)
        yield from self._machines.carry(route, stream, size_bytes, parts)
        passage.arrival(name, ends[1]).succeed((self._env.now, parts))

    def _deliver(
        self, passage: Passage, turn: simpy.Event | None, finished: simpy.Event
    ) -> Waiting:
        fate, place = passage.fate, self._plan.placement
        sinks = passage.course.sinks
        for name in sinks:
            yield from _until(passage.arrival(name, place[name]))
        answers = [(name, place[name]) for name in sinks if name in self._delivery.answers]
        if answers:
            fate.answered_s, fate.parts = passage.latest(answers)
        yield from _until(turn)
        self._delivery.frame(fate.stream, fate.frame, passage.answers)
        self.tally.ended(fate)
        self.recorder.ended(fate)
        finished.succeed()
        self._ended(fate.stream)

    def _commit(
        self, passage: CheckpointPassage, turn: simpy.Event | None, finished: simpy.Event
    ) -> Waiting:
        if turn is not None:
            yield turn
        self._delivery.passed(passage.checkpoint, passage.states, passage.shared)
        finished.succeed()


def _until(event: simpy.Event | None) -> Waiting:
    """Wait for an event, but not for one that is past."""
    if event is not None and not event.processed:
        yield event
