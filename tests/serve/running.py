"""A server that runs beside a test, on an event loop and a thread of its own."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import onnx
from onnx import TensorProto, helper

from vedette.models.rows import Batching
from vedette.serve.opening import openers, told
from vedette.serve.repository import Key, Opener
from vedette.serve.server import Server, Settings

BATCHING = Batching(max_rows=4, max_wait_s=0.002)


def doubling(path: Path) -> Path:
    """A model whose ``y`` is twice its ``x``: float32, rows of three."""
    shape: list[str | int | None] = ["rows", 3]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


@contextmanager
def running(models: list[str], settings: Settings) -> Iterator[Server]:
    """A server of these models, as the command line names them."""
    opened = openers([told(each) for each in models], batching=BATCHING, threads=1)
    with listening(opened, settings) as server:
        yield server


@contextmanager
def listening(opened: Mapping[Key, Opener], settings: Settings) -> Iterator[Server]:
    """The server, which listens; its loop ends with the block."""
    ready: Future[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stopped = asyncio.Event()
        async with Server(opened, settings, "0") as server:
            ready.set_result((server, asyncio.get_running_loop(), stopped))
            await stopped.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    server, loop, stopped = ready.result(30)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(30)
    assert not thread.is_alive()


def ask(port: int, raw: bytes) -> bytes:
    """What the server answers to these bytes, until it closes or has told a whole answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(raw)
        return answer_of(client)


def answer_of(client: socket.socket) -> bytes:
    """One answer, head and body."""
    found = b""
    while b"\r\n\r\n" not in found:
        part = client.recv(65536)
        if not part:
            return found
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    while len(body) < length and (part := client.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body
