"""Every option with every placement on one cluster, and the best placements of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vedette.planning.compose import compose
from vedette.planning.cost import Weights, figures, latencies, load_names, timing, weigh
from vedette.planning.demand import frames
from vedette.planning.layout import (
    Floats,
    Graph,
    Layouts,
    Site,
    is_every_placement,
    layouts,
    placements,
    site,
)
from vedette.planning.options import Context, Limits, Option, shape_of, tightest
from vedette.planning.passes import filled, least_passes
from vedette.planning.placement import Placement, home
from vedette.planning.replication import Counts, multiplied, named
from vedette.types.cluster import Cluster
from vedette.types.graph import SOURCE, Metric, Objective
from vedette.types.passes import Passes
from vedette.types.plan import Candidate


@dataclass(frozen=True, eq=False, slots=True)
class Weighed:
    """An option's finalists, best first: feasible ones by objective, others by violation.

    ``violation`` is the greatest share of a limit in use (more than 1 breaks it); ``worst`` names
    that limit, with the value and the limit.
    """

    option: int
    place: tuple[Mapping[str, str], ...]
    replicas: tuple[Counts, ...]
    batches: tuple[Mapping[str, Passes], ...]
    objective: Floats
    violation: Floats
    worst: tuple[tuple[str, float, float], ...]
    evaluated: int

    @property
    def is_feasible(self) -> bool:
        return bool(self.violation[0] <= 1)


class Ground:
    """One cluster, with the layouts of every shape of workflow that is weighed on it.

    ``proposed`` are placements of declared steps that are weighed besides.

    ``is_exhaustive`` until :meth:`prepare` leaves out a placement that might have fitted.
    """

    def __init__(
        self,
        context: Context,
        cluster: Cluster,
        limits: Limits,
        proposed: Sequence[Placement] = (),
    ) -> None:
        self.context, self.cluster, self.limits = context, cluster, limits
        self.proposed = proposed
        self.site: Site = site(cluster)
        self.objective: Objective = context.workflow.objective
        self.shapes: dict[object, Graph] = {}
        self.plans: dict[object, Layouts] = {}
        self.is_exhaustive = True

    def weigh(self, index: int, option: Option) -> Weighed | None:
        shape, plans = self._shape(option), self.plans[self._kind(option)]
        if not len(plans.place):
            return None
        rough = weigh(plans, option.ask, shape, self.site)
        chosen = self._finalists(rough)
        few, exact = plans.rows(chosen), _rows(rough, chosen)
        if self._asks_for({"latency_p50_ms", "latency_p95_ms", "age_p95_ms", "age_max_ms"}):
            each = frames(compose(self.context.profile, option.choice, option.workflow), shape)
            latency = latencies(few, each, shape, self.site, exact)
            times = timing(latency, each, with_age_p95=self._asks_for({"age_p95_ms"}))
            exact = replace(exact, metrics={**exact.metrics, **times})
        order, shares = self._order(exact), self._shares(exact)
        names = self.site.names
        at = [{n: names[d] for n, d in zip(shape.names, few.place[i], strict=True)} for i in order]
        return Weighed(
            option=index,
            place=tuple(at),
            replicas=tuple(named(few, int(i), shape, self.site) for i in order),
            batches=tuple(filled(few, int(i), shape, option.ask) for i in order),
            objective=_value(exact, self.objective)[order],
            violation=shares.max(axis=1)[order],
            worst=tuple(self._worst(exact, shares, int(i)) for i in order),
            evaluated=len(plans.place),
        )

    def candidate(self, each: Weighed, option: Option, row: int, outcome: str) -> Candidate:
        trace = compose(self.context.profile, option.choice, option.workflow)
        costs = figures(
            option.workflow,
            each.place[row],
            self.cluster,
            trace,
            self.context.signatures,
            variants=self.context.variants,
            replicas=each.replicas[row],
            batches=each.batches[row],
        )
        metric = tightest(option, self.objective)
        return Candidate(
            choice=option.choice,
            placement=each.place[row],
            objective=float(each.objective[row]),
            accuracy=option.accuracy[metric],
            figures=costs,
            outcome=outcome,
            replicas=each.replicas[row],
            batches=each.batches[row],
        )

    def prepare(self, options: Sequence[Option]) -> None:
        """Lay out the placements that each kind of option can use.

        Frames cross if, and only if, the option degrades them, and nothing crosses that nobody
        measured. A placement that overloads something even with the least that any of the options
        asks for is left out, unless that leaves none.
        """
        kinds: dict[object, list[Option]] = {}
        for option in options:
            kinds.setdefault(self._kind(option), []).append(option)
        every: dict[int, Layouts] = {}
        for kind, alike in kinds.items():
            shape = self._shape(alike[0])
            if id(shape) not in every:
                given = (shape, self.site, self.context.signatures, self.limits.pinned)
                rows = self._with_proposed(placements(*given), shape)
                self.is_exhaustive &= is_every_placement(*given)
                plans, is_all = multiplied(
                    layouts(shape, self.site, rows), shape, self.site, self.context.signatures
                )
                self.is_exhaustive &= is_all
                every[id(shape)] = plans
            plans, ask = every[id(shape)], alike[0].ask
            crosses = np.logical_or.reduce(plans.hops > 0, axis=1)
            is_blind = np.logical_or.reduce(crosses & ~ask.is_measured, axis=1)
            degrades = alike[0].choice["transport.qp"] != SOURCE
            plans = plans.rows(np.flatnonzero((plans.moves_frames == degrades) & ~is_blind))
            least = replace(
                ask,
                work_rate=np.min([each.ask.work_rate for each in alike], axis=0),
                mbps=np.min([each.ask.mbps for each in alike], axis=0),
                memory_gb=np.min([each.ask.memory_gb for each in alike], axis=0),
                passes=least_passes([each.ask for each in alike]),
            )
            load = weigh(plans, least, shape, self.site).load.max(axis=1, initial=0)
            fits = np.flatnonzero(load <= self.limits.load + 1e-9)
            plans = plans.rows(fits) if len(fits) else plans
            self.plans[kind] = self._promising(plans, shape, alike)

    def _promising(self, plans: Layouts, shape: Graph, alike: Sequence[Option]) -> Layouts:
        """All placements, or where they are many those near the best for a sample of the options.

        The rule: above ``limits.pairs`` (placements x options), 24 options at even distances are
        weighed with every placement, and a placement stays if it is among the best 24 of any.
        """
        if len(plans.place) * len(alike) <= self.limits.pairs:
            return plans
        self.is_exhaustive = False
        sample = [alike[i] for i in np.linspace(0, len(alike) - 1, 24).astype(int)]
        best = [self._order(weigh(plans, o.ask, shape, self.site))[:24] for o in sample]
        rows = self._rows_of(shape)
        kept = [i for i, row in enumerate(plans.place.tolist()) if tuple(row) in rows]
        return plans.rows(np.unique(np.concatenate([*best, np.array(kept, np.intp)])))

    def _with_proposed(self, rows: NDArray[np.intp], shape: Graph) -> NDArray[np.intp]:
        known = set(map(tuple, rows.tolist()))
        more = [row for row in self._rows_of(shape) if row not in known]
        return np.concatenate([rows, np.array(more, np.intp).reshape(-1, len(shape.names))])

    def _rows_of(self, shape: Graph) -> dict[tuple[int, ...], None]:
        """The devices of the proposed placements, as :func:`layouts` takes them."""
        index = {name: i for i, name in enumerate(self.site.names)}
        start = (index[home(self.cluster).name],) * shape.source_count
        return dict.fromkeys(
            (*start, *(index[each[step.declared]] for step in shape.steps))
            for each in self.proposed
        )

    def _kind(self, option: Option) -> tuple[object, ...]:
        degrades = option.choice["transport.qp"] != SOURCE
        return id(self._shape(option)), degrades, option.ask.is_measured.tobytes()

    def _shape(self, option: Option) -> Graph:
        return shape_of(
            self.shapes, option.workflow, self.cluster, self.context.signatures, option.choice
        )

    def _finalists(self, weights: Weights) -> NDArray[np.intp]:
        """The best for an average frame, so many with each number of machines and size of passes:
        the average frame tells where work is better done, but not how many machines a slow one
        needs.
        """
        order = self._order(weights)
        numbers = np.concatenate([weights.replicas, weights.batches], axis=1)
        if (numbers == 1).all():
            return order[: self.limits.finalists]
        _, kind = np.unique(numbers[order], axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        best = [np.flatnonzero(kind == k)[: self.limits.finalists] for k in range(kind.max() + 1)]
        return order[np.sort(np.concatenate(best))]

    def _shares(self, weights: Weights) -> Floats:
        """How much of each limit is used, 1 at the limit: loads, then ceilings."""
        ceilings = [
            weights.metrics[name][:, None] / max(limit, 1e-12)
            for name, limit in self.objective.ceilings.items()
        ]
        return np.concatenate([weights.load / self.limits.load, *ceilings], axis=1) - 1e-9

    def _order(self, weights: Weights) -> NDArray[np.intp]:
        violation = self._shares(weights).max(axis=1)
        breaks = violation > 1
        value = np.where(breaks, violation, _value(weights, self.objective))
        machines = weights.replicas.sum(axis=1)  # as few as do, also where they cost nothing
        frames = weights.batches.sum(axis=1)  # nor larger passes than help
        tie = weights.metrics["latency_p50_ms"]  # nobody means to send frames to and fro
        return np.lexsort((tie, frames, machines, np.round(value, 12), breaks))

    def _worst(self, weights: Weights, shares: Floats, row: int) -> tuple[str, float, float]:
        which = int(shares[row].argmax())
        loads = load_names(self.site)
        if which < len(loads):
            return f"load of {loads[which]}", float(weights.load[row, which]), self.limits.load
        name, limit = list(self.objective.ceilings.items())[which - len(loads)]
        return name, float(weights.metrics[name][row]), limit

    def _asks_for(self, metrics: set[Metric]) -> bool:
        return not metrics.isdisjoint({*self.objective.minimise, *self.objective.ceilings})


def _rows(weights: Weights, chosen: NDArray[np.intp]) -> Weights:
    return Weights(
        weights.load[chosen],
        {name: values[chosen] for name, values in weights.metrics.items()},
        weights.device_wait_s[chosen],
        weights.lane_wait_s[chosen],
        weights.replicas[chosen],
        weights.batches[chosen],
        weights.stretch[chosen],
    )


def _value(weights: Weights, objective: Objective) -> Floats:
    value = np.zeros(len(weights.load))
    for name, weight in objective.minimise.items():
        value = value + weight * weights.metrics[name]
    return value
