"""Which choices are worth weighing: Chameleon's reduction, on a table of knobs measured alone.

Chameleon (Jiang et al., SIGCOMM 2018) assumes that knobs act independently on accuracy and cost,
so n knobs of m values need n x m measurements. Its search then moves one knob at a time from the
golden setting, each time the one that saves most for the accuracy it gives up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from vedette.types.graph import Scalar

MOST_CHOICES = 2000
"""Up to here every combination is weighed; beyond, those that hill climbing passes."""


@dataclass(frozen=True, slots=True)
class KnobValue:
    """One value, everything else golden: accuracy and each cost as a share of golden's."""

    value: Scalar
    accuracy: float
    costs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class KnobTable:
    """A knob and its values, golden first."""

    name: str
    values: tuple[KnobValue, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """What independence predicts for one value of each knob."""

    choice: tuple[Scalar, ...]
    accuracy: float
    costs: tuple[float, ...]


def combine(tables: Sequence[KnobTable], picks: Sequence[int]) -> Combined:
    """Accuracies and costs multiply.

    >>> rate = KnobTable("rate", (KnobValue(25, 1.0, (1.0,)), KnobValue(5, 0.9, (0.2,))))
    >>> model = KnobTable("model", (KnobValue("m", 1.0, (1.0,)), KnobValue("s", 0.8, (0.5,))))
    >>> combine([rate, model], [1, 1])
    Combined(choice=(5, 's'), accuracy=0.7200000000000001, costs=(0.1,))
    """
    rows = [table.values[pick] for table, pick in zip(tables, picks, strict=True)]
    costs = zip(*(row.costs for row in rows), strict=True)
    return Combined(
        tuple(row.value for row in rows),
        prod(row.accuracy for row in rows),
        tuple(prod(each) for each in costs),
    )


def useful(table: KnobTable) -> KnobTable:
    """Without the values that another one beats: as accurate, as cheap in every cost, not equal.

    Golden stays, and of equal values the first: it is what others are measured against.

    >>> useful(KnobTable("size", (KnobValue(416, 1.0, (1.0,)), KnobValue(640, 0.9, (2.0,)),
    ...                           KnobValue(320, 0.8, (0.6,))))).values[1].value
    320
    """
    golden, *others = table.values
    kept = [
        row
        for i, row in enumerate(others, start=1)
        if not any(_beats(other, row, earlier=j < i) for j, other in enumerate(table.values))
    ]
    return KnobTable(table.name, (golden, *kept))


def _beats(one: KnobValue, other: KnobValue, *, earlier: bool) -> bool:
    if one is other:
        return False
    is_as_good = one.accuracy >= other.accuracy and all(
        a <= b for a, b in zip(one.costs, other.costs, strict=True)
    )
    is_equal = (one.accuracy, one.costs) == (other.accuracy, other.costs)
    return is_as_good and (earlier or not is_equal)


def reduced(
    tables: Sequence[KnobTable], *, most: int = MOST_CHOICES
) -> tuple[dict[str, Scalar], ...]:
    """The choices worth weighing, golden first.

    All combinations, if they are ``most`` at most; else every setting next to the path of
    :func:`climb`, in the order of the path.
    """
    picks: Iterable[tuple[int, ...]] = product(*(range(len(table.values)) for table in tables))
    if prod(len(table.values) for table in tables) > most:
        picks = _around(tables, climb(tables), most)
    return tuple(
        {t.name: t.values[i].value for t, i in zip(tables, row, strict=True)} for row in picks
    )


def climb(tables: Sequence[KnobTable], floor: float = 0.0) -> tuple[tuple[int, ...], ...]:
    """Hill climbing from golden, one knob at a time: the settings it passes, golden first.

    Each move goes to the setting that saves most of the product of costs for each accuracy lost
    (both as logarithms would have it: shares), among those that keep ``floor``; ties go to the
    knob that comes first, then to the more accurate value. It ends when no move saves anything.

    >>> rate = KnobTable("rate", (KnobValue(25, 1.0, (1.0,)), KnobValue(5, 0.9, (0.2,))))
    >>> model = KnobTable("model", (KnobValue("m", 1.0, (1.0,)), KnobValue("s", 0.8, (0.5,))))
    >>> climb([rate, model])
    ((0, 0), (1, 0), (1, 1))
    """
    at = (0,) * len(tables)
    path = [at]
    while True:
        here = combine(tables, at)
        moves = [
            (_worth(here, combine(tables, there)), there)
            for there in _moves(tables, at)
            if combine(tables, there).accuracy >= floor
        ]
        worth, there = max(moves, key=lambda move: move[0], default=(0.0, at))
        if worth <= 0:
            return tuple(path)
        at = there
        path.append(at)


def _moves(tables: Sequence[KnobTable], at: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [
        (*at[:k], i, *at[k + 1 :])
        for k, table in enumerate(tables)
        for i in range(len(table.values))
        if i != at[k]
    ]


def _worth(here: Combined, there: Combined) -> float:
    cost_here, cost_there = prod(here.costs), prod(there.costs)
    saved = 1 - cost_there / cost_here if cost_here > 0 else 0.0
    lost = max(1 - there.accuracy / here.accuracy if here.accuracy > 0 else 0.0, 1e-6)
    return saved / lost if saved > 1e-12 else 0.0


def _around(
    tables: Sequence[KnobTable], path: Sequence[tuple[int, ...]], most: int
) -> list[tuple[int, ...]]:
    found = dict.fromkeys(path)
    for at in path:
        found.update(dict.fromkeys(_moves(tables, at)))
    return list(found)[:most]


def pareto(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Indices of the (cost, accuracy) pairs that nothing beats, cheapest first.

    Of pairs that are equal the first stays.

    >>> pareto([(3, 0.9), (1, 0.5), (2, 0.4), (3, 0.9), (4, 0.8)])
    (1, 0)
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1], i))
    kept, best = [], float("-inf")
    for i in order:
        if points[i][1] > best:
            kept.append(i)
            best = points[i][1]
    return tuple(kept)


def cheapest(
    tables: Sequence[KnobTable], weights: Sequence[float], floor: float
) -> tuple[tuple[int, ...], int] | None:
    """The picks with the least weighted cost that keep ``floor``, by trying all, and how many.

    Ties go to the first in the tables' order, the first knob slowest.

    >>> rate = KnobTable("rate", (KnobValue(25, 1.0, (1.0,)), KnobValue(5, 0.9, (0.2,))))
    >>> model = KnobTable("model", (KnobValue("m", 1.0, (1.0,)), KnobValue("s", 0.8, (0.5,))))
    >>> cheapest([rate, model], weights=[1.0], floor=0.85)
    ((1, 0), 4)
    """
    best: tuple[float, tuple[int, ...]] | None = None
    rows = list(product(*(range(len(table.values)) for table in tables)))
    for row in rows:
        found = combine(tables, row)
        cost = sum(w * c for w, c in zip(weights, found.costs, strict=True))
        if found.accuracy >= floor - 1e-12 and (best is None or cost < best[0] - 1e-12):
            best = cost, row
    return None if best is None else (best[1], len(rows))
