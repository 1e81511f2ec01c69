"""One measurement: a deployment rehearsed on some frames, alone in its process.

Inside a process everything runs one at a time with codec and library threads off, so that the
process's CPU clock belongs to the operator that is at work.
"""

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

import numpy as np

from vedette import ops
from vedette.declaring.operator import operators, signatures
from vedette.declaring.registry import files, load_file, registered
from vedette.errors import InputError, Problem
from vedette.media.annotate import Annotator
from vedette.media.source import Reader, open_source
from vedette.models import loader, reference_call, warm
from vedette.planning.placement import is_packing
from vedette.records.codec import digest
from vedette.running.executor import Report
from vedette.running.virtual import VirtualExecutor
from vedette.types.commit import Commit
from vedette.types.events import Event, Incident
from vedette.types.graph import Span, Workflow
from vedette.types.media import Bundle
from vedette.types.plan import Deployment
from vedette.types.profile import StepTrace, Trace

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Job:
    """What to run on which frames of each stream.

    ``is_normalised``: seconds are at speed 1; otherwise as this machine's clock has them.
    ``annotate`` names a film of what is seen, which is drawn beside the work and charged to nobody.
    """

    deployment: Deployment
    spans: Mapping[str, Span]
    is_normalised: bool = True
    annotate: Path | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a job: figures and trace, and what was seen."""

    report: Report
    events: tuple[Event, ...]

    @property
    def trace(self) -> Trace:
        if self.report.trace is None:
            raise ValueError("a rehearsal without a trace")
        return self.report.trace


@dataclass(slots=True)
class EventsOnly:
    """A sink that keeps events, with their pictures, and lets every other answer go."""

    found: dict[tuple[str, str, int, int], Event] = field(default_factory=dict)

    def resume(self) -> Mapping[str, Commit]:
        return {}

    def deliver(self, step: str, bundle: Bundle) -> None:
        pass

    def commit(self, commits: Sequence[Commit]) -> None:
        for commit in commits:
            for step, event in (*commit.events, *commit.evidence):
                key = (step, event.stream, event.start_frame, event.ordinal)
                known = self.found.get(key)
                if known is None or not known.picture:
                    self.found[key] = event

    def incident(self, incident: Incident) -> None:
        pass


def rehearse(job: Job) -> Rehearsed:
    """Run a job in this process, one operator at a time."""
    plan = job.deployment
    _ensure_known(plan.workflow)
    reference = reference_call() if job.is_normalised else None
    wanted = {name for name, span in job.spans.items() if span.end is None or span.end > span.start}
    sink = EventsOnly()
    with ExitStack() as open_streams:
        sources = {
            stream.name: open_streams.enter_context(open_source(stream, threads=1))
            for _, stream in plan.workflow.streams()
            if stream.name in wanted
        }
        _warm(plan, sources.values())
        watching = None
        if job.annotate is not None:
            rates = {name: source.rate for name, source in sources.items()}
            watching = Annotator(job.annotate, plan.workflow, rates, afresh=True)
            open_streams.enter_context(watching)
        executor = VirtualExecutor(
            operators(),
            loader(plan.workflow.own),
            reference=reference,
            onlooker=watching,
        )
        report = executor.run(plan, sources, sink, spans=job.spans)
    return Rehearsed(report, tuple(sink.found.values()))


def _ensure_known(workflow: Workflow) -> None:
    unknown = {step.operator for step in workflow.steps} - operators().keys()
    if unknown:
        found = f"the operator {min(unknown)!r}, which a worker process cannot import"
        raise InputError(
            Problem(found, "operators of a module or of a script", "moving it into a file.py")
        )


def _warm(plan: Deployment, sources: Iterable[Reader]) -> None:
    """Show each model a picture of each size: the first one takes many times what later ones do."""
    known = signatures()
    models = {
        str(s.settings[name]) for s in plan.workflow.steps for name in known[s.operator].models
    }
    load = loader(plan.workflow.own)
    firsts = {reader.size: reader for reader in sources if reader.stream.pace == "file"}
    for reader in firsts.values():
        for frame in islice(reader.frames(), 1):
            for name in sorted(models):
                warm(load(name), frame)


def reference_ms(pause_s: float = 0.0) -> float:
    """What the reference call takes in this process, in CPU milliseconds.

    After a pause it takes more than at once: caches hold something else by then.
    """
    call, took_s = reference_call(), []
    for _ in range(9):
        time.sleep(pause_s)
        start = time.process_time()
        call()
        took_s.append(time.process_time() - start)
    return 1000 * median(took_s)


def _result(future: Future[Rehearsed]) -> Rehearsed:
    try:
        return future.result()
    except BrokenProcessPool:
        raise InputError(
            Problem(
                "worker processes that ended before they had done anything",
                "a script whose work stands under: if __name__ == '__main__':",
                "that line around it; else look at what was killed, as for want of memory",
            )
        ) from None


class Workers:
    """Processes that take one job each at a time; the same results as one process, sooner.

    With ``remember`` the same work is done once, however often and for whatever machines and links
    it is asked for: seconds are those of a machine of speed 1, and so owe the cluster nothing. Then
    a report's figures are those of the cluster that asked first; replay the trace for another's.
    """

    def __init__(self, pool: ProcessPoolExecutor, *, remember: bool = False) -> None:
        self._pool = pool
        self._known: dict[str, Future[Rehearsed]] | None = {} if remember else None

    def begin(self, jobs: Sequence[Job]) -> dict[Future[Rehearsed], list[int]]:
        """Hand in jobs, the first ones first; see :meth:`results`."""
        begun: dict[Future[Rehearsed], list[int]] = {}
        with _uninterrupted():
            for number, job in enumerate(jobs):
                begun.setdefault(self._submitted(job), []).append(number)
        return begun

    def results(
        self, begun: Mapping[Future[Rehearsed], Sequence[int]]
    ) -> Iterator[tuple[int, Rehearsed]]:
        """(job's number, what came of it), as they end."""
        try:
            for future in as_completed(begun):
                for number in begun[future]:
                    yield number, _result(future)
        finally:
            for future in begun:
                future.cancel()

    def _submitted(self, job: Job) -> Future[Rehearsed]:
        if self._known is None:
            return self._pool.submit(rehearse, job)
        key = work_of(job)
        if key not in self._known or self._known[key].cancelled():
            self._known[key] = self._pool.submit(rehearse, job)
        return self._known[key]

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have something else worked out in a process of its own."""
        with _uninterrupted():
            return self._pool.submit(function, *args, **kwargs)

    def reference_ms(self) -> float:
        """What the reference call takes on this machine, in CPU milliseconds."""
        return self._pool.submit(reference_ms).result()

    def in_order(self, jobs: Sequence[Job]) -> Generator[Rehearsed, None, None]:
        """What came of each job, in order; whoever stops asking spares the rest."""
        begun = self.begin(jobs)
        future_of = {number: future for future, numbers in begun.items() for number in numbers}
        try:
            for number in range(len(jobs)):
                yield _result(future_of[number])
        finally:
            for future in begun:
                future.cancel()


def work_of(job: Job) -> str:
    """A digest of what a job does, whatever the machines and links that it is charged to."""
    plan = job.deployment
    free = [(device.name, device.encoder) for device in plan.cluster.devices]
    how = [job.is_normalised, job.annotate and str(job.annotate), plan.parallel_items]
    return digest([plan.workflow, plan.placement, job.spans, how, free])


_ACTIVE: ContextVar[Workers | None] = ContextVar("_ACTIVE", default=None)


@contextmanager
def workers(count: int | None = None, *, remember: bool = False) -> Iterator[Workers]:
    """Start ``count`` processes (one a core), and end them with the block, at once if it fails.

    Inside another such block its processes serve, since starting them takes seconds.
    """
    outer = _ACTIVE.get()
    if outer is not None:
        yield outer
        return
    pool = ProcessPoolExecutor(
        count or cores(),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(homes(), files(), os.getpid()),
    )
    others = set(multiprocessing.active_children())
    found = Workers(pool, remember=remember)
    inner = _ACTIVE.set(found)
    try:
        yield found
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()  # nobody waits for what it measures
        raise
    finally:
        _ACTIVE.reset(inner)
        pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def homes() -> tuple[str, ...]:
    """The modules that define the registered operators, for a worker to import.

    Those of the script that runs are there already: a worker runs it, too, as ``__mp_main__``.
    Those of files are run anew, and installed packages are found by a worker as by its parent.
    """
    found = {target.__module__ for target in registered().values()}
    return tuple(sorted(found - {"__main__", "__mp_main__", *map(str, files())}))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that are started here never hear of Ctrl-C: their parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare(modules: Sequence[str], scripts: Sequence[Path], parent: int) -> None:
    """A worker knows its parent's operators, has OpenCV's threads off, and ends with its parent."""
    import cv2  # noqa: PLC0415  # only a worker sets this

    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    cv2.setNumThreads(1)
    _ = ops
    with suppress(ImportError, InputError):  # who needs one of its operators says what is missing
        for script in scripts:
            load_file(script)
    for module in modules:
        with suppress(ImportError, InputError):
            importlib.import_module(module)


def _end_with(parent: int) -> None:
    """A parent that was killed cannot end its workers, and they would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def folded(trace: Trace, golden: Trace | None = None) -> Trace:
    """A trace in which each step's packing is a part of its own row.

    What was not measured here (a knob cannot reach it) is golden's, where frames agree.
    """
    packing = {name for name in trace.steps if is_packing(name)}
    steps = {
        name: _with_packing(trace, name, golden) for name in trace.steps if name not in packing
    }
    return replace(trace, steps=steps)


def _with_packing(trace: Trace, name: str, golden: Trace | None) -> StepTrace:
    step, encoder = trace.steps[name], trace.steps.get(f"{name}.encode")
    if encoder is not None:
        decoders = [each for n, each in trace.steps.items() if n.startswith(f"{name}.decode")]
        return replace(
            step,
            size_bytes=encoder.size_bytes,
            encode_s=encoder.cpu_s,
            decode_s=decoders[0].cpu_s,
        )
    known = golden.steps.get(name) if golden else None
    if (
        known is not None
        and np.isnan(step.size_bytes).all()
        and len(known.cpu_s) == len(step.cpu_s)
    ):
        return replace(
            step, size_bytes=known.size_bytes, encode_s=known.encode_s, decode_s=known.decode_s
        )
    return step
