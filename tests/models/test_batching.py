"""Many callers, few batches, and each caller's own answer; time is the loop's and jumps."""

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.loops import in_virtual_time

from vedette.models.backend import Arrays
from vedette.models.batching import Answer, Batcher
from vedette.models.rows import Batching
from vedette.models.wire.errors import WireError


class Model:
    """Doubles each row in a second, and remembers the batches; a negative row is a mistake."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.busy = self.busiest = 0

    async def __call__(self, batch: Arrays) -> Arrays:
        self.batches.append(batch["x"].tolist())
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        await asyncio.sleep(1.0)
        self.busy -= 1
        if (batch["x"] < 0).any():
            raise ValueError(batch["x"].min())
        return {"y": batch["x"] * 2}


def rows(*values: int) -> Arrays:
    return {"x": np.array(values)}


async def later(batcher: Batcher, wait_s: float, *values: int) -> Answer:
    await asyncio.sleep(wait_s)
    return await batcher.infer(rows(*values))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.5, 3.0]),
    st.integers(1, 2),
)
def test_every_caller_gets_what_it_would_alone(
    callers: list[tuple[int, int]], wait: float, at_once: int
) -> None:
    model = Model()

    async def story() -> None:
        batcher = Batcher(model, Batching(max_rows=4, max_wait_s=wait), at_once=at_once)
        asked = [list(range(10 * i, 10 * i + n)) for i, (_, n) in enumerate(callers)]
        calls = [later(batcher, at, *v) for (at, _), v in zip(callers, asked, strict=True)]
        answers = await asyncio.gather(*calls)
        assert [each.outputs["y"].tolist() for each in answers] == [
            [2 * value for value in values] for values in asked
        ]
        assert all(each.compute_s == pytest.approx(1.0) for each in answers)
        await batcher.aclose()

    in_virtual_time(story())
    assert max(map(len, model.batches)) <= 4
    assert model.busiest <= at_once


def test_requests_that_come_while_the_model_is_busy_share_the_next_batch() -> None:
    model = Model()

    async def story() -> list[Answer]:
        batcher = Batcher(model, Batching(max_rows=8))
        return await asyncio.gather(*(later(batcher, 0.1 * i, i) for i in range(5)))

    answers = in_virtual_time(story())
    assert model.batches == [[0], [1, 2, 3, 4]]
    assert [round(each.queue_s, 6) for each in answers] == [0, 0.9, 0.8, 0.7, 0.6]
    assert [each.rows for each in answers] == [1, 4, 4, 4, 4]


def test_times_are_those_of_the_clock_that_is_given() -> None:
    times = iter([1.0, 1.25, 1.75])

    async def story() -> Answer:
        return await Batcher(Model(), Batching(), clock=lambda: next(times)).infer(rows(1))

    answer = in_virtual_time(story())
    assert (answer.queue_s, answer.compute_s) == (0.25, 0.5)


def test_a_batch_waits_for_more_no_longer_than_it_may() -> None:
    model = Model()

    async def story() -> list[Answer]:
        batcher = Batcher(model, Batching(max_rows=8, max_wait_s=0.5))
        return await asyncio.gather(*(later(batcher, 0.4 * i, i) for i in range(3)))

    answers = in_virtual_time(story())
    assert model.batches == [[0, 1], [2]]
    assert answers[0].queue_s == pytest.approx(0.5)


def test_one_mistake_fails_its_own_caller_only() -> None:
    model = Model()

    async def story() -> list[Any]:
        batcher = Batcher(model, Batching(max_rows=8, max_wait_s=0.5))
        calls = (batcher.infer(rows(value)) for value in (1, -2, 3))
        return await asyncio.gather(*calls, return_exceptions=True)

    good, bad, other = in_virtual_time(story())
    assert (good.outputs["y"].tolist(), other.outputs["y"].tolist()) == ([2], [6])
    assert isinstance(bad, ValueError)
    assert model.batches == [[1, -2, 3], [1], [-2], [3]]


def test_who_is_cancelled_in_the_queue_is_never_computed() -> None:
    model = Model()

    async def story() -> None:
        batcher = Batcher(model, Batching(max_rows=1))
        first, second, third = (asyncio.create_task(batcher.infer(rows(i))) for i in range(3))
        await asyncio.sleep(0.5)
        second.cancel()
        await asyncio.gather(first, third)
        assert second.cancelled()
        assert batcher.waiting_rows == 0

    in_virtual_time(story())
    assert model.batches == [[0], [2]]


def test_who_is_cancelled_while_computed_leaves_the_others_their_answers() -> None:
    async def story() -> None:
        batcher = Batcher(Model(), Batching(max_rows=4, max_wait_s=0.1))
        first, second = (asyncio.create_task(batcher.infer(rows(i))) for i in (1, 2))
        await asyncio.sleep(0.5)
        first.cancel()
        assert (await second).outputs["y"].tolist() == [4]

    in_virtual_time(story())


@pytest.mark.parametrize("deadline", [0.0, 0.5, 1.5])
def test_who_is_too_late_is_told_at_the_deadline(deadline: float) -> None:
    model = Model()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        batcher = Batcher(model, Batching(max_rows=1))
        first = asyncio.create_task(batcher.infer(rows(1)))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await batcher.infer(rows(2), deadline_s=deadline)
        assert loop.time() == pytest.approx(deadline)
        await first
        await batcher.aclose()

    in_virtual_time(story())


def test_a_full_queue_refuses_and_serves_on() -> None:
    async def story() -> None:
        batcher = Batcher(Model(), Batching(max_rows=2, max_queue=2))
        calls = [asyncio.create_task(batcher.infer(rows(i))) for i in range(3)]
        await asyncio.sleep(0.5)
        with pytest.raises(WireError, match="2 rows that wait") as refused:
            await batcher.infer(rows(9))
        assert refused.value.status == 503
        assert [each.outputs["y"].tolist() for each in await asyncio.gather(*calls)] == [
            [0],
            [2],
            [4],
        ]

    in_virtual_time(story())


def test_requests_share_a_batch_up_to_what_the_model_computes_at_once() -> None:
    model = Model()

    async def story() -> list[Answer]:
        batcher = Batcher(model, Batching(max_rows=4, max_wait_s=9.0), rows_at_once=2)
        calls = [batcher.infer(rows(*values)) for values in ([1], [2], [3, 4, 5], [6], [7])]
        return await asyncio.gather(*calls)

    answers = in_virtual_time(story())
    assert sorted(model.batches) == [[1, 2], [3, 4, 5], [6, 7]]
    assert answers[2].outputs["y"].tolist() == [6, 8, 10]


def test_a_request_of_too_many_rows_is_refused() -> None:
    async def story() -> None:
        with pytest.raises(WireError, match="at most 2 rows"):
            await Batcher(Model(), Batching(max_rows=2)).infer(rows(1, 2, 3))

    in_virtual_time(story())


def test_a_batcher_that_closes_answers_what_it_accepted_at_once_and_nothing_more() -> None:
    async def story() -> None:
        batcher = Batcher(Model(), Batching(max_rows=4, max_wait_s=30))
        call = asyncio.create_task(batcher.infer(rows(1)))
        await asyncio.sleep(0)
        await batcher.aclose()
        assert (await call).outputs["y"].tolist() == [2]
        assert asyncio.get_running_loop().time() < 2
        with pytest.raises(WireError, match="unloaded"):
            await batcher.infer(rows(2))

    in_virtual_time(story())
