"""A plan in virtual time: simulated from traces, or rehearsed with its real work and bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from vedette.scoring.calibration import calibration
from vedette.session.common import Progress, frames_of, quiet
from vedette.session.fitting import fitting
from vedette.session.real_time import in_real_time
from vedette.store import Store
from vedette.types.events import Event, Incident
from vedette.types.figures import Figures, Forecast, Score
from vedette.types.plan import Plan
from vedette.types.profile import Profile, Trace

PARTS = ("report", "plan", "choose", "verify", "all")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal came to.

    ``scores`` are against the labels of streams that have any, else against the golden setting on
    the same frames; each says which. ``calibration`` holds what the plan forecast against it, and
    the rehearsal against ``measured`` where it was run in real time, too. ``reference`` is what
    the scores are against.
    """

    figures: Figures
    scores: Mapping[str, Score]
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]
    trace: Trace
    part: str = "report"
    calibration: tuple[Forecast, ...] = ()
    measured: Figures | None = None
    reference: Trace | None = None


def simulate(plan: Plan, profile: Profile) -> Figures:
    """Replay a plan in virtual time on the traces of a profile, composed for its choice."""
    if plan.declared is not None:
        fitting(profile, plan.declared)
    trace = cover(compose(profile, plan.choice, strip(plan.workflow)), plan.workflow)
    return replay(plan, trace, signatures()).figures


def rehearse(
    plan: Plan,
    *,
    part: str = "report",
    real_time: bool = False,
    store: str | Path | None = None,
    annotate: Path | None = None,
    progress: Progress = quiet,
) -> Rehearsal:
    """Do every operator, encoder and byte of a plan once, and charge it to its machines.

    ``part``: the frames to report on, to plan on (or its halves: choose, verify), or all. Golden
    runs on the same frames beside it, for the scores, unless the cache has it. With ``real_time``
    it is run once more, by the clock: machines and links are emulated by sleeping, which needs a
    plan that is small enough for this machine. ``store`` keeps how far forecasts were off.
    ``annotate`` names a film (one for each stream) of what was seen, drawn on its pictures.
    """
    done = rehearse_all((plan,), part=part, annotate=annotate, progress=progress)[0]
    if real_time:
        progress("run in real time", 0, 1)
        measured = in_real_time(plan, done.figures, part)
        beside = calibration(done.figures, measured)
        done = replace(done, measured=measured, calibration=(*done.calibration, *beside))
        progress("run in real time", 1, 1)
    if store is not None:
        with Store(store) as database:
            database.calibrate(plan.workflow.name, plan.name, done.calibration)
    return done


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
            found = score(truth, rehearsed.trace, declared.events, declared.scored())
            report = rehearsed.report
            plan = plans[number]
            done[number] = Rehearsal(
                figures=report.figures,
                scores=found,
                events=rehearsed.events,
                incidents=report.incidents,
                trace=rehearsed.trace,
                part=part,
                calibration=calibration(plan.predicted, report.figures, plan.scores, found),
                reference=truth,
            )
            progress("rehearse", len(done), len(jobs))
    return tuple(done[number] for number in range(len(jobs)))
