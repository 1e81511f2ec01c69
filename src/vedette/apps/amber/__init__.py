"""Find the white car: five cameras, one edge box, one cloud; planned, rehearsed and reported."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import vedette as vd
from vedette.apps.amber import clips
from vedette.models import fetch_model
from vedette.planning.cost import feasible
from vedette.profiling.cache import machine
from vedette.profiling.measure import workers
from vedette.reporting.page import write_report
from vedette.reporting.story import Row, Story, TargetResult
from vedette.scoring import Target, target_score
from vedette.session import Method, Rehearsal, load_declaration, sightings
from vedette.session.common import Progress, quiet
from vedette.session.rehearsing import rehearse_all
from vedette.types.events import Event
from vedette.types.plan import Plan

NAMES: dict[Method, tuple[str, str]] = {
    "baseline": ("Baseline", "the golden setting on every frame, in the cloud"),
    "frames": ("Frame knobs only", "the baseline's codec and model, its frames chosen"),
    "joint": ("Chosen plan", "frames, model and machines chosen together"),
}


@dataclass(slots=True)
class Stopwatch:
    """What took how long, in order, in wall seconds."""

    laps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def lap(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.laps.append((what, time.monotonic() - start))


def demo(folder: Path, *, progress: Progress = quiet) -> Story:
    """From nothing to a report in ``folder``; returns what the report tells."""
    with workers():
        return _demo(folder, Stopwatch(), progress)


def _demo(folder: Path, watch: Stopwatch, progress: Progress) -> Story:
    with watch.lap("fetch the detector and the video, render five cameras"):
        fetch_model("yolox-nano-416", lambda done, total: progress("fetch", done, total or done))
        frames = clips.prepare(folder, lambda done, total: progress("render cameras", done, total))
    workflow, cluster = load_declaration(folder / "workflow.yaml", folder / "cluster.yaml")
    with watch.lap("profile: golden and each knob alone"):
        measured = vd.profile(workflow, progress=progress)
        vd.save(measured, folder / "profile.json")
    with watch.lap("plan: weigh every choice, check by running"):
        plans = {
            name: vd.plan(workflow, cluster, measured, method=name, progress=progress)
            for name in NAMES
        }
        vd.save(plans["joint"], folder / "plan.yaml")
    with watch.lap("rehearse the three plans on all frames"):
        rehearsed = rehearse_all(tuple(plans.values()), part="all", progress=progress)
    story = _story(plans, dict(zip(plans, rehearsed, strict=True)), frames, tuple(watch.laps))
    write_report(story, folder / "report.html")
    return story


def summary(story: Story, page: Path) -> dict[str, Any]:
    """What ``--json`` prints: the rows of the table, the alerts, and where the report is."""
    return {
        "report": page,
        "choice": story.plan.choice,
        "placement": story.plan.placement,
        "verdict": story.plan.verdict,
        "scores": story.plan.scores,
        "predicted": story.plan.predicted,
        "rows": story.rows,
        "alerts": [
            {
                "stream": each.event.stream,
                "frame": each.event.frame,
                "time_s": each.event.time_s,
                "box": each.event.box,
                "attributes": each.event.attributes,
                "is_right": each.is_right,
            }
            for each in story.sightings
        ],
        "timings_s": dict(story.timings),
        "notes": story.notes,
    }


def _story(
    plans: dict[Method, Plan],
    rehearsed: dict[Method, Rehearsal],
    frames: int,
    timings: tuple[tuple[str, float], ...],
) -> Story:
    target, chosen = clips.target(), plans["joint"]
    ran = rehearsed["joint"]
    rows = tuple(_row(name, plans[name], rehearsed[name], target) for name in plans)
    return Story(
        title="Find the white car",
        question="Five city cameras, one edge box, one cloud: where is the white car?",
        plan=chosen,
        ran=ran.figures,
        rows=rows,
        sightings=sightings(
            chosen.declared or chosen.workflow, ran.events, lambda event: _is_right(event, target)
        ),
        timings=timings,
        notes=_notes(plans, frames),
        command="vedette demo",
        machine=machine(),
    )


def _row(name: Method, plan: Plan, ran: Rehearsal, target: Target) -> Row:
    found = target_score([target], ran.events)
    result = TargetResult(
        found=found.recall.hits,
        total=found.recall.total,
        late_s=tuple(delay for delay in found.delay_s if delay is not None),
        false_alerts=len(found.false_alerts),
    )
    title, note = NAMES[name]
    note = f"{note}; H.264 at QP {plan.choice['transport.qp']}"
    return Row(title, note, ran.figures, dict(ran.scores), result, feasible(ran.figures))


def _is_right(event: Event, target: Target) -> bool:
    return not target_score([target], [event]).false_alerts


def _notes(plans: dict[Method, Plan], frames: int) -> tuple[str, ...]:
    told = files(__package__).joinpath("notes.txt").read_text(encoding="utf-8")
    events = plans["joint"].scores["event_f1"].recall.total
    notes = told.format(frames=frames, events=events).split("\n\n")
    warnings = (f"Baseline: {warning}." for warning in plans["baseline"].binding)
    return (*(" ".join(note.split()) for note in notes), *warnings)
