"""Labelling for a cascade: the reference's answers to the frames to plan on, and what they cost."""

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path

from vedette.declaring.operator import operators
from vedette.errors import InputError, Problem
from vedette.learning.asking import Asked, labelling
from vedette.learning.cascade import Material
from vedette.learning.labelling import (
    Labelling,
    Looking,
    label,
    labels,
    looking_costs,
    missing,
    stretches,
)
from vedette.media.source import open_source
from vedette.models.own import identified
from vedette.models.zoo import MODELS, variant, variants
from vedette.ops.zone import zone_problem
from vedette.planning.expand import expand
from vedette.profiling.cache import trace_key
from vedette.profiling.measure import Job, Workers, cores
from vedette.profiling.parts import spans
from vedette.profiling.settings import WORKSHOP
from vedette.records.codec import digest, from_json, to_json
from vedette.records.files import make_folder, read_bytes, write_bytes
from vedette.session.common import Progress, frames_of
from vedette.types.graph import Span, Workflow
from vedette.types.plan import Deployment

FEWEST_FRAMES = 100
TIMED_FRAMES = 32
LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Took:
    """CPU milliseconds at speed 1, a frame each."""

    looking: Looking
    detector_ms: dict[str, float]


def labelled(
    workflow: Workflow, asking: Asked, pool: Workers, folder: Path, progress: Progress
) -> Material:
    """What is known of the frames to plan on; what ``folder`` has already is not made again."""
    span = _span(workflow, asking)
    with open_source(asking.stream) as reader:
        size, rate = reader.size, float(reader.rate)
    if asking.question.zone is not None:
        problem = zone_problem(asking.question.zone, size)
        if problem is not None:
            raise InputError(problem)
    models = (asking.reference, *asking.cheaper)
    plan = _deployed(workflow, asking, *models)
    here = folder / f"labels-{_key(workflow, plan.workflow, models)[:16]}"
    make_folder(here)
    job = Labelling(plan, asking.question, models, here, span)
    _label_all(job, pool, progress)
    took = _costs(workflow, asking, job, pool, progress)
    return Material(
        labels=labels(here, span),
        question=asking.question,
        size=size,
        rate=rate,
        looking=took.looking,
        detector_ms=took.detector_ms,
    )


def _span(workflow: Workflow, asking: Asked) -> Span:
    span = spans(workflow, frames_of(workflow), "plan")[asking.stream.name]
    length = 0 if span.end is None else span.end - span.start
    if length < FEWEST_FRAMES:
        raise InputError(
            Problem(
                f"{length} frames to learn from in the stream {asking.stream.name}"
                if span.end is not None
                else f"no end of the frames to learn from in the stream {asking.stream.name}",
                f"{FEWEST_FRAMES} or more, some minutes of video with many events in them",
                "plan_on: [0, 5000] at the stream, or a longer clip",
            )
        )
    return span


def _deployed(workflow: Workflow, asking: Asked, *models: str) -> Deployment:
    flow = labelling(workflow, asking, *models)
    expanded = expand(flow, {}, variants(workflow.models, larger=True))
    names = [*(each.name for each in expanded.sources), *(each.name for each in expanded.steps)]
    return Deployment(
        workflow=expanded, cluster=WORKSHOP, choice={}, placement=dict.fromkeys(names, "site")
    )


def _key(workflow: Workflow, flow: Workflow, models: tuple[str, ...]) -> str:
    """All that labels depend on but the frames' numbers, under which they lie."""
    own = {each.name for model in workflow.models for each in model.variants()}
    assets = [MODELS[variant(name).model].asset for name in models if name not in own]
    marks = [asset.sha256 or asset.name for asset in assets]
    return trace_key(flow, {}, {}, operators(), [*marks, digest(identified(workflow.models))])


def _label_all(job: Labelling, pool: Workers, progress: Progress) -> None:
    """In as many processes as there are cores, each with frames of its own that follow another."""
    every = list(stretches(job.span))
    gaps = missing(job.folder, job.span)
    progress("label frames", len(every) - len(gaps), len(every))
    waiting = {pool.call(label, part) for part in _shared(job, gaps)}
    try:
        while waiting:
            done, waiting = wait(waiting, LOOK_EVERY_S)
            progress("label frames", len(every) - len(missing(job.folder, job.span)), len(every))
            for each in done:
                each.result()
    finally:
        for each in waiting:
            each.cancel()


def _shared(job: Labelling, gaps: tuple[Span, ...]) -> Iterator[Labelling]:
    size = max(1, -(-len(gaps) // cores()))
    for start in range(0, len(gaps), size):
        part = gaps[start : start + size]
        span = Span(part[0].start, part[-1].end)
        yield Labelling(job.deployment, job.question, job.models, job.folder, span)


def _costs(
    workflow: Workflow, asking: Asked, job: Labelling, pool: Workers, progress: Progress
) -> Took:
    """What each detector takes by itself, and what comes before any of them."""
    file = job.folder / "costs.json"
    if file.exists():
        return from_json(Took, read_bytes(file), file=str(file))
    progress("time the stages", 0, 1)
    middle = (job.span.start + (job.span.end or 0)) // 2
    few = {asking.stream.name: Span(middle, min(middle + TIMED_FRAMES, job.span.end or 0))}
    jobs = [Job(_deployed(workflow, asking, name), few) for name in job.models]
    looking = pool.call(looking_costs, job)
    ran = list(pool.in_order(jobs))
    detector_ms = {
        name: 1000 * sum(float(step.cpu_s.mean()) for step in each.trace.steps.values())
        for name, each in zip(job.models, ran, strict=True)
    }
    took = Took(looking.result(), detector_ms)
    write_bytes(file, to_json(took).encode())
    progress("time the stages", 1, 1)
    return took
