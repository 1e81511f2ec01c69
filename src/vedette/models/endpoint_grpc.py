"""Calls over gRPC, by grpc.aio: one channel a server, messages as bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vedette.errors import ModelError, Problem
from vedette.models.endpoint import Access, UnansweredError
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    WireError,
    rpc,
)
from vedette.models.wire.rpc_schema import message, methods

try:
    import grpc
except ImportError:
    raise ModelError(
        Problem(
            "a gRPC server to ask, and no grpcio here",
            "the extra serve",
            "pip install 'vedette[serve]'",
        )
    ) from None

_OVERHEAD_BYTES = 1 << 20
_NEVER_LEFT = "failed to connect to all addresses"
"""What gRPC's core says of a call for which it found no connection."""
_SHORTEST_PAUSE_MS, _LONGEST_PAUSE_MS = 100, 1000
"""Between attempts to connect; by default two minutes, long after a server is back."""


@dataclass(slots=True, eq=False)
class _Line:
    """A connection, its calls by their methods, and how many are under way on it."""

    channel: Any
    calls: dict[str, Any] = field(default_factory=dict)
    under_way: int = 0


class GrpcTransport:
    """The Open Inference Protocol over gRPC, tensors as raw contents.

    All calls share a connection. Over a link that was cut it stays silent for about as long again
    when the link is back, since what TCP sends once more waits twice as long each time (RFC 6298).
    So when the server is asked about itself in vain, the next call goes over a new one.
    """

    def __init__(self, address: str, access: Access) -> None:
        self._address = address
        self._access = access
        self._line: _Line | None = None

    async def infer(self, request: InferRequest) -> InferResponse:
        async with self._on_line() as line:
            answer = await self._call(line, "ModelInfer", rpc.encode_request(request))
        try:
            return rpc.decode_response(answer, limits=self._access.limits)
        except WireError as error:
            raise self._garbage(error.problems[0].found) from None

    async def ready(self, model: str, version: str, /) -> bool:
        try:
            if model:
                answer = await self._ask("ModelReady", name=model, version=version)
            else:
                answer = await self._ask("ServerReady")
        except UnansweredError:
            raise
        except WireError:
            return False
        return bool(answer.ready)

    async def server(self) -> ServerMetadata:
        return rpc.from_server(await self._ask("ServerMetadata"))

    async def model(self, name: str, version: str, /) -> ModelMetadata:
        return rpc.from_model(await self._ask("ModelMetadata", name=name, version=version))

    async def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.channel.close()

    async def _ask(self, method: str, **fields: str) -> Any:
        body = message(f"{method}Request")(**fields).SerializeToString()
        async with self._on_line() as line:
            try:
                answer = await self._call(line, method, body)
            except asyncio.CancelledError:
                if self._line is line:
                    self._line = None
                raise
        try:
            return rpc.parsed(f"{method}Response", answer, self._access.limits)
        except WireError as error:
            raise self._garbage(error.problems[0].found) from None

    @asynccontextmanager
    async def _on_line(self) -> AsyncIterator[_Line]:
        """What calls go over now. One that was given up is closed after its last call."""
        line = self._line = self._line or _Line(self._opened())
        line.under_way += 1
        try:
            yield line
        finally:
            line.under_way -= 1
            if self._line is not line and not line.under_way:
                await line.channel.close()

    async def _call(self, line: _Line, method: str, body: bytes) -> bytes:
        if method not in line.calls:
            line.calls[method] = line.channel.unary_unary(methods()[method].path)
        token = self._access.token
        metadata = (("authorization", f"Bearer {token}"),) if token else None
        try:
            return bytes(await line.calls[method](body, metadata=metadata))
        except grpc.aio.AioRpcError as error:
            raise self._error(error) from None

    def _opened(self) -> Any:
        parts = urlsplit(self._address)
        target = parts.netloc
        most = self._access.limits.body_bytes + _OVERHEAD_BYTES
        options = [
            ("grpc.max_receive_message_length", most),
            ("grpc.max_send_message_length", most),
            ("grpc.initial_reconnect_backoff_ms", _SHORTEST_PAUSE_MS),
            ("grpc.max_reconnect_backoff_ms", _LONGEST_PAUSE_MS),
            ("grpc.enable_retries", 0),  # whoever asks decides what is asked again
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
        ]
        if parts.scheme == "grpc":
            return grpc.aio.insecure_channel(target, options)
        credentials = grpc.ssl_channel_credentials(_trust(self._access.authority))
        return grpc.aio.secure_channel(target, credentials, options)

    def _error(self, error: Any) -> WireError:
        code, details = error.code(), error.details() or ""
        status = dict(error.trailing_metadata() or ()).get(rpc.STATUS, "")
        if status:
            return rpc.answered(code.value[0], details, self._address, status)
        if code is grpc.StatusCode.UNAVAILABLE:
            problem = Problem(
                f"no answer from {self._address}: {details}",
                "a model server that answers gRPC",
                "the port of gRPC, which is not that of HTTP",
            )
            return UnansweredError(503, problem, sent=_NEVER_LEFT not in details)
        if "larger than max" in details:  # its own words, at either end
            return self._garbage(details) if "CLIENT" in details else self._too_large(details)
        return rpc.answered(code.value[0], details, self._address)

    def _too_large(self, details: str) -> WireError:
        problem = Problem(f"the refusal {details!r} from {self._address}", "a smaller request")
        return WireError(413, problem)

    def _garbage(self, found: str) -> UnansweredError:
        problem = Problem(
            f"{found} from {self._address}", "an answer of the Open Inference Protocol"
        )
        return UnansweredError(502, problem, sent=True)


def _trust(authority: Path | None) -> bytes | None:
    if authority is None:
        return None
    try:
        return authority.read_bytes()
    except OSError as error:
        problem = Problem(f"the authority {authority}: {error}", "a PEM file of certificates")
        raise ModelError(problem) from None
