"""One sequence of messages to a segment on another machine: answered in order, whoever dies.

What was sent since the last checkpoint is kept. When a worker is lost, a new sequence begins where
that checkpoint was, with the states that came back with it, at a worker that answers; everything
since is sent again. Operators are deterministic, so what had been answered is answered alike, and
is not handed on twice.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from vedette.errors import InputError, Problem
from vedette.models.endpoint import Endpoint
from vedette.models.ledger import Ledger
from vedette.models.wire import InferRequest, InferResponse, Parameter, Tensor, WireError
from vedette.models.wire.tensor import objects
from vedette.running.crossing import (
    PACKED,
    Answered,
    Asked,
    Begun,
    Codec,
    Message,
    answered,
    ask,
    ask_begin,
    ask_states,
)
from vedette.running.hosting import Reply
from vedette.running.work import StepFailed
from vedette.types.commit import SavedState
from vedette.types.events import Incident
from vedette.types.media import Checkpoint

T = TypeVar("T")
_OURS = frozenset({400, 401, 403, 413, 422})
"""What another worker would refuse alike."""
_OTHER_PLAN = 409


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a sequence waits for its workers, in seconds.

    One message has ``deadline_s``. A worker of which nothing came for ``silence_s`` is asked if it
    lives, and is lost where it does not say so in that time again. ``lasting_s`` without any
    worker, or ``lives`` workers lost at the same messages, end the run.
    """

    deadline_s: float = 60.0
    silence_s: float = 1.0
    lasting_s: float = 60.0
    lives: int = 5
    pause_s: float = 0.05


@dataclass(slots=True, eq=False)
class _Sent:
    """A message that was sent, and may be again."""

    number: int
    asked: Asked | Checkpoint
    message: Message
    reply: "Future[Reply]" = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class _Link:
    """A sequence at one worker."""

    endpoint: Endpoint
    name: str
    room: asyncio.Semaphore
    heard_s: float
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    under_way: int = 0


@dataclass(slots=True)
class RemoteSequence:
    """Asks the workers at ``endpoints`` (any of them, one at a time) for a segment's answers.

    ``segment`` is the model's name, ``begun`` where the sequence begins; ``label`` makes its name
    no other's. Used from one thread, which asks, and in ``loop``, which does all else. ``ledger``
    learns where the time of each answer went.
    """

    segment: str
    endpoints: Sequence[Endpoint]
    begun: Begun
    loop: asyncio.AbstractEventLoop
    label: str
    digest: str = ""
    codec: Codec = PACKED
    patience: Patience = field(default_factory=Patience)
    capacity: int = 32
    lost: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    _log: list[_Sent] = field(default_factory=list)
    _link: _Link | None = None
    _opening: "asyncio.Task[None] | None" = None
    _numbers: "itertools.count[int]" = field(init=False)
    _lost_at: int = -1
    _deaths: int = 0
    _error: BaseException | None = None
    _random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(self.begun.first)

    def ask(self, asked: Asked | Checkpoint) -> "Future[Reply]":
        """The answer to a frame, or the states at a checkpoint; those of one thread in its order.

        Its exception is StepFailed where an operator raised, InputError where no worker is left.
        """
        message = ask_states(asked) if isinstance(asked, Checkpoint) else ask(asked, self.codec)
        sent = _Sent(next(self._numbers), asked, message)
        self.loop.call_soon_threadsafe(self._take, sent)
        return sent.reply

    def incidents(self) -> list[Incident]:
        """How often a worker was lost, where one was."""
        if not self.lost:
            return []
        stream = self.begun.streams[0] if len(self.begun.streams) == 1 else ""
        detail = f"segment {self.segment}: begun again at the last checkpoint"
        return [Incident("lost worker", stream, detail, self.lost)]

    def cancel(self) -> None:
        """Give up what is under way; whoever waits for it gets a CancelledError. In the loop."""
        self._error = self._error or asyncio.CancelledError()
        if self._opening is not None:
            self._opening.cancel()
        if self._link is not None:
            for task in self._link.tasks:
                task.cancel()
        for sent in self._log:
            self._settle_with(sent, self._error)

    async def end(self) -> None:
        """Cancel, and have the worker forget the sequence."""
        self.cancel()
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(WireError, OSError):
                await self._infer(link, None, {"sequence_end": True}, self.patience.silence_s)

    def _take(self, sent: _Sent) -> None:
        if self._error is not None:
            self._settle_with(sent, self._error)
            return
        self._log.append(sent)
        if self._link is not None:
            self._start(self._link, sent)
        elif self._opening is None:
            self._opening = self._task(self._open())

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Nobody waits for a task: what it raises that was not foreseen ends the sequence."""
        task = self.loop.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _start(self, link: _Link, sent: _Sent) -> None:
        self._keep(link, self._carry(link, sent))

    def _keep(self, link: _Link, work: Coroutine[Any, Any, None]) -> None:
        """Have something done for as long as the link is there."""
        task = self._task(work)
        link.tasks.add(task)
        task.add_done_callback(link.tasks.discard)

    async def _carry(self, link: _Link, sent: _Sent) -> None:
        """Send one message and hand its answer on, or find that the worker is lost."""
        since_s = self.loop.time()
        async with link.room:
            queued_s = self.loop.time() - since_s
            link.under_way += 1
            try:
                parameters: dict[str, Parameter] = {"number": sent.number}
                deadline_s = self.patience.deadline_s
                response = await self._infer(link, sent.message, parameters, deadline_s)
                reply = answered(_message(response), sent.asked, self.codec)
            except StepFailed as failed:
                self._fail(failed)
            except WireError as error:
                if error.status in _OURS:
                    self._fail(error)
                else:
                    self._lose(link)
            except OSError:
                self._lose(link)
            except InputError as error:
                self._fail(error)
            else:
                link.heard_s = self.loop.time()
                self._noted(response, queued_s)
                self._answer(sent, reply)
            finally:
                link.under_way -= 1

    def _noted(self, response: InferResponse, queued_s: float) -> None:
        """Where the time of an answer went; what it waited for room here counts, too."""
        spent = response.timings
        if spent is not None:
            queue_s = spent.client_queue_s + queued_s
            self.ledger.add(self.segment, replace(spent, client_queue_s=queue_s))

    def _answer(self, sent: _Sent, reply: Reply) -> None:
        if not sent.reply.done():
            sent.reply.set_result(reply)
        if isinstance(sent.asked, Checkpoint):
            self._forget()

    def _forget(self) -> None:
        """Begin, from now on, at the last checkpoint before which all is answered."""
        past = 0
        for place, sent in enumerate(self._log, 1):
            if not sent.reply.done():
                break
            if isinstance(sent.asked, Checkpoint):
                past = place
                states = sent.reply.result()
                assert not isinstance(states, Answered)
                kept: dict[tuple[str, str], SavedState] = {**self.begun.states, **states}
                self.begun = Begun(self.begun.streams, sent.number + 1, kept)
        del self._log[:past]

    def _lose(self, link: _Link) -> None:
        """Give a worker up and begin anew, if that is not under way already."""
        if link is not self._link:
            return
        self._drop(link)
        self.lost += 1
        self._forget()
        waiting = next((sent.number for sent in self._log if not sent.reply.done()), -1)
        is_same = waiting >= 0 and waiting == self._lost_at
        self._deaths = self._deaths + 1 if is_same else 1
        self._lost_at = waiting
        if self._deaths >= self.patience.lives:
            found = f"{self._deaths} workers lost at the same frame (segment {self.segment})"
            hint = "the worker's own output, which says why it ended"
            self._fail(InputError(Problem(found, "a worker that survives it", hint)))
            return
        self._opening = self._task(self._open())

    def _drop(self, link: _Link) -> None:
        self._link = None
        current = asyncio.current_task(self.loop)
        for task in link.tasks:
            if task is not current:
                task.cancel()

    async def _open(self) -> None:
        """Begin at a worker that answers, and send all that is kept."""
        until_s = self.loop.time() + self.patience.lasting_s
        found = "no answer"
        for attempt in itertools.count(self._deaths):
            endpoint = self.endpoints[attempt % len(self.endpoints)]
            try:
                link = await self._begin(endpoint, f"{self.label}-{self.lost}-{attempt}")
                break
            except (WireError, OSError) as error:
                if isinstance(error, WireError) and error.status in {*_OURS, _OTHER_PLAN}:
                    self._fail(error)
                    return
                found = str(getattr(error, "problems", [error])[0])
            if self.loop.time() > until_s:
                self._fail(InputError(_nobody(self.segment, self.endpoints, found)))
                return
            pause_s = min(1.0, self.patience.pause_s * 2 ** min(attempt, 6))
            await asyncio.sleep(pause_s * self._random.uniform(0.5, 1.0))
        self._link, self._opening = link, None
        for sent in self._log:
            self._start(link, sent)
        self._keep(link, self._watch(link))

    async def _begin(self, endpoint: Endpoint, name: str) -> _Link:
        await endpoint.ready(self.patience.silence_s, self.segment)
        link = _Link(endpoint, name, asyncio.Semaphore(self.capacity), self.loop.time())
        response = await self._unless_silent(link, self._first(link))
        announced = response.parameters.get("capacity")
        if type(announced) is int and 0 < announced < self.capacity:
            link.room = asyncio.Semaphore(announced)
        link.heard_s = self.loop.time()
        return link

    async def _first(self, link: _Link) -> InferResponse:
        link.under_way += 1
        try:
            parameters: dict[str, Parameter] = {"sequence_start": True}
            deadline_s = self.patience.deadline_s
            return await self._infer(link, ask_begin(self.begun), parameters, deadline_s)
        finally:
            link.under_way -= 1

    async def _unless_silent(self, link: _Link, asked: Coroutine[Any, Any, T]) -> T:
        """An answer; a TimeoutError once the worker does not say any more that it lives."""
        answer = self.loop.create_task(asked)
        silence = self.loop.create_task(self._silence(link))
        try:
            await asyncio.wait((answer, silence), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise TimeoutError("no sign of life")
            return answer.result()
        finally:
            answer.cancel()
            silence.cancel()

    async def _watch(self, link: _Link) -> None:
        await self._silence(link)
        self._lose(link)

    async def _silence(self, link: _Link) -> None:
        """Until a worker that has something to do, and was silent, does not say that it lives."""
        silence_s = self.patience.silence_s
        while True:
            await asyncio.sleep(silence_s / 2)
            if not link.under_way or self.loop.time() - link.heard_s < silence_s:
                continue
            try:
                if not await link.endpoint.ready(silence_s, self.segment):
                    return
            except (WireError, OSError):
                return
            link.heard_s = self.loop.time()

    async def _infer(
        self,
        link: _Link,
        message: Message | None,
        parameters: dict[str, Parameter],
        deadline_s: float,
    ) -> InferResponse:
        named: dict[str, Parameter] = {"sequence_id": link.name, "plan": self.digest, **parameters}
        inputs = () if message is None else _tensors(message)
        request = InferRequest(self.segment, inputs, parameters=named)
        return await link.endpoint.infer(request, deadline_s)

    def _fail(self, error: BaseException) -> None:
        """Nothing more comes of this sequence."""
        self._error = self._error or error
        if self._link is not None:
            self._drop(self._link)
        for sent in self._log:
            self._settle_with(sent, self._error)

    @staticmethod
    def _settle_with(sent: _Sent, error: BaseException) -> None:
        if sent.reply.done():
            return
        if isinstance(error, asyncio.CancelledError):
            sent.reply.cancel()
        else:
            sent.reply.set_exception(error)


def _tensors(message: Message) -> tuple[Tensor, Tensor]:
    key, items = message
    return (
        Tensor("keys", "BYTES", objects([key], (1,))),
        Tensor("items", "BYTES", objects(items, (len(items),))),
    )


def _message(response: InferResponse) -> Message:
    told = [each for each in response.outputs if each.datatype == "BYTES"]
    given = {each.name: each.array.ravel().tolist() for each in told}
    if len(given.get("keys", ())) != 1 or "items" not in given:
        raise WireError(
            502, Problem("an answer without a record", "the BYTES tensors keys and items")
        )
    return given["keys"][0], given["items"]


def _nobody(segment: str, endpoints: Sequence[Endpoint], last: str) -> Problem:
    asked = ", ".join(each.address for each in endpoints)
    return Problem(
        f"no worker for the segment {segment} at {asked} ({last})",
        "one that answers",
        "starting one there (vedette worker, ray start); the same command again goes on",
    )
