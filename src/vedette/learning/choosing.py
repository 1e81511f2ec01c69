"""Which cascade keeps its promise on frames that it has not seen, or that none does.

Choosing is rehearsed: each block of time is left out in turn, a cascade chosen on the rest, with a
margin, and counted on the block. The strictest margin is rehearsed first and the first that fails
ends it (fixed-sequence testing: Maurer, Hothorn and Lehmacher, 1995), so that trying many margins
gives luck no more chances than one; what is used is one step stricter than the last that held
(Breiman et al., 1984, take one standard error for the same reason). Families of stages are
rehearsed apart, since a network that drifts must not keep the other stages from being used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vedette.errors import InfeasibleError, Problem
from vedette.learning.caution import (
    HEADROOM,
    SHARES,
    SPREADS,
    Held,
    Margin,
    Spreads,
    Terms,
    Tried,
    blocks,
    held,
    is_special,
    needed,
    spreads,
    widened,
    with_stage,
    without,
)
from vedette.learning.reasons import nearest_miss, reasons
from vedette.planning.cascade import search
from vedette.planning.cascade_scatter import Scatter
from vedette.planning.cascade_scored import Costs, Scored, Setting, Space, budget, orders
from vedette.scoring import share
from vedette.scoring.promise import (
    FEWEST_RUNS,
    LEVEL,
    allowed,
    more_runs,
    runs_of,
)
from vedette.types.cascade import Evidence, ScoreStage

__all__ = ["Chosen", "Family", "Terms", "Tried", "check_runs", "choose", "families", "quiet"]


@dataclass(frozen=True, eq=False, slots=True)
class Chosen:
    """What runs, and why. ``kind`` "one pass" is a detector alone, "reference" the reference.

    ``problem`` says why the reference alone is left, with the nearest miss; None otherwise.
    ``tried`` has everything that was rehearsed, in that order; ``scatter`` what a search weighed.
    """

    kind: str
    setting: Setting
    evidence: Evidence
    decided: Held
    rehearsed: Held
    tried: tuple[Tried, ...]
    scatter: Scatter
    problem: Problem | None = None

    def require(self) -> "Chosen":
        """Itself, or InfeasibleError where no cascade keeps the promise."""
        if self.problem is not None:
            raise InfeasibleError(self.problem)
        return self


def quiet(_done: int, _of: int) -> None:
    """Tell nobody."""


def choose(
    tables: Sequence[Scored],
    costs: Costs,
    terms: Terms,
    space: Space | None = None,
    told: Callable[[int, int], None] = quiet,
) -> Chosen:
    """The cheapest of what held: a cascade, one pass of a detector, or the reference alone.

    ``tables``: the training part as networks see it that have not trained on it, a block a fold,
    then the selection part. Every budget holds in each alone and so in all of them. ``told`` hears
    of searches done. Raises InfeasibleError where fewer than 5 runs of either answer decide.
    """
    check_runs(tables, terms.fps)
    space = replace(space or Space(), audit=terms.audit)
    space = replace(space, most_ages=_ages(tables, space, terms))
    choosing = _Choosing(tables, costs, terms, space, told)
    tried = [*choosing.passes()]
    for family in families(tables, costs, space, terms.level):
        tried += choosing.climb(family)
    alone = choosing.plain("reference", Setting())
    fit = [each for each in tried if not each.why_not and each.setting != Setting()]
    fit = [each for each in fit if each.decided.cost_ms < alone.decided.cost_ms]
    problem: Problem | None
    if not fit:
        problem = nearest_miss(tried, alone, terms, tables)
        kind, best = "reference", alone
    else:
        best, problem = min(fit, key=_rank), None
        kind = "cascade" if best.margin else "one pass"
    evidence = Evidence(
        fn=share(best.decided.missed.wrong, best.decided.missed.total),
        fp=share(best.decided.made_up.wrong, best.decided.made_up.total),
        runs=(best.decided.missed.runs, best.decided.made_up.runs),
        cpu_ms=best.decided.cost_ms,
        reference_ms=alone.decided.cost_ms,
        reasons=tuple(reasons(kind, best, tried, terms)),
    )
    scatter = choosing.scatter()
    return Chosen(
        kind, best.setting, evidence, best.decided, best.rehearsed, tuple(tried), scatter, problem
    )


def _ages(tables: Sequence[Scored], space: Space, terms: Terms) -> tuple[int, ...]:
    """Those at which a single mistake, repeated until then, does not break the promise by itself.

    The least is always among them.
    """
    yes = sum(int(table.truth.sum()) for table in tables)
    no = sum(map(len, tables)) - yes
    most = min(allowed(rate, total) for rate, total in zip(terms.rates, (yes, no), strict=True))
    least = min(space.most_ages, default=1)
    return tuple(age for age in space.most_ages if age <= max(most, least))


def check_runs(tables: Sequence[Scored], fps: float) -> None:
    """Raises InfeasibleError (not supportable) under 5 runs of either answer in what decides."""
    counts = [runs_of(table.truth, table.block).count() for table in tables]
    yes, no = (sum(count[side] for count in counts) for side in (0, 1))
    if min(yes, no) >= FEWEST_RUNS:
        return
    minutes = sum(map(len, tables)) / fps / 60
    more = [
        f"{more_runs(count, minutes)} of {answer}"
        for count, answer in ((yes, "yes"), (no, "no"))
        if count < FEWEST_RUNS
    ]
    raise InfeasibleError(
        Problem(
            f"{yes} runs of yes and {no} of no in what decides: not supportable with this data",
            f"{FEWEST_RUNS} of either",
            f"a longer recording: {' and '.join(more)}; until then, the reference alone",
        )
    )


@dataclass(frozen=True, slots=True)
class Family:
    """Stages that are searched and rehearsed apart from others.

    ``last`` answers in the reference's place, at the question's own level: nothing of it is chosen.
    """

    name: str
    space: Space
    last: tuple[ScoreStage, ...] = ()


def families(
    tables: Sequence[Scored], costs: Costs, space: Space, level: float
) -> Iterator[Family]:
    """All stages, no network of its own, no reuse of answers, and one pass where there is news."""
    every = space.orders
    if every is None:
        every = orders(costs, [*tables[0].scores])
    detectors = tuple(order for order in every if not any(map(is_special, order)))
    can_reuse = bool(tables[0].changes) and space.methods != ()
    yield Family("all stages", replace(space, orders=every))
    if detectors != tuple(every):
        yield Family("no network of its own", replace(space, orders=detectors))
    if can_reuse:
        yield Family("no reuse of answers", replace(space, orders=every, methods=()))
    for model in tables[0].scores if can_reuse else ():
        if not is_special(model):
            name, alone = f"{model} where there is news", replace(space, orders=((),))
            yield Family(name, alone, with_stage(model, level).scores)


class _Choosing:
    """One choice's givens, and the searches that were made for it."""

    def __init__(
        self,
        tables: Sequence[Scored],
        costs: Costs,
        terms: Terms,
        space: Space,
        told: Callable[[int, int], None],
    ) -> None:
        self._tables, self._costs, self._terms, self._space = tables, costs, terms, space
        self._blocks = [block for table in tables for block in blocks(table)]
        self._levels = {each: terms.level for each in costs.models if not is_special(each)}
        self._scatter: Scatter | None = None
        self._told, self._done = told, 0
        self._all = (len(self._blocks) + 1) * len([*families(tables, costs, space, terms.level)])

    def passes(self) -> Iterator[Tried]:
        """Each detector alone. Nothing of it is chosen here, so all frames are unseen."""
        for model in self._tables[0].scores:
            if not is_special(model):
                yield self.plain("one pass", with_stage(model, self._terms.level))

    def plain(self, family: str, setting: Setting) -> Tried:
        done = self._held([(table, setting) for table in self._tables], 0.0)
        return Tried(family, None, setting, done, done, self._why_not(done))

    def climb(self, family: Family) -> Iterator[Tried]:
        """The family at each margin, from the strictest on, up to and including one that fails.

        Of those that held the last only just did, so the one before it is what may be used.
        """
        space = family.space
        rests = [without(self._tables, number) for number in range(len(self._blocks))]
        whole, spread = self._searched(self._tables, space), spreads(self._tables)
        parts = [(self._searched(rest, space), spreads(rest)) for rest in rests]
        for spent in SHARES:
            tried: list[Tried] = []
            for margin in (Margin(spent, each) for each in SPREADS):
                choices = [
                    (block, self._with_margin(found[spent], margin, own, family))
                    for block, (found, own) in zip(self._blocks, parts, strict=True)
                ]
                setting = self._with_margin(whole[spent], margin, spread, family)
                setting = needed(setting, self._tables, self._costs)
                tried.append(self._rehearsed(family.name, margin, setting, choices))
                if tried[-1].why_not:
                    break
            yield from _stepped_back(tried)

    def _with_margin(
        self, found: Setting, margin: Margin, spread: Spreads, family: Family
    ) -> Setting:
        wider = widened(found, margin, spread, self._levels)
        return replace(wider, scores=(*wider.scores, *family.last))

    def _rehearsed(
        self, family: str, margin: Margin, setting: Setting, choices: list[tuple[Scored, Setting]]
    ) -> Tried:
        rehearsed = self._held(choices, self._terms.audit)
        decided = self._held([(table, setting) for table in self._tables], self._terms.audit)
        why_not = self._why_not(rehearsed) or self._why_not(decided)
        return Tried(family, margin, setting, decided, rehearsed, why_not)

    def scatter(self) -> Scatter:
        """What the search of the first family weighed, on all that decides."""
        if self._scatter is None:
            raise AssertionError("nothing was searched")
        return self._scatter

    def _searched(self, tables: Sequence[Scored], space: Space) -> dict[float, Setting]:
        budgets = [budget(tables, self._terms.promise, each) for each in SHARES]
        found = search(tables, self._costs, budgets, space)
        self._scatter = self._scatter or found.scatter
        self._done += 1
        self._told(self._done, self._all)
        settings = [each.setting if each else Setting() for each in found.best]
        return dict(zip(SHARES, settings, strict=True))

    def _held(self, choices: list[tuple[Scored, Setting]], audit: float) -> Held:
        return held(choices, self._costs, audit, self._terms.probability or LEVEL)

    def _why_not(self, done: Held) -> str:
        """Why what was counted on frames that did not choose speaks against it; empty if not."""
        kinds = zip(
            ("missed", "made up"), (done.missed, done.made_up), self._terms.rates, strict=True
        )
        for number, (what, each, rate) in enumerate(kinds):
            most = int(rate * HEADROOM * each.total + 1e-9)
            if each.wrong > most:
                return (
                    f"{each.wrong} of {each.total} frames {what}, over {most}, half of the promise"
                )
            of_blocks = [block[number] for block in done.by_block]
            usual = each.total // len(of_blocks)  # a block with hardly a frame allows hardly one
            excess = [block.wrong - allowed(rate, max(block.total, usual)) for block in of_blocks]
            worst = of_blocks[int(np.argmax(excess))]
            if max(excess) > 0:
                return f"{worst.wrong} of {worst.total} frames {what} in one block alone"
            if self._terms.probability and each.by_runs.upper > rate:
                return (
                    f"up to {each.by_runs.upper:.1%} {what}, by {each.runs} runs, with probability "
                    f"{self._terms.probability:g}"
                )
        return "every frame answered alike" if done.constant else ""


def _stepped_back(tried: Sequence[Tried]) -> Iterator[Tried]:
    """The climb, of which only the last but one that held may be used, or the only one."""
    holding = [each for each in tried if not each.why_not]
    used = holding[-2:][0] if holding else None
    for each in tried:
        if each.why_not or each is used:
            yield each
        else:
            place = "only just held" if each is holding[-1] else "cost more than was needed"
            yield replace(each, why_not=f"it held, but {place}")


def _rank(tried: Tried) -> tuple[float, int]:
    """Cheapest first, ties by fewest errors."""
    errors = tried.rehearsed.missed.wrong + tried.rehearsed.made_up.wrong
    return round(tried.decided.cost_ms, 6), errors
