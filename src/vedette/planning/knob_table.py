"""Knobs measured alone, as a table: by trying all, by Chameleon's climb, or exactly."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from vedette.errors import InfeasibleError, Problem
from vedette.planning.answer import LARGEST, MOST_TRIED, answer, known, repeated, require
from vedette.planning.knobs import KnobTable, KnobValue, cheapest, climb, combine
from vedette.types.graph import Scalar
from vedette.types.plan import Proof


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A knob's value, all others golden. ``accuracy`` and ``costs`` are shares of golden's."""

    value: Scalar
    accuracy: float
    costs: dict[str, float]


@dataclass(frozen=True, slots=True)
class KnobRow:
    """The first value is golden: accuracy 1 and every cost 1."""

    name: str
    values: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True)
class KnobsTable:
    """Knobs measured alone; minimise the sum of weight x (product of cost shares) above a floor.

    Accuracies and costs of a combination are products (Chameleon's independence).
    """

    knobs: tuple[KnobRow, ...]
    weights: dict[str, float]
    floor: float


def solve_knobs(table: KnobsTable, method: str | None) -> dict[str, Any]:
    require(_knob_problems(table))
    names = [*table.weights]
    tables = [
        KnobTable(
            knob.name,
            tuple(
                KnobValue(row.value, row.accuracy, tuple(row.costs[name] for name in names))
                for row in knob.values
            ),
        )
        for knob in table.knobs
    ]
    weights = tuple(table.weights.values())
    count = prod(len(each.values) for each in tables)
    method = method or ("brute" if count <= MOST_TRIED else "chameleon")
    known("method", method, _KNOB_METHODS)
    found = _KNOB_METHODS[method](tables, weights, table.floor)
    if found is None:
        best = combine(tables, [_most_accurate(each) for each in tables])
        raise InfeasibleError(
            Problem(
                f"no choice of {', '.join(each.name for each in tables)} that reaches an accuracy "
                f"of {table.floor:g}; the best is {best.accuracy:.3f} with {list(best.choice)}",
                f"a choice that reaches {table.floor:g}",
                f"a floor of {np.floor(best.accuracy * 100) / 100:g}, or a more accurate variant",
            )
        )
    picks, evaluated = found
    chosen = combine(tables, picks)
    value = _weighted(weights, chosen.costs)
    bound = value
    if method == "chameleon":
        best_picks = _exact_knobs(tables, weights, table.floor)
        bound = _weighted(weights, combine(tables, best_picks[0]).costs) if best_picks else value
    return answer(
        Proof(value, bound, method, evaluated),
        choice={each.name: value for each, value in zip(tables, chosen.choice, strict=True)},
        accuracy=chosen.accuracy,
        costs=dict(zip(names, chosen.costs, strict=True)),
    )


def _weighted(weights: tuple[float, ...], costs: tuple[float, ...]) -> float:
    return sum(w * c for w, c in zip(weights, costs, strict=True))


def _most_accurate(table: KnobTable) -> int:
    return max(range(len(table.values)), key=lambda i: table.values[i].accuracy)


Found = tuple[tuple[int, ...], int] | None


def _brute_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    return cheapest(tables, weights, floor)


def _climb_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    """The cheapest setting on Chameleon's path; None if golden itself is below the floor."""
    path = [at for at in climb(tables, floor) if combine(tables, at).accuracy >= floor - 1e-12]
    if not path:
        return None
    return min(path, key=lambda at: _weighted(weights, combine(tables, at).costs)), len(path)


def _exact_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    """Depth first, leaving out what cannot keep the floor or cannot beat the best so far."""
    least = [
        tuple(min(each) for each in zip(*(row.costs for row in table.values), strict=True))
        for table in tables
    ]
    most = [max(row.accuracy for row in table.values) for table in tables]
    best: tuple[float, tuple[int, ...]] | None = None
    stack: list[tuple[int, ...]] = [()]
    evaluated = 0
    while stack:
        at = stack.pop()
        evaluated += 1
        here = combine(tables[: len(at)], at)
        costs = [*(row.costs for row in (here,) if at), *least[len(at) :]]
        bound = _weighted(weights, tuple(prod(each) for each in zip(*costs, strict=True)))
        if here.accuracy * prod(most[len(at) :]) < floor - 1e-12:
            continue
        if best is not None and bound >= best[0] - 1e-12:
            continue
        if len(at) == len(tables):
            best = bound, at
            continue
        stack += [(*at, i) for i in reversed(range(len(tables[len(at)].values)))]
    return None if best is None else (best[1], evaluated)


_KNOB_METHODS: Mapping[str, Callable[[list[KnobTable], tuple[float, ...], float], Found]] = {
    "brute": _brute_knobs,
    "chameleon": _climb_knobs,
    "exact": _exact_knobs,
}


def _knob_problems(table: KnobsTable) -> Iterator[Problem]:
    if not table.knobs or not table.weights:
        yield Problem("no knobs or no weights", "at least one knob and one weight", "the example")
    yield from repeated("knob", [knob.name for knob in table.knobs])
    for name, weight in table.weights.items():
        if not 0 <= weight <= LARGEST:
            yield Problem(
                f"weight {name} = {weight:g}", f"a number from 0, up to {LARGEST:g}", "1.0"
            )
    for knob in table.knobs:
        if not knob.values:
            yield Problem(
                f"knob {knob.name} without values", "its golden value first", "the example"
            )
        for row in knob.values:
            if row.costs.keys() != table.weights.keys():
                yield Problem(
                    f"costs {', '.join(row.costs) or '(none)'} at {knob.name} = {row.value}",
                    f"exactly the costs that have weights: {', '.join(table.weights)}",
                    "a cost share for each weight",
                )
            if not all(0 <= x <= LARGEST for x in (row.accuracy, *row.costs.values())):
                yield Problem(
                    f"a negative or infinite figure at {knob.name} = {row.value}",
                    "shares of the golden value's, from 0",
                    "1.0 for the golden value",
                )


EXAMPLE = KnobsTable(
    knobs=(
        KnobRow(
            "sample.rate_fps",
            (
                ValueRow("source", 1.0, {"cpu": 1.0, "bytes": 1.0}),
                ValueRow(12, 0.97, {"cpu": 0.5, "bytes": 0.75}),
                ValueRow(5, 0.9, {"cpu": 0.22, "bytes": 0.5}),
            ),
        ),
        KnobRow(
            "detect.model",
            (
                ValueRow("yolox-nano-416-tiled", 1.0, {"cpu": 1.0, "bytes": 1.0}),
                ValueRow("yolox-nano-416", 0.96, {"cpu": 0.2, "bytes": 1.0}),
                ValueRow("yolox-nano-256", 0.85, {"cpu": 0.08, "bytes": 1.0}),
            ),
        ),
    ),
    weights={"cpu": 1.0, "bytes": 2.0},
    floor=0.9,
)
