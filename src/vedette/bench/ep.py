"""ExecutiveProducer's table: a planned workflow against every frame sent to the cloud.

Five cameras a scene, planned on the first half of each clip and reported on the second, on a fixed
reference cluster and with one thing of it changed at a time. Beside the plan stand what it is
compared with (the golden setting on every frame, as H.264) and whatever else might explain the
saving: the same codec and model with only their frames chosen, other qualities, tiles in parallel,
everything at the edge. All is rehearsed: done for real once, charged to emulated machines.

The poster of ExecutiveProducer (Duke) reports 93.7% of bandwidth and 82.6% of latency saved, with
the target still found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import vedette as vd
from vedette.bench.by_the_clock import by_the_clock
from vedette.bench.cells import Cell, cells
from vedette.bench.claims import Result, Row, Setting
from vedette.bench.independence import independence
from vedette.bench.kept import Kept, code
from vedette.bench.rivals import Outcome, Stage, golden_at, placed_as_baseline, saved
from vedette.bench.saving import claims, clock_claims, notes
from vedette.bench.scenes import WORKLOADS, Scene, declared, find_target, scenes
from vedette.errors import InfeasibleError
from vedette.planning.cost import LIMIT
from vedette.profiling.cache import machine, stream_digest
from vedette.profiling.measure import Workers, workers
from vedette.profiling.sweep import Measuring, default_cache, measure_golden
from vedette.records.codec import digest
from vedette.scoring import Target, target_score
from vedette.scoring.calibration import calibration
from vedette.session import Method
from vedette.session.common import Progress, frames_of
from vedette.types.cluster import Cluster
from vedette.types.graph import Choice, Stream, Workflow
from vedette.types.plan import Deployment, Plan
from vedette.types.profile import Profile

OTHER_QUALITIES = (26, 30)
MODULES = ("by_the_clock.py", "cells.py", "ep.py", "independence.py", "rivals.py", "scenes.py")
"""Of this package, those on which a cell's row depends."""
SHOWN = (
    "scene",
    "workload",
    "cell",
    "status",
    "verdict",
    "wan_saved",
    "p50_saved",
    "p95_saved",
    "frames_only_wan_saved",
    "parallel_tiles_p95_saved",
    "qp_30_wan_saved",
    "event_f1",
    "target_found",
)
"""What a terminal has room for; ``--json`` and the folder have the rest."""


def run(setting: Setting, progress: Progress) -> Result:
    """Every cell of every scene and workload; without clips nothing is run, and that is said."""
    if setting.clips is None:
        unused = {"clips": "not run: --clips FOLDER"}
        return Result(
            "ep",
            unused,
            setting.is_quick,
            (*claims([], "no --clips"), *clock_claims([], "no --clips")),
            (),
        )
    with TemporaryDirectory() as spare, workers(remember=True) as pool:
        folder = setting.folder or Path(spare)
        bench = _Bench(setting, folder, pool, progress)
        rows = list(bench.rows())
        setup = {
            "machine": machine(),
            "reference_ms": pool.reference_ms(),
            "scenes": [scene.name for scene in bench.scenes],
            "cells": [cell.name for cell in bench.cells],
            "independence": bench.independence,
            "by the clock": bench.timed,
        }
    return Result(
        "ep",
        setup,
        setting.is_quick,
        (*claims(rows), *clock_claims(bench.timed)),
        tuple(rows),
        notes(rows, bench.independence),
        SHOWN,
    )


@dataclass
class _Bench:
    """One run of the track. A cell that ``folder`` holds already is not done again."""

    setting: Setting
    folder: Path
    pool: Workers
    progress: Progress
    scenes: tuple[Scene, ...] = ()
    cells: tuple[Cell, ...] = ()
    independence: list[Row] = field(default_factory=list)
    timed: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        clips = self.setting.clips
        if clips is not None:
            self.scenes = scenes(clips, is_quick=self.setting.is_quick)
        self.cells = tuple(cells(is_quick=self.setting.is_quick))

    def rows(self) -> Iterator[Row]:
        total = len(self.scenes) * len(WORKLOADS) * len(self.cells)
        done = 0
        for scene in self.scenes:
            for workload in WORKLOADS:
                for row in self._of_scene(scene, workload):
                    done += 1
                    self.progress("cells", done, total)
                    yield row

    def _of_scene(self, scene: Scene, workload: str) -> Iterator[Row]:
        place = place_of(self.folder, scene.name, workload, is_quick=self.setting.is_quick)
        streams = [stream_digest(Stream("clip", str(clip))) for clip in scene.clips]
        kept = Kept(place / "cells.jsonl", digest([code(*MODULES), streams, machine()]))
        ground = cache(partial(self._ground, scene, workload, place))
        rows = []
        for cell in self.cells:
            rows.append(kept.row(cell.name, partial(_row_of, ground, cell)))
            yield rows[-1]
        if workload == WORKLOADS[1]:
            found = kept.row("independence", lambda: ground().independence(rows, self.pool))
            self.independence.append(found)
            timed = kept.row("by the clock", lambda: ground().by_the_clock(self.pool))
            self.timed += timed["cells"]

    def _ground(self, scene: Scene, workload: str, place: Path) -> "_Ground":
        workflow, cluster = declared(scene, workload, "white", place)
        frames = frames_of(workflow)
        measuring = Measuring(self.pool, frames, self.progress, default_cache())
        golden = measure_golden(workflow, "report", measuring)
        target = None
        if workload == WORKLOADS[0]:
            found = find_target(workflow, golden)
            if found is not None:
                target, colour = found
                workflow, cluster = declared(scene, workload, colour, place)
        profile = vd.profile(workflow, progress=self.progress)
        stage = Stage(workflow, frames, golden, self.pool)
        return _Ground(scene.name, workload, workflow, cluster, profile, stage, target)


def place_of(folder: Path, scene: str, workload: str, *, is_quick: bool) -> Path:
    """Where a scene's rows are kept; those of a quick run, on fewer frames, are no others'."""
    return folder / f"{scene}-{workload}{'-quick' * is_quick}".replace(" ", "-")


@dataclass
class _Ground:
    """One scene with one workload: everything that its cells have in common."""

    scene: str
    workload: str
    workflow: Workflow
    cluster: Cluster
    profile: Profile
    stage: Stage
    target: Target | None
    frames_only: list[Plan | str] = field(default_factory=list)

    def row(self, cell: Cell) -> Row:
        """One cell: what the plan saves, what else might have, and what it still sees."""
        workflow, cluster = cell.asked(self.workflow), cell.cluster(self.cluster)
        begun = {"scene": self.scene, "workload": self.workload, "cell": cell.name}
        base = self._plan(workflow, cluster, "baseline")
        plan = self._plan(workflow, cluster, "joint")
        frames = self._frames_only(workflow, cluster)
        if isinstance(base, str):
            return {**begun, "status": f"no baseline: {base}"}
        if isinstance(plan, str):
            (baseline,) = self.stage.outcomes([base])
            return {**begun, "status": f"no plan: {plan}", **self._of_baseline(base, baseline)}
        qp = int(base.choice["transport.qp"])
        rivals: dict[str, Deployment] = {
            **({"frames_only": frames} if frames else {}),
            "parallel_tiles": replace(base, parallel_items=True),
            **{f"qp_{each}": golden_at(workflow, cluster, each) for each in OTHER_QUALITIES},
        }
        edge = next(device for device in cluster.devices if device.tier == "edge")
        needed = self.stage.edge_cores(base) / edge.speed
        if needed <= LIMIT * edge.cores:
            rivals["edge_golden"] = golden_at(workflow, cluster, qp, edge=True)
        baseline, planned, *others = self.stage.outcomes([base, plan, *rivals.values()])
        found = {
            **begun,
            "status": _status(baseline, planned),
            "verdict": plan.verdict,
            "edge_golden_status": "infeasible",
            "edge_golden_cores": needed,
            **self._of_baseline(base, baseline),
            **self._of_plan(plan, planned, baseline),
        }
        for name, other in zip(rivals, others, strict=True):
            found |= _against(name, other, planned)
        if frames:
            found["frames_only_choice"] = _choice(frames)
        found["calibration"] = [*_calibrated(base, baseline), *_calibrated(plan, planned)]
        return found

    def independence(self, rows: Sequence[Row], pool: Workers) -> Row:
        """How far the search's accuracy was off, on the choices of this scene's plans."""
        chosen = chosen_in(rows, self.workflow)
        found = independence(self.workflow, self.profile, chosen, pool)
        return {"scene": self.scene, "workload": self.workload, **found}

    def by_the_clock(self, pool: Workers) -> Row:
        return {"cells": list(by_the_clock(self.scene, self.workflow, self.cluster, pool))}

    def _frames_only(self, workflow: Workflow, cluster: Cluster) -> Deployment | None:
        """The baseline with only its frames chosen: once, on the reference cluster."""
        if not self.frames_only:
            self.frames_only.append(self._plan(self.workflow, self.cluster, "frames"))
        (plan,) = self.frames_only
        if isinstance(plan, str):
            return None
        return placed_as_baseline(workflow, cluster, plan.choice)

    def _plan(self, workflow: Workflow, cluster: Cluster, method: Method) -> Plan | str:
        try:
            return vd.plan(workflow, cluster, self.profile, method=method)
        except InfeasibleError as error:
            return error.problems[0].found

    def _of_baseline(self, plan: Plan, outcome: Outcome) -> Row:
        costs = outcome.figures
        return {
            "baseline_qp": plan.choice["transport.qp"],
            "baseline_wan_mbps": costs.wan_mbps,
            "baseline_camera_mbps": costs.camera_mbps,
            "baseline_p50_ms": costs.latency_p50_ms,
            "baseline_p95_ms": costs.latency_p95_ms,
            "baseline_age_max_ms": costs.age_max_ms,
            "baseline_event_f1": outcome.scores["event_f1"].f1,
            "baseline_alert_delay_s": self._delay_s(outcome),
            **self._target(outcome, "baseline_"),
        }

    def _of_plan(self, plan: Plan, outcome: Outcome, baseline: Outcome) -> Row:
        costs, before = outcome.figures, baseline.figures
        return {
            "choice": _choice(plan),
            "tried": [f"{each.objective:.3f} {each.outcome}" for each in plan.tried],
            "at": " ".join(f"{step}@{device}" for step, device in plan.placement.items()),
            "wan_mbps": costs.wan_mbps,
            "camera_mbps": costs.camera_mbps,
            "p50_ms": costs.latency_p50_ms,
            "p95_ms": costs.latency_p95_ms,
            "age_max_ms": costs.age_max_ms,
            "cpu_ms_per_frame": costs.cpu_ms_per_frame,
            "alert_delay_s": self._delay_s(outcome),
            "event_f1": outcome.scores["event_f1"].f1,
            "reference_events": outcome.scores["event_f1"].recall.total,
            "frame_f1": outcome.scores["frame_f1"].f1,
            **{name: outcome.scores[name].recall.value for name in self.workflow.told()},
            "wan_saved": saved(before.wan_mbps, costs.wan_mbps),
            "camera_saved": saved(before.camera_mbps, costs.camera_mbps),
            "p50_saved": saved(before.latency_p50_ms, costs.latency_p50_ms),
            "p95_saved": saved(before.latency_p95_ms, costs.latency_p95_ms),
            "alerts": len(outcome.events),
            **self._target(outcome, ""),
        }

    def _delay_s(self, outcome: Outcome) -> float | None:
        """The median alert's, from when golden first saw its object to when it is delivered."""
        delays = self.stage.alert_delays_s(outcome.events)
        if not delays:
            return None
        return median(delays) + outcome.figures.latency_p50_ms / 1000

    def _target(self, outcome: Outcome, prefix: str) -> Row:
        if self.target is None:
            return {}
        found = target_score([self.target], outcome.events)
        return {
            f"{prefix}target_found": found.recall.hits == 1,
            f"{prefix}target_delay_s": found.delay_s[0],
            f"{prefix}other_alerts": len(found.false_alerts),
        }


def _choice(plan: Deployment) -> str:
    return " ".join(f"{knob}={value}" for knob, value in plan.choice.items())


def chosen_in(rows: Sequence[Row], workflow: Workflow) -> list[Choice]:
    """The plans' choices as their rows tell them, so that rows of a stopped run count, too."""
    knobs = workflow.knobs().items()
    known = {f"{knob}={value}": (knob, value) for knob, values in knobs for value in values}
    return [dict(known[each] for each in row["choice"].split()) for row in rows if "choice" in row]


def _against(name: str, other: Outcome, planned: Outcome) -> Row:
    """What another deployment came to, and what the plan saves of that."""
    costs, after = other.figures, planned.figures
    return {
        f"{name}_status": "feasible" if other.is_feasible else "infeasible",
        f"{name}_wan_mbps": costs.wan_mbps,
        f"{name}_p50_ms": costs.latency_p50_ms,
        f"{name}_p95_ms": costs.latency_p95_ms,
        f"{name}_event_f1": other.scores["event_f1"].f1,
        f"{name}_wan_saved": saved(costs.wan_mbps, after.wan_mbps),
        f"{name}_p50_saved": saved(costs.latency_p50_ms, after.latency_p50_ms),
        f"{name}_p95_saved": saved(costs.latency_p95_ms, after.latency_p95_ms),
    }


def _row_of(ground: Callable[[], _Ground], cell: Cell) -> Row:
    return ground().row(cell)


def _status(baseline: Outcome, planned: Outcome) -> str:
    if not baseline.is_feasible:
        return "infeasible baseline"
    return "feasible" if planned.is_feasible else "infeasible plan"


def _calibrated(plan: Plan, outcome: Outcome) -> Sequence[Mapping[str, Any]]:
    found = calibration(plan.predicted, outcome.figures, plan.scores, outcome.scores)
    return [
        {
            "plan": plan.name,
            "name": e.name,
            "forecast": e.forecast,
            "found": e.found,
            "error": e.error,
        }
        for e in found
    ]
