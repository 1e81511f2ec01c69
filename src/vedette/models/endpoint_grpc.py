"""Calls over gRPC, by grpc.aio: one channel a server, messages as bytes."""

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


class GrpcTransport:
    """The Open Inference Protocol over gRPC, tensors as raw contents."""

    def __init__(self, address: str, access: Access) -> None:
        self._address = address
        self._access = access
        self._channel: Any = None
        self._calls: dict[str, Any] = {}

    async def infer(self, request: InferRequest) -> InferResponse:
        answer = await self._call("ModelInfer", rpc.encode_request(request))
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
        if self._channel is not None:
            await self._channel.close()

    async def _ask(self, method: str, **fields: str) -> Any:
        body = message(f"{method}Request")(**fields).SerializeToString()
        answer = await self._call(method, body)
        try:
            return rpc.parsed(f"{method}Response", answer, self._access.limits)
        except WireError as error:
            raise self._garbage(error.problems[0].found) from None

    async def _call(self, method: str, body: bytes) -> bytes:
        if self._channel is None:
            self._channel = self._opened()
        if method not in self._calls:
            self._calls[method] = self._channel.unary_unary(methods()[method].path)
        token = self._access.token
        metadata = (("authorization", f"Bearer {token}"),) if token else None
        try:
            return bytes(await self._calls[method](body, metadata=metadata))
        except grpc.aio.AioRpcError as error:
            raise self._error(error) from None

    def _opened(self) -> Any:
        parts = urlsplit(self._address)
        target = parts.netloc
        most = self._access.limits.body_bytes + _OVERHEAD_BYTES
        options = [
            ("grpc.max_receive_message_length", most),
            ("grpc.max_send_message_length", most),
            ("grpc.enable_retries", 0),  # whoever asks decides what is asked again
            ("grpc.initial_reconnect_backoff_ms", 100),  # and when: one that is back is found
            ("grpc.max_reconnect_backoff_ms", 1000),
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
