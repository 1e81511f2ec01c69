"""A profile: the golden setting and each knob alone, measured or found in the cache."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from vedette.declaring.models import own_variants
from vedette.declaring.operator import operators, signatures
from vedette.errors import InputError, Problem, RecordError
from vedette.models.assets import cache_folder
from vedette.models.own import identified
from vedette.models.zoo import MODELS, variant, variants
from vedette.planning.expand import golden
from vedette.profiling.cache import labels_digest, machine, stream_digest, trace_key
from vedette.profiling.measure import Job, Workers, folded
from vedette.profiling.parts import spans
from vedette.profiling.settings import WORKSHOP, alone, measurable
from vedette.profiling.truth import reference
from vedette.records.codec import digest
from vedette.records.files import read_bytes, write_bytes
from vedette.records.profile import trace_bytes, trace_from_bytes
from vedette.scoring import score
from vedette.types.cascade import Cascade
from vedette.types.graph import Choice, Objective, Scalar, Workflow
from vedette.types.plan import Deployment
from vedette.types.profile import Profile, Sweep, Trace

Told = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is done, how much there is."""
Setting = tuple[str, Scalar]
"""A knob's full name, and its value."""
GOLDEN: Setting = ("golden", "")
NOTHING = "nothing"
"""In place of a knob: no step needs an encoder beside it."""
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Measuring:
    """Where and how to measure: processes, cache, progress, and how long each stream is."""

    workers: Workers
    frames: Mapping[str, int | None]
    told: Told
    cache: Path | None


def measure_profile(workflow: Workflow, measuring: Measuring) -> Profile:
    """Measure golden on both halves of the planning part and each knob alone on the first.

    A trace that the cache holds is not measured again, so a killed run goes on where it was.
    """
    ensure_frames(workflow, measuring.frames)
    settings = {(GOLDEN, "choose"): golden(workflow), (GOLDEN, "verify"): golden(workflow)}
    settings |= {(key, "choose"): choice for key, choice in alone(workflow).items()}
    jobs = {
        (key, part): _job(workflow, choice, part, key[0] if key != GOLDEN else None, measuring)
        for (key, part), choice in settings.items()
    }
    found = _all(jobs, measuring)
    best = folded(found[GOLDEN, "choose"])
    truth = reference(best, workflow)
    sweeps = {
        key: _sweep(folded(found[key, part], best), truth, workflow)
        for key, part in jobs
        if key != GOLDEN
    }
    return Profile(
        workflow=workflow.name,
        digest=question(workflow),
        machine=machine(),
        reference_ms=measuring.workers.reference_ms(),
        golden=best,
        verify_golden=folded(found[GOLDEN, "verify"]),
        sweeps=sweeps,
        scores=score(truth, best, workflow.events, workflow.scored()),
    )


def ensure_frames(workflow: Workflow, frames: Mapping[str, int | None]) -> None:
    """Raise InputError where no stream has frames to choose with, or to check with."""
    for part in ("choose", "verify"):
        here = spans(workflow, frames, part).values()
        if not any(span.end is None or span.end > span.start for span in here):
            raise InputError(
                Problem(
                    f"no frames to {part} with in any stream of {workflow.name}",
                    "at least 4 frames in one of them, or plan_on where nobody knows how many",
                    "plan_on: [0, 500] at a stream",
                )
            )


def question(workflow: Workflow) -> str:
    """A digest of all that a profile depends on: the graph, its knobs, and what the streams show.

    The objective and where answers go are no part of it, nor the folders that clips lie in.
    """
    sources = tuple(
        replace(
            source,
            streams=tuple(
                replace(stream, url=stream_digest(stream), labels=labels_digest(stream))
                for stream in source.streams
            ),
        )
        for source in workflow.sources
    )
    models = identified(workflow.models)
    asked = replace(workflow, name="", sources=sources, objective=Objective(), deliver_to="")
    cascades = tuple(replace(each, file="") for each in workflow.cascades)
    return digest(replace(asked, evidence_to=None, models=models, cascades=cascades))


def measure_device(workflow: Workflow, profile: Profile, measuring: Measuring) -> float:
    """CPU seconds that this machine takes for golden, over those of a machine of speed 1."""
    job = _job(workflow, golden(workflow), "choose", NOTHING, measuring)
    ran = next(measuring.workers.in_order([replace(job, is_normalised=False)])).trace
    known = profile.golden.steps
    took_s = sum(float(ran.steps[name].cpu_s.sum()) for name in known)
    return took_s / sum(float(step.cpu_s.sum()) for step in known.values())


def measure_golden(workflow: Workflow, part: str, measuring: Measuring) -> Trace:
    """The golden setting on a part of every stream."""
    job = _job(workflow, golden(workflow), part, NOTHING, measuring)
    return _all({part: job}, measuring)[part]


def _sweep(trace: Trace, truth: Trace, workflow: Workflow) -> Sweep:
    return Sweep(trace, score(truth, trace, workflow.events, workflow.scored()))


def _job(
    workflow: Workflow, choice: Choice, part: str, knob: str | None, measuring: Measuring
) -> Job:
    placed, placement = measurable(
        workflow, choice, variants(workflow.own, larger=True), signatures(), knob
    )
    deployment = Deployment(workflow=placed, cluster=WORKSHOP, choice=choice, placement=placement)
    return Job(deployment, spans(workflow, measuring.frames, part))


def _all(jobs: Mapping[K, Job], measuring: Measuring) -> dict[K, Trace]:
    """Every job's trace; the longest jobs first, so that no core waits at the end."""
    files = {key: _file(job, measuring.cache) for key, job in jobs.items()}
    found = {key: trace for key, file in files.items() if (trace := _stored(file)) is not None}
    left = [key for key in jobs if key not in found]

    measuring.told("measure settings", len(found), len(jobs))
    begun = measuring.workers.begin([jobs[key] for key in left])
    for number, rehearsed in measuring.workers.results(begun):
        found[left[number]] = rehearsed.trace
        _store(files[left[number]], rehearsed.trace)
        measuring.told("measure settings", len(found), len(jobs))
    return {key: found[key] for key in jobs}


def _file(job: Job, cache: Path | None) -> Path | None:
    if cache is None:
        return None
    plan = job.deployment
    key = trace_key(plan.workflow, plan.placement, job.spans, operators(), _models(plan.workflow))
    return cache / f"{key}.npz"


def _models(workflow: Workflow) -> Iterable[str]:
    """The digests of the model files that the steps name, and how a user's own are used."""
    known = signatures()
    own = own_variants(workflow)
    for step in workflow.steps:
        for name in known[step.operator].models:
            named = str(step.settings[name])
            one = own.get(named)
            if isinstance(one, Cascade):
                yield digest(replace(one, file=""))
                continue
            if one is not None:
                yield digest(identified((one,)))
                continue
            asset = MODELS[variant(named).model].asset
            yield asset.sha256 or asset.name


def _store(file: Path | None, trace: Trace) -> None:
    """Into the cache; a full disk costs the cache, not the profile."""
    if file is not None:
        with suppress(RecordError, OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(file, trace_bytes(trace))


def _stored(file: Path | None) -> Trace | None:
    if file is None or not file.exists():
        return None
    try:
        return trace_from_bytes(read_bytes(file), str(file))
    except RecordError:
        return None


def default_cache() -> Path:
    """Where traces lie, beside the fetched models."""
    return cache_folder() / "traces"
