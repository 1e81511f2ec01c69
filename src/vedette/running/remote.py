"""Segments that other machines do: frames go there and come back, in order, exactly once."""

import asyncio
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

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
from vedette.types.plan import Deployment

Pending = tuple[Message, "Future[Reply] | None"]
"""A message and the answer that it waits for, or None where it only keeps its place."""


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
    begins at the worker that the plan deals it to; where a plan says nothing of a device's
    replicas, streams take turns among all its workers.
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
        asyncio.run_coroutine_threadsafe(self._connect(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
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
        relay = _Relay(
            self._segments[segment], self._sequence(segment, tuple(needed)), needed, note
        )
        window: deque[Pending] = deque()
        for message in messages:
            if isinstance(message, Idle):
                yield from relay.finished(window, float("inf"))
                yield message
                continue
            window.append((message, relay.ask(message, wake)))
            yield from relay.finished(window, self._hosts.in_flight)
        yield from relay.finished(window, 0)

    def _sequence(self, segment: str, streams: tuple[str, ...]) -> RemoteSequence:
        with self._lock:
            device = self._segments[segment].device
            endpoints = self._endpoints[device]
            first = self._streams.index(streams[0]) % self._count(device)
            sequence = RemoteSequence(
                segment,
                (*endpoints[first:], *endpoints[:first]),
                Begun(streams, states=self._states(self._segments[segment], streams)),
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


@dataclass(frozen=True, slots=True)
class _Relay:
    """What is between a lane and a sequence: messages out, answers put in their place."""

    segment: Segment
    sequence: RemoteSequence
    needed: Needed
    note: Note

    def ask(self, message: Message, wake: threading.Event) -> "Future[Reply] | None":
        future = None
        if isinstance(message, Moving) and message.fate.stream in self.needed:
            names = [name for name in self.segment.inputs if name in message.bundles]
            bundles = {name: message.bundles[name] for name in names}
            fate = message.fate
            future = self.sequence.ask(Asked(fate.stream, fate.frame, message.time_s, bundles))
        elif isinstance(message, Passing) and message.checkpoint.stream in self.needed:
            future = self.sequence.ask(message.checkpoint)
        if future is not None:
            future.add_done_callback(lambda _: wake.set())
        return future

    def finished(self, window: deque[Pending], bound: float) -> Iterator[Message]:
        """The oldest that are answered; waits for them only while so many are under way."""
        while window:
            message, future = window[0]
            if len(window) < bound and future is not None and not future.done():
                return
            if future is not None:
                self._put(message, future.result())
            window.popleft()
            yield message

    def _put(self, message: Message, reply: Reply) -> None:
        if isinstance(message, Moving) and isinstance(reply, Answered):
            message.bundles.update(reply.bundles)
            for step in self.segment.steps:
                if step.name in reply.done:
                    self.note(step, reply.done[step.name], message)
            for name in message.bundles.keys() - self.needed[message.fate.stream]:
                del message.bundles[name]
        elif isinstance(message, Passing) and not isinstance(reply, Answered):
            kept = message.shared if self.segment.shared else message.states
            kept.update({step: state for (step, _), state in reply.items()})
