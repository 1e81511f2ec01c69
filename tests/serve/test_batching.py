"""A backend on threads behind a batcher."""

import asyncio
import threading

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
