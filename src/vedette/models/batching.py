"""Requests of many callers become batches, on one event loop; every caller gets its own answer.

A server puts it before a model, a client before an endpoint. What runs when is decided by
``rows.decide``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from vedette.models.backend import Arrays
from vedette.models.rows import Arrival, Batching, decide, joined, kind_of, parted, rows_of
from vedette.models.wire.errors import wrong

AGAIN = "again in a while, or another replica"

Compute = Callable[[Arrays], Awaitable[Arrays]]
"""Runs one batch; what it raises is to blame on the batch."""


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """One request's outputs, how long it waited and how long its batch ran.

    ``rows`` is the size of the batch that it was part of.
    """

    outputs: Arrays
    queue_s: float
    compute_s: float
    rows: int


@dataclass(eq=False, slots=True)
class _Waiting:
    arrays: Arrays
    arrival: Arrival
    asked_s: float
    answer: asyncio.Future[Answer]


class Batcher:
    """Runs ``compute`` on batches of the requests that wait, ``at_once`` batches at a time.

    Requests share a batch up to ``rows_at_once``, where that is fewer than ``batching.max_rows``,
    which one request may have. A model that takes its rows one after the other (1) is asked for
    each by itself: together they would gain nothing and wait for each other.

    Belongs to the event loop that first calls ``infer``. What ``compute`` answers must have one row
    for each row it is given. Where a batch of several fails, each of its requests is run by itself,
    so that only the one to blame fails. A caller that is cancelled or too late leaves the queue; if
    its batch is running already, that runs on for the others. Where an error is not one that
    ``is_to_blame`` says a request may be to blame for, all of them have it.

    What an answer says of its times is by ``clock``, or by that of the loop, which may be coarser
    (uvloop's counts milliseconds).
    """

    def __init__(
        self,
        compute: Compute,
        batching: Batching,
        *,
        at_once: int = 1,
        rows_at_once: int | None = None,
        is_to_blame: Callable[[Exception], bool] = lambda _: True,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.batching, self._is_to_blame = batching, is_to_blame
        together = min(rows_at_once or batching.max_rows, batching.max_rows)
        self._together = replace(batching, max_rows=together)
        self._compute, self._clock = compute, clock
        self._queue: list[_Waiting] = []
        self._free = at_once
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def waiting_rows(self) -> int:
        """Rows in the queue, without those that are being computed."""
        return sum(each.arrival.rows for each in self._queue)

    async def infer(self, arrays: Arrays, *, deadline_s: float | None = None) -> Answer:
        """One request's answer. ``deadline_s`` is a time of the event loop's clock.

        Raises WireError for a request that cannot be batched (400) or that finds the queue full or
        closed (503), TimeoutError where the deadline comes first, and what ``compute`` raises for
        this request alone.
        """
        loop = asyncio.get_running_loop()
        if deadline_s is not None and deadline_s <= loop.time():
            raise TimeoutError
        rows = self._accepted(arrays)
        arrival = Arrival(rows, kind_of(arrays), loop.time())
        one = _Waiting(arrays, arrival, self._time_s(loop), loop.create_future())
        self._queue.append(one)
        self._next(loop)
        try:
            async with asyncio.timeout_at(deadline_s):
                return await one.answer
        finally:
            if one.answer.cancelled() and one in self._queue:  # by its caller, or too late
                self._queue.remove(one)
                self._next(loop)

    async def aclose(self) -> None:
        """Accept nothing more, and wait until all that was accepted is answered."""
        self._is_closed = True
        while self._queue or self._running:
            self._next(asyncio.get_running_loop())
            await asyncio.wait(self._running)

    def cancel(self) -> None:
        """Accept nothing more, and cancel whoever waits; what runs is its callers' to end."""
        self._is_closed = True
        waiting, self._queue = self._queue, []
        for each in waiting:
            each.answer.cancel()

    def _accepted(self, arrays: Arrays) -> int:
        rows = rows_of(arrays)
        if rows > self.batching.max_rows:
            raise wrong(
                f"a request of {rows} rows",
                f"at most {self.batching.max_rows} rows for this model",
                "several requests at once: they share batches",
            )
        if self._is_closed:
            raise wrong("a model that is being unloaded", "one that is ready", AGAIN, status=503)
        if self.waiting_rows + rows > self.batching.max_queue:
            raise wrong(
                f"{self.waiting_rows} rows that wait for this model",
                f"at most {self.batching.max_queue}",
                AGAIN,
                status=503,
            )
        return rows

    def _time_s(self, loop: asyncio.AbstractEventLoop) -> float:
        return loop.time() if self._clock is None else self._clock()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start what may run now, and set the clock for what may not yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._free and self._queue:
            now_s = float("inf") if self._is_closed else loop.time()
            decision = decide([each.arrival for each in self._queue], now_s, self._together)
            if not decision.run:
                if decision.again_s is not None:
                    self._timer = loop.call_at(decision.again_s, self._next, loop)
                return
            chosen = [self._queue[position] for position in decision.run]
            for each in chosen:
                self._queue.remove(each)
            self._free -= 1
            task = loop.create_task(self._run(chosen, loop))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, chosen: Sequence[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        try:
            await self._answer(chosen, loop)
        finally:
            self._free += 1
            self._next(loop)

    async def _answer(self, chosen: Sequence[_Waiting], loop: asyncio.AbstractEventLoop) -> None:
        """Compute a batch; where it fails, each request by itself."""
        start_s = self._time_s(loop)
        counts = [each.arrival.rows for each in chosen]
        try:
            outputs = await self._compute(joined([each.arrays for each in chosen]))
            parts = [outputs] if len(chosen) == 1 else parted(outputs, counts)
        except asyncio.CancelledError:
            for each in chosen:
                each.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001  # it reaches whoever asked
            if len(chosen) == 1 or not self._is_to_blame(error):
                for each in chosen:
                    _fail(each.answer, error)
                return
            for each in chosen:
                if not each.answer.done():
                    await self._answer([each], loop)
            return
        compute_s = self._time_s(loop) - start_s
        for each, part in zip(chosen, parts, strict=True):
            if not each.answer.done():
                waited_s = start_s - each.asked_s
                each.answer.set_result(Answer(part, waited_s, compute_s, sum(counts)))


def _fail(answer: asyncio.Future[Answer], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
