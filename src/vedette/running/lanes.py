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
from vedette.running.work import Done, Work
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

    def frame(self, moving: Moving) -> Moving:
        needed = self.needed_after.get(moving.fate.stream)
        if needed is None:
            return moving
        for step in self.stage.steps:
            done = self.work.do(step, moving.bundles)
            moving.bundles[step.name] = done.bundle
            self.note(step, done, moving)
        for name in moving.bundles.keys() - needed:
            del moving.bundles[name]
        return moving

    def checkpoint(self, passing: Passing) -> Passing:
        if passing.checkpoint.stream not in self.needed_after:
            return passing
        kept = passing.shared if self.stage.shared else passing.states
        for step in self.stage.steps:
            kept[step.name] = self.work.save(step, passing.checkpoint.stream)
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
        """Wherever ``begin`` has it done, at most ``bound`` frames at once; order is kept."""
        window: deque[Future[Message]] = deque()
        for message in messages:
            if isinstance(message, Idle):
                yield from _finished(window, float("inf"))
                yield message
                continue
            if isinstance(message, Moving):
                window.append(begin(partial(self.frame, message)))
            else:
                window.append(already(message))
            yield from _finished(window, bound)
        yield from _finished(window, 0)


def already(message: Message) -> Future[Message]:
    """What is there already."""
    future: Future[Message] = Future()
    future.set_result(message)
    return future


def _finished(window: deque[Future[Message]], bound: float) -> Iterator[Message]:
    """The oldest that are done; waits for them only while ``bound`` or more are under way."""
    while window and (len(window) >= bound or window[0].done()):
        yield window.popleft().result()
