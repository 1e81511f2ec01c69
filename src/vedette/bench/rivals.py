"""What a cell compares: deployments rehearsed once, charged to any machines and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vedette.boxes import iou
from vedette.declaring.operator import signatures
from vedette.models.zoo import variants
from vedette.planning.baseline import baseline_placement
from vedette.planning.cost import feasible
from vedette.planning.cover import cover
from vedette.planning.expand import expand, golden
from vedette.planning.placement import transport
from vedette.profiling.measure import Job, Rehearsed, Workers
from vedette.profiling.parts import spans
from vedette.running.virtual import simulate
from vedette.scoring import score
from vedette.scoring.target import OVERLAP
from vedette.types.cluster import Cluster
from vedette.types.events import Event
from vedette.types.figures import Figures, Score
from vedette.types.graph import Choice, Workflow
from vedette.types.plan import Deployment
from vedette.types.profile import Trace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deployment came to in one cell, on the reported part; accuracy is against golden."""

    figures: Figures
    scores: Mapping[str, Score]
    events: tuple[Event, ...]

    @property
    def is_feasible(self) -> bool:
        return feasible(self.figures)


@dataclass(frozen=True, slots=True)
class Stage:
    """One scene's reported part, and who rehearses on it."""

    workflow: Workflow
    frames: Mapping[str, int | None]
    golden: Trace
    pool: Workers
    scores: dict[int, tuple[Rehearsed, Mapping[str, Score]]] = field(default_factory=dict)

    def outcomes(self, asked: Sequence[Deployment]) -> list[Outcome]:
        """Rehearse: done once for all cells that ask for the same work, replayed on this one's.

        Every operator, encoder and byte was done for real on the cameras that are measured; their
        copies are charged the same again, and all of it to these plans' machines and links.
        """
        part = spans(self.workflow, self.frames, "report")
        bare = [_bare(plan) for plan in asked]
        jobs = [Job(replace(plan, parallel_items=False), part) for plan in bare]
        done = list(self.pool.in_order(jobs))
        replayed = [
            self.pool.call(_replayed, plan, each.trace, self.workflow)
            for plan, each in zip(bare, done, strict=True)
        ]
        scores = [self._score(each) for each in done]
        return [
            Outcome(figures.result(), found, each.events)
            for figures, found, each in zip(replayed, scores, done, strict=True)
        ]

    def edge_cores(self, plan: Deployment) -> float:
        """How many cores of speed 1 a plan's work keeps busy, all cameras together."""
        done = next(
            self.pool.in_order([Job(_bare(plan), spans(self.workflow, self.frames, "report"))])
        )
        trace = cover(done.trace, self.workflow)
        lasts_s = sum(
            float(np.count_nonzero(trace.stream == number)) / float(trace.rates[name])
            for number, name in enumerate(trace.streams)
        )
        spent_s = sum(float(step.cpu_s.sum()) for step in trace.steps.values())
        return len(trace.streams) * spent_s / lasts_s

    def _score(self, done: Rehearsed) -> Mapping[str, Score]:
        if id(done) not in self.scores:
            asked = self.workflow.scored()
            found = score(self.golden, done.trace, self.workflow.events, asked)
            self.scores[id(done)] = (done, found)  # which keeps it, and so its identity
        return self.scores[id(done)][1]

    def alert_delays_s(self, events: tuple[Event, ...]) -> list[float]:
        """For each alert, the time since golden first saw its object, without the latency."""
        tracks = self.golden.tracks
        delays = []
        for event in events:
            here = (tracks.frame == event.frame) & (
                tracks.stream == tracks.streams.index(event.stream)
            )
            if not here.any():
                continue
            rows = np.flatnonzero(here)
            overlap = iou(tracks.box[rows].astype(np.float64), np.array(event.box))
            best = rows[int(overlap.argmax())]
            if overlap.max() >= OVERLAP:
                own = (tracks.track == tracks.track[best]) & (tracks.stream == tracks.stream[best])
                delays.append(float(event.time_s) - float(tracks.time_s[own].min()))
        return delays


def _bare(plan: Deployment) -> Deployment:
    """A plan without its reasons."""
    return Deployment(
        workflow=plan.workflow,
        cluster=plan.cluster,
        choice=plan.choice,
        placement=plan.placement,
        parallel_items=plan.parallel_items,
    )


def _replayed(plan: Deployment, trace: Trace, workflow: Workflow) -> Figures:
    covered = cover(trace, workflow)
    return replace(simulate(plan, covered, signatures()).figures, label="rehearsed")


def golden_at(workflow: Workflow, cluster: Cluster, qp: int, *, edge: bool = False) -> Deployment:
    """The golden setting on every frame at one quality, in the cloud or all at the edge."""
    return placed_as_baseline(
        workflow, cluster, {**golden(workflow), "transport.qp": qp}, edge=edge
    )


def placed_as_baseline(
    workflow: Workflow, cluster: Cluster, choice: Choice, *, edge: bool = False
) -> Deployment:
    """A choice with everything in the cloud, or at the edge."""
    qp = choice["transport.qp"]
    expanded = expand(workflow, choice, variants(larger=True))
    placement = baseline_placement(expanded, cluster, signatures())
    if edge:
        near = next(device.name for device in cluster.devices if device.tier == "edge")
        clouds = {device.name for device in cluster.devices if device.tier == "cloud"}
        placement = {n: near if at in clouds else at for n, at in placement.items()}
    placed, where = transport(expanded, placement, cluster, signatures(), qp=qp)
    return Deployment(workflow=placed, cluster=cluster, choice=choice, placement=where)


def saved(before: float, after: float) -> float:
    """The share that is saved: 1 is all of it, below 0 it became more."""
    return 1 - after / before if before > 0 else float("nan")
