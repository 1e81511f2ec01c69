"""Choices and placements for sources that share nothing but machines, proposed source by source.

Where several sources have steps of their own, choices and placements multiply: two sources of 60
choices and 81 placements each have some 20 million pairs. Here each part of the workflow is weighed
alone, with all of its own pairs, and one pair is selected for each under what the parts share: the
devices, the links and the floors. That takes what the parts cost to add up, which latencies and
idle hours do not; so what comes of it is proposed, and weighed like every other candidate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from vedette.errors import InfeasibleError
from vedette.planning.compose import accuracy
from vedette.planning.cost import weigh
from vedette.planning.exact import Picks, Selection, lagrange
from vedette.planning.knobs import MOST_CHOICES
from vedette.planning.layout import Floats, Site, layouts, placements, site
from vedette.planning.options import Context, Limits, Option, choices, options, shape_of
from vedette.planning.placement import Placement
from vedette.planning.replication import largest
from vedette.types.cluster import Cluster
from vedette.types.graph import SOURCE, Choice, Scalar, Workflow

QP = "transport.qp"
BUDGETS = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Shares of the accuracy that may be lost: one proposal each, so that there is a ladder."""
MOST_ROWS = 12
"""So many placements of each choice of a part are selected from: the cheapest alone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A choice, and the device of every declared step."""

    choice: Choice
    placement: Placement


def parts(workflow: Workflow) -> tuple[Workflow, ...]:
    """The workflow cut into those that share no step, in the order of their sources."""
    groups: list[set[str]] = [{source.name} for source in workflow.sources]
    for step in workflow.steps:
        reached = workflow.sources_of(step.name)
        touched = [group for group in groups if group & reached]
        if len(touched) > 1:
            merged = set().union(*touched)
            at = groups.index(touched[0])
            groups = [group for group in groups if group not in touched]
            groups.insert(at, merged)
    return tuple(
        replace(
            workflow,
            sources=tuple(s for s in workflow.sources if s.name in group),
            steps=tuple(s for s in workflow.steps if workflow.sources_of(s.name) & group),
        )
        for group in groups
    )


def proposals(context: Context, cluster: Cluster, limits: Limits) -> tuple[Proposal, ...]:
    """Selected pairs, without repetition; none where all pairs are few or there is one part."""
    cut = parts(context.workflow)
    pairs = choices(context, limits) * len(cluster.devices) ** len(context.workflow.steps)
    if len(cut) < 2 or pairs <= limits.pairs or any(not part.steps for part in cut):
        return ()
    found = [
        each
        for qp in _qualities(context, limits)
        for each in _selected(
            [replace(context, workflow=part) for part in cut], cluster, limits, qp
        )
    ]
    return tuple(each for i, each in enumerate(found) if each not in found[:i])


def _qualities(context: Context, limits: Limits) -> tuple[Scalar, ...]:
    if QP in limits.held:
        return (limits.held[QP],)
    return context.workflow.knobs()[QP]


@dataclass(frozen=True, eq=False, slots=True)
class _Pairs:
    """One part's choices with placements, O of them: ``cost`` (O,), ``load`` (O, what is shared),
    ``loss`` (O, floors) as logarithms of what is lost.
    """

    cost: Floats
    load: Floats
    loss: Floats
    choice: tuple[Choice, ...]
    placement: tuple[Placement, ...]


def _selected(
    contexts: Sequence[Context], cluster: Cluster, limits: Limits, qp: Scalar
) -> Iterator[Proposal]:
    """A pair for each part, for each share of the accuracy that the floors leave to lose."""
    place = site(cluster)
    held = replace(limits, held={**limits.held, QP: qp}, choices=max(limits.choices, MOST_CHOICES))
    streams = sum(len([*each.workflow.streams()]) for each in contexts)
    found = [_pairs(each, place, held, streams) for each in contexts]
    pairs = [each for each in found if each is not None]
    if len(pairs) < len(found):
        return
    floors = contexts[0].workflow.objective.floors
    base = {metric: accuracy(contexts[0].profile, {QP: qp}, metric) for metric in floors}
    if any(base[metric] < floor or floor <= 0 for metric, floor in floors.items()):
        return
    room = np.array([log(base[metric] / floor) for metric, floor in floors.items()])
    most = max(len(each.cost) for each in pairs)
    cost = np.full((len(pairs), most), np.inf)
    use = np.zeros((len(pairs), most, pairs[0].load.shape[1] + len(room)))
    for g, each in enumerate(pairs):
        cost[g, : len(each.cost)] = each.cost
        use[g, : len(each.cost)] = np.concatenate([each.load, each.loss], axis=1)
    capacity = np.full(pairs[0].load.shape[1], limits.load)
    for share in BUDGETS:
        problem = Selection(cost, use, np.concatenate([capacity, share * room]))
        picks = _picks(problem)
        if picks is not None:
            chosen = list(zip(pairs, picks, strict=True))
            yield Proposal(
                {knob: v for each, i in chosen for knob, v in each.choice[i].items()},
                {step: d for each, i in chosen for step, d in each.placement[i].items()},
            )


def _picks(problem: Selection) -> Picks | None:
    try:
        return lagrange(problem, rounds=100).picks
    except InfeasibleError:
        return None


def _pairs(context: Context, place: Site, limits: Limits, streams: int) -> _Pairs | None:
    """A part's pairs that keep to what is beside its own streams, and send what was measured."""
    rows: list[tuple[float, Floats, list[float], Choice, Placement]] = []
    for option in options(context, place.cluster, limits):
        rows += _rows(context, option, place, limits, streams)
    if not rows:
        return None
    cost, load, loss, choice, placement = zip(*rows, strict=True)
    lost = np.array(loss).reshape(len(loss), -1)
    return _Pairs(np.array(cost), np.array(load), lost, choice, placement)


def _rows(
    context: Context, option: Option, place: Site, limits: Limits, streams: int
) -> Iterator[tuple[float, Floats, list[float], Choice, Placement]]:
    shape = shape_of({}, option.workflow, place.cluster, context.signatures, option.choice)
    pinned = {n: d for n, d in limits.pinned.items() if n in {s.declared for s in shape.steps}}
    plans = layouts(shape, place, placements(shape, place, context.signatures, pinned))
    crosses = np.logical_or.reduce(plans.hops > 0, axis=1)
    is_blind = np.logical_or.reduce(crosses & ~option.ask.is_measured, axis=1)
    may_move = option.choice[QP] != SOURCE
    plans = plans.rows(np.flatnonzero(~is_blind & (may_move | ~plans.moves_frames)))
    weights = weigh(plans, option.ask, shape, place)
    load = weigh(largest(plans, shape, place, context.signatures), option.ask, shape, place).load
    own = np.concatenate([place.is_per_stream, place.lane_is_per_stream, place.is_per_stream])
    fits = (load <= limits.load + 1e-9).all(axis=1)
    mine = len([*context.workflow.streams()]) / streams
    cost = np.zeros(len(plans.place))
    for name, weight in context.workflow.objective.minimise.items():
        share = mine if name == "cpu_ms_per_frame" else 1.0
        cost += weight * share * weights.metrics[name]
    for name, limit in context.workflow.objective.ceilings.items():
        share = mine if name == "cpu_ms_per_frame" else 1.0
        fits &= share * weights.metrics[name] <= limit + 1e-9
    golden = context.workflow.objective.floors
    quality = {QP: option.choice[QP]}
    loss = [
        log(max(accuracy(context.profile, quality, metric), 1e-9))
        - log(max(option.accuracy[metric], 1e-9))
        for metric in golden
    ]
    order = np.flatnonzero(fits)
    for row in order[np.argsort(cost[order], kind="stable")][:MOST_ROWS]:
        at = {
            step.declared: place.names[d]
            for step, d in zip(shape.steps, plans.place[row, shape.source_count :], strict=True)
        }
        yield float(cost[row]), load[row, ~own], loss, option.choice, at
