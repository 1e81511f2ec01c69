"""A server's end: nothing new is accepted, and what was asked is answered."""

import asyncio
from typing import Any

import pytest

pytest.importorskip("httptools", reason="needs the serve extra")
pytest.importorskip("grpc", reason="needs the serve extra")

import grpc
import grpc.aio

from vedette.models.endpoint import connect
from vedette.models.replica_client import fault_of
from vedette.models.replica_terms import Fault
from vedette.models.wire import InferRequest, InferResponse, ModelMetadata, WireError
from vedette.serve.server import Server, Settings
from vedette.serve.statistics import Statistics

BODY = b'{"inputs":[]}'
ASKED = b"POST /v2/models/slow/infer HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Slow:
    """A model that answers once it is told to."""

    def __init__(self) -> None:
        self.metadata = ModelMetadata("slow", ("1",), "fake", (), ())
        self.statistics = Statistics()
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()
        self.is_closed = False

    async def infer(self, request: InferRequest, *, deadline_s: float | None = None) -> Any:
        self.asked.set()
        await self.goes_on.wait()
        return InferResponse("slow", ())

    async def aclose(self) -> None:
        self.is_closed = True


def test_a_server_that_stops_answers_what_was_asked_and_accepts_nothing_more() -> None:
    async def story() -> None:
        slow = Slow()

        async def opened() -> Any:
            return slow

        server = Server({("slow", "1"): opened}, Settings(port=0, grpc_port=0), "0")
        await server.__aenter__()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(ASKED)
        await slow.asked.wait()
        stopping = asyncio.create_task(server.aclose())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            assert await _refuses_at_last(channel)
        with pytest.raises(OSError, match=str(server.port)):
            await asyncio.open_connection("127.0.0.1", server.port)
        assert not slow.is_closed
        slow.goes_on.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await stopping
        assert slow.is_closed
        writer.close()
        await writer.wait_closed()

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_server_that_cannot_answer_yet_is_busy_and_not_lost(scheme: str) -> None:
    async def opened() -> Any:
        return Slow()

    async def story() -> None:
        settings = Settings(port=0, grpc_port=0, load_later=True)
        async with Server({("slow", "1"): opened}, settings, "0") as server:
            port = server.port if scheme == "http" else server.grpc_port
            client = connect(f"{scheme}://127.0.0.1:{port}")
            with pytest.raises(WireError) as caught:
                await client.infer(InferRequest("slow", ()), 10.0)
            await client.close()
        assert caught.value.status == 503
        assert fault_of(caught.value) is Fault.BUSY

    asyncio.run(story())


async def _refuses_at_last(channel: grpc.aio.Channel) -> bool:
    live = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
    for _ in range(2000):
        try:
            await live(b"")
        except grpc.aio.AioRpcError as error:
            return error.code() is grpc.StatusCode.UNAVAILABLE
    return False
