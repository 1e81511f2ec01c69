"""Who is let in."""

from pathlib import Path
from typing import Any

import pytest
from tests.serve.running import ask, doubling, running

from vedette.errors import InputError
from vedette.models.wire import Limits, WireError
from vedette.serve.guard import Guard
from vedette.serve.server import Settings

TOKEN = "a-token-of-twenty-characters"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_another_address_than_this_machines_needs_a_token(host: Any) -> None:
    with pytest.raises(InputError, match="without a token"):
        Guard(host)
    assert TOKEN not in repr(Guard(host, TOKEN))


@pytest.mark.parametrize(
    "token", ["short", "", "with spaces in it, as it is", "ünïcode" * 4, f"{TOKEN}\n"]
)
def test_a_token_that_can_be_guessed_or_not_sent_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="token of"):
        Guard("127.0.0.1", token)


@pytest.mark.parametrize("given", [None, b"", b"Bearer", b"Basic " + TOKEN.encode(), b"Bearer x"])
def test_who_has_another_token_is_refused(given: Any) -> None:
    with pytest.raises(WireError) as caught:
        Guard("0.0.0.0", TOKEN).check(given)
    assert caught.value.status == 401


def test_who_has_the_token_is_let_in_from_anywhere() -> None:
    Guard("0.0.0.0", TOKEN).check(b"Bearer " + TOKEN.encode(), b"edge.example:8000", b"http://x")


@pytest.mark.parametrize(
    ("host", "origin"), [(b"evil.example:8000", None), (b"localhost", b"http://evil.example")]
)
def test_a_page_in_a_browser_is_refused_where_there_is_no_token(host: Any, origin: Any) -> None:
    with pytest.raises(WireError) as caught:
        Guard("127.0.0.1").check(None, host, origin)
    assert caught.value.status == 403


@pytest.mark.parametrize("host", [b"localhost:8000", b"127.0.0.1", b"[::1]:8000", None])
def test_programs_of_this_machine_are_let_in(host: Any) -> None:
    Guard("127.0.0.1").check(None, host)


def test_nothing_of_a_strangers_message_is_received_by_grpc(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc")
    file = doubling(tmp_path / "double.onnx")
    settings = Settings(port=0, grpc_port=0, token=TOKEN, limits=Limits(body_bytes=1024))
    too_large = bytes(1 << 20)  # and refused as that by whoever receives it
    with (
        running([str(file)], settings) as server,
        grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel,
    ):
        calls = {
            name: channel.unary_unary(f"/inference.GRPCInferenceService/{name}")
            for name in ("ModelInfer", "ModelStreamInfer", "ServerLive")
        }
        assert calls["ServerLive"](too_large, timeout=10)
        for name in ("ModelInfer", "ModelStreamInfer"):
            with pytest.raises(grpc.RpcError) as caught:
                calls[name](too_large, timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_both_front_ends_ask_for_the_token_but_not_for_health(tmp_path: Path) -> None:
    grpc = pytest.importorskip("grpc")
    file = doubling(tmp_path / "double.onnx")
    with running([str(file)], Settings(port=0, grpc_port=0, token=TOKEN)) as server:
        assert b" 401 " in ask(server.port, b"GET /v2 HTTP/1.1\r\n\r\n")[:20]
        assert b" 200 " in ask(server.port, b"GET /v2/health/live HTTP/1.1\r\n\r\n")[:20]
        for body in (b"Content-Length: 67108864", b"Transfer-Encoding: chunked"):
            head = b"POST /v2/health/live HTTP/1.1\r\n" + body + b"\r\n\r\n"
            assert b" 401 " in ask(server.port, head)[:20]
        known = f"GET /v2 HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        assert b" 200 " in ask(server.port, known)[:20]
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ServerMetadata")
            with pytest.raises(grpc.RpcError) as caught:
                call(b"", timeout=10)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert call(b"", timeout=10, metadata=[("authorization", f"Bearer {TOKEN}")])
