"""Virtual time against a clock: plans that are small enough for this machine's cores, run by both.

One camera a cell, so that one and a half cores are enough. By the clock, what a slower machine
would take longer is slept, and so are links; see :mod:`vedette.running.emulated`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vedette.bench.claims import Row
from vedette.bench.rivals import placed_as_baseline
from vedette.errors import InputError
from vedette.planning.expand import golden
from vedette.profiling.measure import Job, Workers
from vedette.profiling.parts import spans
from vedette.scoring.calibration import calibration
from vedette.session.common import frames_of
from vedette.session.real_time import in_real_time
from vedette.types.cluster import Cluster
from vedette.types.graph import Choice, Workflow

CHOICES: Sequence[tuple[str, bool, Choice]] = (
    (
        "256-wide at 10 fps, at the edge",
        True,
        {"sample.rate_fps": 10, "detect.model": "yolox-nano-256-wide", "transport.qp": 30},
    ),
    (
        "416-wide at 5 fps, in the cloud",
        False,
        {"sample.rate_fps": 5, "detect.model": "yolox-nano-416-wide", "transport.qp": 30},
    ),
)


def by_the_clock(name: str, workflow: Workflow, cluster: Cluster, pool: Workers) -> Iterator[Row]:
    """Two cells a scene: forecast errors of rehearsed figures, each against the measured one."""
    alone = _first_camera(workflow)
    for cell, edge, chosen in CHOICES:
        choice = {**golden(alone), **chosen}
        plan = placed_as_baseline(alone, cluster, choice, edge=edge)
        job = Job(plan, spans(alone, frames_of(alone), "report"))
        rehearsed = next(pool.in_order([job])).report.figures
        begun = {"scene": name, "cell": cell}
        try:
            measured = in_real_time(plan, rehearsed)
        except InputError as error:
            yield {**begun, "status": f"not run: {error.problems[0].found}"}
            continue
        errors = {
            each.name: {"rehearsed": each.forecast, "measured": each.found, "error": each.error}
            for each in calibration(rehearsed, measured)
        }
        yield {**begun, "status": "run", **errors}


def _first_camera(workflow: Workflow) -> Workflow:
    (source, *_) = workflow.sources
    return replace(workflow, sources=(replace(source, streams=source.streams[:1]),))
