"""A plan's segment as a model of the Open Inference Protocol.

Inputs and outputs are two BYTES tensors: ``keys`` holds one record, ``items`` what that counts (see
:mod:`vedette.running.crossing`). The parameter ``sequence_id`` binds a stream to the state that
this worker holds for it. A request with ``sequence_start`` says how it begins; each one after it
carries one message and its ``number``; ``sequence_end`` forgets it. Requests may overtake each
other on their way: they are taken up in the order of their numbers.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from vedette.errors import InputError
from vedette.models.wire import (
    COMPUTE_US,
    QUEUE_US,
    InferRequest,
    InferResponse,
    ModelMetadata,
    Parameter,
    Tensor,
    TensorMetadata,
    WireError,
    wrong,
)
from vedette.models.wire.tensor import objects
from vedette.running.crossing import (
    PACKED,
    Answered,
    Asked,
    Begun,
    Codec,
    Message,
    answer,
    answer_failed,
    answer_states,
    asked,
    begun,
)
from vedette.running.hosting import HostedSegment, Reply, part_of
from vedette.running.real import RealWork
from vedette.running.segment import Segment
from vedette.running.work import Models, Operators, StepFailed
from vedette.serve.configuration import of_sequences
from vedette.serve.statistics import Statistics
from vedette.types.media import Checkpoint
from vedette.types.plan import Deployment

PLATFORM = "vedette_segment"


@dataclass(frozen=True, slots=True)
class Bounds:
    """``capacity``: messages of one sequence at once. ``sequences``: how many of these; beyond, one
    that has nothing under way makes room after ``idle_s`` without a message.
    """

    capacity: int = 32
    sequences: int = 64
    idle_s: float = 30.0


@dataclass(slots=True)
class Open:
    """A sequence here; ``next`` is the number of the message that is taken up next."""

    hosted: HostedSegment
    next: int
    used_s: float
    watermark: int = -1
    is_over: bool = False
    turns: dict[int, asyncio.Future[None]] = field(default_factory=dict)


class SegmentModel:
    """Hosts one segment of ``plan`` for as many sequences as ``bounds`` let in.

    ``digest`` tells plans apart: a request whose parameter ``plan`` is another's is refused. Used
    in one event loop; the work is done in threads.
    """

    def __init__(
        self,
        plan: Deployment,
        segment: Segment,
        operators: Operators,
        models: Models,
        *,
        digest: str = "",
        bounds: Bounds = Bounds(),  # a frozen value
        pool: ThreadPoolExecutor | None = None,
        codec: Codec = PACKED,
    ) -> None:
        self._plan, self._segment = plan, segment
        self._operators, self._models = operators, models
        self._digest, self._bounds, self._pool, self._codec = digest, bounds, pool, codec
        self.statistics = Statistics()
        self._open: dict[str, Open] = {}
        self._opening: set[str] = set()

    @property
    def name(self) -> str:
        return self._segment.name

    @property
    def metadata(self) -> ModelMetadata:
        ports = (TensorMetadata("keys", "BYTES", (1,)), TensorMetadata("items", "BYTES", (-1,)))
        return ModelMetadata(self.name, ("1",), PLATFORM, ports, ports)

    @property
    def configuration(self) -> Mapping[str, Any]:
        return of_sequences(self.metadata, self._bounds.idle_s)

    async def infer(
        self, request: InferRequest, *, deadline_s: float | None = None
    ) -> InferResponse:
        """The answer to one message, once those before it are taken up.

        Raises WireError: 404 where there is no such sequence (any more), 409 for another plan or a
        number that was there already, 429 for too many messages or sequences, 400 for what is no
        message.
        """
        start_s = time.perf_counter()
        try:
            async with asyncio.timeout_at(deadline_s):
                reply, compute_s = await self._answer(request)
        except TimeoutError:
            self.statistics.failed(time.perf_counter() - start_s)
            expected = "an answer in time"
            raise wrong("a deadline that passed", expected, "a later one", status=504) from None
        except BaseException:
            self.statistics.failed(time.perf_counter() - start_s)
            raise
        whole_s = time.perf_counter() - start_s
        queue_s = max(0.0, whole_s - compute_s)
        self.statistics.last_ms = time.time_ns() // 1_000_000
        self.statistics.succeeded(
            rows=1, batch_rows=1, queue_s=queue_s, compute_s=compute_s, whole_s=whole_s
        )
        told: dict[str, Parameter] = {
            QUEUE_US: round(1e6 * queue_s),
            COMPUTE_US: round(1e6 * compute_s),
        }
        return self._response(request, reply, told)

    async def aclose(self) -> None:
        """Forget all sequences."""
        for name in list(self._open):
            self._forget(name)

    async def _answer(self, request: InferRequest) -> tuple[Message | None, float]:
        name, message = _sequence_id(request), _message(request)
        if request.parameters.get("plan", "") != self._digest:
            raise wrong("a message of another plan", "one of the plan that is served", status=409)
        if request.parameters.get("sequence_start"):
            await self._begin(name, _begun(message))
            return None, 0.0
        if name not in self._open:
            raise wrong("a sequence that is not here", "one that has begun here", status=404)
        try:
            return await self._reply(self._open[name], request, message) if message else (None, 0.0)
        finally:
            if request.parameters.get("sequence_end"):
                self._forget(name)

    async def _begin(self, name: str, how: Begun) -> None:
        if name in self._open or name in self._opening:
            raise wrong("a sequence that has begun", "the name of another", status=409)
        known = {stream.name for _, stream in self._plan.workflow.streams()}
        steps = {step.name for step in self._segment.steps}
        if not known.issuperset(how.streams) or not steps.issuperset(s for s, _ in how.states):
            raise wrong("streams or steps that the segment has not", "those of its plan")
        self._make_room()
        self._opening.add(name)
        making = asyncio.ensure_future(asyncio.to_thread(self._hosted, how, frozenset(steps)))
        try:
            hosted = await asyncio.shield(making)
        except asyncio.CancelledError:  # the thread goes on, and nobody wants what it makes
            making.add_done_callback(_unwanted)
            raise
        finally:
            self._opening.discard(name)
        self._open[name] = Open(hosted, how.first, asyncio.get_running_loop().time())

    def _hosted(self, how: Begun, steps: frozenset[str]) -> HostedSegment:
        plan = part_of(self._plan, frozenset(how.streams))
        work = RealWork(plan, self._operators, self._models, only=steps)
        try:
            return HostedSegment(
                plan, self._segment, work, how.states, pool=self._pool, capacity=self._room
            )
        except InputError as error:
            raise _refused(error) from None

    @property
    def _room(self) -> int:
        return 2 * self._bounds.capacity

    def _make_room(self) -> None:
        if len(self._open) + len(self._opening) < self._bounds.sequences:
            return
        before_s = asyncio.get_running_loop().time() - self._bounds.idle_s
        idle = [name for name, each in self._open.items() if not each.hosted.waiting]
        oldest = min(idle, key=lambda name: self._open[name].used_s, default=None)
        if oldest is None or self._open[oldest].used_s > before_s:
            expected = f"at most {self._bounds.sequences} sequences at once"
            raise wrong("one sequence too many", expected, "another worker, or later", status=429)
        self._forget(oldest)

    async def _reply(
        self, opened: Open, request: InferRequest, message: Message
    ) -> tuple[Message, float]:
        try:
            given = asked(message, self._codec)
        except InputError as error:
            raise _refused(error) from None
        await self._turn(opened, _number(request))
        future = opened.hosted.put(given)
        opened.next += 1
        opened.used_s = asyncio.get_running_loop().time()
        following = opened.turns.get(opened.next)
        if following is not None and not following.done():
            following.set_result(None)
        try:
            reply = await asyncio.wrap_future(future)
        except StepFailed as failed:
            return answer_failed(failed), 0.0
        except asyncio.CancelledError:
            if not opened.is_over:
                raise
            raise _over() from None
        if isinstance(given, Checkpoint):
            opened.watermark = max(opened.watermark, given.frame)
        done = reply.done.values() if isinstance(reply, Answered) else ()
        return self._packed(reply, given), sum(each.cpu_s for each in done)

    def _packed(self, reply: Reply, given: Asked | Checkpoint) -> Message:
        if not isinstance(reply, Answered):
            return answer_states(reply)
        try:
            return answer(reply, self._codec)
        except InputError as error:  # an item that has no form: its step is to blame
            failed = StepFailed(self._segment.outputs[0], *_place(given))
            failed.__cause__ = error
            return answer_failed(failed)

    async def _turn(self, opened: Open, number: int) -> None:
        """Wait until all messages before ``number`` are taken up."""
        if number < opened.next or number in opened.turns:
            raise wrong(f"message {number}, which was there", f"{opened.next} or later", status=409)
        under_way = opened.hosted.waiting + len(opened.turns)
        if under_way >= self._room or number >= opened.next + self._room:
            expected = f"at most {self._bounds.capacity} messages under way"
            raise wrong(f"one more message, {number}", expected, "it again later", status=429)
        if number > opened.next:
            turn = opened.turns[number] = asyncio.get_running_loop().create_future()
            try:
                await turn
            except asyncio.CancelledError:
                if not opened.is_over:
                    raise
                raise _over() from None
            finally:
                del opened.turns[number]

    def _forget(self, name: str) -> None:
        opened = self._open.pop(name, None)
        if opened is not None:
            opened.is_over = True
            opened.hosted.close()
            for turn in opened.turns.values():
                turn.cancel()

    def _response(
        self, request: InferRequest, reply: Message | None, told: dict[str, Parameter]
    ) -> InferResponse:
        name = _sequence_id(request)
        if name in self._open:
            told |= {"watermark": self._open[name].watermark, "capacity": self._bounds.capacity}
        outputs = () if reply is None else tensors(reply)
        return InferResponse(self.name, outputs, "1", request.id, {"sequence_id": name, **told})


def tensors(message: Message) -> tuple[Tensor, Tensor]:
    """A message as the two tensors that carry it."""
    key, items = message
    return (
        Tensor("keys", "BYTES", objects([key], (1,))),
        Tensor("items", "BYTES", objects(items, (len(items),))),
    )


def _message(request: InferRequest) -> Message | None:
    """The message that a request carries; None where it only ends its sequence."""
    given = {each.name: each for each in request.inputs}
    if not given and request.parameters.get("sequence_end"):
        return None
    if given.keys() != {"keys", "items"} or {e.datatype for e in given.values()} != {"BYTES"}:
        raise wrong(f"the inputs {sorted(given)}", "the BYTES tensors 'keys' and 'items'")
    if given["keys"].shape != (1,) or len(given["items"].shape) != 1:
        raise wrong("tensors of other shapes", "'keys' of shape [1], 'items' of one dimension")
    return given["keys"].array[0], given["items"].array.tolist()


def _begun(message: Message | None) -> Begun:
    if message is None:
        raise wrong("a sequence that starts with its end", "a record of kind 'begin'")
    try:
        return begun(message)
    except InputError as error:
        raise _refused(error) from None


def _sequence_id(request: InferRequest) -> str:
    name = request.parameters.get("sequence_id")
    if isinstance(name, bool | float) or not name:
        raise wrong("no sequence", "the parameter 'sequence_id', a text or a number")
    return str(name)


def _unwanted(making: "asyncio.Future[HostedSegment]") -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().close()


def _number(request: InferRequest) -> int:
    number = request.parameters.get("number")
    if type(number) is not int or number < 0:
        raise wrong(f"the number {number!r}", "a whole parameter 'number' from 0")
    return number


def _place(given: Asked | Checkpoint) -> tuple[str, int]:
    return given.stream, given.frame


def _over() -> WireError:
    return wrong("a sequence that has ended", "one that goes on", status=404)


def _refused(error: InputError) -> WireError:
    """What cannot be read, as the protocol says it."""
    return error if isinstance(error, WireError) else WireError(400, error.problems[0])
