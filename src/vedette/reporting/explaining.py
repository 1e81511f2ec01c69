"""An explanation as text: what binds, what a little more buys, who lost, and the frontier."""

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from vedette.planning.explain import Explanation, ShadowPrice
from vedette.planning.rivals import Point, RunnerUp
from vedette.reporting.markup import clean
from vedette.reporting.terminal import block, places
from vedette.reporting.wording import (
    MEASURE,
    MINUS,
    THIN,
    accuracy,
    chosen,
    differences,
    is_chosen,
    join,
    number,
    objective_text,
    place_name,
    score_name,
    whole,
)
from vedette.types.graph import Accuracy, Metric
from vedette.types.plan import Candidate, Plan

ROWS = 12
FRONTIER = (
    "The frontier, as forecast: what promises more (mean of its F1s) than all that is cheaper"
)
COLUMNS: tuple[Metric, ...] = ("wan_mbps", "latency_p95_ms", "cpu_ms_per_frame")


def explanation_text(plan: Plan, told: Explanation) -> str:
    """All of an explanation, for a terminal of 100 columns."""
    return clean("\n".join(_lines(plan, told)))


def _lines(plan: Plan, told: Explanation) -> Iterator[str]:
    yield f"{plan.name} of {plan.workflow.name} on {plan.cluster.name}: {cost_text(plan, told)}"
    yield from block("Machines", places(plan))
    yield from block("Choice", chosen(plan))
    yield from block("What binds", [("", each) for each in binding_lines(told)])
    yield from block("How good that is", [("", each) for each in bound_lines(plan, told)])
    prices = [(name, f"{change:<9} {then}") for name, change, then in price_rows(told)]
    yield from block(prices_heading(told), prices)
    rivals = [(letter, f"{what}\n{why}") for letter, what, why in rival_rows(plan, told)]
    yield from block("Runners-up (figures are forecasts)", rivals)
    yield ""
    yield FRONTIER
    yield from columns(frontier_heads(plan, told), frontier_rows(plan, told))


def cost_text(plan: Plan, told: Explanation) -> str:
    """The forecast objective, spelled out."""
    objective = plan.workflow.objective
    return f"{number(told.chosen.candidate.objective)} = {objective_text(objective)}"


def binding_lines(told: Explanation) -> list[str]:
    found = [_sentence(str(each)) for each in told.binding]
    if not found:
        found = ["nothing: no floor, ceiling or load keeps a cheaper plan out"]
    if told.at_their_end:
        knobs = join(told.at_their_end)
        have, value = ("have", "values") if len(told.at_their_end) > 1 else ("has", "value")
        found.append(f"{knobs} {have} the last {value} on offer: further ones may be cheaper still")
    return found


def _sentence(text: str) -> str:
    return place_name(text)


def bound_lines(plan: Plan, told: Explanation) -> list[str]:
    """What the bound of the proof says, and what it does not."""
    chosen, cheapest, proof = told.chosen.candidate, told.cheapest, told.proof
    searched = f"{proof.method}, {whole(proof.evaluated)} evaluated"
    if cheapest is None:
        return ["nothing that was weighed is forecast to qualify", searched]
    best = cheapest.candidate
    more = chosen.objective - best.objective
    if more <= 1e-9 + 1e-6 * abs(best.objective):
        return [
            "nothing that is forecast to qualify costs less; that bounds the forecast, not the run",
            searched,
        ]
    return [
        f"{number(best.objective)} is the least forecast to qualify: {differences(best, plan)}",
        f"the plan is {times(chosen.objective, best.objective)}: {_why_dearer(plan)}",
        searched,
    ]


def _why_dearer(plan: Plan) -> str:
    if not plan.tried:
        return "it was stated, not searched"
    return (
        "candidates are run from the dearest down to the cheapest, the first that fails ends it, "
        "and the last that held is the plan"
    )


def times(value: float, base: float) -> str:
    """How many times ``base`` a value is.

    >>> times(1.5, 0.1), times(1.03, 1.0)
    ('15.0 times that', '1.03 times that')
    """
    return f"{number(value / base)} times that" if base > 0 else "more than nothing"


def prices_heading(told: Explanation) -> str:
    base = told.cheapest
    at = f" from {number(base.candidate.objective)}" if base else ""
    return f"One more of each would change the forecast optimum{at} by"


def price_rows(told: Explanation) -> Iterator[tuple[str, str, str]]:
    """(what and unit, change with its share of the optimum, what would be chosen)."""
    base = told.cheapest.candidate.objective if told.cheapest else math.nan
    for price in told.shadow_prices:
        yield f"{place_name(price.what)}, a {price.unit}", _change(price.change, base), _then(price)


def _change(change: float, base: float) -> str:
    if change == 0:
        return "0"
    if not math.isfinite(change):
        return "feasible"
    percent = f" ({100 * change / base:.2g}{THIN}%)".replace("-", MINUS) if base > 0 else ""
    return f"{change:.2g}{percent}".replace("-", MINUS, 1)


def _then(price: ShadowPrice) -> str:
    if price.change == 0:
        return ""
    return f"then {_few(price.differs)}" if price.differs else "the same plan, for less"


def _few(words: Sequence[str], most: int = 4) -> str:
    left = len(words) - most
    return ", ".join([*words[:most], *([f"{left} more changes"] if left > 0 else [])])


def rival_rows(plan: Plan, told: Explanation) -> Iterator[tuple[str, str, str]]:
    """(letter, how it differs and its figures, why it lost)."""
    for letter, rival in zip(LETTERS, told.runners_up, strict=False):
        costs = rival.candidate
        yield letter, differences(costs, plan), f"{figures_text(plan, rival)}: {why_text(rival)}"


LETTERS = "ABCDEFGHIJ"


def figures_text(plan: Plan, rival: RunnerUp) -> str:
    """Its objective, the metrics in it, and its accuracy."""
    costs = rival.candidate.figures
    parts = [number(rival.candidate.objective)]
    parts += [
        f"{MEASURE[m].name} {MEASURE[m].says(costs)} {MEASURE[m].unit}".rstrip()
        for m in plan.workflow.objective.minimise
    ]
    parts += [f"{score_name(m)} {accuracy(rival.accuracy[m])}" for m in _metrics(rival, plan)]
    return ", ".join(parts)


def _metrics(rival: RunnerUp, plan: Plan) -> list[Accuracy]:
    floors = plan.workflow.objective.floors
    return [metric for metric in rival.accuracy if metric in floors] or list(rival.accuracy)[:1]


def why_text(rival: RunnerUp) -> str:
    """Why it lost, in a sentence."""
    gap = terms_text(rival.more, rival.terms)
    match rival.why:
        case "dearer" if rival.reason.startswith(("held", "not supportable")):
            return f"held when run, but {gap}"
        case "dearer":
            return gap if rival.more > 1e-9 else rival.reason
        case "never run":
            return f"{gap}, and never run: {rival.reason}"
        case "infeasible" if rival.more < 0:
            return f"infeasible: {place_name(rival.reason)} ({gap})"
        case _:
            return f"{rival.why}: {place_name(rival.reason)}"


def terms_text(more: float, terms: Mapping[Metric, float]) -> str:
    """How much dearer, and which metrics make it so, in the units of the objective.

    >>> terms_text(0.5, {"wan_mbps": 0.6, "latency_p95_ms": -0.1})
    '0.500 dearer (WAN bandwidth +0.600, Latency p95 \u22120.100)'
    """
    if not math.isfinite(more):
        return "without end dearer: it never answers"
    shown = {metric: value for metric, value in terms.items() if abs(value) > 1e-3 * abs(more)}
    parts = [f"{MEASURE[m].name} {'+' if v > 0 else ''}{number(v)}" for m, v in shown.items()]
    why = f" ({', '.join(parts)})" if len(terms) > 1 and parts else ""
    return f"{number(abs(more))} {'dearer' if more > 0 else 'cheaper'}{why}"


def frontier_heads(plan: Plan, told: Explanation) -> list[str]:
    metrics = [score_name(metric) for metric in told.chosen.accuracy]
    costs = [f"{MEASURE[m].name} {MEASURE[m].unit}" for m in _measures(plan)]
    return ["Objective", *metrics, *costs, "Price per hour", ""]


def _measures(plan: Plan) -> list[Metric]:
    objective = plan.workflow.objective
    named = [*objective.minimise, *objective.ceilings, *COLUMNS]
    return [each for each in dict.fromkeys(named) if each != "price_per_hour"]


def frontier_rows(plan: Plan, told: Explanation) -> list[list[str]]:
    """Rows of the frontier, the plan and the baseline among them."""
    shown = some(told)
    for extra in (told.chosen, told.baseline):
        if extra and not any(_same(extra.candidate, p.candidate) for p in shown):
            shown.append(extra)
    shown.sort(key=lambda each: each.candidate.objective)
    return [_row(each, plan, told) for each in shown]


def some(told: Explanation) -> list[Point]:
    """The frontier, or where it is long a dozen of it at even distances, with both its ends."""
    last = len(told.frontier) - 1
    if last < ROWS:
        return list(told.frontier)
    return [told.frontier[round(i * last / (ROWS - 1))] for i in range(ROWS)]


def _same(one: Candidate, other: Candidate) -> bool:
    return one.choice == other.choice and one.placement == other.placement


def _row(point: Point, plan: Plan, told: Explanation) -> list[str]:
    candidate = point.candidate
    measures = [MEASURE[m].says(candidate.figures) for m in (*_measures(plan), "price_per_hour")]
    accuracies = [accuracy(value) for value in point.accuracy.values()]
    return [number(candidate.objective), *accuracies, *measures, mark(point, plan, told)]


def mark(point: Point, plan: Plan, told: Explanation) -> str:
    """What a row of the frontier is known as."""
    candidate = point.candidate
    if is_chosen(candidate, plan):
        return "the plan"
    if told.baseline and _same(candidate, told.baseline.candidate):
        return "the baseline"
    for letter, rival in zip(LETTERS, told.runners_up, strict=False):
        if _same(candidate, rival.candidate):
            return letter
    floors = plan.workflow.objective.floors.items()
    short = any(point.accuracy[metric] < floor - 1e-9 for metric, floor in floors)
    return "below the floor" if short else ""


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Right-aligned columns under wrapped heads, each as narrow as it can be; the last one left."""
    split = [wrap(head, 10) or [""] for head in heads]
    deep = max(len(words) for words in split)
    lines = [[words[i - deep + len(words)] if i >= deep - len(words) else "" for words in split]
             for i in range(deep)]  # fmt: skip
    table = [*lines, *rows]
    *widths, _ = [max(len(row[i]) for row in table) for i in range(len(heads))]
    for *cells, last in table:
        aligned = "  ".join(f"{cell:>{w}}" for cell, w in zip(cells, widths, strict=True))
        yield f"  {aligned}  {last}".rstrip()
