"""A server that is asked in fewer bytes, where it says that it knows how: tensors travel coded."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vedette.errors import ModelError, Problem, nearest
from vedette.models.endpoint import Endpoint, UnansweredError
from vedette.models.payload import ACCEPT, Codings, agreed, coded, plain
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    Tensor,
    WireError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Codings in order of preference, for what is sent and for what comes back; none: plain."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inputs or self.outputs)

    def ensure_known(self, known: Codings) -> None:
        """Raises ModelError for a coding that this machine cannot do."""
        for name in (*self.inputs, *self.outputs):
            if name not in known:
                expected = f"one of {', '.join(known)}"
                raise ModelError(Problem(f"the coding {name!r}", expected, nearest(name, [*known])))


class CodedEndpoint:
    """An Endpoint over another, which is asked once what it knows, and again when it was lost.

    What nobody agreed on travels plain. Coding runs on a thread; its time counts as transmission.
    """

    def __init__(self, endpoint: Endpoint, wanted: Wanted, known: Codings) -> None:
        self._endpoint, self._wanted, self._known = endpoint, wanted, known
        self._agreed: tuple[str | None, str | None] | None = None

    @property
    def address(self) -> str:
        return self._endpoint.address

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        """As the server answers, outputs plain. Raises as any Endpoint, 502 for bad codings."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        sent, accept = await self._agreement(deadline_s)
        if sent:
            inputs = await asyncio.to_thread(self._coded, request, sent)
            request = replace(request, inputs=inputs)
        if accept:
            request = replace(request, parameters={**request.parameters, ACCEPT: accept})
        asked_s = clock()
        left_s = max(0.0, deadline_s - (asked_s - began_s))
        try:
            response = await self._endpoint.infer(request, left_s)
        except UnansweredError:
            self._agreed = None  # what comes back may be another server
            raise
        answered_s = clock()
        if accept:
            response = replace(response, outputs=await asyncio.to_thread(self._plain, response))
        spent_s = asked_s - began_s + clock() - answered_s
        parts = response.timings
        if parts is None:
            return response
        timings = replace(parts, transmission_s=parts.transmission_s + spent_s)
        return replace(response, timings=timings)

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        return await self._endpoint.ready(deadline_s, model, version)

    async def server(self, deadline_s: float) -> ServerMetadata:
        return await self._endpoint.server(deadline_s)

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata:
        return await self._endpoint.model(deadline_s, name, version)

    async def close(self) -> None:
        await self._endpoint.close()

    async def _agreement(self, deadline_s: float) -> tuple[str | None, str | None]:
        if self._agreed is None:
            announced = (await self._endpoint.server(deadline_s)).extensions
            found = agreed(self._wanted.inputs, announced), agreed(self._wanted.outputs, announced)
            _tell(self.address, self._wanted.inputs, found[0])
            _tell(self.address, self._wanted.outputs, found[1])
            self._agreed = found
        return self._agreed

    def _coded(self, request: InferRequest, name: str) -> tuple[Tensor, ...]:
        return tuple(coded(each, name, self._known) for each in request.inputs)

    def _plain(self, response: InferResponse) -> tuple[Tensor, ...]:
        try:
            return plain(response.outputs, self._known)
        except WireError as error:
            problem = error.problems[0]
            raise UnansweredError(502, problem, sent=True) from None


def _tell(address: str, wanted: Sequence[str], found: str | None) -> None:
    if wanted and found is None:
        log.warning("%s knows none of %s: tensors go there plain", address, ", ".join(wanted))
