"""A plan on this machine: threads in one process, bounded queues, order kept, wall time measured.

Each stream has a thread that reads and one, its lane, that takes frames through the stages;
stateless stages run in one pool for all. Steps that streams share run in a thread of their own.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import MappingProxyType

from vedette.declaring.operator import Signatures
from vedette.errors import InputError
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
from vedette.running.passes import callers, gathering
from vedette.running.real import RealWork
from vedette.running.remote import Hosts, Remote
from vedette.running.segment import Segment, segments, stages
from vedette.running.sound import ensure_sound
from vedette.running.stepping import Each
from vedette.running.tally import Concerned, Lost, incidents
from vedette.running.threads import QueueBounds, Threads
from vedette.running.work import Models, Operators, StepFailed, Work, signatures_of
from vedette.types.commit import Commit
from vedette.types.graph import Span, Step
from vedette.types.plan import Deployment

WHOLE: Mapping[str, Span] = MappingProxyType({})


class LocalExecutor:
    """Runs for real. File streams are read as fast as they are worked off, or with ``paced`` no
    faster than they were captured; live ones are always paced, and drop the oldest waiting frame
    when their queue is full.

    Of a stream that is not paced, latency and age count from when a frame was read. With ``speed``
    (this machine's) the plan's machines and links are emulated in real time. With ``hosts`` the
    segments of their devices are done there, by workers; sources and answers stay here.
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
        hosts: Hosts | None = None,
    ) -> None:
        self._operators, self._models, self._bounds = operators, models, bounds
        self._workers = workers or os.cpu_count() or 1
        self._paced, self._clock, self._onlooker = paced, clock, onlooker
        self._speed, self._hosts = speed, hosts

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
            parts = self._segments(plan)
            resumed = sink.resume()
            remote = self._remote(plan, parts, resumed, scope)
            real = self._work(plan, scope, parts)
            load_states(plan, real, resumed)
            delivery = Delivery(plan, sink, progress)
            work = self._emulated(plan, real, delivery)
            pool = scope.enter_context(ThreadPoolExecutor(callers(plan, self._workers), "stage"))
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
                remote,
                work.owed_s if isinstance(work, EmulatedWork) else None,
            )
            streams = messages_of(plan, sources, resumed, spans)
            started = os.times()
            concerned: list[Concerned] = [*sources.values(), real, *([remote] if remote else [])]
            try:
                finished = threads.run(streams, self._courses(plan, parts), paced=self._paced)
            except StepFailed as failure:
                sink.incident(failure.incident())
                raise failure.explained() from None
            except InputError:  # no machine is left, say: what had befallen before is kept
                incidents(concerned, threads.tally, sink)
                raise
            if finished:
                delivery.close()
            if not finished:
                concerned.append(Lost(sources, threads.tally, resumed, sink.resume()))
            befell = incidents(concerned, threads.tally, sink)
            cpu_s = sum(os.times()[:4]) - sum(started[:4]) if self._speed is None else None
            if cpu_s is not None:
                gauges = threads.tally.gauges
                cpu_s += sum(gauges[step.name].cpu_s for step in self._hosted(parts))
        rates = {name: source.rate for name, source in sources.items()}
        return Report(
            figures=figures(threads.tally, "measured", rates, cpu_s=cpu_s),
            events=delivery.events,
            incidents=befell,
            steps=threads.tally.counts(),
            finished=finished,
        )

    def _segments(self, plan: Deployment) -> tuple[Segment, ...]:
        ensure_sound(plan, Signatures(self._operators))
        found = stages(plan.workflow, plan.placement, signatures_of(plan, self._operators))
        return segments(plan.workflow, plan.placement, found)

    def _hosted(self, parts: Sequence[Segment]) -> list[Step]:
        devices = self._hosts.devices if self._hosts else frozenset()
        return [step for each in parts if each.device in devices for step in each.steps]

    def _remote(
        self,
        plan: Deployment,
        parts: Sequence[Segment],
        resumed: Mapping[str, Commit],
        scope: ExitStack,
    ) -> Remote | None:
        if self._hosts is None:
            return None
        return scope.enter_context(Remote(plan, parts, self._hosts, resumed))

    def _work(self, plan: Deployment, scope: ExitStack, parts: Sequence[Segment]) -> RealWork:
        """Work that does several items of a stateless step at once where the plan says so."""
        each: Each = map
        if plan.parallel_items:
            each = scope.enter_context(ThreadPoolExecutor(self._workers, "items")).map
        hosted = {step.name for step in self._hosted(parts)}
        here = {step.name for step in plan.workflow.steps} - hosted
        clock = time.thread_time
        known = signatures_of(plan, self._operators)
        models = gathering(plan, self._models, known, self._workers)
        return RealWork(plan, self._operators, models, clock=clock, each=each, only=here)

    def _emulated(self, plan: Deployment, work: Work, delivery: Delivery) -> Work:
        if self._speed is None:
            return work
        return EmulatedWork(plan, work, speed=self._speed, answers=delivery.answers)

    def _courses(self, plan: Deployment, parts: Sequence[Segment]) -> dict[str, Course]:
        ordered = tuple(stage for each in parts for stage in each.stages)
        is_watched = self._onlooker is not None
        names = [source.name for source in plan.workflow.sources]
        return {name: course(plan, ordered, name, is_watched=is_watched) for name in names}
