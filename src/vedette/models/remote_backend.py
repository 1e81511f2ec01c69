"""Models on other machines as backends; a process has one event loop for all, in a thread."""

import asyncio
import os
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cache
from threading import BoundedSemaphore, Thread, current_thread
from typing import Any, TypeVar

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.balancing import POLICIES
from vedette.models.batching import Batcher
from vedette.models.endpoint import Access, Endpoint, connect
from vedette.models.endpoint_coded import CodedEndpoint
from vedette.models.remote import Remote
from vedette.models.replica_client import ReplicaClient
from vedette.models.rows import Batching, rows_of
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

    With ``remote.batching`` what threads submit meanwhile travels together, whatever streams it is
    of, and each caller gets its rows; :meth:`timings` then has one entry a batch.
    """

    is_elsewhere = True

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
        remote.wanted.ensure_known(remote.known)
        self._client = _in_loop(_opened(remote, known, connect))
        self._outputs: dict[str, str] = {}
        self._ask = _Asker(remote, self._client, self._outputs)
        at_once = remote.terms.in_flight * len(remote.addresses)
        self._together = _together(remote.batching, self._ask, at_once)
        most = 2 * at_once * (remote.batching.max_rows if remote.batching else 1)
        self._room = BoundedSemaphore(most)
        self._end = weakref.finalize(self, _shut, self._client, self._together, os.getpid())
        try:
            self.metadata = _in_loop(self._client.metadata(OPENING_S))
            self._ensure_input(input)
        except BaseException:
            self.close()
            raise
        self._outputs |= {each.name: each.datatype for each in self.metadata.outputs}

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Answered later, by one of the replicas; a batch travels as one request."""
        try:
            for name, array in batch.items():
                Tensor.of(name, array)
            together = self._together if self._is_batched(batch) else None
        except WireError as error:
            return completed(_raising(error))
        self._room.acquire()
        asking = self._ask(batch) if together is None else _part(together, batch)
        future = asyncio.run_coroutine_threadsafe(asking, _loop(os.getpid()))
        room = self._room
        future.add_done_callback(lambda _: room.release())
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

    def _is_batched(self, batch: Arrays) -> bool:
        together = self._together
        return together is not None and rows_of(batch) <= together.batching.max_rows

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


@dataclass(frozen=True, slots=True, eq=False)
class _Asker:
    """Has a batch answered; what a replica says must be what the model gives, by ``outputs``."""

    remote: Remote
    client: ReplicaClient
    outputs: Mapping[str, str]

    async def __call__(self, batch: Arrays) -> Arrays:
        inputs = tuple(Tensor.of(name, array) for name, array in batch.items())
        request = InferRequest(self.remote.model, inputs, version=self.remote.version)
        response = await self.client.infer(request, self._check)
        if self.remote.ledger is not None and response.timings is not None:
            self.remote.ledger.add(self.remote.model, response.timings)
        return {each.name: each.array for each in response.outputs}

    def _check(self, response: InferResponse) -> None:
        found = {each.name: each.datatype for each in response.outputs}
        if found != self.outputs:
            raise wrong(f"outputs {found}", f"{self.outputs}", status=502)


def _together(batching: Batching | None, ask: _Asker, at_once: int) -> Batcher | None:
    """What puts requests together; a batch that nobody answered is no fault of any of them."""
    if batching is None:
        return None
    room = replace(batching, max_queue=2 * at_once * batching.max_rows**2)  # which submit bounds
    return Batcher(
        ask, room, at_once=at_once, is_to_blame=lambda error: isinstance(error, WireError)
    )


async def _part(together: Batcher, batch: Arrays) -> Arrays:
    return (await together.infer(batch)).outputs


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
        [_connected(to(each, access), remote) for each in remote.addresses],
        remote.terms,
        POLICIES[remote.balancing],
        version=remote.version,
        seed=os.getpid(),
    )


def _connected(endpoint: Endpoint, remote: Remote) -> Endpoint:
    if not remote.wanted:
        return endpoint
    return CodedEndpoint(endpoint, remote.wanted, remote.known)


def _shut(client: ReplicaClient, together: Batcher | None, process: int) -> None:
    """Also called by whoever collects garbage, which may be the loop's own thread."""
    if os.getpid() != process:
        return  # the connections are the parent's
    closed = asyncio.run_coroutine_threadsafe(_closed(client, together), _loop(process))
    if current_thread().name != _THREAD:
        closed.result(CLOSING_S)


async def _closed(client: ReplicaClient, together: Batcher | None) -> None:
    if together is not None:
        together.cancel()
    await client.close()


def _raising(error: Exception) -> Callable[[], Arrays]:
    def compute() -> Arrays:
        raise error

    return compute
