"""HTTP/1.1 on asyncio: one connection's bytes become requests, in order, and answers its bytes.

httptools parses; a body of known length is received straight into its place. What a stranger may
hold of us is bounded: headers, bodies, connections, and the time that all takes.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import httptools
import numpy as np

from vedette.models.wire import WireError, wrong
from vedette.serve.message import Admit, Answer, Asked, Bounds, Request, Response

log = logging.getLogger(__name__)
_SCRATCH_BYTES = 256 << 10
_JOINED_BYTES = 64 << 10
_FOREVER_S = float("inf")
_REASONS = {each.value: each.phrase.encode() for each in HTTPStatus}


class Front:
    """Accepts connections and has ``answer`` answer; ``admit`` sees a request before its body.

    Both belong to the event loop that ``listen`` is awaited on. ``answer`` must not raise but
    WireError: anything else is logged and answered with 500.
    """

    def __init__(self, answer: Answer, admit: Admit, bounds: Bounds) -> None:
        self.answer, self.admit, self.bounds = answer, admit, bounds
        self.connections: set[Connection] = set()
        self.held_bytes = 0
        self.scratch = memoryview(bytearray(_SCRATCH_BYTES))
        self.date = b""
        self.is_closing = False
        self._server: asyncio.Server | None = None
        self._clock: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Returns the port, which is chosen where ``port`` is 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._tick(loop.time())
        patience_s = self.bounds.patience_s if tls else None
        self._server = await loop.create_server(
            lambda: Connection(self, loop),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=patience_s,
            ssl_shutdown_timeout=patience_s,
        )
        self._clock = loop.create_task(self._watch(loop))
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    async def aclose(self, patience_s: float = 10.0) -> None:
        """Accept nothing more, answer what was asked, and cut what is not done in time."""
        self.is_closing = True
        if self._server is not None:
            self._server.close()
        for each in list(self.connections):
            each.close_if_idle()
        self._note_if_empty()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await self._empty.wait()
        for each in list(self.connections):
            each.abort()
        if self._clock is not None:
            self._clock.cancel()

    def left(self, connection: "Connection") -> None:
        self.connections.discard(connection)
        self._note_if_empty()

    def _note_if_empty(self) -> None:
        if self.is_closing and not self.connections:
            self._empty.set()

    async def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await asyncio.sleep(0.5)
            self._tick(loop.time())

    def _tick(self, now_s: float) -> None:
        self.date = formatdate(usegmt=True).encode()
        for each in list(self.connections):
            if each.until_s < now_s:
                each.expire()


class Connection(asyncio.BufferedProtocol):
    """One client. Requests that come while one is answered wait, and nothing more is read."""

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop) -> None:
        self._front, self._loop = front, loop
        self._asked: deque[Asked] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_draining = False
        self._read_until_s = self._answer_until_s = _FOREVER_S
        self._begin()

    @property
    def until_s(self) -> float:
        """When what is under way must be done; only the client's part has a limit here."""
        is_answering = self._task is not None or self._is_draining
        return self._answer_until_s if is_answering else self._read_until_s

    # what the parser and this class share of the message that is being read

    def _begin(self) -> None:
        """Make ready for a message; a body that was received past the parser ends with it."""
        self._parser = httptools.HttpRequestParser(self)
        self._reset()

    def _reset(self) -> None:
        self._request = Request()
        self._head_bytes = self._place = self._held = 0
        self._told, self._untold = -1, 0
        self._body: bytearray | memoryview | None = None
        self._length: int | None = None
        self._is_reading = self._has_head = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        front = self._front
        self._read_until_s = self._loop.time() + front.bounds.idle_s
        if front.is_closing or len(front.connections) >= front.bounds.connections:
            transport.close()
            return
        front.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._front.left(self)
        self._let_go(self._held)
        for each in self._asked:
            self._let_go(each.held_bytes)
        self._asked.clear()
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def get_buffer(self, _: int) -> memoryview:
        if self._is_straight:
            return memoryview(self._body or b"")[self._place :]
        return self._front.scratch

    def buffer_updated(self, count: int) -> None:
        if self._is_draining:
            return
        if self._is_straight:
            self._place += count
            if self._place == self._length:
                is_last = not self._parser.should_keep_alive()
                self._complete(is_last=is_last)
                self._begin()
            return
        try:
            self._parser.feed_data(self._front.scratch[:count])
        except WireError as error:
            self._refuse(error)
        except httptools.HttpParserUpgrade:  # the request is asked; what follows it is no HTTP
            self._asked[-1].is_last = self._is_draining = True
        except httptools.HttpParserError as error:
            told = error.__context__ if isinstance(error.__context__, WireError) else None
            self._refuse(told or wrong("bytes that are no request", "HTTP/1.1"))
        if self._is_reading:
            self._ensure_told(count)
        if self._asked:
            self._transport.pause_reading()

    @property
    def _is_straight(self) -> bool:
        return self._length is not None and self._body is not None and not self._is_draining

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # httptools' side

    def on_message_begin(self) -> None:
        self._reset()
        self._is_reading = True
        self._read_until_s = self._loop.time() + self._front.bounds.patience_s

    def on_url(self, part: bytes) -> None:
        self._count(len(part))
        self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if self._has_head:  # behind a chunked body: too late to mean anything
            return
        headers = self._request.headers
        headers[name.lower()] = value
        if len(headers) > self._front.bounds.headers:
            self._count(self._front.bounds.head_bytes)

    def on_headers_complete(self) -> None:
        request, front = self._request, self._front
        self._has_head = True
        if self._parser.should_upgrade() and request.has_body:  # which httptools would pass over
            raise wrong("a body and a change of protocols", "HTTP/1.1 throughout")
        request.method = self._parser.get_method().decode("latin-1")
        front.admit(request)
        said = request.headers.get(b"content-length")
        if said is not None:
            self._make_room(int(said))
        if request.headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _make_room(self, length: int) -> None:
        front = self._front
        if length > front.bounds.body_bytes:
            raise wrong(f"{length} bytes", f"at most {front.bounds.body_bytes}", status=413)
        self._hold(length)
        self._read_until_s += length / front.bounds.slowest_bytes_s
        if length:
            self._length = length
            self._body = np.empty(length, np.uint8).data  # a bytearray would be zeroed

    def on_body(self, part: bytes) -> None:
        end = self._place + len(part)
        if self._length is None:  # chunked
            if end > self._front.bounds.body_bytes:
                raise wrong(f"more than {self._front.bounds.body_bytes} bytes", "fewer", status=413)
            self._hold(len(part))
            self._read_until_s += len(part) / self._front.bounds.slowest_bytes_s
            if self._body is None:
                self._body = bytearray()
        assert self._body is not None  # a body has a length or is chunked
        self._body[self._place : end] = part
        self._place = end

    def on_message_complete(self) -> None:
        if self._length is not None and self._place < self._length:  # nobody wrote the rest
            raise wrong("a body that was cut off", "all of it")
        self._complete(is_last=not self._parser.should_keep_alive())

    # requests and answers

    def _complete(self, *, is_last: bool) -> None:
        self._request.body = self._body or b""
        self._ask(Asked(self._request, None, is_last, self._held))
        self._reset()

    def _refuse(self, error: WireError) -> None:
        """Answer what was asked before, then this, and listen no more."""
        self._is_draining = True
        self._let_go(self._held)
        self._ask(Asked(self._request, error, is_last=True, held_bytes=0))
        self._reset()

    def _ask(self, asked: Asked) -> None:
        self._asked.append(asked)
        if self._task is None:
            self._answer_until_s = _FOREVER_S
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        """Answer what was asked, in order."""
        asked = None
        try:
            while self._asked:
                asked = self._asked.popleft()
                response = await self._answered(asked)
                is_last = asked.is_last or self._front.is_closing
                self._write(response, is_last=is_last, has_body=asked.request.method != "HEAD")
                self._let_go(asked.held_bytes)
                asked = None
                if not self._writable.is_set():
                    self._answer_until_s = self._soon_s(self._transport.get_write_buffer_size())
                    await self._writable.wait()
                    self._answer_until_s = _FOREVER_S
                if is_last:
                    self._end()
                    return
        finally:
            if asked is not None:
                self._let_go(asked.held_bytes)
            self._task = None
        if self._is_reading:  # a part came before the pause
            left = (self._length or self._place) - self._place
            self._read_until_s = max(self._read_until_s, self._soon_s(left))
        else:
            self._read_until_s = self._loop.time() + self._front.bounds.idle_s
        self._transport.resume_reading()

    def _soon_s(self, size_bytes: int) -> float:
        bounds = self._front.bounds
        return self._loop.time() + bounds.patience_s + size_bytes / bounds.slowest_bytes_s

    async def _answered(self, asked: Asked) -> Response:
        if asked.refusal is not None:
            return Response.of(asked.refusal)
        try:
            return await self._front.answer(asked.request)
        except WireError as error:
            return Response.of(error)
        except Exception:
            log.exception("a fault of ours while answering")
            return Response.of(wrong("a fault of the server", "an answer", status=500))

    def _write(self, response: Response, *, is_last: bool, has_body: bool) -> None:
        size = sum(map(len, response.chunks))
        lines = [
            b"HTTP/1.1 %d %s" % (response.status, _REASONS.get(response.status, b"")),
            b"Date: " + self._front.date,
            b"Content-Length: %d" % size,
            *(f"{name}: {value}".encode("latin-1") for name, value in response.headers),
            *((b"Connection: close",) if is_last else ()),
            b"\r\n",
        ]
        head, body = b"\r\n".join(lines), response.chunks if has_body else ()
        if size <= _JOINED_BYTES:
            self._transport.write(b"".join([head, *body]))
            return
        self._transport.write(head)
        for chunk in body:
            self._transport.write(chunk)

    # ends

    def _end(self) -> None:
        """Half-close, so that a client still sending reads its answer before it meets a reset."""
        if not self._is_draining:
            self._close()
            return
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # gone already
                self._transport.write_eof()
        self._transport.resume_reading()
        self._answer_until_s = self._loop.time() + 2.0

    def close_if_idle(self) -> None:
        if self._task is None and not self._is_reading:
            self._close()

    def _close(self) -> None:
        """Once the client has read what was written, for which it has as long as for any answer."""
        self._read_until_s = self._soon_s(self._transport.get_write_buffer_size())
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def expire(self) -> None:
        """A client was slower than it may be."""
        if self._is_reading and not self._is_draining and self._task is None:
            self._refuse(
                wrong("a request that did not come to its end", "all of it, in time", status=408)
            )
        elif self._task is None and not self._is_draining and not self._transport.is_closing():
            self._close()
        else:
            self.abort()

    def _count(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > self._front.bounds.head_bytes:
            limit = self._front.bounds.head_bytes
            raise wrong("headers of more than that", f"at most {limit} bytes", status=431)

    def _ensure_told(self, count: int) -> None:
        """The parser keeps a header until it is whole: bound what it has not told us of."""
        told = self._head_bytes + self._place
        self._untold = self._untold + count if told == self._told else 0
        self._told = told
        if self._untold > self._front.bounds.head_bytes:
            limit = self._front.bounds.head_bytes
            self._refuse(wrong("headers of more than that", f"at most {limit} bytes", status=431))

    def _hold(self, count: int) -> None:
        if self._front.held_bytes + count > self._front.bounds.held_bytes:
            raise wrong(
                "more bytes than the server can hold now",
                "fewer at once",
                "trying again later",
                status=503,
            )
        self._held += count
        self._front.held_bytes += count

    def _let_go(self, count: int) -> None:
        self._front.held_bytes -= count
