"""A segment at work for one sequence: a stream's messages in order, or those of streams that meet.

This is what a worker runs. The stages are those of a local run, in a lane of their own; what is
put in comes out in its order, one answer for each message.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace

from vedette.running.crossing import Answered, Asked, States, owner
from vedette.running.lanes import Message, Messages, Moving, Passing, StageRunner, already, received
from vedette.running.mailbox import Mailbox
from vedette.running.segment import Segment, Stage
from vedette.running.tally import Passed
from vedette.running.work import Done, Work
from vedette.types.commit import SavedState
from vedette.types.graph import Step, Workflow
from vedette.types.media import Checkpoint
from vedette.types.plan import Deployment

Reply = Answered | dict[tuple[str, str], SavedState]
Place = tuple[str, int]


class HostedSegment:
    """``work`` is this sequence's alone, with the segment's ``states`` put in where it goes on.

    ``pool`` does stateless stages, ``window`` frames at once; None does all in the lane.
    At most ``capacity`` messages may be in it.
    """

    def __init__(
        self,
        plan: Deployment,
        segment: Segment,
        work: Work,
        states: States,
        *,
        pool: Executor | None = None,
        window: int = 4,
        capacity: int = 32,
    ) -> None:
        self._segment, self._work, self._pool, self._window = segment, work, pool, window
        self._sources = {stream.name: source for source, stream in plan.workflow.streams()}
        for (name, stream), state in states.items():
            work.load(plan.workflow.step(name), stream, state)
        self._wake, self._halt = threading.Event(), threading.Event()
        self._box: Mailbox[Message] = Mailbox(capacity, self._wake)
        self._waiting: deque[Future[Reply]] = deque()
        self._done: dict[Place, dict[str, Done]] = {}
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"host {segment.name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Messages that are in it."""
        return len(self._waiting)

    def put(self, asked: Asked | Checkpoint) -> "Future[Reply]":
        """Its answer; the StepFailed of an operator that raised, here or before."""
        future: Future[Reply] = Future()
        with self._lock:
            if self._error is not None:
                future.set_exception(self._error)
                return future
            self._waiting.append(future)
        self._box.put(Passing(asked) if isinstance(asked, Checkpoint) else self._moving(asked))
        return future

    def close(self) -> None:
        """End the lane after what it has in hand; what waits is cancelled."""
        self._halt.set()
        self._box.close()

    def join(self) -> None:
        self._thread.join()

    def _moving(self, asked: Asked) -> Moving:
        fate = Passed(asked.stream, asked.frame, 0.0, 0.0)
        self._done[asked.stream, asked.frame] = {}
        return Moving(asked.time_s, fate, dict(asked.bundles))

    def _run(self) -> None:
        try:
            for message in self._lane():
                if isinstance(message, Moving):
                    self._answer(self._answered(message))
                elif isinstance(message, Passing):
                    self._answer(self._states(message))
        except BaseException as error:  # noqa: BLE001  # whoever asked is told
            self._fail(error)
        else:
            with self._lock:
                waiting, self._waiting = self._waiting, deque()
            for future in waiting:
                future.cancel()

    def _lane(self) -> Messages:
        messages = received(self._box, self._wake, self._halt)
        for stage in self._segment.stages:
            runner = StageRunner(stage, self._work, self._note, self._needed_after(stage))
            if stage.stateful:
                messages = runner.serial(messages)
            else:
                messages = runner.parallel(messages, self._begin, self._window)
        return messages

    def _begin(self, work: Callable[[], Message]) -> Future[Message]:
        if self._pool is None:
            return already(work())
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._wake.set())
        return future

    def _needed_after(self, stage: Stage) -> Mapping[str, frozenset[str]]:
        """For the streams that a stage concerns: what leaves, and what later stages read."""
        stages = self._segment.stages
        later = stages[stages.index(stage) + 1 :]
        needed = frozenset(self._segment.outputs).union(*(each.inputs for each in later))
        return {name: needed for name, source in self._sources.items() if source in stage.sources}

    def _note(self, step: Step, done: Done, moving: Moving) -> None:
        self._done[moving.fate.stream, moving.fate.frame][step.name] = done.without_content()

    def _answered(self, moving: Moving) -> Answered:
        done = self._done.pop((moving.fate.stream, moving.fate.frame))
        outputs = self._segment.outputs
        return Answered(done, {name: moving.bundles[name] for name in outputs if name in done})

    def _states(self, passing: Passing) -> dict[tuple[str, str], SavedState]:
        whose = owner(passing.checkpoint.stream, shared=self._segment.shared)
        states = passing.shared if self._segment.shared else passing.states
        return {(step, whose): state for step, state in states.items()}

    def _answer(self, reply: Reply) -> None:
        with self._lock:
            future = self._waiting.popleft()
        with suppress(Exception):  # nobody may be waiting for it any more
            future.set_result(reply)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._error = error
            waiting, self._waiting = self._waiting, deque()
        self._box.close()
        for future in waiting:
            with suppress(Exception):
                future.set_exception(error)


def part_of(plan: Deployment, streams: frozenset[str]) -> Deployment:
    """The plan with no other streams, so that nothing is made for those."""
    flow: Workflow = plan.workflow
    sources = tuple(
        replace(each, streams=tuple(s for s in each.streams if s.name in streams))
        for each in flow.sources
    )
    return replace(plan, workflow=replace(flow, sources=sources))
