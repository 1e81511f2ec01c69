"""One model on several servers, asked as if it were one: a ReplicaSet driven in an event loop."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NoReturn

from vedette.errors import ModelError, Problem
from vedette.models.balancing import Policy, least_outstanding
from vedette.models.endpoint import Endpoint, UnansweredError
from vedette.models.replica_terms import (
    Act,
    Deliver,
    Drop,
    Fault,
    GiveUp,
    Left,
    Probe,
    Returned,
    Send,
    Terms,
)
from vedette.models.replicas import ReplicaSet
from vedette.models.wire import InferRequest, InferResponse, ModelMetadata, Timings, WireError

log = logging.getLogger(__name__)

REMEMBERED = 4096
"""Timings that are kept, the newest."""
Check = Callable[[InferResponse], None]


@dataclass(slots=True)
class _Asked:
    request: InferRequest
    check: Check
    answer: asyncio.Future[InferResponse]
    since_s: float
    error: Exception | None = None


class ReplicaClient:
    """``model`` on ``endpoints``, watched from now on; used in one event loop, and closed there.

    ``timings`` has the four parts of the newest answers, the wait for a replica and lost attempts
    among the client's queue. ``absences`` counts who left and why, by (address, reason).
    """

    def __init__(
        self,
        model: str,
        endpoints: Sequence[Endpoint],
        terms: Terms | None = None,
        policy: Policy = least_outstanding,
        *,
        version: str = "",
        seed: int = 0,
    ) -> None:
        self.model, self.version = model, version
        self.timings: deque[Timings] = deque(maxlen=REMEMBERED)
        self.absences: Counter[tuple[str, str]] = Counter()
        self._endpoints, self._terms = tuple(endpoints), terms or Terms()
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._set = ReplicaSet(len(self._endpoints), self._terms, policy, seed=seed, now=now)
        self._numbers = count()
        self._asked: dict[int, _Asked] = {}
        self._attempts: dict[int, asyncio.Task[None]] = {}
        self._answers: dict[int, InferResponse] = {}
        self._probes: set[asyncio.Task[None]] = set()
        self._timer = self._loop.call_at(self._set.wake_at(), self._tick)

    @property
    def available(self) -> tuple[str, ...]:
        """The addresses of the replicas that have not left."""
        return tuple(self._endpoints[each].address for each in self._set.available)

    async def infer(self, request: InferRequest, check: Check = lambda _: None) -> InferResponse:
        """The answer of whichever replica; one that ``check`` raises ModelError for is none.

        Raises WireError where the request itself is refused, ModelError where none answered in
        time or all attempts failed.
        """
        number, now = next(self._numbers), self._loop.time()
        asked = _Asked(request, check, self._loop.create_future(), now)
        self._asked[number] = asked
        self._do(self._set.ask(number, now))
        try:
            return await asked.answer
        finally:
            if self._asked.pop(number, None):  # whoever waited was cancelled
                self._do(self._set.abandon(number, self._loop.time()))

    async def metadata(self, deadline_s: float) -> ModelMetadata:
        """What the model takes and gives, as all say who answer. Raises ModelError."""
        calls = [each.model(deadline_s, self.model, self.version) for each in self._endpoints]
        found = await asyncio.gather(*calls, return_exceptions=True)
        known = [each for each in found if isinstance(each, ModelMetadata)]
        errors = [each for each in found if isinstance(each, BaseException)]
        for error in errors:
            is_busy = isinstance(error, WireError) and error.status == 503
            if not (is_busy or isinstance(error, UnansweredError)):
                raise error  # a server that is there, and has no such model
        if not known:
            raise errors[0]
        if any(
            (each.inputs, each.outputs) != (known[0].inputs, known[0].outputs) for each in known
        ):
            listed = ", ".join(each.address for each in self._endpoints)
            raise ModelError(
                Problem(
                    f"different models {self.model} on {listed}",
                    "the same inputs and outputs on every replica",
                    "serving the same file everywhere",
                )
            )
        return known[0]

    async def close(self) -> None:
        """Give up what is under way, and the connections."""
        self._timer.cancel()
        asked, self._asked = self._asked, {}
        for each in asked.values():
            each.answer.cancel()
        tasks = [*self._attempts.values(), *self._probes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for endpoint in self._endpoints:
            await endpoint.close()

    def _tick(self) -> None:
        self._do(self._set.tick(self._loop.time()))

    def _do(self, acts: Sequence[Act]) -> None:
        for act in acts:
            match act:
                case Send():
                    task = self._loop.create_task(self._attempt(act, self._asked[act.request]))
                    self._attempts[act.attempt] = task
                case Deliver():
                    self._deliver(self._asked.pop(act.request), self._answers.pop(act.attempt))
                case Drop():
                    self._attempts.pop(act.attempt).cancel()
                case GiveUp():
                    self._give_up(act)
                case Probe():
                    self._watch(self._probe(act.member, act.within_s))
                case Left():
                    address = self._endpoints[act.member].address
                    self.absences[address, act.why] += 1
                    log.warning("%s: %s leaves (%s)", self.model, address, act.why)
                case Returned():
                    log.info("%s: %s is back", self.model, self._endpoints[act.member].address)
        self._timer.cancel()
        self._timer = self._loop.call_at(self._set.wake_at(), self._tick)

    async def _attempt(self, send: Send, asked: _Asked) -> None:
        endpoint = self._endpoints[send.member]
        fault: Fault | None = None
        try:
            answer = await endpoint.infer(asked.request, send.within_s)
            asked.check(answer)
        except Exception as error:  # noqa: BLE001  # whatever it is, the request must end
            asked.error, fault = error, fault_of(error)
        if self._attempts.pop(send.attempt, None) is None:
            return  # given up just now
        now = self._loop.time()
        if fault is None:
            self._answers[send.attempt] = answer
            self._do(self._set.answered(send.attempt, now))
        else:
            self._do(self._set.failed(send.attempt, fault, now))

    async def _probe(self, member: int, within_s: float) -> None:
        acts: list[Act]
        try:
            ready = await self._endpoints[member].ready(within_s, self.model, self.version)
        except UnansweredError as error:
            is_late = error.status == 504
            acts = (
                self._set.unanswered(member)
                if is_late
                else self._set.absent(member, error.problems[0].found, self._loop.time())
            )
        except WireError as error:
            acts = self._set.absent(member, error.problems[0].found, self._loop.time())
        except Exception as error:  # noqa: BLE001  # whatever it is, it is asked again
            acts = self._set.absent(member, type(error).__name__, self._loop.time())
        else:
            now = self._loop.time()
            acts = (
                self._set.alive(member, now)
                if ready
                else self._set.absent(member, "not ready", now)
            )
        self._do(acts)

    def _watch(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    def _deliver(self, asked: _Asked, answer: InferResponse) -> None:
        if answer.timings is not None:
            parts = answer.timings
            before_s = self._loop.time() - asked.since_s - parts.total_s
            timings = replace(parts, client_queue_s=parts.client_queue_s + max(0.0, before_s))
            self.timings.append(timings)
            answer = replace(answer, timings=timings)
        if not asked.answer.done():
            asked.answer.set_result(answer)

    def _give_up(self, act: GiveUp) -> None:
        asked = self._asked.pop(act.request)
        if asked.answer.done():
            return
        try:
            self._explain(asked, act)
        except ModelError as error:
            asked.answer.set_exception(error)

    def _explain(self, asked: _Asked, act: GiveUp) -> NoReturn:
        if act.why == "wrong" and isinstance(asked.error, ModelError):
            raise asked.error
        listed = ", ".join(each.address for each in self._endpoints)
        last = asked.error.problems[0].found if isinstance(asked.error, ModelError) else asked.error
        ended = (
            f"within {self._terms.deadline_s:g} s"
            if act.why == "deadline"
            else f"in {self._terms.attempts} attempts"
        )
        raise ModelError(
            Problem(
                f"no answer of {self.model} on {listed} {ended}" + (f" ({last})" if last else ""),
                "an answer from one of its replicas",
                "starting what serves it; a run goes on where its last commit was",
            )
        )


def fault_of(error: Exception) -> Fault:
    """Who is to blame for an attempt without an answer, and whether it may have been computed."""
    if isinstance(error, UnansweredError):
        if error.status != 503:
            return Fault.FAILED
        return Fault.LOST if error.sent else Fault.REFUSED
    if isinstance(error, WireError):
        if error.status in {429, 503}:
            return Fault.BUSY
        if 400 <= error.status < 500 and error.status not in {404, 408}:
            return Fault.WRONG
    return Fault.FAILED
