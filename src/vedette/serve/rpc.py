"""The protocol's remote procedures on grpc.aio; what they do is what HTTP's addresses do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.json_format import ParseDict

from vedette.models.wire import GRPC_CODES, Limits, ServerMetadata, WireError, rpc, wrong
from vedette.models.wire.rpc_schema import SERVICE, Method, message, methods
from vedette.serve.guard import Guard
from vedette.serve.repository import Repository

log = logging.getLogger(__name__)
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_MARGIN_BYTES = 64 << 10
_AT_ONCE = 256
_OPEN = frozenset({"ServerLive", "ServerReady"})
Procedure = Callable[[Any, Any], Awaitable[Any]]


class RpcFront:
    """Answers gRPC's requests from a repository."""

    def __init__(
        self, repository: Repository, server: ServerMetadata, guard: Guard, limits: Limits
    ) -> None:
        self._repository, self._metadata, self._guard = repository, server, guard
        self._limits = limits
        self._server: grpc.aio.Server | None = None

    async def listen(self, host: str, port: int, credentials: Any = None) -> int:
        """Returns the port, which is chosen where ``port`` is 0. Raises OSError."""
        most = self._limits.body_bytes + _MARGIN_BYTES
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", most),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # a second server on the port is an error
            ],
            interceptors=[_Admission(self._guard)],
            maximum_concurrent_rpcs=_AT_ONCE,
        )
        procedures = self._procedures()
        handlers = {
            name: self._handler(method, procedures[name])
            for name, method in methods().items()
            if name in procedures
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, handlers),)
        )
        try:
            address = f"{_bracketed(host)}:{port}"
            chosen: int = (
                self._server.add_insecure_port(address)
                if credentials is None
                else self._server.add_secure_port(address, credentials)
            )
        except RuntimeError:
            raise OSError(f"port {port} of {host} cannot be listened on") from None
        await self._server.start()
        return chosen

    async def aclose(self, patience_s: float = 10.0) -> None:
        if self._server is not None:
            await self._server.stop(patience_s)

    def _procedures(self) -> dict[str, Procedure]:
        return {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelConfig": self._configuration,
            "ModelInfer": self._infer,
            "ModelStreamInfer": self._infer,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": self._index,
            "RepositoryModelLoad": self._load,
            "RepositoryModelUnload": self._unload,
        }

    def _handler(self, method: Method, procedure: Procedure) -> Any:
        write = method.response.SerializeToString
        if method.name in _OPEN:
            return grpc.stream_stream_rpc_method_handler(_unread(procedure), None, write)
        if method.streams:
            answers = self._streaming(method, procedure)
            return grpc.stream_stream_rpc_method_handler(answers, None, write)
        return grpc.unary_unary_rpc_method_handler(self._single(method, procedure), None, write)

    def _single(self, method: Method, procedure: Procedure) -> Procedure:
        async def answer(body: bytes, context: Any) -> Any:
            try:
                return await procedure(self._parsed(method, body), context)
            except WireError as error:
                await context.abort(_code(error), error.line(), rpc.trailer(error))
            except Exception:
                log.exception("a fault of ours while answering")
                await context.abort(grpc.StatusCode.INTERNAL, "a fault of the server")

        return answer

    def _streaming(
        self, method: Method, procedure: Procedure
    ) -> Callable[[Any, Any], AsyncIterator[Any]]:
        """One answer a request, in order; an error is one request's and ends no stream."""
        response = message("ModelStreamInferResponse")

        async def answer(bodies: AsyncIterator[bytes], context: Any) -> AsyncIterator[Any]:
            async for body in bodies:
                try:
                    answered = await procedure(self._parsed(method, body), context)
                    found = response(infer_response=answered)
                except WireError as error:
                    found = response(error_message=error.line())
                except Exception:
                    log.exception("a fault of ours while answering")
                    found = response(error_message="a fault of the server")
                yield found

        return answer

    def _parsed(self, method: Method, body: bytes) -> Any:
        """Here, and not in grpc, which bounds no more than the length."""
        return rpc.parsed(method.request.DESCRIPTOR.name, body, self._limits)

    async def _live(self, _: Any, __: Any) -> Any:
        return message("ServerLiveResponse")(live=True)

    async def _ready(self, _: Any, __: Any) -> Any:
        return message("ServerReadyResponse")(ready=self._repository.are_all_ready)

    async def _model_ready(self, request: Any, _: Any) -> Any:
        is_ready = self._repository.is_ready(request.name, request.version)
        return message("ModelReadyResponse")(ready=is_ready)

    async def _server_metadata(self, _: Any, __: Any) -> Any:
        return rpc.to_server(self._metadata)

    async def _model_metadata(self, request: Any, _: Any) -> Any:
        return rpc.to_model(self._repository.metadata(request.name, request.version))

    async def _configuration(self, request: Any, _: Any) -> Any:
        found = self._repository.get(request.name, request.version).configuration
        return ParseDict({"config": found}, message("ModelConfigResponse")())

    async def _infer(self, request: Any, context: Any) -> Any:
        model = self._repository.get(request.model_name, request.model_version)
        asked = rpc.from_request(request, limits=self._limits)
        left_s = context.time_remaining()
        deadline_s = None if left_s is None else asyncio.get_running_loop().time() + left_s
        return rpc.to_response(await model.infer(asked, deadline_s=deadline_s))

    async def _statistics(self, request: Any, _: Any) -> Any:
        if request.name:
            self._repository.get(request.name, request.version)
        found = [
            model.statistics.to_protocol(*key)
            for key, model in self._repository.models()
            if request.name in ("", key[0]) and request.version in ("", key[1])
        ]
        made = message("ModelStatisticsResponse")()
        return ParseDict({"model_stats": found}, made, ignore_unknown_fields=True)

    async def _index(self, request: Any, _: Any) -> Any:
        made = message("RepositoryIndexResponse")()
        for each in self._repository.index(ready=request.ready):
            made.models.add(
                name=each.name, version=each.version, state=each.state, reason=each.reason
            )
        return made

    async def _load(self, request: Any, _: Any) -> Any:
        if request.parameters:
            raise wrong(
                "parameters to load with",
                "none: a model's files and settings are those that the server was started with",
            )
        await self._repository.load(request.model_name)
        return message("RepositoryModelLoadResponse")()

    async def _unload(self, request: Any, _: Any) -> Any:
        await self._repository.unload(request.model_name)
        return message("RepositoryModelUnloadResponse")()


class _Admission(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Asks for the token before a message is received: a stranger's could be large."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        try:
            if details.method.rpartition("/")[2] not in _OPEN:
                said = dict(details.invocation_metadata or ())
                self._guard.check(said.get("authorization", "").encode("latin-1", "replace"))
        except WireError as error:
            return grpc.stream_stream_rpc_method_handler(_refusal(error))
        return await continuation(details)


def _unread(procedure: Procedure) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def answer(_: AsyncIterator[bytes], context: Any) -> AsyncIterator[Any]:
        yield await procedure(None, context)

    return answer


def _refusal(error: WireError) -> Callable[[Any, Any], Awaitable[None]]:
    async def answer(_: AsyncIterator[bytes], context: Any) -> None:
        await context.abort(_code(error), error.line(), rpc.trailer(error))

    return answer


def _code(error: WireError) -> grpc.StatusCode:
    return _CODES[GRPC_CODES.get(error.status, 2)]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
