"""Segments of scripted plans behind endpoints in memory: what is asked crosses as bytes, no socket.

An endpoint may be told to die, or to hang, at one of the requests that it gets.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

from tests.running.scripted import OPERATORS, Number, no_models

from vedette.declaring.operator import Signatures
from vedette.errors import Problem
from vedette.media.packing import pack, unpack
from vedette.models.endpoint import UnansweredError
from vedette.models.wire import InferRequest, InferResponse, ModelMetadata, ServerMetadata
from vedette.running.crossing import Codec
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.running.segment import Segment, segments, stages
from vedette.running.sequence import Patience
from vedette.running.sound import ensure_sound
from vedette.running.work import signatures_of
from vedette.serve.segment_model import SegmentModel
from vedette.types.events import Event
from vedette.types.media import Frame, Key, Packet
from vedette.types.plan import Deployment


def _packed(item: Any) -> bytes:
    if isinstance(item, Event | Packet):
        return pack(item)
    if isinstance(item, Number):
        head = {**asdict(item), "time_s": str(item.time_s)}
        return b"N" + json.dumps(head).encode()
    if isinstance(item, Frame):
        head = {"key": asdict(item.key), "time_s": str(item.time_s), "size": item.size}
        return b"F" + json.dumps(head).encode()
    return b"J" + json.dumps(item).encode()


def _unpacked(message: bytes) -> Any:
    if message[:1] not in (b"N", b"F", b"J"):
        return unpack(message)
    found = json.loads(message[1:])
    if message[:1] == b"J":
        return found
    key, time_s = Key(**found["key"]), Fraction(found["time_s"])
    if message[:1] == b"N":
        return Number(key, time_s, found["value"], found["label"])
    picture: Any = None
    return Frame(key, time_s, picture, tuple(found["size"]), (0.0, 0.0, 64.0, 48.0))


SCRIPTED = Codec(_packed, _unpacked)
QUICK = Patience(deadline_s=20.0, silence_s=0.05, lasting_s=20.0, lives=99, pause_s=0.001)


def cut(plan: Deployment, operators: Mapping[str, Callable[..., Any]]) -> tuple[Segment, ...]:
    ensure_sound(plan, Signatures(operators))
    found = stages(plan.workflow, plan.placement, signatures_of(plan, operators))
    return segments(plan.workflow, plan.placement, found)


@dataclass
class MemoryEndpoint:
    """A worker in this process. ``dies_at`` and ``hangs_at`` count requests; one that died is back
    at the next, knowing nothing, one that hangs does so for ever, and ``hung`` is set.
    """

    models: Mapping[str, SegmentModel]
    dies_at: Sequence[int] = ()
    hangs_at: Sequence[int] = ()
    address: str = "memory"
    requests: int = 0
    most: int = 0
    asked: list[InferRequest] = field(default_factory=list)
    _under_way: int = 0
    hung: threading.Event = field(default_factory=threading.Event)

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        self.requests += 1
        self.asked.append(request)
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            async with asyncio.timeout(deadline_s):
                await self._befall()
                return await self.models[request.model].infer(request)
        except TimeoutError:
            raise UnansweredError(504, Problem("silence", "an answer"), sent=True) from None
        finally:
            self._under_way -= 1

    async def _befall(self) -> None:
        if self.requests in self.hangs_at:
            self.hung.set()
        if self.requests in self.dies_at:
            for model in self.models.values():
                await model.aclose()
            raise UnansweredError(503, Problem("nobody", "a worker"), sent=True)
        if self.hung.is_set():
            await asyncio.Event().wait()

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        async with asyncio.timeout(deadline_s):
            if self.hung.is_set():
                await asyncio.Event().wait()
        return True

    async def server(self, deadline_s: float) -> ServerMetadata:
        return ServerMetadata("memory", "1")

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata:
        return self.models[name].metadata

    async def close(self) -> None:
        for model in self.models.values():
            await model.aclose()


class HostedExecutor(LocalExecutor):
    """A local executor of which every step is done behind an endpoint in memory.

    It makes the endpoints when it knows the plan, with the operators that it has by then.
    ``befalls`` is what befalls the first worker of each device.
    """

    def __init__(self, *, workers: int = 1, patience: Patience = QUICK, **befalls: Any) -> None:
        super().__init__(OPERATORS, no_models, workers=3)
        self.endpoints: list[MemoryEndpoint] = []
        self._count, self._patience, self._befalls = workers, patience, befalls

    def run(self, plan: Deployment, *given: Any, **named: Any) -> Any:
        def connect(device: str) -> Sequence[MemoryEndpoint]:
            made = [self._endpoint(plan, device) for _ in range(self._count)]
            made[0] = replace(made[0], **self._befalls)
            self.endpoints += made
            return made

        devices = frozenset(plan.placement[step.name] for step in plan.workflow.steps)
        self._hosts = Hosts(devices, connect, patience=self._patience, codec=SCRIPTED)
        return super().run(plan, *given, **named)

    def _endpoint(self, plan: Deployment, device: str) -> MemoryEndpoint:
        operators = self._operators
        models = {
            each.name: SegmentModel(plan, each, operators, no_models, codec=SCRIPTED)
            for each in cut(plan, operators)
            if each.device == device
        }
        return MemoryEndpoint(models)
