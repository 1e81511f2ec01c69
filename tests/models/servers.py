"""Small servers of the protocol in the test's own event loop: what they answer is the test's."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from aiohttp import web

from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    about,
    rest,
    rpc,
)
from vedette.models.wire.errors import GRPC_CODES, WireError
from vedette.models.wire.rpc_schema import SERVICE, message, methods

Handler = Callable[[Any], Awaitable[web.StreamResponse]]
Model = Callable[[InferRequest], Awaitable[InferResponse]]

ABOUT_MODEL = ModelMetadata("m", ("1",), "python", (), ())
ABOUT_SERVER = ServerMetadata("test", "1", ("binary_tensor_data",))


@asynccontextmanager
async def raw(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Every path goes to one handler; yields host and port."""
    runner = web.ServerRunner(web.Server(handler), handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def over_http(model: Model, token: str = "") -> Handler:
    """The protocol's paths in front of a model named ``m``."""

    async def handle(request: web.Request) -> web.Response:
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"error": "a token is needed"}, status=401)
        match request.method, request.path:
            case "GET", "/v2/health/ready" | "/v2/models/m/ready" | "/v2/models/m/versions/1/ready":
                return web.Response()
            case "GET", "/v2":
                return web.Response(body=about.encode(ABOUT_SERVER))
            case "GET", "/v2/models/m":
                return web.Response(body=about.encode(ABOUT_MODEL))
            case "POST", "/v2/models/m/infer":
                return await _answer(model, request)
        return web.json_response({"error": "no such thing"}, status=404)

    return handle


async def _answer(model: Model, request: web.Request) -> web.Response:
    told = request.headers.get(rest.JSON_BYTES)
    body = await request.content.read()
    try:
        asked = rest.decode_request(body, None if told is None else int(told), model="m")
        answer = rest.encode_response(await model(asked), asked)
    except WireError as error:
        return web.Response(status=error.status, body=error.body())
    return web.Response(body=bytes(answer), headers=answer.headers())


@asynccontextmanager
async def over_grpc(
    model: Model, token: str = "", credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[str]:
    """The service in front of a model named ``m``; yields host and port."""

    async def infer(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        metadata = dict(context.invocation_metadata() or ())
        if token and metadata.get("authorization") != f"Bearer {token}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is needed")
        try:
            return rpc.encode_response(await model(rpc.decode_request(body)))
        except WireError as error:
            code = next(
                each for each in grpc.StatusCode if each.value[0] == GRPC_CODES[error.status]
            )
            await context.abort(code, error.line())
            raise

    def told(answer: object) -> Callable[..., Awaitable[bytes]]:
        async def tell(_body: bytes, _context: object) -> bytes:
            return answer.SerializeToString()  # type: ignore[attr-defined,no-any-return]

        return tell

    async def model_ready(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        if message("ModelReadyRequest").FromString(body).name != "m":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        return bytes(message("ModelReadyResponse")(ready=True).SerializeToString())

    calls = {
        "ModelInfer": infer,
        "ModelReady": model_ready,
        "ServerReady": told(message("ServerReadyResponse")(ready=True)),
        "ServerMetadata": told(rpc.to_server(ABOUT_SERVER)),
        "ModelMetadata": told(rpc.to_model(ABOUT_MODEL)),
    }
    assert calls.keys() <= methods().keys()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    handlers = {name: grpc.unary_unary_rpc_method_handler(call) for name, call in calls.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    if credentials is None:
        port = server.add_insecure_port("localhost:0")
    else:
        port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    try:
        yield f"localhost:{port}"
    finally:
        await server.stop(0)


@asynccontextmanager
async def relayed(place: str) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """A way to a server, and what makes its connections fall silent, as on a link that is cut."""
    host, _, port = place.partition(":")
    copying: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        writers.extend((writer, back))
        copying.extend(asyncio.create_task(copy(*e)) for e in ((reader, back), (there, writer)))

    def fall_silent() -> None:
        for each in copying:
            each.cancel()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", fall_silent
    finally:
        fall_silent()
        for each in writers:
            each.close()
        server.close()
