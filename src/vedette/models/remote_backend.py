"""Models on other machines as backends; a process has one event loop for all, in a thread."""

import asyncio
import os
import weakref
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import cache
from threading import BoundedSemaphore, Thread, current_thread
from typing import Any, TypeVar

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.balancing import POLICIES
from vedette.models.endpoint import Access, Endpoint, connect
from vedette.models.remote import Remote
from vedette.models.replica_client import ReplicaClient
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    Tensor,
    Timings,
    WireError,
    wrong,
)
from vedette.types.events import Incident

T = TypeVar("T")
Connect = Callable[[str, Access], Endpoint]
TOKEN = "VEDETTE_TOKEN"  # noqa: S105  # where it is looked for, not what it is
OPENING_S, CLOSING_S = 10.0, 5.0
_THREAD = "vedette-remote"


class RemoteBackend:
    """A model that is served elsewhere. Raises ModelError where no server answers for it.

    ``input``, where given, is one that the model must have. Requests are bounded: with twice as
    many as may be under way, :meth:`submit` waits. A batch must not change before it is answered.
    """

    def __init__(
        self,
        remote: Remote,
        *,
        input: str | None = None,  # noqa: A002
        access: Access | None = None,
        connect: Connect = connect,
    ) -> None:
        self._remote = remote
        known = access or Access(os.environ.get(TOKEN, ""), remote.authority)
        self._room = BoundedSemaphore(2 * remote.terms.in_flight * len(remote.addresses))
        self._client = _in_loop(_opened(remote, known, connect))
        self._end = weakref.finalize(self, _shut, self._client, os.getpid())
        try:
            self.metadata = _in_loop(self._client.metadata(OPENING_S))
            self._ensure_input(input)
        except BaseException:
            self.close()
            raise
        self._outputs = {each.name: each.datatype for each in self.metadata.outputs}

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Answered later, by one of the replicas; a batch travels as one request."""
        try:
            inputs = tuple(Tensor.of(name, array) for name, array in batch.items())
        except WireError as error:
            return completed(_raising(error))
        request = InferRequest(self._remote.model, inputs, version=self._remote.version)
        self._room.acquire()
        future = asyncio.run_coroutine_threadsafe(self._answer(request), _loop(os.getpid()))
        future.add_done_callback(lambda _: self._room.release())
        return future

    @property
    def available(self) -> tuple[str, ...]:
        """The addresses of the replicas that have not left."""
        return self._client.available

    def timings(self) -> Sequence[Timings]:
        """Where the time of the newest answers went."""
        return tuple(self._client.timings)

    def incidents(self) -> Sequence[Incident]:
        """Replicas that left, and how often."""
        return [
            Incident("lost replica", self._remote.model, f"{address}: {why}", count)
            for (address, why), count in self._client.absences.items()
        ]

    def close(self) -> None:
        """Give up what is under way, and the connections; done anyway with what nobody holds."""
        self._end()

    async def _answer(self, request: InferRequest) -> Arrays:
        response = await self._client.infer(request, self._check)
        if self._remote.ledger is not None and response.timings is not None:
            self._remote.ledger.add(self._remote.model, response.timings)
        return {each.name: each.array for each in response.outputs}

    def _check(self, response: InferResponse) -> None:
        """What a replica says must be what the model gives."""
        found = {each.name: each.datatype for each in response.outputs}
        if found != self._outputs:
            raise wrong(f"outputs {found}", f"{self._outputs}", status=502)

    def _ensure_input(self, name: str | None) -> None:
        names = [each.name for each in self.metadata.inputs]
        if name is not None and name not in names:
            where = ", ".join(self._remote.addresses)
            raise ModelError(
                Problem(
                    f"inputs {', '.join(names)} of {self._remote.model} on {where}",
                    f"the input {name}",
                    "the model that the variant is of, or /v2/models/NAME after the address",
                )
            )


@cache
def _loop(_process: int) -> asyncio.AbstractEventLoop:
    """A process's one event loop, in a thread that ends with it."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name=_THREAD, daemon=True).start()
    return loop


def _in_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(coroutine, _loop(os.getpid())).result()


async def _opened(remote: Remote, access: Access, to: Connect) -> ReplicaClient:
    return ReplicaClient(
        remote.model,
        [to(each, access) for each in remote.addresses],
        remote.terms,
        POLICIES[remote.balancing],
        version=remote.version,
        seed=os.getpid(),
    )


def _shut(client: ReplicaClient, process: int) -> None:
    """Also called by whoever collects garbage, which may be the loop's own thread."""
    if os.getpid() != process:
        return  # the connections are the parent's
    closed = asyncio.run_coroutine_threadsafe(client.close(), _loop(process))
    if current_thread().name != _THREAD:
        closed.result(CLOSING_S)


def _raising(error: Exception) -> Callable[[], Arrays]:
    def compute() -> Arrays:
        raise error

    return compute
