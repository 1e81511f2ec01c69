"""A plan in virtual time: simulated from a trace, or rehearsed by really doing its work.

Both run on one event core with everything else equal, so that the trace of a rehearsal replays to
the same figures. Sources cost nothing: a camera has its frames from its sensor, and reading a file
stands for it.
"""

import threading
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

from vedette.running.core import Core, LiveBounds
from vedette.running.delivery import Delivery
from vedette.running.executor import (
    FrameSource,
    MemorySink,
    Onlooker,
    Progress,
    Report,
    Sink,
    load_states,
    messages_of,
)
from vedette.running.figuring import figures
from vedette.running.real import RealWork
from vedette.running.replay import TraceSource, TraceWork
from vedette.running.segment import stages
from vedette.running.sound import ensure_sound
from vedette.running.tally import incidents
from vedette.running.work import Models, Operators, StepFailed, signatures_of
from vedette.types.figures import Label
from vedette.types.graph import Span
from vedette.types.operators import Signature
from vedette.types.plan import Deployment
from vedette.types.profile import Trace

WHOLE: Mapping[str, Span] = MappingProxyType({})


class VirtualExecutor:
    """Rehearses: each operator runs once for real, one at a time, and its CPU time is charged.

    ``reference`` is repeated between steps to express seconds at speed 1; ``clock`` gives this
    process's CPU seconds. The report's trace holds what was charged.
    """

    def __init__(
        self,
        operators: Operators,
        models: Models,
        *,
        reference: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.process_time,
        bounds: LiveBounds = LiveBounds(),  # noqa: B008  # a frozen value
        onlooker: Onlooker | None = None,
    ) -> None:
        self._operators, self._models = operators, models
        self._reference, self._clock, self._bounds = reference, clock, bounds
        self._onlooker = onlooker

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
        work = RealWork(
            plan, self._operators, self._models, reference=self._reference, clock=self._clock
        )
        resumed = sink.resume()
        load_states(plan, work, resumed)
        delivery = Delivery(plan, sink, progress)
        parts = stages(plan.workflow, plan.placement, signatures_of(plan, self._operators))
        core = Core(plan, parts, work, delivery, self._bounds, onlooker=self._onlooker)
        streams = messages_of(plan, sources, resumed, spans)
        try:
            finished = core.run(streams, _rates(sources), stop or threading.Event())
        except StepFailed as failure:
            sink.incident(failure.incident())
            raise failure.explained() from None
        return _report(core, delivery, sources, "rehearsed", sink, work, finished=finished)


def simulate(
    plan: Deployment,
    trace: Trace,
    signatures: Mapping[str, Signature],
    *,
    bounds: LiveBounds = LiveBounds(),  # noqa: B008  # a frozen value
) -> Report:
    """Replay a trace: a rehearsal's own, or one that was composed from a profile."""
    sources = {
        stream.name: TraceSource(trace, stream)
        for _, stream in plan.workflow.streams()
        if stream.name in trace.streams
    }
    ensure_sound(plan, signatures)
    sink = MemorySink()
    delivery = Delivery(plan, sink)
    parts = stages(plan.workflow, plan.placement, signatures)
    core = Core(plan, parts, TraceWork(plan, trace), delivery, bounds)
    core.run(messages_of(plan, sources, {}, WHOLE), _rates(sources), threading.Event())
    return _report(core, delivery, sources, "simulated", sink)


def _rates(sources: Mapping[str, FrameSource]) -> dict[str, Fraction]:
    return {name: source.rate for name, source in sources.items()}


def _report(
    core: Core,
    delivery: Delivery,
    sources: Mapping[str, FrameSource],
    label: Label,
    sink: Sink,
    *works: RealWork,
    finished: bool = True,
) -> Report:
    if finished:
        delivery.close()
    rates = _rates(sources)
    sizes = {name: source.size for name, source in sources.items()}
    trace = core.recorder.trace(sizes, rates) if label == "rehearsed" else None
    return Report(
        figures=figures(core.tally, label, rates),
        events=delivery.events,
        incidents=incidents((*sources.values(), *works), core.tally, sink),
        steps=core.tally.counts(),
        trace=trace,
        finished=finished,
    )
