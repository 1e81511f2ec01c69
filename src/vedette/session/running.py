"""Running a plan on this machine, its events in a store, exactly once."""

import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from vedette.addresses import without_secrets
from vedette.declaring.operator import operators, signatures
from vedette.errors import InputError, Problem
from vedette.media.annotate import Annotator
from vedette.media.codecs import CODECS
from vedette.media.live import Patience
from vedette.media.source import local_file, open_source
from vedette.models import loader
from vedette.models.ledger import Ledger
from vedette.models.own import identified
from vedette.models.payload import codings
from vedette.models.remote import Remote, ensure_known
from vedette.models.rows import Batching
from vedette.profiling.cache import stream_digest
from vedette.records.codec import digest
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.running.swap import begun_anew, carried
from vedette.scoring.calibration import calibration
from vedette.session.common import Progress, frames_of, quiet
from vedette.store import RunSink, Store, StoredEvent, export_json_lines
from vedette.types.commit import Swap
from vedette.types.events import Incident
from vedette.types.figures import Figures, Score
from vedette.types.graph import Stream, Workflow
from vedette.types.plan import Deployment, Plan


@dataclass(frozen=True, slots=True)
class Ran:
    """A run in figures, and what the store holds of it; no scores, since nobody knows the truth.

    ``finished`` is False where it was stopped; running again goes on from there.
    """

    figures: Figures
    events: tuple[StoredEvent, ...]
    incidents: tuple[Incident, ...]
    run: int
    finished: bool
    scores: Mapping[str, Score] = field(default_factory=dict)


def run(
    plan: Deployment,
    *,
    store: str | Path = "events.db",
    is_fresh: bool = False,
    paced: bool = False,
    annotate: Path | None = None,
    remote: Mapping[str, Remote] | None = None,
    hosts: Hosts | None = None,
    ledger: Ledger | None = None,
    after: Deployment | None = None,
    stop: threading.Event | None = None,
    progress: Progress = quiet,
) -> Ran:
    """Run a plan, or a deployment placed by hand, on this machine to the end of its sources.

    Events go to ``store`` (a file, or a database URL), each exactly once: a run that was killed
    or stopped with Ctrl-C goes on from its last commit, unless ``is_fresh``. ``paced``: frames of
    files are taken no sooner than they were captured; without it latency and age are NaN.
    ``annotate`` names a film (one for each stream) of what was seen, drawn on its pictures.
    ``remote`` says which variants are asked of model servers, and where these are; how a run is
    served is no part of what it is, so it may go on with others. Raises ModelError. ``hosts`` says
    which devices' steps are done by workers (see :mod:`vedette.session.workers`); nor is that.
    ``ledger`` learns, while the run goes on, where the time of requests to either went.

    ``after`` is the plan of the unfinished run: this one takes its place from the last commit on.
    Steps that are the same go on with what they know, others begin anew (see
    :mod:`vedette.running.swap`), and it is an incident. Raises InputError where their streams
    differ, RecordError where that plan is not at work on the run. ``stop`` ends the run, as Ctrl-C
    does, for another to go on with.
    """
    ledger = ledger or Ledger()
    known = codings(CODECS)
    served = {
        name: replace(
            each, ledger=ledger, known=known, batching=each.batching or _batching(plan, name)
        )
        for name, each in (remote or {}).items()
    }
    hosts = None if hosts is None else replace(hosts, ledger=ledger)
    ensure_known(served, _models_of(plan.workflow))
    frames = frames_of(plan.workflow)
    total = sum(each or 0 for each in frames.values())
    seen = 0

    def through(_stream: str, _frame: int) -> None:
        nonlocal seen
        seen += 1
        progress("run", seen, max(total, seen))

    with ExitStack() as scope:
        database = scope.enter_context(Store(store))
        number = None if is_fresh else database.unfinished_run(plan.workflow.name)
        swap = None if after is None else _swap(after, plan)
        if swap is not None and number is None:
            raise InputError(_nothing_to_swap(plan, store))
        sink = database.begin_run(plan.workflow.name, number, plan=_identity(plan), swap=swap)
        befell = _swapped(sink, swap, plan)
        stop = scope.enter_context(stopped_by_ctrl_c(stop))
        patience = Patience(pause=stop.wait)  # nobody waits for a camera after Ctrl-C
        streams = [stream for _, stream in plan.workflow.streams()]
        threads = 1 if len(streams) >= (os.cpu_count() or 1) else 0  # more than cores cost, only
        sources = {
            stream.name: scope.enter_context(
                open_source(stream, threads=threads, patience=patience)
            )
            for stream in streams
        }
        rates = {name: source.rate for name, source in sources.items()}
        onlooker = None
        if annotate is not None:
            onlooker = scope.enter_context(Annotator(annotate, plan.workflow, rates))
        executor = LocalExecutor(
            operators(),
            loader(plan.workflow.own, served),
            paced=paced,
            onlooker=onlooker,
            hosts=hosts,
        )
        report = executor.run(plan, sources, sink, stop=stop, progress=through)
        if report.finished:
            sink.finish()
        events = tuple(database.events(plan.workflow.name, sink.run))
    is_paced = paced or all(stream.pace == "live" for stream in streams)
    figures = report.figures if is_paced else _without_timing(report.figures)
    figures = replace(figures, requests=ledger.breakdowns())
    if isinstance(plan, Plan) and report.finished:
        with Store(store) as database:
            forecasts = calibration(plan.predicted, figures)
            database.calibrate(plan.workflow.name, plan.name, forecasts, run=sink.run)
    return Ran(figures, events, (*befell, *report.incidents), sink.run, report.finished)


def _batching(plan: Deployment, variant: str) -> Batching | None:
    """How frames for a remote model are put together: as the plan's own passes of it are."""
    most = [
        plan.batches[step.name].most
        for step in plan.workflow.steps
        if step.name in plan.batches and variant in step.settings.values()
    ]
    return Batching(max(most)) if most else None


def _models_of(workflow: Workflow) -> set[str]:
    known = signatures()
    return {
        str(step.settings[name]) for step in workflow.steps for name in known[step.operator].models
    }


def _identity(plan: Deployment) -> str:
    """What a run must keep to go on: its streams and steps, and where they are.

    A file counts by its content, wherever it lies and wherever the command is run.
    """
    flow = plan.workflow
    streams = [(source, _content(stream)) for source, stream in flow.streams()]
    ends = [flow.deliver_to, flow.evidence_to]
    own = [identified(flow.models), [replace(each, file="") for each in flow.cascades]]
    return digest([streams, flow.steps, flow.transport, plan.placement, ends, own])


def ensure_swappable(before: Deployment, after: Deployment) -> None:
    """Raises InputError where one plan cannot take the other's place: they look at other things."""
    one, other = (
        (each.workflow.name, [(s, _content(stream)) for s, stream in each.workflow.streams()])
        for each in (before, after)
    )
    if one != other:
        found = f"a plan of {other[0]} in the place of one of {one[0]}"
        found += "" if one[0] != other[0] else ", whose streams are others"
        expected = "another plan of the same workflow, for the same streams"
        raise InputError(Problem(found, expected, "a run of its own"))


def _swap(before: Deployment, after: Deployment) -> Swap:
    ensure_swappable(before, after)
    return Swap(_identity(before), carried(before, after, signatures()))


def _nothing_to_swap(plan: Deployment, store: str | Path) -> Problem:
    found = f"no run of {plan.workflow.name} that is under way in {without_secrets(str(store))}"
    return Problem(found, "one that was stopped before its end", "the same command without --after")


def _swapped(sink: RunSink, swap: Swap | None, plan: Deployment) -> list[Incident]:
    """That a plan took another's place, told to the run."""
    if swap is None or not sink.is_swapped:
        return []
    anew = begun_anew(plan, swap.kept, signatures())
    found = Incident("plan swap", "", f"begun anew: {', '.join(anew) or 'no step'}")
    sink.incident(found)
    return [found]


def _content(stream: Stream) -> Stream:
    file = local_file(stream.url)
    url = stream_digest(stream) if file is not None and file.exists() else stream.url
    return replace(stream, url=url, plan_on=None, report_on=None, labels=None)


def _without_timing(figures: Figures) -> Figures:
    """Frames that are taken as fast as they can be have no capture instant to count from."""
    return replace(
        figures,
        latency_p50_ms=math.nan,
        latency_p95_ms=math.nan,
        age_p95_ms=math.nan,
        age_max_ms=math.nan,
    )


def export_events(
    store: str | Path, path: Path, *, workflow: str | None = None, run: int | None = None
) -> int:
    """Write events as JSON lines, all of a store's or those of one run; returns how many."""
    with Store(store) as database:
        events = database.events(workflow, run)
    export_json_lines(events, path)
    return len(events)


@contextmanager
def stopped_by_ctrl_c(stop: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, a given one or its own; a second Ctrl-C interrupts at once."""
    stop = stop or threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
