"""Why a cascade was chosen, in plain words; or what came nearest where none was, and what helps."""

from collections.abc import Iterator, Sequence

from vedette.errors import Problem
from vedette.learning.caution import HEADROOM, Held, Terms, Tried
from vedette.planning.cascade_scored import Scored, Setting
from vedette.scoring.promise import Mistakes, more_needed


def reasons(kind: str, best: Tried, tried: Sequence[Tried], terms: Terms) -> Iterator[str]:
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
        if each.why_not and each is not best and not each.why_not.startswith("it held"):
            name = each.setting.scores[0].model if each.margin is None else each.family
            yield f"{name} is passed over{_at(each)}: {each.why_not}"


def _at(tried: Tried) -> str:
    return f" at {tried.margin}" if tried.margin else ""


def _counted(done: Held) -> str:
    return (
        f"{done.missed.wrong} of {done.missed.total} frames missed, {done.made_up.wrong} of "
        f"{done.made_up.total} made up"
    )


def nearest_miss(
    tried: Sequence[Tried], alone: Tried, terms: Terms, tables: Sequence[Scored]
) -> Problem:
    """What came closest, and what would help."""
    cheaper = [
        each
        for each in tried
        if each.why_not
        and each.rehearsed.cost_ms < alone.decided.cost_ms
        and each.setting != Setting()
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
