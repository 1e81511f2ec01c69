"""Which cascade keeps its promise on frames that it has not seen, or that none does.

Choosing is rehearsed: each block of time is left out in turn, a cascade chosen on the rest, with a
margin, and counted on the block. The strictest margin is rehearsed first and the first that fails
ends it (fixed-sequence testing: Maurer, Hothorn and Lehmacher, 1995), so that trying many margins
gives luck no more chances than one. Families of stages are rehearsed apart, since a network that
drifts must not keep the other stages from being used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from vedette.errors import InfeasibleError, Problem
from vedette.learning.caution import (
    LADDER,
    Held,
    Margin,
    blocks,
    held,
    is_special,
    spreads,
    widened,
    with_stage,
    without,
)
from vedette.planning.cascade import search
from vedette.planning.cascade_scatter import Scatter
from vedette.planning.cascade_scored import Costs, Scored, Setting, Space, budget, orders
from vedette.scoring import share
from vedette.scoring.promise import (
    FEWEST_RUNS,
    LEVEL,
    Mistakes,
    allowed,
    more_needed,
    more_runs,
    runs_of,
)
from vedette.types.cascade import Evidence, Promise

HEADROOM = 0.5
"""Of the promise that may be spent in a rehearsal; the rest is for what nobody has seen."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a choice.

    ``probability``: with which the promise must hold by the bound over runs; None for counts alone.
    ``level``: the confidence from which the question counts a box, which is where a detector says
    yes. ``fps``: source frames a second. ``audit``: share of looked-at frames that are checked.
    """

    promise: Promise
    probability: float | None = None
    level: float = 0.5
    fps: float = 25.0
    audit: float = 0.01

    @property
    def rates(self) -> tuple[float, float]:
        return self.promise.fnr, self.promise.fpr


@dataclass(frozen=True, eq=False, slots=True)
class Tried:
    """A family at a margin: its setting on all frames, where it was chosen and rehearsed.

    ``why_not`` is empty if it may be used. A plain pass has no margin: nothing of it was chosen.
    """

    family: str
    margin: Margin | None
    setting: Setting
    decided: Held
    rehearsed: Held
    why_not: str = ""


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
    for name, family in families(tables, costs, space):
        tried += choosing.climb(name, family)
    alone = choosing.plain("reference", Setting())
    fit = [each for each in tried if not each.why_not and each.setting != Setting()]
    fit = [each for each in fit if each.decided.cost_ms < alone.decided.cost_ms]
    problem: Problem | None
    if not fit:
        problem = _nearest_miss(tried, alone, terms, tables)
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
        reasons=tuple(_reasons(kind, best, tried, terms)),
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


def families(tables: Sequence[Scored], costs: Costs, space: Space) -> Iterator[tuple[str, Space]]:
    """What is rehearsed apart: all stages, without a network of its own, without reuse."""
    every = space.orders
    if every is None:
        every = orders(costs, [*tables[0].scores])
    detectors = tuple(order for order in every if not any(map(is_special, order)))
    yield "all stages", replace(space, orders=every)
    if detectors != tuple(every):
        yield "no network of its own", replace(space, orders=detectors)
    if tables[0].changes and space.methods != ():
        yield "no reuse of answers", replace(space, orders=every, methods=())


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
        self._all = (len(self._blocks) + 1) * len([*families(tables, costs, space)])

    def passes(self) -> Iterator[Tried]:
        """Each detector alone. Nothing of it is chosen here, so all frames are unseen."""
        for model in self._tables[0].scores:
            if not is_special(model):
                yield self.plain("one pass", with_stage(model, self._terms.level))

    def plain(self, family: str, setting: Setting) -> Tried:
        done = self._held([(table, setting) for table in self._tables], 0.0)
        return Tried(family, None, setting, done, done, self._why_not(done))

    def climb(self, family: str, space: Space) -> list[Tried]:
        """The family at each margin, from the strictest on, up to and including one that fails."""
        whole = self._searched(self._tables, space)
        rests = [without(self._tables, number) for number in range(len(self._blocks))]
        parts = [(self._searched(rest, space), spreads(rest)) for rest in rests]
        spread = spreads(self._tables)
        tried = []
        for margin in LADDER:
            chosen = [
                (block, widened(found[margin.share], margin, own, self._levels))
                for block, (found, own) in zip(self._blocks, parts, strict=True)
            ]
            setting = widened(whole[margin.share], margin, spread, self._levels)
            decided = self._held([(table, setting) for table in self._tables], self._terms.audit)
            rehearsed = self._held(chosen, self._terms.audit)
            why_not = self._why_not(rehearsed) or self._why_not(decided)
            tried.append(Tried(family, margin, setting, decided, rehearsed, why_not))
            if why_not:
                break
        return tried

    def scatter(self) -> Scatter:
        """What the search of the first family weighed, on all that decides."""
        if self._scatter is None:
            raise AssertionError("nothing was searched")
        return self._scatter

    def _searched(self, tables: Sequence[Scored], space: Space) -> dict[float, Setting]:
        shares = sorted({margin.share for margin in LADDER})
        budgets = [budget(tables, self._terms.promise, each) for each in shares]
        found = search(tables, self._costs, budgets, space)
        self._scatter = self._scatter or found.scatter
        self._done += 1
        self._told(self._done, self._all)
        settings = [each.setting if each else Setting() for each in found.best]
        return dict(zip(shares, settings, strict=True))

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
            worst = max(of_blocks, key=lambda block: block.wrong - allowed(rate, block.total))
            if not worst.keeps(rate):
                return f"{worst.wrong} of {worst.total} frames {what} in one block alone"
            if self._terms.probability and each.by_runs.upper > rate:
                return (
                    f"up to {each.by_runs.upper:.1%} {what}, by {each.runs} runs, with probability "
                    f"{self._terms.probability:g}"
                )
        return "every frame answered alike" if done.constant else ""


def _rank(tried: Tried) -> tuple[float, int]:
    """Cheapest first, ties by fewest errors."""
    errors = tried.rehearsed.missed.wrong + tried.rehearsed.made_up.wrong
    return round(tried.decided.cost_ms, 6), errors


def _reasons(kind: str, best: Tried, tried: Sequence[Tried], terms: Terms) -> Iterator[str]:
    """In plain words, why this and not something cheaper."""
    if kind == "reference":
        yield "nothing cheaper than the reference kept its promise on frames that did not choose it"
    elif best.margin is None:
        yield (
            f"one pass answers every frame, {_counted(best.rehearsed)}; no cascade that kept its "
            "promise costs less"
        )
    else:
        yield f"chosen with a margin: {best.margin}"
        yield (
            f"choosing again without each of {len(best.rehearsed.by_block)} blocks of time, and "
            f"counting on that block: {_counted(best.rehearsed)}"
        )
    if terms.probability and kind != "reference":
        missed, made_up = best.rehearsed.missed.by_runs, best.rehearsed.made_up.by_runs
        yield (
            f"with probability {terms.probability:g} each, at most {missed.upper:.2%} are missed "
            f"and {made_up.upper:.2%} made up, a run counted as one"
        )
    for each in tried:
        if each.why_not and each is not best:
            name = each.setting.scores[0].model if each.margin is None else each.family
            yield f"{name} is passed over{_at(each)}: {each.why_not}"


def _at(tried: Tried) -> str:
    return f" at {tried.margin}" if tried.margin else ""


def _counted(done: Held) -> str:
    return (
        f"{done.missed.wrong} of {done.missed.total} frames missed, {done.made_up.wrong} of "
        f"{done.made_up.total} made up"
    )


def _nearest_miss(
    tried: Sequence[Tried], alone: Tried, terms: Terms, tables: Sequence[Scored]
) -> Problem:
    """What came closest, and what would help."""
    cheaper = [
        each
        for each in tried
        if each.why_not and each.rehearsed.cost_ms < alone.decided.cost_ms and not _is_idle(each)
    ]
    asked = f"at most {terms.promise.fnr:.1%} missed and {terms.promise.fpr:.1%} made up"
    if not cheaper:
        return Problem(
            "no cascade that costs less than the reference",
            f"{asked}, on frames that did not choose",
            "a higher --fnr or --fpr, or a cheaper variant beside the reference",
        )
    best = min(cheaper, key=lambda each: _excess(each.rehearsed, terms))
    done = best.rehearsed
    return Problem(
        f"nothing cheaper than the reference that keeps its promise: nearest is {best.family}, at "
        f"{done.cost_ms:.2g} ms in place of {alone.decided.cost_ms:.2g}, with {best.why_not}",
        f"{asked}, on frames that did not choose",
        _more(done, terms, sum(map(len, tables)) / terms.fps / 60),
    )


def _is_idle(tried: Tried) -> bool:
    return tried.setting == Setting()


def _excess(done: Held, terms: Terms) -> float:
    shares = [done.missed.share, done.made_up.share]
    if terms.probability:
        shares = [done.missed.by_runs.upper, done.made_up.by_runs.upper]
    return max(each / max(rate, 1e-9) for each, rate in zip(shares, terms.rates, strict=True))


def _more(done: Held, terms: Terms, minutes: float) -> str:
    rates = [_round_up(each.share / HEADROOM) for each in (done.missed, done.made_up)]
    wider = f"--fnr {max(rates[0], terms.rates[0]):g} --fpr {max(rates[1], terms.rates[1]):g}"
    if terms.probability is None:
        return f"{wider}, a longer recording, or the reference alone"
    level = terms.probability
    more = [
        f"{more_needed(*_alike(each), rate, minutes, level=level)} of {answer}"
        for each, rate, answer in (
            (done.missed, terms.rates[0], "yes"),
            (done.made_up, terms.rates[1], "no"),
        )
        if each.by_runs.upper > rate
    ]
    return f"a longer recording ({'; '.join(more)} runs), {wider}, or the reference alone"


def _alike(each: Mistakes) -> tuple[list[int], list[int]]:
    """Runs of equal length with as many mistakes."""
    if not each.runs:
        return [], []
    length = max(1, round(each.total / each.runs))
    bad = max(1, each.runs_wrong)
    return (
        [round(each.wrong / bad)] * each.runs_wrong + [0] * (each.runs - each.runs_wrong),
        [length] * each.runs,
    )


def _round_up(rate: float) -> float:
    return round(rate + 0.0005, 3) if rate else 0.0
