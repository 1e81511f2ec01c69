"""Every way to pick the frames that are evaluated: step, difference method, threshold and age."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, prod
from typing import Literal, cast

import numpy as np

from vedette.planning.cascade_cut import Shown
from vedette.planning.cascade_scored import (
    METHODS,
    Costs,
    Counts,
    Flags,
    Floats,
    Rows,
    Scored,
    Space,
    summed,
)
from vedette.planning.cascade_walk import Film, film, walk
from vedette.types.cascade import DifferenceStage

Method = Literal["last", "background", "blocks"]
MOST_CELLS = 1 << 22
"""Of a walk at once: looked-at rows times columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The frames that one setting of step and difference evaluates, and what rests on them.

    ``rows`` of all tables one behind the other. ``missed``: yes frames that a background answered
    no, by table. ``looked`` and ``frames`` are weights. ``alike``: how many settings do the same.
    """

    step: int
    difference: DifferenceStage | None
    rows: Rows
    shown: Shown
    missed: Counts
    looked: float
    frames: float
    alike: int = 1

    def audited(self, weight: float, audit: float) -> float:
        """How many frames a stage sees that would see ``weight``, once the audit adds its own."""
        return weight + audit * (self.looked - weight)

    def base_ms(self, costs: Costs, audit: float) -> float:
        """What all source frames cost before any model."""
        look = costs.look
        if self.difference:
            look += costs.difference.get(self.difference.method, 0.0)
        evaluated = self.audited(float(self.shown.weight.sum()), audit)
        return (
            self.frames * costs.decode_at(self.step) + self.looked * look + evaluated * costs.take
        )


def paths(tables: Sequence[Scored], space: Space) -> Iterator[Path]:
    """Every path once, those of one step together, without a difference detector first."""
    frames = film(tables)
    changes = _changes(tables, space)
    for step in sorted(set(space.frame_steps)):
        looked = frames.looked(step)
        at = _Looked(frames, step, looked, *frames.carried(looked))
        yield at.path(np.ones(len(looked), bool))
        for method, change in changes.items():
            yield from _by_difference(at, method, change, space)


def settings_of(path: Path, groups: Sequence[int]) -> int:
    """How many settings a path covers for models with so many groups of equal scores."""
    return path.alike * prod(comb(each + 2, 2) for each in groups)


def _changes(tables: Sequence[Scored], space: Space) -> dict[str, Floats]:
    """All tables' changes by method, one behind the other, as wide as the narrowest."""
    methods = METHODS if space.methods is None else space.methods
    found = {}
    for method in methods:
        columns = [table.changes[method] for table in tables if method in table.changes]
        if len(columns) == len(tables):
            width = min((each.shape[1] for each in columns if each.ndim > 1), default=0)
            found[method] = np.concatenate([each[:, :width] if width else each for each in columns])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """The rows that one step looks at, and how many yes and no frames have each one's answer."""

    frames: Film
    step: int
    rows: Rows
    yes: Counts
    no: Counts

    def path(
        self, evaluated: Flags, difference: DifferenceStage | None = None, alike: int = 1
    ) -> Path:
        """The path that evaluates these of the rows."""
        frames, weight = self.frames, self.frames.weight
        at = np.flatnonzero(evaluated)
        rows = self.rows[at]
        missed = np.zeros(frames.tables)
        if difference is not None and difference.method == "background":
            table = frames.table[self.rows]
            missed = summed(table, self.yes * ~evaluated, frames.tables)
            yes, no = self.yes[at], self.no[at]
        else:
            yes, no = np.add.reduceat(self.yes, at), np.add.reduceat(self.no, at)
        shown = Shown(yes, no, frames.truth[rows], frames.table[rows], weight[rows], frames.tables)
        looked, total = float(weight[self.rows].sum()), float(weight.sum())
        return Path(self.step, difference, rows, shown, missed, looked, total, alike)


def _by_difference(at: _Looked, method: str, change: Floats, space: Space) -> Iterator[Path]:
    widest = change.shape[1] if change.ndim > 1 else max(space.most_ages, default=0)
    ages = sorted({min(age, widest) for age in space.most_ages if min(age, widest) >= at.step})
    thresholds = _thresholds(change[at.rows], method, at.step, space)
    columns = [(threshold, age) for age in ages for threshold in thresholds]
    says_no = method == "background"
    at_once = max(1, MOST_CELLS // len(at.rows))
    for start in range(0, len(columns), at_once):
        limits, most = (
            np.array(each) for each in zip(*columns[start : start + at_once], strict=True)
        )
        source = walk(at.frames.starts, at.rows, change, limits, most, says_no=says_no)
        evaluated = (source == at.rows[:, None]).T
        _, first, alike = np.unique(
            np.packbits(evaluated, axis=1), axis=0, return_index=True, return_counts=True
        )
        for column, count in zip(first.tolist(), alike.tolist(), strict=True):
            known = cast("Method", method)
            stage = DifferenceStage(known, float(limits[column]), int(most[column]))
            yield at.path(evaluated[column], stage, count)


def _thresholds(change: Floats, method: str, step: int, space: Space) -> Floats:
    """The changes that tell settings apart, or as many as wanted, evenly by rank.

    A frame is the same *below* a threshold, so each is just above a change that occurs. Where a
    change depends on the age, half of them are from the least age, where most is decided.
    """
    if not isinstance(space.thresholds, int):
        return np.array(space.thresholds.get(method, ()), change.dtype)
    if change.ndim > 1:
        pools = [change[:, step - 1], change[:, step - 1 :: step].ravel()]
    else:
        pools = [change]
    picked = [_evenly(pool, space.thresholds // len(pools)) for pool in pools]
    values = np.unique(np.concatenate(picked))
    above: Floats = np.nextafter(values, np.array(np.inf, values.dtype))
    return above


def _evenly(values: Floats, most: int) -> Floats:
    known = np.unique(values[np.isfinite(values)])
    if len(known) <= most:
        return known
    picked: Floats = known[np.linspace(0, len(known) - 1, most).round().astype(int)]
    return picked
