"""What only the gRPC front end does, apart from a socket."""

import asyncio
import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("grpc", reason="needs the serve extra")

from vedette.models.wire import ServerMetadata
from vedette.models.wire.limits import DEFAULT
from vedette.models.wire.rpc_schema import message, methods
from vedette.serve.guard import Guard
from vedette.serve.repository import Repository
from vedette.serve.rpc import RpcFront


def test_a_fault_of_ours_ends_no_stream_and_tells_nothing_of_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    front = RpcFront(Repository({}), ServerMetadata("vedette", "0"), Guard("localhost"), DEFAULT)

    async def faulty(request: Any, _: Any) -> Any:
        if request.model_name == "faulty":
            raise RuntimeError("/secret/path")
        return message("ModelInferResponse")(model_name=request.model_name)

    async def bodies() -> AsyncIterator[bytes]:
        for name in ("good", "faulty", "good"):
            yield message("ModelInferRequest")(model_name=name).SerializeToString()

    async def answers() -> list[str]:
        answer = front._streaming(methods()["ModelStreamInfer"], faulty)
        context = SimpleNamespace(invocation_metadata=lambda: ())
        return [
            each.error_message or each.infer_response.model_name
            async for each in answer(bodies(), context)
        ]

    with caplog.at_level(logging.CRITICAL):
        assert asyncio.run(answers()) == ["good", "a fault of the server", "good"]
