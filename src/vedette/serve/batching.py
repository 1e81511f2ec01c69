"""A model of this machine behind a batcher: batches run on threads of its own, or here if quick."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vedette.models.backend import Arrays, Backend
from vedette.models.batching import Answer, Batcher
from vedette.models.rows import Batching

BATCHING = Batching()
QUICK_S = 2e-4
"""CPU seconds: less than the event loop spends on any request's protocol."""
FADING = 0.9
"""What is left of the longest computation with each one that was shorter."""


class BatchedModel:
    """Answers requests for one backend, ``threads`` batches at a time.

    Answers equal those of single requests, since a backend's rows are independent of each other.
    Requests share a batch up to ``rows_at_once``, where that is given (see Batcher).

    The event loop is never held for long: a local backend computes in one of the threads. But who
    goes to a thread and back waits twice for a core. So with ``cpu_s``, the clock of a thread's CPU
    time, a batch is computed in the loop as long as batches of its size have proved to take less
    than QUICK_S. It is for backends that compute in their caller's thread and wait for nothing.
    """

    def __init__(
        self,
        backend: Backend,
        batching: Batching = BATCHING,
        *,
        threads: int = 1,
        rows_at_once: int | None = None,
        cpu_s: Callable[[], float] | None = None,
    ) -> None:
        self._backend, self._cpu_s, self._longest = backend, cpu_s, Longest()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="model")
        self._batcher = Batcher(
            self._compute,
            batching,
            at_once=threads,
            rows_at_once=rows_at_once,
            clock=time.perf_counter,
        )

    @property
    def batching(self) -> Batching:
        return self._batcher.batching

    @property
    def waiting_rows(self) -> int:
        """Rows in the queue, for statistics."""
        return self._batcher.waiting_rows

    async def infer(self, arrays: Arrays, *, deadline_s: float | None = None) -> Answer:
        """One request's outputs and times; raises what ``Batcher.infer`` does."""
        return await self._batcher.infer(arrays, deadline_s=deadline_s)

    async def aclose(self) -> None:
        """Answer what was accepted, refuse the rest, and end the threads."""
        await self._batcher.aclose()
        self._pool.shutdown()

    async def _compute(self, batch: Arrays) -> Arrays:
        if self._cpu_s is not None and self._longest.of(batch) < QUICK_S:
            return self._computed(batch)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._computed, batch)

    def _computed(self, batch: Arrays) -> Arrays:
        clock = self._cpu_s
        if clock is None:
            return self._backend.submit(batch).result()
        begun_s = clock()
        try:
            return self._backend.submit(batch).result()
        finally:
            self._longest.add(batch, clock() - begun_s)


class Longest:
    """How long batches lately took at most, apart for each power of two of their bytes.

    One that took long is remembered the longer, the longer it took: with FADING 0.9, 100 ms for 59
    batches until they count as less than QUICK_S again. A size that never came is unknown.

    >>> import numpy as np
    >>> longest, batch = Longest(), {"x": np.zeros(100)}
    >>> longest.of(batch)
    inf
    >>> longest.add(batch, 0.5)
    >>> longest.add(batch, 0.0)
    >>> longest.of(batch)
    0.45
    """

    def __init__(self) -> None:
        self._longest_s: dict[int, float] = {}

    def of(self, batch: Arrays) -> float:
        """Seconds."""
        return self._longest_s.get(_magnitude(batch), math.inf)

    def add(self, batch: Arrays, took_s: float) -> None:
        key = _magnitude(batch)
        self._longest_s[key] = max(took_s, FADING * self._longest_s.get(key, 0.0))


def _magnitude(batch: Arrays) -> int:
    return sum(array.nbytes for array in batch.values()).bit_length()
