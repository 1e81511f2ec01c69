"""What a segment's model refuses, and that messages are taken up in their order."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.running.hosted import SCRIPTED, cut
from tests.running.scripted import OPERATORS, Number, Sum, no_models, plan_of, sources_for
from tests.running.test_executor import TELL

from vedette.models.wire import InferRequest, Tensor, WireError
from vedette.running.crossing import Answered, Asked, Begun, Message, answered, ask, ask_begin
from vedette.running.executor import FrameSource
from vedette.running.hosting import HostedSegment
from vedette.serve import segment_model
from vedette.serve.segment_model import Bounds, SegmentModel, tensors
from vedette.types.media import Bundle

PLAN = plan_of(TELL, streams={"street": ("a",)})


def model(*, operators: Any = OPERATORS, **bounds: Any) -> SegmentModel:
    (segment,) = cut(PLAN, OPERATORS)
    known: Any = {"digest": "plan", "bounds": Bounds(**bounds), "codec": SCRIPTED}
    return SegmentModel(PLAN, segment, operators, no_models, **known)


class Sums:
    def __init__(self) -> None:
        self.state = Sum()


def request(message: Message | None, **parameters: Any) -> InferRequest:
    inputs: Sequence[Tensor] = () if message is None else tensors(message)
    named = {"sequence_id": "one", "plan": "plan", **parameters}
    return InferRequest("segment", tuple(inputs), parameters=named)


def begin(name: str = "one") -> InferRequest:
    return request(ask_begin(Begun(("a",))), sequence_start=True, sequence_id=name)


SOURCE: FrameSource = sources_for(PLAN)["a"]
FRAMES = [
    Asked("a", f.key.frame, f.time_s, {"street": Bundle("a", f.key.frame, f.time_s, ((0, f),))})
    for f in SOURCE.frames()
]


async def status(model: SegmentModel, *requests: InferRequest) -> int:
    """What the last of the requests is refused with, or 200."""
    for each in requests[:-1]:
        await model.infer(each)
    try:
        await model.infer(requests[-1])
    except WireError as error:
        return error.status
    finally:
        await model.aclose()
    return 200


def asking(number: int, /, **parameters: Any) -> InferRequest:
    return request(ask(FRAMES[number], SCRIPTED), **{"number": number, **parameters})


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ((begin(), asking(0)), 200),
        ((asking(0),), 404),
        ((begin(), begin()), 409),
        ((begin(), asking(0), asking(0)), 409),
        ((begin(), asking(0, plan="another")), 409),
        ((begin(), asking(0, number="none")), 400),
        ((begin(), asking(0, sequence_id="")), 400),
        ((begin(), request((b"{}", []), number=0)), 400),
        ((begin(), request((b"[" * 9999, []), number=0)), 400),
        ((begin(), request((ask(FRAMES[0], SCRIPTED)[0], []), number=0)), 400),
        ((request(ask_begin(Begun(("nobody",))), sequence_start=True),), 400),
        ((begin(), begin("two"), begin("three")), 429),
        ((begin(), asking(30)), 429),
        ((begin(), request(None, sequence_end=True), asking(0)), 404),
    ],
)
def test_a_request_that_cannot_be_is_refused(
    requests: Sequence[InferRequest], expected: int
) -> None:
    assert asyncio.run(status(model(capacity=4, sequences=2), *requests)) == expected


def test_messages_that_overtake_each_other_wait_for_their_turn() -> None:
    async def totals() -> list[Any]:
        hosted = model()
        await hosted.infer(begin())
        numbers = [3, 1, 2, 0]
        replies = await asyncio.gather(*(hosted.infer(asking(n)) for n in numbers))
        await hosted.aclose()
        found = {}
        for number, reply in zip(numbers, replies, strict=True):
            key, items = (each.array.tolist() for each in reply.outputs)
            told = answered((key[0], items), FRAMES[number], SCRIPTED)
            assert isinstance(told, Answered)
            found[number] = told.done["sum"].calls, told.bundles["tell"].items
        return [found[number] for number in sorted(found)]

    assert [calls for calls, _ in asyncio.run(totals())] == [1, 0, 1, 1]


def test_a_request_says_where_its_time_went_and_how_much_may_follow() -> None:
    async def told() -> dict[str, Any]:
        hosted = model(capacity=7)
        await hosted.infer(begin())
        response = await hosted.infer(asking(0))
        await hosted.aclose()
        return dict(response.parameters)

    found = asyncio.run(told())
    assert found["capacity"] == 7
    assert found["queue_us"] >= 0 <= found["compute_us"]


@pytest.fixture
def may_go() -> Iterator[threading.Event]:
    """What holds a worker's threads up, until the test is over at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_an_answer_that_is_not_there_in_time_is_late_and_not_unknown(
    may_go: threading.Event,
) -> None:
    class Held(Sums):
        def __call__(self, number: Number) -> Number:
            may_go.wait(5)
            return number

    async def refused() -> int:
        hosted = model(operators={**OPERATORS, "accumulate": Held})
        await hosted.infer(begin())
        with pytest.raises(WireError) as raised:
            await hosted.infer(asking(0), deadline_s=0.0)
        await hosted.aclose()
        return raised.value.status

    assert asyncio.run(refused()) == 504


def test_a_sequence_that_is_given_up_while_it_begins_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch, may_go: threading.Event
) -> None:
    is_begun, is_closed = threading.Event(), threading.Event()

    class Late(Sums):
        def __init__(self) -> None:
            super().__init__()
            is_begun.set()
            may_go.wait(5)

        def __call__(self, number: Number) -> Number:
            return number

    class Watched(HostedSegment):
        def close(self) -> None:
            super().close()
            is_closed.set()

    async def give_up() -> None:
        hosted = model(operators={**OPERATORS, "accumulate": Late})
        beginning = asyncio.create_task(hosted.infer(begin()))
        await asyncio.to_thread(is_begun.wait, 5)
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning
        may_go.set()
        await asyncio.to_thread(is_closed.wait, 5)

    monkeypatch.setattr(segment_model, "HostedSegment", Watched)
    asyncio.run(give_up())
    assert is_closed.is_set()
