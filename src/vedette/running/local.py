"""A plan on this machine: threads in one process, bounded queues, order kept, wall time measured.

Each stream has a thread that reads and one, its lane, that takes frames through the stages;
stateless stages run in one pool for all. Steps that streams share run in a thread of their own.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import MappingProxyType

from vedette.running.course import Course, course
from vedette.running.delivery import Delivery
from vedette.running.emulated import EmulatedWork
from vedette.running.executor import (
    FrameSource,
    Onlooker,
    Progress,
    Report,
    Sink,
    load_states,
    messages_of,
)
from vedette.running.figuring import figures
from vedette.running.real import RealWork
from vedette.running.segment import stages
from vedette.running.stepping import Each
from vedette.running.tally import incidents
from vedette.running.threads import QueueBounds, Threads
from vedette.running.work import Models, Operators, StepFailed, Work, signatures_of
from vedette.types.graph import Span
from vedette.types.plan import Deployment

WHOLE: Mapping[str, Span] = MappingProxyType({})


class LocalExecutor:
    """Runs for real. File streams are read as fast as they are worked off, or with ``paced`` no
    faster than they were captured; live ones are always paced, and drop the oldest waiting frame
    when their queue is full.

    Of a stream that is not paced, latency and age count from when a frame was read. With ``speed``
    (this machine's) the plan's machines and links are emulated in real time.
    """

    def __init__(
        self,
        operators: Operators,
        models: Models,
        *,
        workers: int | None = None,
        paced: bool = False,
        bounds: QueueBounds = QueueBounds(),  # noqa: B008  # a frozen value
        clock: Callable[[], float] = time.monotonic,
        onlooker: Onlooker | None = None,
        speed: float | None = None,
    ) -> None:
        self._operators, self._models, self._bounds = operators, models, bounds
        self._workers = workers or os.cpu_count() or 1
        self._paced, self._clock, self._onlooker = paced, clock, onlooker
        self._speed = speed

    def run(
        self,
        plan: Deployment,
        sources: Mapping[str, FrameSource],
        sink: Sink,
        *,
        spans: Mapping[str, Span] = WHOLE,
        stop: threading.Event | None = None,
        progress: Progress | None = None,
    ) -> Report:
        with ExitStack() as scope:
            real = self._work(plan, scope)
            resumed = sink.resume()
            load_states(plan, real, resumed)
            delivery = Delivery(plan, sink, progress)
            work = self._emulated(plan, real, delivery)
            pool = scope.enter_context(ThreadPoolExecutor(self._workers, "stage"))
            stop = stop or threading.Event()
            threads = Threads(
                plan,
                work,
                delivery,
                pool,
                self._bounds,
                self._clock,
                stop,
                self._onlooker,
                self._workers,
                work.owed_s if isinstance(work, EmulatedWork) else None,
            )
            streams = messages_of(plan, sources, resumed, spans)
            started = os.times()
            try:
                finished = threads.run(streams, self._courses(plan), paced=self._paced)
            except StepFailed as failure:
                sink.incident(failure.incident())
                raise failure.explained() from None
            if finished:
                delivery.close()
            befell = incidents((*sources.values(), real), threads.tally, sink)
            cpu_s = sum(os.times()[:4]) - sum(started[:4]) if self._speed is None else None
        rates = {name: source.rate for name, source in sources.items()}
        return Report(
            figures=figures(threads.tally, "measured", rates, cpu_s=cpu_s),
            events=delivery.events,
            incidents=befell,
            steps=threads.tally.counts(),
            finished=finished,
        )

    def _work(self, plan: Deployment, scope: ExitStack) -> RealWork:
        """Work that does several items of a stateless step at once where the plan says so."""
        each: Each = map
        if plan.parallel_items:
            each = scope.enter_context(ThreadPoolExecutor(self._workers, "items")).map
        return RealWork(plan, self._operators, self._models, clock=time.thread_time, each=each)

    def _emulated(self, plan: Deployment, work: Work, delivery: Delivery) -> Work:
        if self._speed is None:
            return work
        return EmulatedWork(plan, work, speed=self._speed, answers=delivery.answers)

    def _courses(self, plan: Deployment) -> dict[str, Course]:
        parts = stages(plan.workflow, plan.placement, signatures_of(plan, self._operators))
        is_watched = self._onlooker is not None
        names = [source.name for source in plan.workflow.sources]
        return {name: course(plan, parts, name, is_watched=is_watched) for name in names}
