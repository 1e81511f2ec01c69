"""A model of this machine behind a batcher: its batches run on threads of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from vedette.models.backend import Arrays, Backend
from vedette.models.batching import Answer, Batcher
from vedette.models.rows import Batching

BATCHING = Batching()


class BatchedModel:
    """Answers requests for one backend, ``threads`` batches at a time.

    Answers equal those of single requests, since a backend's rows are independent of each other.
    The event loop is never blocked: a local backend computes in one of the threads.
    """

    def __init__(
        self, backend: Backend, batching: Batching = BATCHING, *, threads: int = 1
    ) -> None:
        self._backend = backend
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="model")
        self._batcher = Batcher(self._compute, batching, at_once=threads)

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
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._on_thread, batch)

    def _on_thread(self, batch: Arrays) -> Arrays:
        return self._backend.submit(batch).result()
