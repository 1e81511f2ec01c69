"""Threads that ask one local model at the same time share its passes."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.gathering import Gathering, gathered


class Held:
    """A backend that answers twice its input, once it may; it notes the rows of each pass."""

    def __init__(self, *, poison: float | None = None) -> None:
        self.rows: list[int] = []
        self.begun, self.may = threading.Semaphore(0), threading.Semaphore(0)
        self._poison = poison

    def submit(self, batch: Arrays) -> Future[Arrays]:
        return completed(lambda: self._run(batch["x"]))

    def _run(self, x: Any) -> Arrays:
        self.rows.append(len(x))
        self.begun.release()
        assert self.may.acquire(timeout=20)
        if self._poison is not None and (x == self._poison).any():
            raise ModelError(Problem("poison", "food"))
        return {"y": 2 * x}


def rows_of(value: float, count: int = 1, width: int = 2) -> Arrays:
    return {"x": np.full((count, width), value)}


def waiting(one: Gathering) -> int:
    return len(one._waiting)


def asked(pool: ThreadPoolExecutor, one: Gathering, *batches: Arrays) -> "list[Future[Arrays]]":
    """Ask in this order, each in a thread of its own, once the one before it waits."""
    found = []
    for batch in batches:
        before = waiting(one)
        found.append(pool.submit(lambda given: one.submit(given).result(), batch))
        until(lambda before=before: waiting(one) > before)
    return found


def until(holds: Any) -> None:
    pause = threading.Event()
    for _ in range(4000):
        if holds():
            return
        pause.wait(0.005)
    raise AssertionError("it never came to that")


def begun(pool: ThreadPoolExecutor, one: Gathering, backend: Held) -> "Future[Arrays]":
    first = pool.submit(lambda: one.submit(rows_of(0)).result())
    assert backend.begun.acquire(timeout=20)
    return first


def test_what_waits_while_a_pass_is_under_way_goes_through_together() -> None:
    backend = Held()
    one = Gathering(backend, 4)
    with ThreadPoolExecutor(8) as pool:
        first = begun(pool, one, backend)
        others = asked(pool, one, *(rows_of(value) for value in range(1, 6)))
        backend.may.release(3)
        answers = [each.result(20)["y"] for each in (first, *others)]
    assert backend.rows == [1, 4, 1]
    assert [each.tolist() for each in answers] == [[[2 * v, 2 * v]] for v in range(6)]


def test_only_the_one_to_blame_fails() -> None:
    backend = Held(poison=2)
    one = Gathering(backend, 4)
    with ThreadPoolExecutor(8) as pool:
        first = begun(pool, one, backend)
        good, bad, other = asked(pool, one, rows_of(1), rows_of(2), rows_of(3))
        backend.may.release(5)
        assert first.result(20)["y"][0, 0] == 0
        assert good.result(20)["y"][0, 0] == 2
        assert other.result(20)["y"][0, 0] == 6
        with pytest.raises(ModelError, match="poison"):
            bad.result(20)
    assert backend.rows == [1, 3, 1, 1, 1]


def test_what_cannot_stand_in_one_array_does_not_share_a_pass() -> None:
    backend = Held()
    one = Gathering(backend, 4)
    with ThreadPoolExecutor(8) as pool:
        first = begun(pool, one, backend)
        narrow, wide, narrow_too = asked(pool, one, rows_of(1), rows_of(2, width=3), rows_of(3))
        backend.may.release(3)
        for each in (first, narrow, wide, narrow_too):
            each.result(20)
        assert wide.result()["y"].shape == (1, 3)
    assert backend.rows == [1, 2, 1]


def test_as_many_passes_run_at_once_as_may() -> None:
    backend = Held()
    one = Gathering(backend, 4, at_once=2)
    with ThreadPoolExecutor(8) as pool:
        both = [begun(pool, one, backend), begun(pool, one, backend)]
        others = asked(pool, one, rows_of(1), rows_of(2))
        backend.may.release(3)
        for each in (*both, *others):
            each.result(20)
    assert backend.rows == [1, 1, 2]


class Elsewhere(Held):
    is_elsewhere = True


class Model:
    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def over(self, backend: Any) -> "Model":
        return Model(backend)


def test_only_models_that_are_computed_here_gather() -> None:
    here, there, other = Model(Held()), Model(Elsewhere()), object()
    assert isinstance(gathered(here, 4, 1).backend, Gathering)
    assert gathered(there, 4, 1) is there
    assert gathered(other, 4, 1) is other
