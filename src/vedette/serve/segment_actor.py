"""One segment of a plan in a process of its own, which is spoken to in bytes; what a Ray actor is.

All that is given and answered is bytes that this package wrote, so nothing is ever unpickled. One
that is made again after it died knows nothing of what was before.
"""

import asyncio
import logging
from dataclasses import fields
from pathlib import Path

from vedette import ops
from vedette.declaring.deployed import check_deployment
from vedette.declaring.operator import signatures
from vedette.declaring.registry import files, load_file
from vedette.errors import DeclarationError, InputError, Problem
from vedette.models.wire import InferRequest, InferResponse, WireError, framed
from vedette.models.zoo import variants
from vedette.records.codec import from_json, to_json
from vedette.running.segment import Segment
from vedette.serve.served import Model
from vedette.serve.worker import segment_openers
from vedette.types.plan import Deployment

_ = ops  # its operators are registered by being imported
log = logging.getLogger(__name__)
READY = framed.response(InferResponse("", (), parameters={"ready": True}), InferRequest("", ()))


def given(plan: Deployment, segment: Segment) -> tuple[bytes, ...]:
    """What an actor is told when it is made: the plan, its segment, and files of operators."""
    kept = {each.name: getattr(plan, each.name) for each in fields(Deployment)}
    named = [segment.device, segment.name, *map(str, files())]
    return to_json(Deployment(**kept)).encode(), to_json(named).encode()


class SegmentActor:
    """Opens its segment when it is first asked, so that whoever asks hears what is wrong with it.

    Every answer is one of :mod:`vedette.models.wire.framed`, also where something is refused.
    """

    def __init__(self, *given: bytes) -> None:
        self._given = given
        self._opening = asyncio.Lock()
        self._model: Model | None = None

    async def ready(self) -> bytes:
        """Open the segment where it is not, and say so."""
        try:
            await self._opened()
        except WireError as error:
            return framed.refusal(error)
        return READY

    async def infer(self, request: bytes) -> bytes:
        """One message of a sequence, as :class:`vedette.serve.segment_model.SegmentModel` does."""
        try:
            model = await self._opened()
            asked = framed.asked(request, model.metadata.name)
            return framed.response(await model.infer(asked), asked)
        except WireError as error:
            return framed.refusal(error)
        except Exception:
            log.exception("a message to a segment")
            expected, hint = "an answer", "what it says in the logs of its node"
            return framed.refusal(WireError(500, Problem("an actor's own error", expected, hint)))

    async def open(self) -> Model:
        """The model of its segment. Raises InputError."""
        plan, named = self._given
        device, name, *paths = from_json(list[str], named)
        for path in paths:
            load_file(Path(path))
        chosen = from_json(Deployment, plan)
        problems = tuple(check_deployment(chosen, signatures(), variants(larger=True)))
        if problems:
            raise DeclarationError(*problems)
        return await segment_openers(chosen, device)[name, "1"]()

    async def _opened(self) -> Model:
        async with self._opening:
            if self._model is None:
                try:
                    self._model = await self.open()
                except WireError:
                    raise
                except InputError as error:
                    raise WireError(400, error.problems[0]) from None
        return self._model
