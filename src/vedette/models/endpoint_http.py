"""Calls over HTTP, by aiohttp: connections kept, bodies bounded, nothing unfolded or followed."""

import ssl
from urllib.parse import quote

from vedette.errors import ModelError, Problem
from vedette.models.endpoint import Access, UnansweredError
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    WireError,
    about,
    predict,
    rest,
)
from vedette.models.wire.rest import Body

try:
    import aiohttp
except ImportError:
    raise ModelError(
        Problem(
            "a server to ask, and no aiohttp here",
            "the extra serve",
            "pip install 'vedette[serve]'",
        )
    ) from None

_READ_BYTES = 1 << 20


class _Chunks(aiohttp.Payload):
    """A body written piece by piece; aiohttp's own would join or thread it."""

    def __init__(self, body: Body) -> None:
        super().__init__(body)
        self._size = len(body)

    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        for chunk in self._value.chunks:
            await writer.write(chunk)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return bytes(self._value).decode(encoding, errors)


class HttpConnections:
    """A server's connections, opened at the first call, and what can go wrong on them."""

    def __init__(self, address: str, access: Access) -> None:
        self._base = address.rstrip("/")
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, path: str, body: Body | None = None) -> tuple[bytes, int | None]:
        """Body and length of JSON of an answer with status 200. POST where there is a body."""
        status, answer, json_bytes = await self.exchange(path, body)
        if status == 200:
            return answer, json_bytes
        if 400 <= status <= 599:
            raise about.refusal(status, answer, self._base, limits=self._access.limits)
        raise self._garbage(f"the status {status}")

    async def exchange(self, path: str, body: Body | None = None) -> tuple[int, bytes, int | None]:
        """Status, body, and where its JSON ends. Raises UnansweredError."""
        method = "GET" if body is None else "POST"
        payload = None if body is None else _Chunks(body)
        headers = None if body is None else body.headers()
        try:
            async with self._opened().request(
                method, self._base + path, data=payload, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, await self._body(answer), self._json_bytes(answer)
        except aiohttp.ClientConnectorError as error:
            raise self._unanswered(error, sent=False) from None
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise self._unanswered(error, sent=True) from None
        except aiohttp.ClientError as error:
            raise self._garbage(type(error).__name__) from None

    def trusting(self, error: WireError) -> UnansweredError:
        """An answer that came whole and cannot be read."""
        return self._garbage(error.problems[0].found)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            token = self._access.token
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=_trust(self._access)),
                headers={"Accept-Encoding": "identity"}
                | ({"Authorization": f"Bearer {token}"} if token else {}),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                read_bufsize=_READ_BYTES,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        most = self._access.limits.body_bytes
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise self._garbage("a compressed body that was not asked for")
        if (answer.content_length or 0) > most:
            raise self._garbage(f"a body of {answer.content_length} bytes")
        chunks, size = [], 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > most:
                raise self._garbage(f"a body of more than {most} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    def _json_bytes(self, answer: aiohttp.ClientResponse) -> int | None:
        told = answer.headers.get(rest.JSON_BYTES)
        if told is None:
            return None
        if not told.isascii() or not told.isdigit() or len(told) > 18:
            raise self._garbage(f"a {rest.JSON_BYTES} that is no number")
        return int(told)

    def _unanswered(self, error: Exception, *, sent: bool) -> UnansweredError:
        reason = str(error) or type(error).__name__
        problem = Problem(
            f"no answer from {self._base}: {reason}",
            "a model server that answers",
            f"curl {self._base}/v2/health/ready",
        )
        return UnansweredError(503, problem, sent=sent)

    def _garbage(self, found: str) -> UnansweredError:
        problem = Problem(
            f"{found} from {self._base}",
            "an answer of the Open Inference Protocol, of bounded size",
            "the address and port of the model server",
        )
        return UnansweredError(502, problem, sent=True)


class HttpTransport:
    """The Open Inference Protocol over HTTP, tensors as binary data."""

    def __init__(self, address: str, access: Access) -> None:
        self._http = HttpConnections(address, access)
        self._limits = access.limits

    async def infer(self, request: InferRequest) -> InferResponse:
        path = f"{_model_path(request.model, request.version)}/infer"
        answer, json_bytes = await self._http.ask(path, rest.encode_request(request))
        try:
            return rest.decode_response(answer, json_bytes, limits=self._limits)
        except WireError as error:
            raise self._http.trusting(error) from None

    async def ready(self, model: str, version: str, /) -> bool:
        path = f"{_model_path(model, version)}/ready" if model else "/v2/health/ready"
        status, _, _ = await self._http.exchange(path)
        return status == 200

    async def server(self) -> ServerMetadata:
        answer, _ = await self._http.ask("/v2")
        try:
            return about.server_from(answer, limits=self._limits)
        except WireError as error:
            raise self._http.trusting(error) from None

    async def model(self, name: str, version: str, /) -> ModelMetadata:
        answer, _ = await self._http.ask(_model_path(name, version))
        try:
            return about.model_from(answer, limits=self._limits)
        except WireError as error:
            raise self._http.trusting(error) from None

    async def close(self) -> None:
        await self._http.close()


class PredictTransport:
    """TensorFlow Serving's predict call, which knows no datatypes and no server's metadata."""

    def __init__(self, address: str, access: Access) -> None:
        self._http = HttpConnections(address, access)
        self._limits = access.limits

    async def infer(self, request: InferRequest) -> InferResponse:
        body = Body((predict.encode_request(request),))
        path = f"{_predict_path(request.model, request.version)}:predict"
        answer, _ = await self._http.ask(path, body)
        try:
            return predict.decode_response(answer, request, limits=self._limits)
        except WireError as error:
            raise self._http.trusting(error) from None

    async def ready(self, model: str, version: str, /) -> bool:
        """Of the server: whether anything answers at all, since its protocol has no such call."""
        status, answer, _ = await self._http.exchange(_predict_path(model, version))
        return status < 500 if not model else status == 200 and b'"AVAILABLE"' in answer

    async def server(self) -> ServerMetadata:
        raise _untold("a server's metadata")

    async def model(self, _name: str, _version: str, /) -> ModelMetadata:
        raise _untold("a model's metadata")

    async def close(self) -> None:
        await self._http.close()


def _untold(what: str) -> WireError:
    return WireError(
        501, Problem(f"{what} asked of the predict call", "an http:// or grpc:// server")
    )


def _model_path(model: str, version: str) -> str:
    return f"/v2/models/{quote(model, safe='')}{_version_path(version)}"


def _predict_path(model: str, version: str) -> str:
    return f"/v1/models/{quote(model, safe='')}{_version_path(version)}"


def _version_path(version: str) -> str:
    return f"/versions/{quote(version, safe='')}" if version else ""


def _trust(access: Access) -> ssl.SSLContext | bool:
    if access.authority is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(access.authority))
    except (OSError, ssl.SSLError) as error:
        problem = Problem(
            f"the authority {access.authority}: {error}", "a PEM file of certificates"
        )
        raise ModelError(problem) from None
