"""A model server whose model computes nothing: it sleeps for as long as it is told, then answers.

One request at a time, as a model that has its device to itself. For what can be shown of many
replicas on a machine that has no cores for them: everything but the model is real.
"""

import argparse
import asyncio
import signal
import time
from concurrent.futures import Future

from uvloop import new_event_loop

from vedette import __version__
from vedette.models.backend import Arrays, completed
from vedette.models.rows import Batching
from vedette.models.wire import ModelMetadata, TensorMetadata
from vedette.serve.batching import BatchedModel
from vedette.serve.repository import Opener
from vedette.serve.served import Served
from vedette.serve.server import Server, Settings

MODEL, TENSOR = "asleep", "rows"


class Asleep:
    """A backend that gives back what it is given, ``service_s`` later."""

    def __init__(self, service_s: float) -> None:
        self._service_s = service_s

    def submit(self, batch: Arrays) -> Future[Arrays]:
        return completed(lambda: self._slept(batch))

    def _slept(self, batch: Arrays) -> Arrays:
        time.sleep(self._service_s)
        return batch


def opener(service_s: float) -> Opener:
    """What opens the model."""
    rows = (TensorMetadata(TENSOR, "FP32", (-1, 1)),)
    metadata = ModelMetadata(MODEL, ("1",), "emulated", rows, rows)

    async def opened() -> Served:
        return Served(metadata, BatchedModel(Asleep(service_s), Batching(max_rows=1)))

    return opened


async def until_stopped(server: Server) -> None:
    """Serve until a signal."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        await stopped.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves a model that sleeps, until a signal.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--service-ms", type=float, required=True)
    asked = parser.parse_args()
    settings = Settings(port=asked.port, grpc_port=None)
    server = Server({(MODEL, "1"): opener(asked.service_ms / 1e3)}, settings, __version__)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(until_stopped(server))


if __name__ == "__main__":
    main()
