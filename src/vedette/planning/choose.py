"""The joint choice of every knob and every step's device (ExecutiveProducer's), on a profile.

ExecutiveProducer reduces the knobs as Chameleon does, then tries all that is left. This tries all
choices where they are few enough, and those of the reduced set elsewhere, with every placement that
can be hosted, weighed by the one cost model. It assumes that knobs act independently; what it
returns is therefore a ladder of candidates to verify by running, not yet a plan (see
:mod:`vedette.planning.verify`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vedette.errors import Problem
from vedette.planning.knobs import pareto
from vedette.planning.options import (
    DEFAULT,
    Context,
    Limits,
    Option,
    choices,
    margin,
    options,
    promise,
    tightest,
)
from vedette.planning.several import Proposal, proposals
from vedette.planning.weighing import Ground, Weighed
from vedette.types.cluster import Cluster
from vedette.types.graph import Objective, Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.plan import Candidate
from vedette.types.profile import Profile


@dataclass(frozen=True, slots=True)
class Ranking:
    """``to_verify`` dearest first; ``miss`` says what stands in the way when it is empty.

    It is some of the ``ladder``: what no other both undercuts and outdoes, dearest first.
    ``frontier`` is accuracy against objective, cheapest first. ``alternatives`` came close: the
    best that qualify, and cheaper ones that do not, each with its ``outcome``. ``bound`` is the
    least objective that predictedly qualifies, of the choices and placements that ``method`` says
    were weighed (``evaluated`` pairs). With all of both it is exact for the cost model and the
    predicted accuracies, but for percentiles: those are worked out for the placements of each
    choice that are the best for an average frame.
    """

    to_verify: tuple[Candidate, ...]
    frontier: tuple[Candidate, ...]
    alternatives: tuple[Candidate, ...]
    bound: float
    evaluated: int
    method: str
    miss: Problem | None = None
    ladder: tuple[Candidate, ...] = ()


def choose(
    profile: Profile,
    workflow: Workflow,
    cluster: Cluster,
    variants: Mapping[str, Variant],
    signatures: Mapping[str, Signature],
    *,
    limits: Limits = DEFAULT,
) -> Ranking:
    """Weigh choices with placements; see :class:`Ranking`.

    Where sources have steps of their own and not all can be tried, pairs that are selected source
    by source (:mod:`vedette.planning.several`) are weighed with the others.

    Equal objectives go to the choice that comes first (values in declared order, the first knob
    slowest), then to fewer machines, then to the lower latency, then to the placement that comes
    first (devices in the cluster's order, the first step slowest).
    """
    context = Context(profile, workflow, variants, signatures)
    every = options(context, cluster, limits)
    more = proposals(context, cluster, limits)
    return rank(
        context, cluster, (*every, *_proposed(context, cluster, limits, every, more)), limits, more
    )


def _proposed(
    context: Context,
    cluster: Cluster,
    limits: Limits,
    every: Sequence[Option],
    more: Sequence[Proposal],
) -> Iterator[Option]:
    """The options of proposed choices that are not among ``every``."""
    seen = [option.choice for option in every]
    for each in more:
        if each.choice not in seen:
            seen.append(each.choice)
            yield from options(context, cluster, replace(limits, held=each.choice))


def rank(
    context: Context,
    cluster: Cluster,
    options: Sequence[Option],
    limits: Limits,
    more: Sequence[Proposal] = (),
) -> Ranking:
    """Weigh every option with every placement on a cluster, and with those of ``more``."""
    ground, weighed = _weighed(context, cluster, options, limits, more)
    qualified = _qualified(weighed, options, ground)
    feasible = [each for each in weighed if each.is_feasible]
    rungs = _ladder(qualified, options, ground.objective)

    def candidate(each: Weighed, row: int = 0, outcome: str = "") -> Candidate:
        return ground.candidate(each, options[each.option], row, outcome)

    ladder = tuple(candidate(each) for each in rungs)
    return Ranking(
        to_verify=tuple(ladder[place] for place in _picked(rungs, options, ground)),
        frontier=tuple(candidate(each) for each in _frontier(feasible, options, ground.objective)),
        alternatives=tuple(_alternatives(weighed, options, ground, candidate)),
        bound=min((float(each.objective[0]) for each in qualified), default=float("inf")),
        evaluated=sum(each.evaluated for each in weighed),
        method=_method(len(options), choices(context, limits), ground, len(more)),
        miss=None if qualified else _miss(weighed, options, ground),
        ladder=ladder,
    )


def _method(weighed: int, all_choices: int, ground: Ground, proposed: int) -> str:
    found = f"all {all_choices} choices"
    if weighed < all_choices:
        found = f"{weighed} of {all_choices} choices (Chameleon's reduction)"
    placements = "every placement" if ground.is_exhaustive else "the most promising placements"
    by_source = f", and {proposed} proposed source by source" if proposed else ""
    return f"brute force over {found} with {placements}{by_source}"


def least(
    context: Context, cluster: Cluster, options: Sequence[Option], limits: Limits
) -> Candidate | None:
    """What predictedly qualifies at the least objective, if anything does."""
    ground, weighed = _weighed(context, cluster, options, limits)
    best = min(
        _qualified(weighed, options, ground), key=lambda each: each.objective[0], default=None
    )
    return None if best is None else ground.candidate(best, options[best.option], 0, "")


def _weighed(
    context: Context,
    cluster: Cluster,
    options: Sequence[Option],
    limits: Limits,
    more: Sequence[Proposal] = (),
) -> tuple[Ground, list[Weighed]]:
    ground = Ground(context, cluster, limits, [each.placement for each in more])
    ground.prepare(options)
    found = [ground.weigh(i, option) for i, option in enumerate(options)]
    return ground, [each for each in found if each is not None]


def _qualified(
    weighed: Sequence[Weighed], options: Sequence[Option], ground: Ground
) -> list[Weighed]:
    """What is feasible and predictedly keeps every floor."""
    return [
        each
        for each in weighed
        if each.is_feasible and margin(options[each.option], ground.objective) >= -1e-9
    ]


def _frontier(
    weighed: Sequence[Weighed], options: Sequence[Option], objective: Objective
) -> list[Weighed]:
    """Cheapest first; each further one is more accurate."""
    points = [
        (
            float(each.objective[0]),
            options[each.option].accuracy[tightest(options[each.option], objective)],
        )
        for each in weighed
    ]
    return [weighed[i] for i in pareto(points)]


def _ladder(
    qualified: Sequence[Weighed], options: Sequence[Option], objective: Objective
) -> list[Weighed]:
    """Dearest first; each further one promises less."""
    points = [
        (float(each.objective[0]), promise(options[each.option], objective)) for each in qualified
    ]
    return [qualified[i] for i in reversed(pareto(points))]


def _picked(ladder: Sequence[Weighed], options: Sequence[Option], ground: Ground) -> list[int]:
    """The places of up to ``limits.verify`` of the ladder.

    They are spread over what they promise: the most promising, then the cheapest at each of some
    evenly spaced promises from half-way down to the least, where it is decided.
    """
    most = ground.limits.verify if ground.objective.floors else 1
    if len(ladder) <= most or not ladder:
        return list(range(len(ladder)))
    promises = [promise(options[each.option], ground.objective) for each in ladder]
    best, lowest = promises[0], promises[-1]
    targets = [best, *np.linspace((best + lowest) / 2, lowest, most - 1)]
    picked = {max(i for i, p in enumerate(promises) if p >= t - 1e-12) for t in targets}
    left = sorted(set(range(len(ladder))) - picked)
    while len(picked) < most and left:
        picked.add(left.pop())  # where accuracies crowd together, the cheapest besides
    return sorted(picked)


def _alternatives(
    weighed: Sequence[Weighed],
    options: Sequence[Option],
    ground: Ground,
    candidate: Callable[[Weighed, int, str], Candidate],
    most: int = 5,
) -> Iterator[Candidate]:
    """The best that qualify besides the cheapest, then the best that would have been cheaper."""
    rows = [(each, row) for each in weighed for row in range(len(each.objective))]
    rows.sort(key=lambda pair: float(pair[0].objective[pair[1]]))
    fine = [pair for pair in rows if not _lack(pair[0], pair[1], options, ground)]
    bound = float(fine[0][0].objective[fine[0][1]]) if fine else float("inf")
    for each, row in fine[1 : most + 1]:
        yield candidate(each, row, _dearer(float(each.objective[row]), bound))
    lacking = [pair for pair in rows if pair[0].objective[pair[1]] < bound]
    lacking = [pair for pair in lacking if _lack(pair[0], pair[1], options, ground)]
    lacking.sort(key=lambda pair: _distance(pair[0], pair[1], options, ground))
    for each, row in lacking[:most]:
        yield candidate(each, row, _lack(each, row, options, ground))


def _dearer(objective: float, least: float) -> str:
    """In the objective's own units: a share says nothing where the least is 0.

    >>> _dearer(0.25, 0.0), _dearer(2.0, 2.0)
    ('an objective of 0.25, 0.25 more than the cheapest', 'an objective of 2, as the cheapest')
    """
    more = objective - least
    versus = f"{more:.4g} more than" if more > 1e-12 else "as"
    return f"an objective of {objective:.4g}, {versus} the cheapest"


def _distance(each: Weighed, row: int, options: Sequence[Option], ground: Ground) -> float:
    """The greatest share by which a limit or floor is missed; up to 1 none is."""
    option = options[each.option]
    floors = ground.objective.floors.items()
    short = [floor / max(option.accuracy[metric], 1e-12) - 1e-9 for metric, floor in floors]
    return max([float(each.violation[row]), *short])


def _lack(each: Weighed, row: int, options: Sequence[Option], ground: Ground) -> str:
    """Which limit or floor a placement misses most, or nothing."""
    if _distance(each, row, options, ground) <= 1:
        return ""
    option = options[each.option]
    if each.violation[row] >= _distance(each, row, options, ground):
        name, value, limit = each.worst[row]
        return f"{name} {value:.4g}, more than {limit:g}"
    metric = tightest(option, ground.objective)
    return f"{metric} {option.accuracy[metric]:.3f}, less than {ground.objective.floors[metric]:g}"


def _nearest(
    weighed: Sequence[Weighed], options: Sequence[Option], ground: Ground
) -> tuple[Weighed, int]:
    """The most accurate that is feasible; else the least infeasible, above the floor if any is."""
    feasible = [each for each in weighed if each.is_feasible]
    if feasible:
        return max(feasible, key=lambda each: margin(options[each.option], ground.objective)), 0
    keeps = [each for each in weighed if margin(options[each.option], ground.objective) >= 0]
    pairs = [(each, row) for each in keeps or weighed for row in range(len(each.objective))]
    return min(pairs, key=lambda pair: _distance(pair[0], pair[1], options, ground))


def _miss(weighed: Sequence[Weighed], options: Sequence[Option], ground: Ground) -> Problem:
    """What the nearest choice and placement still misses."""
    knobs = ", ".join(ground.context.workflow.knobs())
    if not weighed:
        return Problem(
            f"no placement on {ground.cluster.name} that can be hosted",
            "links between the cameras and the devices that answer",
            "a link from where the sources are, or more values of transport.qp",
        )
    each, row = _nearest(weighed, options, ground)
    choice = ", ".join(f"{k}={v}" for k, v in options[each.option].choice.items())
    lack = _lack(each, row, options, ground)
    if each.violation[row] > 1:
        name, _, limit = each.worst[row]
        expected = f"{name} up to {limit:g}"
        hint = "a larger device or link, a higher ceiling, a lower floor, or cheaper variants"
    else:
        metric = tightest(options[each.option], ground.objective)
        reached = options[each.option].accuracy[metric]
        expected = f"{metric} of {ground.objective.floors[metric]:g} or more"
        hint = f"a floor of {np.floor(reached * 100) / 100:g} or a more accurate variant"
    return Problem(
        f"no choice of {knobs} that meets the objective; the nearest ({choice}) has {lack}",
        expected,
        hint,
    )
