"""A model server without a server: answers with a function, in the condition that a test says."""

import asyncio
from collections.abc import Callable

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays
from vedette.models.endpoint import UnansweredError
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    Tensor,
    TensorMetadata,
    Timings,
    WireError,
)

MEANS = ModelMetadata(
    "means",
    ("1",),
    "scripted",
    (TensorMetadata("images", "FP32", (-1, 3, -1, -1)),),
    (TensorMetadata("means", "FP32", (-1, 3, 1, 1)),),
)


class ScriptedEndpoint:
    """``condition``: up, dead (refuses), broken (500), hung, lying (other outputs), away (404),
    busy (503), mad (raises what nobody foresaw).

    A request is computed for ``service_s`` of the loop's clock; ``asked`` counts those that came.
    """

    def __init__(
        self,
        address: str,
        function: Callable[[Arrays], Arrays],
        *,
        condition: str = "up",
        service_s: float = 0.0,
        metadata: ModelMetadata = MEANS,
    ) -> None:
        self.address, self.condition, self.service_s = address, condition, service_s
        self.asked = self.cancelled = 0
        self.is_closed = False
        self._function, self._metadata = function, metadata

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        self._reached()
        self.asked += 1
        try:
            await asyncio.sleep(self.service_s)
            await self._while_hung(deadline_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.condition == "broken":
            raise WireError(500, Problem("a fault", "none"))
        try:
            found = self._function({each.name: each.array for each in request.inputs})
        except ModelError as error:
            raise WireError(400, Problem("a batch", "another")) from error
        mark = "no " if self.condition == "lying" else ""
        outputs = tuple(Tensor.of(mark + name, array) for name, array in found.items())
        return InferResponse(request.model, outputs, timings=Timings(0.0, 0.0, 0.0, self.service_s))

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        self._reached()
        await self._while_hung(deadline_s)
        return self.condition != "away"

    async def server(self, deadline_s: float) -> ServerMetadata:
        return ServerMetadata("scripted", "1")

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata:
        self._reached()
        if self.condition == "away":
            raise WireError(404, Problem(f"the model {name}", "one that is served"))
        return self._metadata

    async def close(self) -> None:
        self.is_closed = True

    def _reached(self) -> None:
        if self.condition == "busy":
            raise WireError(503, Problem(f"{self.address}, busy", "one that is not"))
        if self.condition == "mad":
            raise ArithmeticError(self.address)
        if self.condition == "dead":
            problem = Problem(f"no answer from {self.address}", "one")
            raise UnansweredError(503, problem, sent=False)

    async def _while_hung(self, deadline_s: float) -> None:
        waited_s = 0.0
        while self.condition == "hung":
            if waited_s >= deadline_s:
                raise UnansweredError(504, Problem("no answer in time", "one"), sent=True)
            await asyncio.sleep(0.01)
            waited_s += 0.01
