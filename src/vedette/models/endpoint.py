"""One model server as its clients see it: ask, wait until a deadline, learn where the time went."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from vedette.addresses import scheme_of, without_secrets
from vedette.errors import ModelError, Problem
from vedette.models.wire import (
    COMPUTE_US,
    QUEUE_US,
    InferRequest,
    InferResponse,
    Limits,
    ModelMetadata,
    ServerMetadata,
    Timings,
    WireError,
)

T = TypeVar("T")
_MOST_US = 1e15


class UnansweredError(WireError):
    """No answer that can be used came: 504 past the deadline, 502 for garbage, 503 otherwise.

    ``sent`` is False where the server surely has none of the request. What a server itself answers
    is a plain WireError with its status.
    """

    def __init__(self, status: int, problem: Problem, *, sent: bool) -> None:
        super().__init__(status, problem)
        self.sent = sent

    def __reduce__(self) -> tuple[object, ...]:  # type: ignore[override]
        return _unanswered, (self.status, self.problems[0], self.sent)


def _unanswered(status: int, problem: Problem, sent: bool) -> UnansweredError:
    return UnansweredError(status, problem, sent=sent)


@dataclass(frozen=True, slots=True)
class Access:
    """How a server is reached.

    ``authority`` is a PEM file of the certificate authority to trust in place of the system's.
    At most ``in_flight`` requests are out at once; others wait their turn within their deadline.
    """

    token: str = field(default="", repr=False)
    authority: Path | None = None
    in_flight: int = 64
    limits: Limits = field(default_factory=Limits)


class Endpoint(Protocol):
    """One server. Used in one event loop; every call may be made many times at once."""

    @property
    def address(self) -> str:
        """As it was given, without secrets."""
        ...

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        """The answer, with its timings. Raises WireError, UnansweredError where none came in time.

        ``deadline_s`` is counted from the call and covers the wait for a turn. A cancelled call
        is taken back from the server where the protocol can.
        """
        ...

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        """Whether the server, or one model of it, answers requests. Raises UnansweredError."""
        ...

    async def server(self, deadline_s: float) -> ServerMetadata: ...

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata: ...

    async def close(self) -> None:
        """Give its connections back."""
        ...


class Transport(Protocol):
    """One protocol's calls, without deadlines, turns or timings; those are :class:`Client`'s.

    Raises WireError for a refusal and UnansweredError where nothing useful came.
    """

    async def infer(self, request: InferRequest) -> InferResponse: ...

    async def ready(self, model: str, version: str, /) -> bool: ...

    async def server(self) -> ServerMetadata: ...

    async def model(self, name: str, version: str, /) -> ModelMetadata: ...

    async def close(self) -> None: ...


class Client:
    """An Endpoint over any transport. Health and metadata do not wait for a turn."""

    def __init__(self, address: str, transport: Transport, in_flight: int) -> None:
        self.address = address
        self._transport = transport
        self._turns = asyncio.Semaphore(in_flight)

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        clock = asyncio.get_running_loop().time
        called_s = clock()
        began_s: float | None = None
        try:
            async with asyncio.timeout(deadline_s), self._turns:
                began_s = clock()
                response = await self._transport.infer(request)
        except TimeoutError:
            raise self._late(deadline_s, sent=began_s is not None) from None
        return replace(response, timings=timings(response, called_s, began_s, clock()))

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        return await self._within(deadline_s, self._transport.ready(model, version))

    async def server(self, deadline_s: float) -> ServerMetadata:
        return await self._within(deadline_s, self._transport.server())

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata:
        return await self._within(deadline_s, self._transport.model(name, version))

    async def close(self) -> None:
        await self._transport.close()

    async def _within(self, deadline_s: float, call: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(deadline_s):
                return await call
        except TimeoutError:
            raise self._late(deadline_s, sent=True) from None

    def _late(self, deadline_s: float, *, sent: bool) -> UnansweredError:
        waited = "" if sent else ", still waiting for its turn"
        problem = Problem(
            f"no answer from {self.address} within {deadline_s:g} s{waited}",
            "an answer before the deadline",
            "a longer deadline, more replicas or fewer requests in flight",
        )
        return UnansweredError(504, problem, sent=sent)


def timings(response: InferResponse, called_s: float, began_s: float, ended_s: float) -> Timings:
    """The four parts of a request, of one clock's readings and what the server reports.

    A server that claims more than there was is cut: the parts always add up to the whole.
    """
    queue_us, compute_us = (response.parameters.get(key, 0) for key in (QUEUE_US, COMPUTE_US))
    away_s = ended_s - began_s
    server_s = min(_seconds(queue_us), away_s)
    compute_s = min(_seconds(compute_us), away_s - server_s)
    return Timings(began_s - called_s, away_s - server_s - compute_s, server_s, compute_s)


def connect(address: str, access: Access | None = None) -> Endpoint:
    """A client of the server at ``address``; nothing is sent before the first call.

    ``http://host:8000`` and ``https://``, ``grpc://host:8001`` and ``grpcs://`` speak the Open
    Inference Protocol, ``predict+http://`` and ``predict+https://`` TensorFlow Serving's predict
    call. Raises ModelError for another address, or where the extra ``serve`` is not installed.
    """
    access = access or Access()
    scheme = scheme_of(address)
    shown = without_secrets(address)
    if scheme not in _SCHEMES or not _is_of_a_server(address):
        raise ModelError(
            Problem(
                f"the server's address {shown!r}",
                f"{', '.join(f'{each}://host:port' for each in _SCHEMES)}",
                "http://127.0.0.1:8000; a token is not part of the address",
            )
        )
    transport = _SCHEMES[scheme](address, access)
    return Client(shown, transport, access.in_flight)


def _is_of_a_server(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # brackets, labels or a port that cannot be
        return False
    return bool(host) and not (parts.username or parts.query)


def _seconds(reported_us: object) -> float:
    is_number = isinstance(reported_us, int | float) and 0 <= reported_us < _MOST_US
    return float(reported_us) / 1e6 if is_number else 0.0  # type: ignore[arg-type]


def _http(address: str, access: Access) -> Transport:
    from vedette.models.endpoint_http import HttpTransport  # noqa: PLC0415  # an extra

    return HttpTransport(address, access)


def _predict(address: str, access: Access) -> Transport:
    from vedette.models.endpoint_http import PredictTransport  # noqa: PLC0415  # an extra

    return PredictTransport(address.partition("+")[2], access)


def _grpc(address: str, access: Access) -> Transport:
    from vedette.models.endpoint_grpc import GrpcTransport  # noqa: PLC0415  # an extra

    return GrpcTransport(address, access)


_SCHEMES: Mapping[str, Callable[[str, Access], Transport]] = {
    "http": _http,
    "https": _http,
    "grpc": _grpc,
    "grpcs": _grpc,
    "predict+http": _predict,
    "predict+https": _predict,
}
