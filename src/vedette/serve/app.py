"""The protocol's addresses, without a socket: a request in, a response out."""

import zlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json, to_json

from vedette.models.wire import (
    Limits,
    ServerMetadata,
    WireError,
    about,
    wrong,
)
from vedette.models.wire.rest import decode_request, encode_response
from vedette.serve.guard import Guard
from vedette.serve.message import Request, Response
from vedette.serve.metrics import CONTENT_TYPE, exposition
from vedette.serve.openapi import document
from vedette.serve.repository import Repository
from vedette.serve.room import Room

Route = Callable[[Request, str, str], Awaitable[Response]]
_OPEN = frozenset({b"/v2/health/live", b"/v2/health/ready"})
"""Where a balancer looks, which has no token; they tell nothing else, and take no body."""
_WINDOW = {b"gzip": 31, b"deflate": 15}


class App:
    """Answers HTTP's requests from a repository."""

    def __init__(
        self, repository: Repository, server: ServerMetadata, guard: Guard, limits: Limits
    ) -> None:
        self._repository, self._server, self._guard = repository, server, guard
        self._limits, self._room = limits, Room()
        self._top: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "v2": ("GET", self._metadata),
            "v2/health/live": ("GET", self._live),
            "v2/health/ready": ("GET", self._ready),
            "v2/models/stats": ("GET", self._all_statistics),
            "v2/repository/index": ("POST", self._index),
            "metrics": ("GET", self._metrics),
            "openapi.json": ("GET", self._openapi),
        }
        self._of_model: dict[str, tuple[str, Route]] = {
            "": ("GET", self._model),
            "ready": ("GET", self._model_ready),
            "config": ("GET", self._configuration),
            "stats": ("GET", self._statistics),
            "infer": ("POST", self._infer),
        }
        self._of_repository: dict[str, tuple[str, Route]] = {
            "load": ("POST", self._load),
            "unload": ("POST", self._unload),
        }

    def admit(self, request: Request) -> None:
        """Raises WireError (401, 403) for whoever may not ask."""
        if request.target not in _OPEN or request.has_body:
            header = request.headers.get
            self._guard.check(header(b"authorization"), header(b"host"), header(b"origin"))

    async def answer(self, request: Request) -> Response:
        """Raises WireError."""
        path = request.target.partition(b"?")[0].decode("latin-1").strip("/")
        top = self._top.get(path)
        if top is not None:
            _ensure_method(request, top[0])
            return await top[1](request)
        # cut first, unescaped then: an escaped slash stays part of a name, which none has
        match [unquote(part) for part in path.split("/")]:
            case ["v2", "models", model, "versions", version, *rest] if len(rest) < 2:
                return await self._routed(self._of_model, request, model, version, rest)
            case ["v2", "models", model, *rest] if len(rest) < 2:
                return await self._routed(self._of_model, request, model, "", rest)
            case ["v2", "repository", "models", model, verb]:
                return await self._routed(self._of_repository, request, model, "", [verb])
        raise _nowhere()

    async def _routed(
        self,
        routes: dict[str, tuple[str, Route]],
        request: Request,
        model: str,
        version: str,
        rest: list[str],
    ) -> Response:
        found = routes.get(rest[0] if rest else "")
        if found is None:
            raise _nowhere()
        _ensure_method(request, found[0])
        return await found[1](request, model, version)

    async def _infer(self, request: Request, name: str, version: str) -> Response:
        model = self._repository.get(name, version)
        header = request.headers.get
        json_bytes = _whole(header(b"inference-header-content-length"))
        body = _plain(request.body, header(b"content-encoding"), self._limits.body_bytes)
        with self._room.held(max(0, len(body) - len(request.body))):
            asked = decode_request(
                body, json_bytes, model=name, version=version, limits=self._limits
            )
            answer = await model.infer(asked)
        body = encode_response(answer, asked)
        told = [pair for pair in body.headers().items() if pair[0] != "Content-Length"]
        return Response(200, body.chunks, told)

    async def _metadata(self, _: Request) -> Response:
        return Response(200, (about.encode(self._server),))

    async def _live(self, _: Request) -> Response:
        return Response(200)

    async def _ready(self, _: Request) -> Response:
        if self._repository.are_all_ready:
            return Response(200)
        raise wrong("models that are being loaded", "all ready", "asking again", status=503)

    async def _model(self, _: Request, name: str, version: str) -> Response:
        return Response(200, (about.encode(self._repository.metadata(name, version)),))

    async def _model_ready(self, _: Request, name: str, version: str) -> Response:
        if self._repository.is_ready(name, version):
            return Response(200)
        raise wrong("a model that is not loaded", "one that is", "loading it", status=503)

    async def _configuration(self, _: Request, name: str, version: str) -> Response:
        return _json(self._repository.get(name, version).configuration)

    async def _statistics(self, _: Request, name: str, version: str) -> Response:
        self._repository.get(name, version)
        return _json({"model_stats": self._counted(name, version)})

    async def _all_statistics(self, _: Request) -> Response:
        return _json({"model_stats": self._counted("", "")})

    def _counted(self, name: str, version: str) -> list[dict[str, Any]]:
        return [
            model.statistics.to_protocol(*key)
            for key, model in self._repository.models()
            if name in ("", key[0]) and version in ("", key[1])
        ]

    async def _index(self, request: Request) -> Response:
        asked = _object(request, self._limits)
        states = self._repository.index(ready=asked.get("ready") is True)
        return Response(200, (about.encode(states),))

    async def _load(self, request: Request, name: str, _: str) -> Response:
        ensure_plain(_object(request, self._limits).get("parameters") or {})
        await self._repository.load(name)
        return Response(200)

    async def _unload(self, request: Request, name: str, _: str) -> Response:
        _object(request, self._limits)
        await self._repository.unload(name)
        return Response(200)

    async def _metrics(self, _: Request) -> Response:
        text = exposition(self._repository)
        return Response(200, (text,), (("Content-Type", CONTENT_TYPE),))

    async def _openapi(self, _: Request) -> Response:
        return _json(document(self._server))


def ensure_plain(parameters: Any) -> None:
    """Raises WireError (400) where loading should bring a configuration or files of its own."""
    if not isinstance(parameters, dict):
        raise wrong("parameters that are no object", "an object")
    if parameters:
        raise wrong(
            f"parameters {', '.join(map(repr, parameters))} to load with",
            "none: a model's files and settings are those that the server was started with",
        )


def _json(value: Any) -> Response:
    return Response(200, (to_json(value),))


def _ensure_method(request: Request, method: str) -> None:
    known = "GET, HEAD" if method == "GET" else method
    if request.method not in known.split(", "):
        raise wrong(f"the method {request.method}", known, status=405)


def _nowhere() -> WireError:
    return wrong(
        "an address that is not served", "one of the protocol's", "/openapi.json", status=404
    )


def _object(request: Request, limits: Limits) -> dict[str, Any]:
    """A small JSON object, or none."""
    body = _plain(request.body, request.headers.get(b"content-encoding"), limits.json_bytes)
    if len(body) > limits.json_bytes:
        raise wrong(f"{len(body)} bytes", f"at most {limits.json_bytes}", status=413)
    try:
        found = from_json(bytes(body)) if body else {}
    except ValueError:
        raise wrong("a body that is no JSON", "a JSON object") from None
    if not isinstance(found, dict):
        raise wrong("a body that is no object", "a JSON object")
    return found


def _whole(header: bytes | None) -> int | None:
    if header is None:
        return None
    if not header.isdigit() or len(header) > 18:
        raise wrong("an Inference-Header-Content-Length that is none", "a whole number")
    return int(header)


def _plain(body: bytes | bytearray | memoryview, coding: bytes | None, most: int) -> Any:
    """The body without its compression, at most ``most`` bytes of it."""
    if coding is None or coding.lower() == b"identity":
        return body
    window = _WINDOW.get(coding.lower())
    if window is None:
        raise wrong("a Content-Encoding that is not known", "gzip or deflate", status=415)
    inflater = zlib.decompressobj(window)
    try:
        found = inflater.decompress(body, most + 1)
    except zlib.error:
        raise wrong("a body that does not decompress", "its Content-Encoding") from None
    if len(found) > most or inflater.unconsumed_tail:
        raise wrong(f"more than {most} bytes, once decompressed", "fewer", status=413)
    if not inflater.eof or inflater.unused_data:
        raise wrong("a compressed body that is cut off or goes on", "one stream, all of it")
    return found
