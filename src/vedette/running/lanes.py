"""Takes one stream's frames through its stages in one thread, stateless ones in a shared pool.

A lane is a chain of generators, one a stage. Each takes messages in order and passes them on in
order. ``IDLE`` runs through the chain when nothing new has come, so that what a pool has finished
is passed on at once and never waits for the next frame.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Final

from vedette.running.executor import in_order
from vedette.running.mailbox import Mailbox
from vedette.running.segment import Stage
from vedette.running.tally import Passed
from vedette.running.work import Done, Work, saved
from vedette.types.commit import SavedState
from vedette.types.graph import Step
from vedette.types.media import Bundle, Checkpoint, End


@dataclass(slots=True)
class Moving:
    """A frame with the outputs that a later step or the sink still needs."""

    time_s: Fraction
    fate: Passed
    bundles: dict[str, Bundle]


@dataclass(slots=True)
class Passing:
    """A checkpoint with the states that it has met, by step."""

    checkpoint: Checkpoint
    states: dict[str, SavedState] = field(default_factory=dict)
    shared: dict[str, SavedState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing new has come."""


IDLE: Final = Idle()
LIGHT_S = 1e-4
"""CPU seconds: about what it takes to hand a frame to another thread and back."""
Message = Moving | Passing | End
Messages = Iterator[Message | Idle]
Note = Callable[[Step, Done, Moving], None]
"""Told of every step that was done on a frame."""
Begin = Callable[[Callable[[], Message]], Future[Message]]
"""Has something done, here and now or elsewhere."""


def received(mailbox: Mailbox[Message], wake: threading.Event, stop: threading.Event) -> Messages:
    """What a mailbox holds until its stream ends, or the run is stopped."""
    while not stop.is_set():
        wake.clear()
        message = mailbox.take()
        if message is None:
            yield IDLE
            wake.wait()
            continue
        yield message
        if isinstance(message, End):
            return


def merged(
    boxes: Mapping[str, Mailbox[Message]],
    wake: threading.Event,
    stop: threading.Event,
    *,
    live: AbstractSet[str] = frozenset(),
    bound_s: float = 1.0,
) -> Messages:
    """The messages of several streams as one, by time, stream and frame, until all have ended.

    Waits for the stream that is behind; for ``live`` ones no longer than ``bound_s``.
    """
    heads: dict[str, Message] = {}
    behind = set(boxes)
    while not stop.is_set():
        wake.clear()
        for name in sorted(behind):
            message = boxes[name].take()
            if message is not None:
                behind.discard(name)
                heads[name] = message
        heads = {name: each for name, each in heads.items() if not isinstance(each, End)}
        if not behind and not heads:
            return
        is_held_up_by_live = bool(heads) and behind <= live
        if behind and (wake.wait(bound_s if is_held_up_by_live else None) or not heads):
            yield IDLE
            continue
        name = min(heads, key=lambda name: _order(heads[name]))
        yield heads.pop(name)
        behind.add(name)


def _order(message: Message) -> tuple[Fraction, int, str, int]:
    if isinstance(message, Passing):
        return in_order(message.checkpoint)
    if isinstance(message, Moving):
        return message.time_s, 1, message.fate.stream, message.fate.frame
    return Fraction(0), 0, message.stream, message.frames


@dataclass(frozen=True, slots=True)
class StageRunner:
    """Does a stage's steps on one frame and forgets what is not needed after it.

    ``needed_after`` says what is, by stream; those of other streams pass by as they are.
    """

    stage: Stage
    work: Work
    note: Note
    needed_after: Mapping[str, frozenset[str]]
    _mean_s: dict[str, float] = field(default_factory=dict)

    def frame(self, moving: Moving, first: int = 0) -> Moving:
        """The stage's steps on a frame, from the ``first`` of them on."""
        needed = self.needed_after.get(moving.fate.stream)
        if needed is None:
            return moving
        for step in self.stage.steps[first:]:
            self._do(step, moving)
        for name in moving.bundles.keys() - needed:
            del moving.bundles[name]
        return moving

    def _do(self, step: Step, moving: Moving) -> None:
        done = self.work.do(step, moving.bundles)
        moving.bundles[step.name] = done.bundle
        if done.calls:
            mean_s = self._mean_s.get(step.name, 10 * LIGHT_S)
            self._mean_s[step.name] = mean_s + (done.cpu_s - mean_s) / 4
        self.note(step, done, moving)

    def _is_light(self, step: Step, moving: Moving) -> bool:
        """Whether doing a step takes less than having it done elsewhere."""
        given = (moving.bundles[name].items for name in step.inputs if name in moving.bundles)
        return not any(given) or self._mean_s.get(step.name, LIGHT_S) < LIGHT_S

    def checkpoint(self, passing: Passing) -> Passing:
        if passing.checkpoint.stream not in self.needed_after:
            return passing
        kept = passing.shared if self.stage.shared else passing.states
        for step in self.stage.steps:
            kept[step.name] = saved(self.work, step, passing.checkpoint)
        return passing

    def serial(self, messages: Messages) -> Messages:
        """In this thread, one frame at a time."""
        for message in messages:
            if isinstance(message, Moving):
                yield self.frame(message)
            elif isinstance(message, Passing):
                yield self.checkpoint(message)
            else:
                yield message

    def parallel(self, messages: Messages, begin: Begin, bound: int) -> Messages:
        """Wherever ``begin`` has it done, at most ``bound`` frames at once; order is kept.

        Steps that take next to nothing are done here, up to the first on a frame that does not.
        """
        window: deque[Future[Message]] = deque()
        for message in messages:
            if isinstance(message, Idle):
                yield from _finished(window, float("inf"))
                yield message
                continue
            following = self._begun(message, begin) if isinstance(message, Moving) else message
            if not window and not isinstance(following, Future):
                yield following
                continue
            window.append(following if isinstance(following, Future) else already(following))
            yield from _finished(window, bound)
        yield from _finished(window, 0)

    def _begun(self, moving: Moving, begin: Begin) -> Moving | Future[Message]:
        steps = self.stage.steps
        for number, step in enumerate(steps):
            if not self._is_light(step, moving):
                return begin(partial(self.frame, moving, number))
            self._do(step, moving)
        return self.frame(moving, len(steps))


def already(message: Message) -> Future[Message]:
    """What is there already."""
    future: Future[Message] = Future()
    future.set_result(message)
    return future


def _finished(window: deque[Future[Message]], bound: float) -> Iterator[Message]:
    """The oldest that are done; waits for them only while ``bound`` or more are under way."""
    while window and (len(window) >= bound or window[0].done()):
        yield window.popleft().result()
