"""Segments that other machines do: frames go there and come back, in order, exactly once."""

import asyncio
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Self

from vedette.models.balancing import Load, least_outstanding
from vedette.models.endpoint import Endpoint
from vedette.models.ledger import Ledger
from vedette.running.crossing import PACKED, Answered, Asked, Begun, Codec, States, owner
from vedette.running.hosting import Reply
from vedette.running.lanes import Idle, Message, Messages, Moving, Note, Passing
from vedette.running.segment import Segment, Stage
from vedette.running.sequence import Patience, RemoteSequence
from vedette.running.threads import Needed
from vedette.types.commit import Commit
from vedette.types.events import Incident
from vedette.types.graph import Step
from vedette.types.media import Checkpoint
from vedette.types.plan import Deployment

Pending = tuple[Message, "list[Future[Reply]]"]
"""A message and the answers that it waits for; of one that only keeps its place, none."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Which devices' segments are done elsewhere, and by whom.

    ``connect`` opens a device's endpoints; it is called in the event loop in which they are used
    and closed. ``digest`` names the plan, as its workers know it. At most ``in_flight`` messages
    of a sequence are under way; a worker may want fewer. ``ledger`` learns where their time went.
    """

    devices: frozenset[str]
    connect: Callable[[str], Sequence[Endpoint]]
    digest: str = ""
    in_flight: int = 16
    patience: Patience = field(default_factory=Patience)
    codec: Codec = PACKED
    ledger: Ledger = field(default_factory=Ledger)


class Remote:
    """The segments of one run that are done elsewhere; a context, in which an event loop runs.

    Every stream, or every group of streams that meet, has a sequence at each such segment. It
    begins at the worker that the plan deals it to, and goes to one that stands by before it joins
    others at theirs; where a plan says nothing of a device's replicas, streams take turns among all
    its workers. In a segment without state a stream has a sequence at each of them, and a frame
    goes where the fewest are under way.
    """

    def __init__(
        self,
        plan: Deployment,
        segments: Sequence[Segment],
        hosts: Hosts,
        resumed: Mapping[str, Commit],
    ) -> None:
        self._segments = {each.name: each for each in segments}
        self._plan, self._hosts, self._resumed = plan, hosts, resumed
        self._names = {
            stage.steps[0].name: each.name
            for each in segments
            if each.device in hosts.devices
            for stage in each.stages
        }
        self._streams = [stream.name for _, stream in plan.workflow.streams()]
        self._nonce = uuid.uuid4().hex
        self._sequences: list[RemoteSequence] = []
        self._endpoints: dict[str, Sequence[Endpoint]] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="remote", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        finally:
            self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of the plan, segment by segment."""
        return tuple(step for each in self._segments.values() for step in each.steps)

    def segment_of(self, stage: Stage) -> str:
        """The segment that a stage is done in; empty where it is done here."""
        return self._names.get(stage.steps[0].name, "")

    def incidents(self) -> list[Incident]:
        """The workers that were lost."""
        return [incident for each in self._sequences for incident in each.incidents()]

    def end(self) -> None:
        """Whoever waits for an answer gets a CancelledError."""
        with self._lock:
            sequences = list(self._sequences)
        for each in sequences:
            self._loop.call_soon_threadsafe(each.cancel)

    def through(
        self, segment: str, messages: Messages, needed: Needed, note: Note, wake: threading.Event
    ) -> Messages:
        """Take messages through a segment, so many at once as may be under way; order is kept."""
        lanes = [_Lane(each) for each in self._begun(segment, tuple(needed))]
        relay = _Relay(self._segments[segment], lanes, needed, note)
        window: deque[Pending] = deque()
        for message in messages:
            if isinstance(message, Idle):
                yield from relay.finished(window, float("inf"))
                yield message
                continue
            window.append((message, relay.ask(message, wake)))
            yield from relay.finished(window, self._hosts.in_flight * len(lanes))
        yield from relay.finished(window, 0)

    def _begun(self, segment: str, streams: tuple[str, ...]) -> list[RemoteSequence]:
        """A sequence at one worker, or where nothing is kept between frames at each of them."""
        chosen = self._segments[segment]
        is_stateful = any(stage.stateful for stage in chosen.stages)
        with self._lock:
            endpoints = self._endpoints[chosen.device]
            begin = self._streams.index(streams[0])
            count = self._count(chosen.device)
            turns = range(begin, begin + (1 if is_stateful else count))
            return [self._sequence(chosen, streams, endpoints, turn) for turn in turns]

    def _sequence(
        self, segment: Segment, streams: tuple[str, ...], endpoints: Sequence[Endpoint], turn: int
    ) -> RemoteSequence:
        count = self._count(segment.device)
        first, *others = _turned(endpoints[:count], turn % count)
        sequence = RemoteSequence(
            segment.name,
            (first, *_turned(endpoints[count:], turn % count), *others),
            Begun(streams, states=self._states(segment, streams)),
            self._loop,
            f"{self._nonce}-{len(self._sequences)}",
            digest=self._hosts.digest,
            codec=self._hosts.codec,
            patience=self._hosts.patience,
            capacity=self._hosts.in_flight,
            ledger=self._hosts.ledger,
        )
        self._sequences.append(sequence)
        return sequence

    def _count(self, device: str) -> int:
        """How many workers share a device's streams: those the plan counts on; others stand by."""
        known = len(self._endpoints[device])
        return min(self._plan.replicas.get(device, known), known)

    def _states(self, segment: Segment, streams: tuple[str, ...]) -> States:
        """What the segment's steps had committed last."""
        steps = {step.name for step in segment.steps}
        owners = {owner(stream, shared=segment.shared) for stream in streams}
        return {
            (name, whose): state
            for whose in sorted(owners & self._resumed.keys())
            for name, state in self._resumed[whose].states.items()
            if name in steps
        }

    async def _connect(self) -> None:
        for device in sorted(self._hosts.devices):
            self._endpoints[device] = self._hosts.connect(device)

    async def _close(self) -> None:
        await asyncio.gather(*(each.end() for each in self._sequences))
        for endpoints in self._endpoints.values():
            for endpoint in endpoints:
                await endpoint.close()


def _turned(endpoints: Sequence[Endpoint], by: int) -> list[Endpoint]:
    """The same in a ring, from another one on."""
    first = by % max(len(endpoints), 1)
    return [*endpoints[first:], *endpoints[:first]]


@dataclass(slots=True)
class _Lane:
    """A sequence and what it has not answered yet."""

    sequence: RemoteSequence
    last: int = -1
    _asked: "list[Future[Reply]]" = field(default_factory=list)

    def load(self) -> Load:
        return Load(sum(not each.done() for each in self._asked), self.last)

    def ask(self, asked: Asked | Checkpoint) -> "Future[Reply]":
        self._asked = [each for each in self._asked if not each.done()]
        self._asked.append(self.sequence.ask(asked))
        return self._asked[-1]


@dataclass(slots=True)
class _Relay:
    """What is between a lane of this run and its sequences: messages out, answers put in place.

    A checkpoint passes through all of them, and so is behind every frame before it.
    """

    segment: Segment
    lanes: Sequence[_Lane]
    needed: Needed
    note: Note
    _count: int = 0
    _draw: Random = field(default_factory=Random)

    def ask(self, message: Message, wake: threading.Event) -> "list[Future[Reply]]":
        futures = []
        if isinstance(message, Moving) and message.fate.stream in self.needed:
            names = [name for name in self.segment.inputs if name in message.bundles]
            bundles = {name: message.bundles[name] for name in names}
            fate = message.fate
            asked = Asked(fate.stream, fate.frame, message.time_s, bundles)
            futures = [self._next().ask(asked)]
        elif isinstance(message, Passing) and message.checkpoint.stream in self.needed:
            futures = [each.ask(message.checkpoint) for each in self.lanes]
        for future in futures:
            future.add_done_callback(lambda _: wake.set())
        return futures

    def finished(self, window: deque[Pending], bound: float) -> Iterator[Message]:
        """The oldest that are answered; waits for them only while so many are under way."""
        while window:
            message, futures = window[0]
            if len(window) < bound and not all(each.done() for each in futures):
                return
            for each in futures:
                self._put(message, each.result())
            window.popleft()
            yield message

    def _next(self) -> _Lane:
        loads = [each.load() for each in self.lanes] if len(self.lanes) > 1 else [Load()]
        chosen = self.lanes[least_outstanding(loads, self._draw)]
        chosen.last = self._count = self._count + 1
        return chosen

    def _put(self, message: Message, reply: Reply) -> None:
        if isinstance(message, Moving) and isinstance(reply, Answered):
            made = {step.name for step in self.segment.steps}
            message.bundles.update({n: each for n, each in reply.bundles.items() if n in made})
            for step in self.segment.steps:
                if step.name in reply.done:
                    self.note(step, reply.done[step.name], message)
            for name in message.bundles.keys() - self.needed[message.fate.stream]:
                del message.bundles[name]
        elif isinstance(message, Passing) and not isinstance(reply, Answered):
            kept = message.shared if self.segment.shared else message.states
            kept.update({step: state for (step, _), state in reply.items()})
