"""NoScope's search (Kang et al., VLDB 2017) for a cascade that keeps budgets at the least cost.

Exhaustive over difference method, its threshold and age, frame step, models, their order and both
thresholds of each. Errors are exact counts over source frames: frames that are skipped or the same
have the last answer. Both kinds of error are budgeted jointly over detector and models, where the
source halves the budget and splits it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import comb, prod

import numpy as np

from vedette.planning.cascade_cut import SLACK, Sorted
from vedette.planning.cascade_paths import Path, paths
from vedette.planning.cascade_scatter import Scatter, Weighed, thinned
from vedette.planning.cascade_scored import (
    Budget,
    Costs,
    Counts,
    Floats,
    Rows,
    Scored,
    Setting,
    Space,
    orders,
    require,
    summed,
    yes_and_no,
)
from vedette.types.cascade import ScoreStage


@dataclass(frozen=True, slots=True)
class Found:
    """A setting with its errors by table and its cost, CPU ms a source frame at speed 1.

    ``asked`` is the share of source frames that the reference is asked about, without the audit.
    """

    setting: Setting
    fn: tuple[float, ...]
    fp: tuple[float, ...]
    cost_ms: float
    asked: float

    @property
    def rank(self) -> tuple[float, float]:
        """Cheapest first, ties by fewest errors."""
        return round(self.cost_ms, 9), sum(self.fn) + sum(self.fp)


@dataclass(frozen=True, slots=True)
class Searched:
    """``best``: for each budget the cheapest setting, None where nothing keeps it.

    ``nearest``: where a budget is kept by nothing, what exceeds it least, else None. ``scatter``:
    what was weighed on the way, thinned. ``combinations``: how many the search covers, at least.
    ``evaluated``: for how many sequences of stages a best pair of thresholds was worked out.
    ``bound_ms``: nothing that was left out for want of ``Space.pairs`` costs less.
    """

    best: tuple[Found | None, ...]
    nearest: tuple[Found | None, ...]
    scatter: Scatter
    combinations: int
    evaluated: int
    bound_ms: float


def search(
    tables: Sequence[Scored],
    costs: Costs,
    budgets: Sequence[Budget],
    space: Space | None = None,
) -> Searched:
    """The cheapest setting for each budget, which holds in every table alike.

    A single promise with and without a margin is two budgets: both are answered in one search.
    Cost is over all tables together. Raises InputError for tables that make no sense.

    >>> table = Scored(np.array([0, 0, 1, 1, 0, 1], bool),
    ...                {"nano": np.array([0.1, 0.2, 0.6, 0.9, 0.3, 0.95])})
    >>> costs = Costs(reference=40.0, models={"nano": 8.0})
    >>> found, = search([table], costs, [Budget((0.0,), (0.0,))], Space(frame_steps=(1,))).best
    >>> found.setting.scores, found.cost_ms
    ((ScoreStage(model='nano', low=0.30000000000000004, high=0.6),), 8.0)
    """
    space = space or Space()
    require(tables, costs, budgets, space)
    hunt = _Hunt(tables, costs, budgets, space)
    combinations = 0
    for path in paths(tables, space):
        combinations += hunt.covered(path)
        hunt.weigh(path)
    hunt.weigh_longer()
    return Searched(
        tuple(hunt.best),
        tuple(
            near if best is None else None
            for best, near in zip(hunt.best, hunt.nearest, strict=True)
        ),
        thinned(hunt.weighed),
        combinations,
        hunt.evaluated,
        hunt.bound_ms,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Limits:
    """The most errors by table that are left to spend."""

    fn: Counts
    fp: Counts


@dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """Frames of a path (by place in it) that earlier stages left, what is left to spend on them.

    ``spent_ms`` is what all frames cost so far, ``most_ms`` the most they may cost in the end.
    """

    frames: Rows
    limits: _Limits
    spent_ms: float
    most_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class _Stages:
    """Models with their thresholds: CPU ms of all frames, what the reference is left, errors."""

    spent_ms: float
    asked: float
    fn: Counts
    fp: Counts
    scores: tuple[ScoreStage, ...] = ()

    @property
    def rank(self) -> tuple[float, float]:
        return self.spent_ms, float(self.fn.sum() + self.fp.sum())


class _Hunt:
    """The best so far for every budget, which is what the rest has to beat."""

    def __init__(
        self, tables: Sequence[Scored], costs: Costs, budgets: Sequence[Budget], space: Space
    ) -> None:
        models = [*tables[0].scores]
        wanted = orders(costs, models) if space.orders is None else space.orders
        self.orders = tuple(order for order in wanted if order)
        self.scores: dict[str, Floats] = {
            name: np.concatenate([table.scores[name] for table in tables]) for name in models
        }
        self.totals = np.array([yes_and_no(table) for table in tables])
        self.limits = [_limits(budget, self.totals) for budget in budgets]
        self.best: list[Found | None] = [None] * len(budgets)
        self.nearest: list[Found | None] = [None] * len(budgets)
        self.weighed: list[Weighed] = []
        self.evaluated, self.bound_ms = 0, np.inf
        self._excess = [np.inf] * len(budgets)
        self._kept: list[Path] = []
        self._ranked: dict[str, Sorted] = {}
        self._ties = {name: len(each) - len(np.unique(each)) for name, each in self.scores.items()}
        self._costs, self._space = costs, space

    def covered(self, path: Path) -> int:
        """How many settings a path stands for, with every pair of the last model's thresholds."""
        count = int(path.mask.sum())
        groups = {name: max(1, count - ties) for name, ties in self._ties.items()}
        every = {name: comb(count + 2, 2) for name, count in groups.items()}
        tried = {name: min(count, self._space.pairs**2) for name, count in every.items()}
        pairs = [every[last] * prod(tried[name] for name in order) for *order, last in self.orders]
        return path.alike * (1 + sum(pairs))

    def weigh(self, path: Path) -> None:
        """Ask the reference, or one model first, about the frames that a path evaluates."""
        base_ms = path.base_ms(self._costs, self._space.audit)
        if not self._may_pay(path, base_ms):
            return
        asked_ms = base_ms + self._asked_ms(path, path.weight)
        errors = path.shown.errors(path.shown.truth)
        self._note(path, _Stages(asked_ms, path.weight, *errors))
        keepable = self._keepable(path)
        self._try(path, [order for order in self.orders if len(order) == 1], keepable)
        if keepable:
            self._kept.append(replace(path))

    def weigh_longer(self) -> None:
        """Try more than one model, once what one can do is known: it cuts most of this short."""
        longer = [order for order in self.orders if len(order) > 1]
        first_ms = min((self._costs.models[order[0]] for order in longer), default=np.inf)
        for path in sorted(self._kept, key=lambda path: path.weight):
            base_ms = path.base_ms(self._costs, self._space.audit)
            if self._may_pay(path, base_ms + path.weight * first_ms):
                self._try(replace(path), longer, self._keepable(path))

    def _try(self, path: Path, orders: Sequence[tuple[str, ...]], keepable: Sequence[int]) -> None:
        self._ranked = {}
        every = np.arange(len(path.rows))
        base_ms = path.base_ms(self._costs, self._space.audit)
        for order, number in product(orders, keepable):
            limits, most_ms = self._limits_of(path, number), self._most_ms(number) * path.frames
            stages = self._stages(path, order, _Left(every, limits, base_ms, most_ms))
            if stages is not None:
                self._note(path, stages)

    def _may_pay(self, path: Path, least_ms: float) -> bool:
        """Whether all frames for ``least_ms`` and the audit could be the cheapest for a budget."""
        most_ms = max(map(self._most_ms, range(len(self.best)))) * path.frames
        return least_ms + self._asked_ms(path, 0.0) <= most_ms + SLACK

    def _keepable(self, path: Path) -> list[int]:
        """The budgets that may be kept by some answers to the frames of a path."""
        return [
            number
            for number in range(len(self.limits))
            if _may_keep(path, self._limits_of(path, number))
        ]

    def _limits_of(self, path: Path, number: int) -> _Limits:
        return _Limits(self.limits[number].fn - path.missed, self.limits[number].fp)

    def _stages(self, path: Path, order: tuple[str, ...], left: _Left) -> _Stages | None:
        """The best thresholds for models in this order; None where nothing keeps the limits.

        The last model's thresholds are exact, those of one before it are tried in pairs.
        """
        ranked = self._ranking(path, order[0], left.frames)
        weight = float(ranked.weight[-1])
        spent_ms = left.spent_ms + self._seen_ms(path, order[0], weight)
        if spent_ms + self._asked_ms(path, 0.0) > left.most_ms + SLACK:
            return None
        self.evaluated += 1
        left = replace(left, spent_ms=spent_ms)
        if len(order) > 1:
            return self._before(path, order, ranked, left)
        cut = ranked.best(left.limits.fn, left.limits.fp, self._space.least_unsure * weight)
        if cut is None:
            return None
        stage = ScoreStage(order[0], *ranked.thresholds(cut.low, cut.high))
        spent_ms += self._asked_ms(path, cut.unsure)
        return _Stages(spent_ms, cut.unsure, cut.fn, cut.fp, (stage,))

    def _before(
        self, path: Path, order: tuple[str, ...], ranked: Sorted, left: _Left
    ) -> _Stages | None:
        """The best pair for a model that others follow, with the best of theirs.

        Pairs that leave the fewest first: what they cost cuts the others short.
        """
        best, most_ms = None, left.most_ms
        cuts, are_all = ranked.pairs(left.limits.fn, left.limits.fp, self._space.pairs)
        weights = ranked.weight[cuts[:, 1]] - ranked.weight[cuts[:, 0]]
        if not are_all:
            seen_ms = self._seen_ms(path, order[1], float(weights.min(initial=np.inf)))
            least_ms = left.spent_ms + seen_ms + self._asked_ms(path, 0.0)
            self.bound_ms = min(self.bound_ms, least_ms / path.frames)
        for at in np.argsort(weights, kind="stable").tolist():
            least_ms = left.spent_ms + self._seen_ms(path, order[1], float(weights[at]))
            if least_ms + self._asked_ms(path, 0.0) > most_ms + SLACK:
                break
            low, high = cuts[at].tolist()
            fn, fp = ranked.answered(low, high)
            rest = _Limits(left.limits.fn - fn, left.limits.fp - fp)
            inner = left.frames[ranked.between(low, high)]
            found = self._stages(path, order[1:], _Left(inner, rest, left.spent_ms, most_ms))
            if found is None:
                continue
            stage = ScoreStage(order[0], *ranked.thresholds(low, high))
            errors = found.fn + fn, found.fp + fp
            stages = _Stages(found.spent_ms, found.asked, *errors, (stage, *found.scores))
            if best is None or stages.rank < best.rank:
                best, most_ms = stages, stages.spent_ms
        return best

    def _ranking(self, path: Path, model: str, frames: Rows) -> Sorted:
        """Frames of a path by a model's score; all of them are ranked once."""
        if len(frames) < len(path.rows):
            return Sorted(path.shown.where(frames), self.scores[model][path.rows[frames]])
        if model not in self._ranked:
            self._ranked[model] = Sorted(path.shown, self.scores[model][path.rows])
        return self._ranked[model]

    def _most_ms(self, number: int) -> float:
        best = self.best[number]
        return np.inf if best is None else best.cost_ms

    def _seen_ms(self, path: Path, model: str, seen: float) -> float:
        return path.audited(seen, self._space.audit) * self._costs.models[model]

    def _asked_ms(self, path: Path, asked: float) -> float:
        return path.audited(asked, self._space.audit) * self._costs.reference

    def _note(self, path: Path, stages: _Stages) -> None:
        """Keep what is best or nearest for any budget, and where it lies in the scatter."""
        errors = np.stack([stages.fn + path.missed, stages.fp])
        found = Found(
            Setting(path.difference, stages.scores, path.looked.step),
            tuple(errors[0].tolist()),
            tuple(errors[1].tolist()),
            stages.spent_ms / path.frames,
            stages.asked / path.frames,
        )
        fn, fp = errors.sum(1) / np.maximum(self.totals.sum(0), 1.0)
        self.weighed.append((found.cost_ms, float(fn), float(fp), found.setting))
        for number, limits in enumerate(self.limits):
            excess = float(np.max(errors - [limits.fn, limits.fp]))
            best = self.best[number]
            if excess <= SLACK and (best is None or found.rank < best.rank):
                self.best[number] = found
            if excess < self._excess[number] - SLACK:
                self._excess[number], self.nearest[number] = excess, found


def _limits(budget: Budget, totals: Counts) -> _Limits:
    """A budget, less where it would let one answer stand for all: that is no cascade."""
    most = np.minimum([budget.fn, budget.fp], totals.T * (1 - 1e-6))
    return _Limits(most[0], most[1])


def _may_keep(path: Path, limits: _Limits) -> bool:
    """False where the answers that frames share rule it out, whatever they are.

    Either answer to a frame errs on ``no`` or on ``yes`` of those that share it. Each at the
    smaller share of what it may spend, both budgets together are spent at most once each.
    """
    if np.min(limits.fn) < -SLACK:
        return False
    shown = path.shown
    both = np.flatnonzero((shown.yes > 0) & (shown.no > 0))
    table = shown.table[both]
    fn = shown.yes[both] / (limits.fn[table] + SLACK)
    fp = shown.no[both] / (limits.fp[table] + SLACK)
    least = summed(table, np.minimum(fn, fp), shown.tables)
    return bool(np.max(least) <= 2 + 1e-6)
