"""A backend on threads behind a batcher."""

import asyncio
import threading
from collections.abc import Callable

import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays
from vedette.models.rows import Batching
from vedette.serve.batching import BatchedModel


def test_answers_come_from_the_models_own_threads_in_batches() -> None:
    seen: list[tuple[str, int]] = []
    gate = threading.Event()

    def double(batch: Arrays) -> Arrays:
        gate.wait(10)
        seen.append((threading.current_thread().name, len(batch["x"])))
        return {"y": batch["x"] * 2}

    async def story() -> None:
        model = BatchedModel(FakeBackend(double), Batching(max_rows=4))
        calls = [asyncio.create_task(model.infer({"x": np.array([i])})) for i in range(5)]
        await asyncio.sleep(0)  # all have asked, the first is held at the gate
        assert model.waiting_rows == 4
        gate.set()
        answers = await asyncio.gather(*calls)
        assert [each.outputs["y"].tolist() for each in answers] == [[0], [2], [4], [6], [8]]
        await model.aclose()

    asyncio.run(story())
    assert [rows for _, rows in seen] == [1, 4]
    assert all(name.startswith("model") for name, _ in seen)


def test_what_the_backend_says_reaches_the_caller() -> None:
    def refuse(_: Arrays) -> Arrays:
        raise ModelError(Problem("that", "this"))

    async def story() -> None:
        model = BatchedModel(FakeBackend(refuse))
        with pytest.raises(ModelError, match="expected this"):
            await model.infer({"x": np.zeros((1, 2))})
        await model.aclose()

    asyncio.run(story())


class Busy:
    """A model that takes as much of its thread's time as a row says, and notes where it ran."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.threads: list[str] = []

    def __call__(self, batch: Arrays) -> Arrays:
        self.threads.append(threading.current_thread().name.partition("_")[0])
        self.time_s += float(batch["x"].sum())
        return batch

    def asked(self, *rows_s: float, clock: Callable[[], float] | None) -> list[str]:
        """One row after the other; where each was computed."""

        async def story() -> None:
            model = BatchedModel(FakeBackend(self), cpu_s=clock)
            for row_s in rows_s:
                await model.infer({"x": np.array([row_s])})
            await model.aclose()

        asyncio.run(story())
        return self.threads


def test_what_has_proved_quick_is_computed_in_the_loop() -> None:
    busy = Busy()
    assert busy.asked(1e-5, 1e-5, 1e-5, clock=lambda: busy.time_s) == [
        "model",
        "MainThread",
        "MainThread",
    ]


def test_one_that_was_not_quick_sends_those_that_follow_to_threads_for_a_while() -> None:
    busy = Busy()
    rows_s = [1e-5, 0.01, *[1e-5] * 40]
    threads = busy.asked(*rows_s, clock=lambda: busy.time_s)
    assert threads[:3] == ["model", "MainThread", "model"]  # nobody can know the second before
    assert threads.index("MainThread", 2) == 2 + 38  # 0.01 s * 0.9^38 is less than 2e-4 s
    assert set(threads[40:]) == {"MainThread"}


def test_slow_batches_and_backends_without_a_clock_never_hold_the_loop() -> None:
    slow, unknown = Busy(), Busy()
    assert set(slow.asked(*[0.01] * 5, clock=lambda: slow.time_s)) == {"model"}
    assert set(unknown.asked(*[1e-5] * 5, clock=None)) == {"model"}


def test_a_size_that_is_slow_does_not_slow_another() -> None:
    busy = Busy()

    async def story() -> None:
        model = BatchedModel(FakeBackend(busy), cpu_s=lambda: busy.time_s)
        for row in ([1e-5], [0.01] + [0.0] * 7, [1e-5]):
            await model.infer({"x": np.array([row])})
        await model.aclose()

    asyncio.run(story())
    assert busy.threads == ["model", "model", "MainThread"]


def test_requests_for_a_model_that_takes_its_rows_one_by_one_are_not_put_together() -> None:
    gate, sizes = threading.Event(), list[int]()

    def double(batch: Arrays) -> Arrays:
        gate.wait(10)
        sizes.append(len(batch["x"]))
        return {"y": batch["x"] * 2}

    async def story() -> None:
        model = BatchedModel(FakeBackend(double), Batching(max_rows=4), rows_at_once=1)
        asked = [[1], [2], [3, 4, 5]]
        calls = [asyncio.create_task(model.infer({"x": np.array(rows)})) for rows in asked]
        await asyncio.sleep(0)
        gate.set()
        answers = await asyncio.gather(*calls)
        assert [each.outputs["y"].tolist() for each in answers] == [[2], [4], [6, 8, 10]]
        await model.aclose()

    asyncio.run(story())
    assert sizes == [1, 1, 3]
