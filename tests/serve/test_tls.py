"""A server with a certificate: both ports speak TLS, to whoever trusts it, and nothing else."""

import asyncio
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.serve.running import doubling, running

from vedette.errors import InputError
from vedette.models.endpoint import Access, UnansweredError, connect
from vedette.models.remote import remotes
from vedette.models.remote_backend import RemoteBackend
from vedette.models.wire import InferRequest, InferResponse, Tensor
from vedette.serve.server import Settings
from vedette.serve.tls import Certificate
from vedette.serve.tls import certificate as told

for extra in ("aiohttp", "httptools", "grpc"):
    pytest.importorskip(extra)
ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)
TOKEN = "open-sesame-open-sesame"


def asked(address: str, authority: Path | None = None, rows: int = 2) -> InferResponse:
    async def ask() -> InferResponse:
        server = connect(address, Access(token=TOKEN, authority=authority))
        try:
            inputs = (Tensor.of("x", np.resize(ROWS, (rows, 3))),)
            return await server.infer(InferRequest("double", inputs), 20)
        finally:
            await server.close()

    return asyncio.run(ask())


def settings(files: tuple[Path, Path]) -> Settings:
    return Settings(port=0, grpc_port=0, token=TOKEN, certificate=Certificate.read(*files))


def test_who_trusts_the_certificate_is_answered_on_both_ports(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    with running([str(doubling(tmp_path / "double.onnx"))], settings(certificate)) as server:
        assert server.scheme == "https"
        for address in (
            f"https://localhost:{server.port}",
            f"grpcs://localhost:{server.grpc_port}",
        ):
            answer = asked(address, certificate[0])
            np.testing.assert_array_equal(answer.outputs[0].array, 2 * ROWS)
            with pytest.raises(UnansweredError) as caught:
                asked(address)
            assert not caught.value.sent


def test_without_tls_nothing_is_said_and_who_keeps_silent_keeps_nobody_waiting(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    with (
        running([str(doubling(tmp_path / "double.onnx"))], settings(certificate)) as server,
        socket.create_connection(("127.0.0.1", server.port), 20),
    ):
        for address in (f"http://localhost:{server.port}", f"grpc://localhost:{server.grpc_port}"):
            with pytest.raises(UnansweredError):
                asked(address)
        assert asked(f"https://localhost:{server.port}", certificate[0]).outputs


def test_a_model_on_servers_is_reached_by_the_authority_that_a_run_is_told(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_TOKEN", TOKEN)
    with running([str(doubling(tmp_path / "double.onnx"))], settings(certificate)) as server:
        address = f"double=https://localhost:{server.port}"
        told = remotes([address], authority=certificate[0])["double"]
        backend = RemoteBackend(told, input="x")
        answer = backend.submit({"x": ROWS}).result()
        backend.close()
    np.testing.assert_array_equal(answer["y"], 2 * ROWS)


def test_a_large_body_comes_through_whole(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    """It is received straight into its place, by parts that TLS makes."""
    with running([str(doubling(tmp_path / "double.onnx"))], settings(certificate)) as server:
        address, answers = f"https://localhost:{server.port}", []

        def ask() -> None:
            with pytest.raises(Exception, match="at most 4 rows") as caught:
                asked(address, certificate[0], rows=500_000)
            answers.append(caught)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(answers) == 2


def test_a_certificate_and_its_key_come_together(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    chain, key = certificate
    assert told(None, None) is None
    found = told(chain, key)
    assert found is not None
    assert "PRIVATE" not in repr(found)
    with pytest.raises(InputError, match="without its key"):
        told(chain, None)
    with pytest.raises(InputError, match="cannot be used"):
        told(chain, chain)
    with pytest.raises(InputError, match="cannot be read"):
        told(tmp_path / "none.pem", key)
