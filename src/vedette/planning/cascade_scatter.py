"""What a search weighed on the way to its answer: cost against error, thinned for drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vedette.planning.cascade_scored import Counts, Setting

Weighed = tuple[float, float, float, Setting]
"""Cost in ms a source frame, FN and FP as shares over all tables, and whose they are."""
CELLS = 24
"""A side of the grid in which one point a cell is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Points in order of cost. ``fnr`` and ``fpr`` are shares over all tables together."""

    cost_ms: Counts
    fnr: Counts
    fpr: Counts
    settings: tuple[Setting, ...]


def thinned(weighed: Sequence[Weighed]) -> Scatter:
    """Every point that none beats in both cost and error, and of the others one a cell.

    >>> setting = Setting()
    >>> few = thinned([(9.0, 0.0, 0.0, setting), (2.0, 0.1, 0.0, setting)])
    >>> few.cost_ms.tolist(), few.fnr.tolist()
    ([2.0, 9.0], [0.1, 0.0])
    """
    figures = np.array([each[:3] for each in weighed]).reshape(-1, 3)
    cost, worst = figures[:, 0], figures[:, 1:].max(1, initial=0.0)
    order = np.lexsort((worst, cost))
    before = np.concatenate([[np.inf], np.minimum.accumulate(worst[order])[:-1]])
    best = order[worst[order] < before]
    cells = _cell(np.log(np.maximum(cost, 1e-9))) * CELLS + _cell(np.sqrt(worst))
    _, one_a_cell = np.unique(cells[order], return_index=True)
    kept = np.unique(np.concatenate([best, order[one_a_cell]])) if len(order) else order
    kept = kept[np.lexsort((worst[kept], cost[kept]))]
    settings = tuple(weighed[each][3] for each in kept.tolist())
    return Scatter(figures[kept, 0], figures[kept, 1], figures[kept, 2], settings)


def _cell(values: Counts) -> Counts:
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    cells: Counts = np.floor((values - low) / max(high - low, 1e-12) * (CELLS - 1e-6))
    return cells
