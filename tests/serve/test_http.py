"""Bytes on a socket that no polite client would send: a 4xx each time, and a server that stays."""

import asyncio
import gzip
import json
import re
import socket
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.serve.running import answer_of, ask, doubling, running

from vedette.models.wire import Limits
from vedette.serve.http import Connection, Front
from vedette.serve.message import Bounds, Response
from vedette.serve.server import Server, Settings

GOOD = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}'


def post(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
        "\r\n",
    ]
    return "\r\n".join(lines).encode() + body


INFER = "/v2/models/double/infer"


def test_a_good_request_is_answered(server: Server) -> None:
    answer = ask(server.port, post(INFER, GOOD))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["outputs"][0]["data"] == [2, 4, 6]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n", 400),
        (b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"DELETE /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /v2/nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (post(INFER, b""), 400),
        (post(INFER, b"[]"), 400),
        (post(INFER, b'{"inputs":' + b"[" * 100_000), 400),
        (post(INFER, GOOD, "Inference-Header-Content-Length: 999"), 400),
        (post(INFER, GOOD, "Inference-Header-Content-Length: -1"), 400),
        (post(INFER, GOOD, "Content-Encoding: br"), 415),
        (post(INFER, GOOD, "Content-Encoding: gzip"), 400),
        (post(INFER, gzip.compress(GOOD) + gzip.compress(b"?"), "Content-Encoding: gzip"), 400),
        (post(INFER, GOOD, "Transfer-Encoding: chunked"), 400),
        (post(INFER, b"", length=1 << 40), 413),
        (post("/v2/models/nobody/infer", GOOD), 404),
        (post("/v2/models/..%2f..%2fetc%2fpasswd/infer", GOOD), 404),
        (post("/v2/models/../../etc/passwd", GOOD), 404),
        (post("/v2/models/double/versions/..%2f1/infer", GOOD), 404),
        (post("/v2/repository/models/..%2fx/load", b""), 404),
        (post("/v2/repository/models/double/load", b'{"parameters":{"config":"{}"}}'), 400),
    ],
)
def test_a_bad_request_gets_the_protocols_error(server: Server, raw: bytes, status: Any) -> None:
    answer = ask(server.port, raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert list(json.loads(body)) == ["error"]
    assert b"/tmp" not in body
    assert b"Traceback" not in body


@pytest.mark.parametrize(
    ("asked", "allowed"), [(b"DELETE /v2", b"GET, HEAD"), (b"GET /v2/models/double/infer", b"POST")]
)
def test_another_method_is_told_which_is_allowed(
    server: Server, asked: bytes, allowed: bytes
) -> None:
    answer = ask(server.port, asked + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: " + allowed + b"\r\n" in answer


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    file = doubling(tmp_path / "double.onnx")
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(bytes(8 << 20)) + packer.flush()
    settings = Settings(port=0, grpc_port=None, limits=Limits(body_bytes=1 << 20))
    with running([str(file)], settings) as server:
        answer = ask(server.port, post(INFER, bomb, "Content-Encoding: gzip"))
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_requests_that_come_together_are_answered_in_order(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(post(INFER, GOOD) + b"GET /v2/health/live HTTP/1.1\r\n\r\n")
        assert b"outputs" in answer_of(client)


def test_a_chunked_body_is_understood(server: Server) -> None:
    head = post(INFER, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:20], GOOD[20:], b"")]
    assert ask(server.port, head + b"".join(chunks)).startswith(b"HTTP/1.1 200 ")


def test_what_comes_behind_a_chunked_body_changes_no_header(server: Server) -> None:
    head = post(INFER, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk, trailer = b"%x\r\n%s\r\n" % (len(GOOD), GOOD), b"Content-Encoding: gzip\r\n"
    answer = ask(server.port, head + chunk + b"0\r\n" + trailer + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_client_that_expects_to_be_asked_is_asked(server: Server, is_chunked: bool) -> None:
    length, chunked = b"Content-Length: %d" % len(GOOD), b"Transfer-Encoding: chunked"
    head = post(INFER, b"", "Expect: 100-continue", length=len(GOOD))
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD) if is_chunked else GOOD
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(head.replace(length, chunked) if is_chunked else head)
        assert answer_of(client).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(body)
        assert answer_of(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /v2 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
        (b"CONNECT localhost:1 HTTP/1.1\r\n\r\nGET /v2 HTTP/1.1\r\n\r\n", 404),
        (post(INFER, GOOD, "Connection: Upgrade", "Upgrade: h2c"), 400),
    ],
)
def test_who_wants_another_protocol_gets_one_answer_and_it_is_the_last(
    server: Server, raw: bytes, status: Any
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        found = b"".join(iter(lambda: client.recv(65536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+) ", found) == [b"%d" % status]
    assert b"\r\nConnection: close\r\n" in found


def test_health_metrics_and_the_document_are_there(server: Server) -> None:
    for path, part in (
        (b"/v2/health/ready", b""),
        (b"/metrics", b"vedette_queue_duration_seconds_bucket"),
        (b"/openapi.json", b'"openapi":"3.1.0"'),
        (b"/v2/models/double/stats", b"inference_count"),
    ):
        answer = ask(server.port, b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert part in answer


class Clock:
    """An event loop of which only time and tasks are used."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def time(self) -> float:
        return self.now_s


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.is_closed = False

        self.is_aborted = False
        self.unread = 0

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None:
        self.is_paused = True


def fed(connection: Connection, raw: bytes) -> None:
    """What the event loop does with bytes that came."""
    while raw and not connection._is_draining:
        place = connection.get_buffer(-1)
        count = min(len(raw), len(place))
        place[:count] = raw[:count]
        connection.buffer_updated(count)
        raw = raw[count:]


async def _never(_: object) -> Response:
    raise AssertionError


def test_a_client_has_as_long_as_its_message_is_large() -> None:
    clock, wire = Clock(), Wire()
    front = Front(_never, lambda _: None, Bounds(patience_s=10, slowest_bytes_s=1000))
    connection = Connection(front, clock)  # type: ignore[arg-type]
    connection.connection_made(wire)  # type: ignore[arg-type]
    head = post(INFER, b"", length=5000)
    front.scratch[: len(head)] = head
    connection.buffer_updated(len(head))
    assert connection.until_s == 15
    assert front.held_bytes == 5000
    connection.connection_lost(None)
    assert front.held_bytes == 0
    assert not front.connections


def test_who_reads_nothing_is_closed_and_then_cut() -> None:
    clock, wire = Clock(), Wire()
    front = Front(_never, lambda _: None, Bounds(idle_s=75, patience_s=10, slowest_bytes_s=1000))
    Connection(front, clock).connection_made(wire)  # type: ignore[arg-type]
    wire.unread = 5000
    clock.now_s = 76.0
    front._tick(76.0)
    assert (wire.is_closed, wire.is_aborted) == (True, False)
    front._tick(90.0)
    assert not wire.is_aborted
    front._tick(92.0)
    assert wire.is_aborted


def test_a_body_in_chunks_has_as_long_as_it_is_large() -> None:
    clock = Clock()
    front = Front(_never, lambda _: None, Bounds(patience_s=10, slowest_bytes_s=1000))
    connection = Connection(front, clock)  # type: ignore[arg-type]
    connection.connection_made(Wire())  # type: ignore[arg-type]
    head = post(INFER, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    fed(connection, head + b"1388\r\n" + 5000 * b" ")
    assert connection.until_s == 15


@pytest.mark.parametrize(
    "start",
    [
        b"GET /v2 HTTP/1.1\r\nX: ",
        b"GET /v2 HTTP/1.1\r\n",
        b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
)
def test_a_header_without_end_is_refused_before_it_is_much(start: bytes) -> None:
    bounds = Bounds()
    front = Front(_never, lambda _: None, bounds)

    async def story() -> None:
        connection = Connection(front, asyncio.get_running_loop())
        connection.connection_made(Wire())  # type: ignore[arg-type]
        fed(connection, start)
        for _ in range(1 + bounds.head_bytes // 4096):
            assert not connection._is_draining
            fed(connection, b"y" * 4096)
        fed(connection, b"y")
        assert connection._is_draining
        connection.connection_lost(None)

    asyncio.run(story())


def test_requests_that_come_together_are_no_header_without_end() -> None:
    front = Front(_never, lambda _: None, Bounds())
    request = b"GET /v2 HTTP/1.1\r\n\r\n"

    async def story() -> None:
        connection = Connection(front, asyncio.get_running_loop())
        connection.connection_made(Wire())  # type: ignore[arg-type]
        fed(connection, 4000 * request + request[:1])
        fed(connection, request[1:])
        assert not connection._is_draining
        assert len(connection._asked) == 4001
        connection.connection_lost(None)

    asyncio.run(story())


def test_connections_beyond_the_limit_are_closed_at_once() -> None:
    front, wires = Front(_never, lambda _: None, Bounds(connections=1)), (Wire(), Wire())
    for wire in wires:
        Connection(front, Clock()).connection_made(wire)  # type: ignore[arg-type]
    assert [wire.is_closed for wire in wires] == [False, True]


def test_bodies_of_all_clients_together_are_bounded() -> None:
    front = Front(_never, lambda _: None, Bounds(held_bytes=5000))
    connection = Connection(front, Clock())  # type: ignore[arg-type]
    connection._hold(4000)
    with pytest.raises(Exception, match="more bytes than the server can hold"):
        connection._hold(2000)
