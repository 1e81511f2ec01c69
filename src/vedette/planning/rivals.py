"""Who lost to a plan and why: what was run and failed, what is dearer, what does not fit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vedette.planning.compose import accuracy
from vedette.planning.knobs import pareto
from vedette.planning.options import (
    Context,
    Limits,
    Option,
    margin,
    options,
    promise,
    tightest,
    told,
)
from vedette.planning.passes import resized
from vedette.planning.placement import is_packing
from vedette.planning.weighing import Ground, Weighed
from vedette.types.cluster import Cluster
from vedette.types.graph import Accuracy, Choice, Metric
from vedette.types.plan import Candidate, Plan

Why = Literal["dearer", "failed when run", "never run", "infeasible", "below the floor"]
EQUAL = 1e-9
MOST = 6
UNTRIED = 3
"""At least so many that were not run are told, where there are any."""


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate with its forecast of every accuracy."""

    candidate: Candidate
    accuracy: Mapping[Accuracy, float]


def point(context: Context, candidate: Candidate) -> Point:
    found = {
        each: accuracy(context.profile, candidate.choice, each) for each in told(context.workflow)
    }
    return Point(candidate, found)


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """Another candidate, how it differs from the plan, and why it lost.

    ``more`` is its objective less the plan's, as forecast, and ``terms`` the part that each metric
    has in that. ``reason`` is what it misses, or what running it showed.
    """

    candidate: Candidate
    accuracy: Mapping[Accuracy, float]
    differs: tuple[str, ...]
    why: Why
    more: float
    terms: Mapping[Metric, float]
    reason: str


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a rival reached of a floor, a ceiling or a load, and what it needed."""

    kind: Literal["floor", "ceiling", "load"]
    name: str
    value: float
    limit: float


_NUMBER = r"[\d.]+(?:e[+-]\d+)?%?"
_SHORT = re.compile(
    rf"(?:^|[:;] )(?:the )?(?P<load>load of )?(?P<name>[^:;]+?)(?: is)? (?P<value>{_NUMBER})"
    rf"(?: when simulated)?, (?P<sign>less|more) than (?P<limit>{_NUMBER})$"
)


def shortfall(outcome: str) -> Shortfall | None:
    """What a candidate's outcome says that it missed.

    >>> shortfall("failed: the lower bound of event_f1 is 0.893, less than 0.9")
    Shortfall(kind='floor', name='event_f1', value=0.893, limit=0.9)
    >>> shortfall("load of edge 0.93, more than 0.8")
    Shortfall(kind='load', name='edge', value=0.93, limit=0.8)
    >>> shortfall("failed: the load of edge is 81% when simulated, more than 80%")
    Shortfall(kind='load', name='edge', value=0.81, limit=0.8)
    >>> shortfall("age_max_ms 1.234e+04, more than 1000")
    Shortfall(kind='ceiling', name='age_max_ms', value=12340.0, limit=1000.0)
    """
    found = _SHORT.search(outcome)
    if found is None:
        return None
    kind: Literal["floor", "ceiling", "load"] = "load" if found["load"] else "ceiling"
    kind = "floor" if found["sign"] == "less" else kind
    name = found["name"] if kind == "load" else found["name"].split()[-1]
    return Shortfall(kind, name, _value(found["value"]), _value(found["limit"]))


def _value(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    """Every option, weighed in its best placements on one cluster."""

    ground: Ground
    options: Sequence[Option]
    weighed: Sequence[Weighed]

    def candidate(self, each: Weighed, row: int = 0, outcome: str = "") -> Candidate:
        return self.ground.candidate(each, self.options[each.option], row, outcome)

    def point(self, candidate: Candidate) -> Point:
        return point(self.ground.context, candidate)

    def cheapest(self) -> Candidate | None:
        """The cheapest that is feasible and forecast to keep every floor."""
        found = [each for each in self.weighed if not self.lack(each, 0)]
        best = min(found, key=lambda each: float(each.objective[0]), default=None)
        return None if best is None else self.candidate(best)

    def frontier(self) -> tuple[Point, ...]:
        """What the search climbs: the cheapest first, each further one promises more."""
        objective = self.ground.objective
        feasible = [each for each in self.weighed if each.is_feasible]
        chosen = [self.options[each.option] for each in feasible]
        points = [
            (float(each.objective[0]), promise(option, objective))
            for each, option in zip(feasible, chosen, strict=True)
        ]
        kept = pareto(points)
        return tuple(Point(self.candidate(feasible[i]), chosen[i].accuracy) for i in kept)

    def lack(self, each: Weighed, row: int) -> str:
        """What a placement of an option misses, or nothing; machines before floors."""
        if each.violation[row] > 1:
            name, value, limit = each.worst[row]
            return f"{name} {value:.4g}, more than {limit:g}"
        option, objective = self.options[each.option], self.ground.objective
        if margin(option, objective) >= -EQUAL:
            return ""
        metric = tightest(option, objective)
        return f"{metric} {option.accuracy[metric]:.3f}, less than {objective.floors[metric]:g}"

    def distance(self, each: Weighed, row: int) -> float:
        """How far a placement is from qualifying: more than 1 where it does not."""
        option, floors = self.options[each.option], self.ground.objective.floors
        short = [floor / max(option.accuracy[m], 1e-12) for m, floor in floors.items()]
        return max([float(each.violation[row]), *short])


def weigh_all(
    context: Context, cluster: Cluster, limits: Limits, every: Sequence[Option] | None = None
) -> Field:
    """Weigh every option on a cluster; those of the context where ``every`` is left out."""
    every = options(context, cluster, limits) if every is None else every
    ground = Ground(context, cluster, limits)
    ground.prepare(every)
    weighed = (ground.weigh(i, option) for i, option in enumerate(every))
    return Field(ground, every, tuple(each for each in weighed if each is not None))


def runners_up(plan: Plan, chosen: Candidate, field: Field) -> Iterator[RunnerUp]:
    """A handful: those that were run, then the cheapest of each other variant or placement.

    After these comes what would have been cheaper and does not qualify, the nearest miss first.
    """
    tried = [each for each in plan.tried if any(differences(plan, each))]
    for rival in tried:
        yield _told(plan, chosen, rival, field)
    seen = {_fine(each.choice, each.placement, field) for each in (chosen, *tried)}
    left = max(UNTRIED, MOST - len(tried))
    for rival in _others(chosen, field, seen, left):
        yield _told(plan, chosen, rival, field)


def _others(chosen: Candidate, field: Field, seen: set[object], left: int) -> Iterator[Candidate]:
    """One of each variant and placement: first where another variant or machine does the work."""
    groups: dict[object, tuple[Weighed, int]] = {}
    rows = [(each, row) for each in field.weighed for row in range(len(each.objective))]
    rows.sort(key=lambda pair: (bool(field.lack(*pair)), float(pair[0].objective[pair[1]])))
    for each, row in rows:
        key = _fine(field.options[each.option].choice, each.place[row], field)
        if key not in seen:
            groups.setdefault(key, (each, row))
    fine = [pair for pair in groups.values() if not field.lack(*pair)]
    short = [pair for pair in groups.values() if field.lack(*pair)]
    short = [(w, row) for w, row in short if float(w.objective[row]) < chosen.objective - EQUAL]
    short.sort(key=lambda pair: field.distance(*pair))
    spread = {_coarse(field.options[w.option].choice, w.place[row], field) for w, row in short}
    few = min(len(spread), 2 if left > UNTRIED else 1)
    for each, row in _spread(fine, field, left - few):
        yield field.candidate(each, row)
    for each, row in _spread(short, field, few):
        yield field.candidate(each, row, field.lack(each, row))


def _spread(
    pairs: Sequence[tuple[Weighed, int]], field: Field, most: int
) -> list[tuple[Weighed, int]]:
    """The cheapest of each variant and its machine, then the cheapest of the others."""
    first: dict[object, int] = {}
    for i, (each, row) in enumerate(pairs):
        first.setdefault(_coarse(field.options[each.option].choice, each.place[row], field), i)
    order = [*first.values(), *(i for i in range(len(pairs)) if i not in first.values())]
    return [pairs[i] for i in sorted(order[:most])]


def _models(choice: Choice, field: Field) -> tuple[tuple[str, object], ...]:
    """The variants of a choice, by the step that has them."""
    context = field.ground.context
    return tuple(
        (step.name, choice.get(f"{step.name}.{setting}", step.settings.get(setting)))
        for step in context.workflow.steps
        for setting in context.signatures[step.operator].models
    )


def _fine(choice: Choice, placement: Mapping[str, str], field: Field) -> object:
    places = frozenset((n, device) for n, device in placement.items() if not is_packing(n))
    return _models(choice, field), places


def _coarse(choice: Choice, placement: Mapping[str, str], field: Field) -> object:
    models = _models(choice, field)
    return models, tuple(placement.get(step) for step, _ in models)


def _told(plan: Plan, chosen: Candidate, rival: Candidate, field: Field) -> RunnerUp:
    more = rival.objective - chosen.objective
    terms = {
        metric: weight * (getattr(rival.figures, metric) - getattr(chosen.figures, metric))
        for metric, weight in field.ground.objective.minimise.items()
    }
    why, reason = _why(rival, more, plan.tried)
    differs = tuple(differences(plan, rival))
    return RunnerUp(rival, field.point(rival).accuracy, differs, why, more, terms, reason)


def _why(rival: Candidate, more: float, tried: Sequence[Candidate]) -> tuple[Why, str]:
    head, _, rest = rival.outcome.partition(": ")
    if head == "failed":
        return "failed when run", rest
    if rest:
        return "dearer", f"{head} when run: {rest}"
    if rival.outcome:
        short = shortfall(rival.outcome)
        kind: Why = "below the floor" if short and short.kind == "floor" else "infeasible"
        return kind, rival.outcome
    if more < -EQUAL:
        return "never run", _unrun(tried)
    return "dearer", "" if more > EQUAL else "just as cheap, and later in the order of the knobs"


def _unrun(tried: Sequence[Candidate]) -> str:
    """Why something that is forecast to qualify, and cheaper than the plan, was not run."""
    if not tried:
        return "the plan was stated, not searched"
    if any(each.outcome.startswith("failed") for each in tried):
        return "no more is run after the first that fails, nor more than five"
    return "no more than five are run, and none that breaks a ceiling when simulated"


def differences(plan: Plan, rival: Candidate) -> Iterator[str]:
    """Knobs, then devices of the steps that both have, then numbers of machines."""
    for knob, value in plan.choice.items():
        if rival.choice.get(knob, value) != value:
            yield f"{knob} {rival.choice[knob]} instead of {value}"
    for step, device in plan.placement.items():
        if rival.placement.get(step, device) != device:
            yield f"{step} on {rival.placement[step]} instead of {device}"
    for device, count in rival.replicas.items():
        if plan.replicas.get(device, 1) != count:
            yield f"{count} machines of {device} instead of {plan.replicas.get(device, 1)}"
    yield from resized(plan.batches, rival.batches)
