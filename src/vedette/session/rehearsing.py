"""A plan in virtual time: simulated from traces, or rehearsed with its real work and bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vedette.declaring.operator import signatures
from vedette.errors import InputError, Problem
from vedette.planning.compose import compose
from vedette.planning.cover import cover
from vedette.planning.placement import strip
from vedette.profiling.measure import Job, workers
from vedette.profiling.parts import spans
from vedette.profiling.sweep import Measuring, default_cache, measure_golden
from vedette.profiling.truth import reference
from vedette.running.virtual import simulate as replay
from vedette.scoring import score
from vedette.session.common import Progress, frames_of, quiet
from vedette.session.fitting import fitting
from vedette.types.events import Event, Incident
from vedette.types.figures import Figures, Score
from vedette.types.plan import Plan
from vedette.types.profile import Profile, Trace

PARTS = ("report", "plan", "choose", "verify", "all")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal came to.

    ``scores`` are against the labels of streams that have any, else against the golden setting on
    the same frames; each says which.
    """

    figures: Figures
    scores: Mapping[str, Score]
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]
    trace: Trace
    part: str = "report"


def simulate(plan: Plan, profile: Profile) -> Figures:
    """Replay a plan in virtual time on the traces of a profile, composed for its choice."""
    if plan.declared is not None:
        fitting(profile, plan.declared)
    trace = cover(compose(profile, plan.choice, strip(plan.workflow)), plan.workflow)
    return replay(plan, trace, signatures()).figures


def rehearse(
    plan: Plan, *, part: str = "report", annotate: Path | None = None, progress: Progress = quiet
) -> Rehearsal:
    """Do every operator, encoder and byte of a plan once, and charge it to its machines.

    ``part``: the frames to report on, to plan on (or its halves: choose, verify), or all. Golden
    runs on the same frames beside it, for the scores, unless the cache has it. ``annotate`` names a
    film (one for each stream) of what was seen, drawn on its pictures.
    """
    return rehearse_all((plan,), part=part, annotate=annotate, progress=progress)[0]


def rehearse_all(
    plans: tuple[Plan, ...],
    *,
    part: str = "report",
    annotate: Path | None = None,
    progress: Progress = quiet,
) -> tuple[Rehearsal, ...]:
    """Several plans of one workflow, side by side on as many cores as there are."""
    if part not in PARTS:
        raise InputError(Problem(f"the part {part!r}", f"one of {', '.join(PARTS)}"))
    declared = plans[0].declared or plans[0].workflow
    frames = frames_of(declared)
    jobs = [Job(plan, spans(plan.workflow, frames, part), annotate=annotate) for plan in plans]
    done: dict[int, Rehearsal] = {}
    with workers() as pool:
        measuring = Measuring(pool, frames, quiet, default_cache())
        waiting = pool.begin(jobs)
        truth = reference(measure_golden(declared, part, measuring), declared)
        for number, rehearsed in pool.results(waiting):
            found = score(truth, rehearsed.trace, declared.events)
            report = rehearsed.report
            done[number] = Rehearsal(
                report.figures, found, rehearsed.events, report.incidents, rehearsed.trace, part
            )
            progress("rehearse", len(done), len(jobs))
    return tuple(done[number] for number in range(len(jobs)))
