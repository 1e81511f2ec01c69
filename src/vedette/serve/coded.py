"""A served model whose inputs and outputs may travel coded, as each request says."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vedette.media.codecs import CODECS
from vedette.models.payload import (
    CODING,
    accepted,
    coded,
    codings,
    extensions,
    plain,
    unfolded_bytes,
)
from vedette.models.wire import InferRequest, InferResponse, ModelMetadata, Tensor
from vedette.serve.room import Room
from vedette.serve.served import Model
from vedette.serve.statistics import Statistics

KNOWN = codings(CODECS)
EXTENSIONS = extensions(KNOWN)
"""What the server's metadata says of it."""


class Coded:
    """Undoes what a request's inputs went through, and codes the outputs that it asks for so.

    Both on a thread, since neither is quick; requests that say nothing of it pass straight on.
    What requests unfold to at once has to fit into ``room``.
    """

    def __init__(self, model: Model, room: Room) -> None:
        self._model, self._room = model, room
        self._undoing, self._is_through = 0, asyncio.Event()

    @property
    def metadata(self) -> ModelMetadata:
        return self._model.metadata

    @property
    def configuration(self) -> Mapping[str, Any]:
        return self._model.configuration

    @property
    def statistics(self) -> Statistics:
        return self._model.statistics

    async def infer(
        self, request: InferRequest, *, deadline_s: float | None = None
    ) -> InferResponse:
        """As the model answers. Raises WireError, also for codings that are unknown or broken."""
        asked = _asked(request)
        with self._room.held(unfolded_bytes(request.inputs, KNOWN)):
            if any(CODING in each.parameters for each in request.inputs):
                request = replace(request, inputs=await self._undone(request.inputs))
            response = await self._model.infer(request, deadline_s=deadline_s)
        if not any(asked.get(each.name, asked[""]) for each in response.outputs):
            return response
        return replace(response, outputs=await asyncio.to_thread(_coded, response, asked))

    async def aclose(self) -> None:
        while self._undoing:  # which the model has yet to see, and which were accepted
            self._is_through.clear()
            await self._is_through.wait()
        await self._model.aclose()

    async def _undone(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        self._undoing += 1
        try:
            return await asyncio.to_thread(plain, inputs, KNOWN)
        finally:
            self._undoing -= 1
            self._is_through.set()


def _asked(request: InferRequest) -> dict[str, str | None]:
    """The coding for each output that has one of its own, and under "" for all others."""
    asked = {"": accepted(request.parameters, KNOWN)}
    for each in request.outputs:
        asked[each.name] = accepted(each, KNOWN) or asked[""]
    return asked


def _coded(response: InferResponse, asked: dict[str, str | None]) -> tuple[Tensor, ...]:
    named = [(each, asked.get(each.name, asked[""])) for each in response.outputs]
    return tuple(coded(each, name, KNOWN) if name else each for each, name in named)
