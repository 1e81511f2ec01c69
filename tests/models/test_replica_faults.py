"""Real model servers that are killed, stopped and replaced by liars while threads ask them."""

import json
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import takewhile

import numpy as np
import pytest
from tests.models.test_backend import means_model

from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend

pytest.importorskip("aiohttp", reason="needs the serve extra")
pytestmark = pytest.mark.slow
PATIENCE_S = 120.0  # of a machine that does other things, too
Process = subprocess.Popen[str]


@contextmanager
def served(model: str, port: int = 0) -> Iterator[tuple[Process, int]]:
    """A server of a model as ``vedette serve`` takes it, and its port."""
    command = [sys.executable, "-m", "vedette", "serve", model, "--json"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = "".join(takewhile(lambda line: line != "}\n", process.stdout))
        yield process, json.loads(told + "}")["port"]
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"means={means_model(tmp_path_factory.mktemp('served') / 'means.onnx')}"


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, "it took too long"
        time.sleep(0.02)


class Asking:
    """Threads that ask all the time and hold each answer to its own question."""

    def __init__(self, backend: RemoteBackend, threads: int = 4) -> None:
        self._backend, self._end = backend, threading.Event()
        self._pool = ThreadPoolExecutor(threads)
        self.answered = [0] * threads
        self._futures = [self._pool.submit(self._ask, each) for each in range(threads)]

    def _ask(self, thread: int) -> None:
        while not self._end.is_set():
            number = float(1000 * thread + self.answered[thread] % 997)
            picture = np.full((1, 3, 8, 8), number, np.float32)
            answer = self._backend.submit({"images": picture}).result()
            np.testing.assert_array_equal(answer["means"].ravel(), [number] * 3)
            self.answered[thread] += 1

    def go_on(self) -> None:
        """Until every thread has had some more answers."""
        before = list(self.answered)
        until(lambda: all(now > then + 5 for now, then in zip(self.answered, before, strict=True)))

    def finish(self) -> None:
        """Raises what any thread was told."""
        self._end.set()
        for each in self._futures:
            each.result(PATIENCE_S)
        self._pool.shutdown()


def test_servers_that_are_killed_and_stopped_leave_and_return_and_no_answer_is_missed(
    model: str,
) -> None:
    with served(model) as (first, one), served(model) as (_, two):
        remote = Remote("means", (address(one), address(two)))
        with closing(RemoteBackend(remote, input="images")) as backend:
            asking = Asking(backend)
            asking.go_on()
            first.send_signal(signal.SIGSTOP)
            until(lambda: backend.available == (address(two),))
            asking.go_on()
            first.send_signal(signal.SIGCONT)
            until(lambda: len(backend.available) == 2)
            asking.go_on()
            first.kill()
            until(lambda: backend.available == (address(two),))
            asking.go_on()
            with served(model, one):
                until(lambda: len(backend.available) == 2)
                asking.go_on()
                asking.finish()
                assert len(backend.timings()) == min(4096, sum(asking.answered))


def test_all_servers_gone_for_a_while_only_makes_callers_wait(model: str) -> None:
    with (
        served(model) as (only, port),
        closing(RemoteBackend(Remote("means", (address(port),)))) as backend,
    ):
        asking = Asking(backend)
        asking.go_on()
        only.kill()
        until(lambda: not backend.available)
        with served(model, port):
            asking.go_on()
            asking.finish()


class Liar(socketserver.StreamRequestHandler):
    """Says yes to everything, and nothing that is an answer."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = self.rfile.readline()
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ngarbage")
            self.wfile.flush()


def test_a_liar_among_the_servers_is_put_out_and_nobody_is_told_a_lie(model: str) -> None:
    with (
        served(model) as (_, honest),
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Liar) as liar,
    ):
        liar.daemon_threads = True
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        lying = liar.server_address[1]
        remote = Remote("means", (address(lying), address(honest)))
        with closing(RemoteBackend(remote, input="images")) as backend:
            asking = Asking(backend)
            until(lambda: any(address(lying) in each.detail for each in backend.incidents()))
            asking.go_on()
            asking.finish()
        liar.shutdown()


class Stuck(socketserver.StreamRequestHandler):
    """Lives, is ready, takes every request, and never answers one."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            is_asked, length = line.startswith(b"POST"), 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = self.rfile.readline()
            self.rfile.read(length)
            if not is_asked:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                self.wfile.flush()


def test_a_server_that_lives_and_never_answers_is_put_out_and_nobody_waits_for_it(
    model: str,
) -> None:
    with (
        served(model) as (_, honest),
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stuck) as stuck,
    ):
        stuck.daemon_threads = True
        threading.Thread(target=stuck.serve_forever, daemon=True).start()
        silent = address(stuck.server_address[1])
        remote = Remote("means", (silent, address(honest)))
        with closing(RemoteBackend(remote, input="images")) as backend:
            asking = Asking(backend)
            until(lambda: any("no progress" in each.detail for each in backend.incidents()))
            asking.go_on()
            asking.finish()
        stuck.shutdown()


CLIENT = """
import sys
import numpy as np
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend

backend = RemoteBackend(Remote("means", (sys.argv[1],)))
while True:
    answers = [backend.submit({"images": np.ones((1, 3, 8, 8), np.float32)}) for _ in range(4)]
    print(len([each.result() for each in answers]), flush=True)
"""


def test_clients_that_are_killed_leave_nothing_behind_that_others_wait_for(model: str) -> None:
    with served(model) as (server, port):
        words = [sys.executable, "-c", CLIENT, address(port)]
        clients = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for each in clients:
            assert each.stdout is not None
            assert each.stdout.readline() == "4\n"
            each.kill()
            each.communicate()
        with closing(RemoteBackend(Remote("means", (address(port),)))) as backend:
            asking = Asking(backend)
            asking.go_on()
            asking.finish()
        assert server.poll() is None
