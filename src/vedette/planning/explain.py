"""Why a plan is what it is: which limits bind, what a little more of each would buy, who lost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from vedette.errors import VedetteError
from vedette.planning.baseline import baseline_choice, baseline_placement
from vedette.planning.choose import least
from vedette.planning.compose import compose
from vedette.planning.cost import LIMIT, feasible, figures
from vedette.planning.expand import expand
from vedette.planning.options import DEFAULT, Context, Limits, Option, margin
from vedette.planning.passes import resized
from vedette.planning.placement import is_packing
from vedette.planning.replication import Counts, fewest
from vedette.planning.rivals import (
    Field,
    Point,
    RunnerUp,
    point,
    runners_up,
    shortfall,
    weigh_all,
)
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures
from vedette.types.graph import SOURCE, Choice, Objective, Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.passes import Passes
from vedette.types.plan import Candidate, Plan, Proof, Verdict
from vedette.types.profile import Profile

NEAR = 0.95
"""A limit counts as binding from this share of it on."""
POINT = 0.01


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit that binds: the plan is up against it, or it ``keeps_out`` a cheaper one.

    ``value`` is the plan's own, or that of the cheaper plan that came nearest.
    """

    kind: Literal["floor", "ceiling", "load"]
    name: str
    value: float
    limit: float
    keeps_out: bool = False

    def __str__(self) -> str:
        sign = ">=" if self.kind == "floor" else "<="
        at = "the nearest cheaper plan has" if self.keeps_out else "at"
        return f"{self.kind} of {self.name} {sign} {self.limit:g} ({at} {self.value:.3g})"


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What relaxing one limit by one unit does to the predicted objective (negative: it falls).

    ``then`` is what would be chosen, and ``differs`` how that differs from what is forecast to be
    the cheapest as things are. A change of minus infinity: now nothing qualifies, then it would.
    """

    what: str
    unit: str
    change: float
    then: Candidate | None = None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything here is forecast from the profile, but what ``binding`` and rivals say of runs.

    ``chosen`` is the plan as the cost model forecasts it; ``cheapest`` the cheapest that is
    forecast to qualify: the plan itself, unless running showed that it does not. ``proof.bound``
    is its objective at planning time: of all that was weighed, nothing that is forecast to qualify
    costs less. It bounds the forecast, not what a run will cost.
    ``shadow_prices`` have the most valuable first; those worth nothing are left in.
    ``at_their_end`` are the knobs that have the last value on offer: a cheaper one may help.
    """

    verdict: Verdict
    proof: Proof
    chosen: Point
    cheapest: Point | None
    baseline: Point | None
    binding: tuple[Constraint, ...]
    at_their_end: tuple[str, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    runners_up: tuple[RunnerUp, ...]
    frontier: tuple[Point, ...]


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
    link, one more core on a device or machine behind it, one point less of a floor, a tenth more of
    a ceiling.
    """
    context = Context(profile, workflow, variants, signatures)
    field = weigh_all(context, cluster, limits)
    chosen = forecast(
        context, cluster, plan.choice, _plain(plan.placement), plan.replicas, batches=plan.batches
    )
    cheapest = field.cheapest()
    baseline = _baseline(context, cluster)
    rivals = tuple(runners_up(plan, chosen, field))
    kept_out = [each.candidate for each in rivals if each.why == "failed when run"]
    kept_out += _cheaper_misses(field, chosen if cheapest is None else cheapest)
    return Explanation(
        verdict=plan.verdict,
        proof=plan.proof,
        chosen=field.point(chosen),
        cheapest=field.point(cheapest) if cheapest else None,
        baseline=field.point(baseline) if baseline else None,
        binding=binding(plan.predicted, workflow.objective, kept_out, load_limit=limits.load),
        at_their_end=tuple(_at_their_end(plan.choice, workflow)),
        shadow_prices=tuple(
            sorted(_shadow_prices(field, cheapest), key=lambda price: price.change)
        ),
        runners_up=rivals,
        frontier=field.frontier(),
    )


def forecast(
    context: Context,
    cluster: Cluster,
    choice: Choice,
    placement: Mapping[str, str],
    replicas: Counts | None = None,
    *,
    batches: Mapping[str, Passes] | None = None,
) -> Candidate:
    """One choice in one placement (packing left out), as the cost model sees it.

    Where ``replicas`` is left out, with the fewest machines that hold the load.
    """
    objective = context.workflow.objective
    expanded = expand(context.workflow, choice, context.variants)
    trace = compose(context.profile, choice, expanded)
    costs = partial(
        figures,
        expanded,
        placement,
        cluster,
        trace,
        context.signatures,
        variants=context.variants,
        batches=batches,
    )
    if replicas is None:
        replicas = fewest(
            lambda counts: costs(replicas=counts), expanded, placement, cluster, LIMIT
        )
    found = costs(replicas=replicas)
    value = sum(weight * getattr(found, name) for name, weight in objective.minimise.items())
    blank = Candidate(
        choice, placement, float(value), 1.0, found, replicas=replicas, batches=batches or {}
    )
    accuracies = point(context, blank).accuracy
    floors = objective.floors or {next(iter(accuracies)): 0.0}
    metric = min(floors, key=lambda name: accuracies[name] - floors[name])
    return replace(blank, accuracy=accuracies[metric])


def binding(
    costs: Figures,
    objective: Objective,
    rivals: Sequence[Candidate] = (),
    *,
    load_limit: float = LIMIT,
) -> tuple[Constraint, ...]:
    """The limits that a plan is up against, or that keep something cheaper out.

    A ceiling or load binds from 95% of it on. Besides, every limit does that one of the ``rivals``
    missed: cheaper ones, by their forecast or by running them, that keep all other limits.

    >>> costs = Figures("predicted", 0, 0, 0, 0, 0, 290, 0, 0, 1, 1, load={"edge": 0.79})
    >>> [str(each) for each in binding(costs, Objective(ceilings={"age_max_ms": 300}))]
    ['ceiling of age_max_ms <= 300 (at 290)', 'load of edge <= 0.8 (at 0.79)']
    """
    found: dict[tuple[str, str], Constraint] = {}
    for ceiling, limit in objective.ceilings.items():
        value = float(getattr(costs, ceiling))
        if value >= NEAR * limit:
            found["ceiling", ceiling] = Constraint("ceiling", ceiling, value, limit)
    for name, load in costs.load.items():
        if load >= NEAR * load_limit:
            found["load", name] = Constraint("load", name, load, load_limit)
    for rival in rivals:
        short = shortfall(rival.outcome)
        if short is None or (short.kind == "floor" and not _fits(rival, objective, load_limit)):
            continue
        key = short.kind, short.name
        here = Constraint(short.kind, short.name, short.value, short.limit, keeps_out=True)
        if key not in found or (found[key].keeps_out and _is_nearer(here, found[key])):
            found[key] = here
    return tuple(found.values())


def _is_nearer(one: Constraint, other: Constraint) -> bool:
    nearness = [abs(each.limit - each.value) / each.limit for each in (one, other)]
    return nearness[0] < nearness[1]


def _fits(rival: Candidate, objective: Objective, load_limit: float) -> bool:
    costs, ceilings = rival.figures, objective.ceilings.items()
    keeps = all(float(getattr(costs, name)) <= ceiling for name, ceiling in ceilings)
    return keeps and feasible(costs, load_limit)


def _plain(placement: Mapping[str, str]) -> dict[str, str]:
    return {name: device for name, device in placement.items() if not is_packing(name)}


def _cheaper_misses(field: Field, cheapest: Candidate) -> Iterator[Candidate]:
    """What would be cheaper, were it not for one limit: the nearest miss of each limit."""
    below = cheapest.objective - 1e-9
    rows = [
        (field.distance(each, row), i, row)
        for i, each in enumerate(field.weighed)
        for row in range(len(each.objective))
        if float(each.objective[row]) < below
    ]
    seen: set[str] = set()
    for _, i, row in sorted(rows):
        each = field.weighed[i]
        short = shortfall(lack := field.lack(each, row))
        keeps = margin(field.options[each.option], field.ground.objective) >= -1e-9
        if short is None or short.name in seen or (short.kind != "floor" and not keeps):
            continue
        seen.add(short.name)
        yield field.candidate(each, row, lack)


def _at_their_end(choice: Choice, workflow: Workflow) -> Iterator[str]:
    for knob, values in workflow.knobs().items():
        if len(values) > 1 and choice.get(knob) == values[-1] != SOURCE:
            yield knob


def _baseline(context: Context, cluster: Cluster) -> Candidate | None:
    """Golden in the cloud, where the cluster can host it at all."""
    try:
        choice, _ = baseline_choice(context.profile, context.workflow)
        expanded = expand(context.workflow, choice, context.variants)
        placement = baseline_placement(expanded, cluster, context.signatures)
        return forecast(context, cluster, choice, placement)
    except (VedetteError, KeyError):
        return None


def _shadow_prices(field: Field, cheapest: Candidate | None) -> Iterator[ShadowPrice]:
    ground = field.ground
    context, limits, cluster = ground.context, ground.limits, ground.cluster
    objective = context.workflow.objective

    def price(what: str, unit: str, found: Candidate | None) -> ShadowPrice:
        return ShadowPrice(what, unit, _change(cheapest, found), found, moved(cheapest, found))

    keeps = _keeping(field.options, objective)
    for what, unit, changed in _larger(cluster):
        yield price(what, unit, least(context, changed, keeps, limits))
    for what, unit, eased in _widened(objective):
        wider = replace(context, workflow=replace(context.workflow, objective=eased))
        usable = _keeping(field.options, eased)
        yield price(what, unit, least(wider, cluster, usable, limits))


def _keeping(every: Sequence[Option], objective: Objective) -> list[Option]:
    return [option for option in every if margin(option, objective) >= -1e-9]


def _change(now: Candidate | None, then: Candidate | None) -> float:
    """More never costs anything: what is not needed need not be used."""
    if then is None:
        return 0.0
    return min(then.objective - now.objective, 0.0) if now else float("-inf")


def moved(now: Candidate | None, then: Candidate | None) -> tuple[str, ...]:
    """Knobs, then places, that change from one candidate to another."""
    if now is None or then is None:
        return ()
    knobs = [f"{knob} {v}" for knob, v in then.choice.items() if now.choice.get(knob) != v]
    places = [
        f"{step} on {device}"
        for step, device in then.placement.items()
        if now.placement.get(step, device) != device
    ]
    counts = [
        f"{count} machines of {device}"
        for device, count in then.replicas.items()
        if now.replicas.get(device, 1) != count
    ]
    return (*knobs, *places, *counts, *resized(now.batches, then.batches))


def _larger(cluster: Cluster) -> Iterator[tuple[str, str, Cluster]]:
    for i, link in enumerate(cluster.links):
        more = replace(link, rate_mbps=link.rate_mbps + 1, back_mbps=link.back_mbps + 1)
        links = (*cluster.links[:i], more, *cluster.links[i + 1 :])
        yield f"{link.source}->{link.target}", "Mbit/s", replace(cluster, links=links)
    for i, device in enumerate(cluster.devices):
        bigger = replace(device, cores=device.cores + 1)
        devices = (*cluster.devices[:i], bigger, *cluster.devices[i + 1 :])
        yield device.name, "core", replace(cluster, devices=devices)
        if device.max_replicas > 1:
            another = replace(device, max_replicas=device.max_replicas + 1)
            devices = (*cluster.devices[:i], another, *cluster.devices[i + 1 :])
            yield device.name, "machine", replace(cluster, devices=devices)


def _widened(objective: Objective) -> Iterator[tuple[str, str, Objective]]:
    for metric, floor in objective.floors.items():
        floors = {**objective.floors, metric: floor - POINT}
        yield metric, "point of accuracy", replace(objective, floors=floors)
    for name, ceiling in objective.ceilings.items():
        ceilings = {**objective.ceilings, name: ceiling * 1.1}
        yield name, "tenth of its ceiling", replace(objective, ceilings=ceilings)
