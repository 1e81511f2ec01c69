"""Why a plan is what it is: which limits bind, what a little more of each would buy, who lost."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vedette.planning.choose import least
from vedette.planning.cost import LIMIT, feasible
from vedette.planning.options import DEFAULT, Context, Limits, margin, options
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures
from vedette.types.graph import Choice, Objective, Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.plan import Candidate, Plan
from vedette.types.profile import Profile

NEAR = 0.95
"""A limit counts as binding from this share of it on."""
POINT = 0.01


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit that binds. ``kind``: floor, ceiling or load."""

    kind: str
    name: str
    value: float
    limit: float

    def __str__(self) -> str:
        sign = ">=" if self.kind == "floor" else "<="
        return f"{self.kind} of {self.name} {sign} {self.limit:g} (at {self.value:.3g})"


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What relaxing one limit by one unit does to the predicted objective (negative: it falls).

    ``choice`` is what would then be chosen, by the knobs that change.
    """

    what: str
    unit: str
    change: float
    choice: Choice


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """Another candidate, how it differs from the plan, and why it lost."""

    candidate: Candidate
    differs: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """``shadow_prices`` have the most valuable first; those worth nothing are left in."""

    binding: tuple[Constraint, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    runners_up: tuple[RunnerUp, ...]


def explain(  # noqa: PLR0917 - the order of choose, after the plan
    plan: Plan,
    profile: Profile,
    workflow: Workflow,
    cluster: Cluster,
    variants: Mapping[str, Variant],
    signatures: Mapping[str, Signature],
    *,
    limits: Limits = DEFAULT,
) -> Explanation:
    """Explain a plan by choosing again with every limit a little wider.

    Shadow prices are finite differences of the predicted optimum: one more Mbit/s each way on a
    link, one more core on a device, one point less of a floor, a tenth more of a ceiling.
    """
    context = Context(profile, workflow, variants, signatures)
    prices = tuple(_shadow_prices(context, cluster, limits))
    rivals = (*plan.tried, *plan.runners_up)
    return Explanation(
        binding=binding(plan.predicted, workflow.objective, rivals, load_limit=limits.load),
        shadow_prices=tuple(sorted(prices, key=lambda price: price.change)),
        runners_up=tuple(_runners_up(plan, rivals)),
    )


def binding(
    costs: Figures,
    objective: Objective,
    rivals: Sequence[Candidate] = (),
    *,
    load_limit: float = LIMIT,
) -> tuple[Constraint, ...]:
    """The limits that a plan is up against.

    A ceiling or load binds from 95% of it on. A floor does where a point less of it would have let
    in one of the ``rivals`` that it kept out: a cheaper one, by its forecast or by running it.
    """
    found = []
    for ceiling, limit in objective.ceilings.items():
        value = float(getattr(costs, ceiling))
        if value >= NEAR * limit:
            found.append(Constraint("ceiling", ceiling, value, limit))
    for name, load in costs.load.items():
        if load >= NEAR * load_limit:
            found.append(Constraint("load", name, load, load_limit))
    for metric, floor in objective.floors.items():
        near = [
            reached
            for each in rivals
            if _fits(each.figures, objective, load_limit)
            for reached, needed in _short(each, metric)
            if reached >= needed - POINT - 1e-9
        ]
        if near:
            found.append(Constraint("floor", metric, max(near), floor))
    return tuple(found)


def _fits(costs: Figures, objective: Objective, load_limit: float) -> bool:
    ceilings = objective.ceilings.items()
    keeps = all(float(getattr(costs, name)) <= ceiling for name, ceiling in ceilings)
    return keeps and feasible(costs, load_limit)


def _short(rival: Candidate, metric: str) -> list[tuple[float, float]]:
    """What a rival reached of a metric, and what it needed, where that is how it lost."""
    lost = re.search(rf"{metric} (?:is )?([\d.]+), less than ([\d.]+)$", rival.outcome)
    return [(float(lost[1]), float(lost[2]))] if lost else []


def _shadow_prices(context: Context, cluster: Cluster, limits: Limits) -> Iterator[ShadowPrice]:
    wider = _widened(context.workflow.objective)
    near = replace(context, workflow=replace(context.workflow, objective=_lowered(context)))
    every = options(context, cluster, limits)
    usable = [each for each in every if margin(each, near.workflow.objective) >= -1e-9]
    base, choice = least(context, cluster, usable, limits)

    def price(what: str, unit: str, found: tuple[float, Choice]) -> ShadowPrice:
        value, chosen = found
        moved = {knob: v for knob, v in chosen.items() if choice.get(knob) != v}
        change = min(value - base, 0.0) if value != base else 0.0  # more never costs anything
        return ShadowPrice(what, unit, change, moved)

    keeps = [each for each in usable if margin(each, context.workflow.objective) >= -1e-9]
    for what, unit, changed in _larger(cluster):
        yield price(what, unit, least(context, changed, keeps, limits))
    for what, unit, objective in wider:
        eased = replace(context, workflow=replace(context.workflow, objective=objective))
        yield price(what, unit, least(eased, cluster, usable, limits))


def _lowered(context: Context) -> Objective:
    objective = context.workflow.objective
    floors = {metric: floor - POINT for metric, floor in objective.floors.items()}
    return replace(objective, floors=floors)


def _larger(cluster: Cluster) -> Iterator[tuple[str, str, Cluster]]:
    for i, link in enumerate(cluster.links):
        more = replace(link, rate_mbps=link.rate_mbps + 1, back_mbps=link.back_mbps + 1)
        links = (*cluster.links[:i], more, *cluster.links[i + 1 :])
        yield f"{link.source}->{link.target}", "Mbit/s", replace(cluster, links=links)
    for i, device in enumerate(cluster.devices):
        bigger = replace(device, cores=device.cores + 1)
        devices = (*cluster.devices[:i], bigger, *cluster.devices[i + 1 :])
        yield device.name, "core", replace(cluster, devices=devices)


def _widened(objective: Objective) -> Iterator[tuple[str, str, Objective]]:
    for metric, floor in objective.floors.items():
        floors = {**objective.floors, metric: floor - POINT}
        yield metric, "point of accuracy", replace(objective, floors=floors)
    for name, ceiling in objective.ceilings.items():
        ceilings = {**objective.ceilings, name: ceiling * 1.1}
        yield name, "tenth of its ceiling", replace(objective, ceilings=ceilings)


def _runners_up(plan: Plan, rivals: Sequence[Candidate]) -> Iterator[RunnerUp]:
    for rival in rivals:
        differs = tuple(_differences(plan, rival))
        if differs:
            yield RunnerUp(rival, differs, rival.outcome)


def _differences(plan: Plan, rival: Candidate) -> Iterator[str]:
    """Knobs, then devices of the steps that both have."""
    for knob, value in plan.choice.items():
        if rival.choice.get(knob, value) != value:
            yield f"{knob} {rival.choice[knob]} instead of {value}"
    for step, device in plan.placement.items():
        if rival.placement.get(step, device) != device:
            yield f"{step} on {rival.placement[step]} instead of {device}"
