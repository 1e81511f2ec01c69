"""Every way to pick the frames that are evaluated: step, difference method, threshold and age."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
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
class Looked:
    """The rows of all tables that one step looks at, and what rests on each answer.

    ``yes`` and ``no``: how many frames of either truth have a row's answer unless one is reused.
    """

    frames: Film
    step: int
    rows: Rows
    yes: Counts
    no: Counts
    weight: float


@dataclass(frozen=True, eq=False)
class Path:
    """The frames that one setting of step and difference evaluates.

    ``mask`` is of the looked-at rows, ``weight`` their weight, and ``alike`` how many settings
    evaluate just these. What rests on them is worked out when it is asked for.
    """

    looked: Looked
    mask: Flags
    weight: float
    difference: DifferenceStage | None = None
    alike: int = 1

    @cached_property
    def rows(self) -> Rows:
        """The evaluated rows, of all tables one behind the other."""
        return self.looked.rows[self.mask]

    @cached_property
    def shown(self) -> Shown:
        """The evaluated frames, with what rests on their answers."""
        frames, at = self.looked.frames, np.flatnonzero(self.mask)
        if self._says_no:
            yes, no = self.looked.yes[at], self.looked.no[at]
        else:
            yes, no = (np.add.reduceat(each, at) for each in (self.looked.yes, self.looked.no))
        rows = self.rows
        return Shown(
            yes, no, frames.truth[rows], frames.table[rows], frames.weight[rows], frames.tables
        )

    @cached_property
    def missed(self) -> Counts:
        """Yes frames that a background answered no, by table."""
        frames = self.looked.frames
        if not self._says_no:
            return np.zeros(frames.tables)
        table = frames.table[self.looked.rows]
        return summed(table, self.looked.yes * ~self.mask, frames.tables)

    @property
    def frames(self) -> float:
        """All source frames."""
        return self.looked.frames.total

    def audited(self, weight: float, audit: float) -> float:
        """How many frames a stage sees that would see ``weight``, once the audit adds its own."""
        return weight + audit * (self.looked.weight - weight)

    def base_ms(self, costs: Costs, audit: float) -> float:
        """What all source frames cost before any model."""
        look, step = costs.look, self.looked.step
        if self.difference:
            look += costs.difference.get(self.difference.method, 0.0)
        evaluated = self.audited(self.weight, audit)
        return (
            self.frames * costs.decode_at(step) + self.looked.weight * look + evaluated * costs.take
        )

    @property
    def _says_no(self) -> bool:
        return self.difference is not None and self.difference.method == "background"


def paths(tables: Sequence[Scored], space: Space) -> Iterator[Path]:
    """Every path once: long steps first, and of one step and method those that evaluate least."""
    frames = film(tables)
    changes = _changes(tables, space)
    for step in sorted(set(space.frame_steps), reverse=True):
        rows = frames.looked(step)
        weight = float(frames.weight[rows].sum())
        looked = Looked(frames, step, rows, *frames.carried(rows), weight)
        for method, change in changes.items():
            yield from _by_difference(looked, method, change, space)
        yield Path(looked, np.ones(len(rows), bool), weight)


def _by_difference(looked: Looked, method: str, change: Floats, space: Space) -> Iterator[Path]:
    widest = change.shape[1] if change.ndim > 1 else max(space.most_ages, default=0)
    ages = sorted({min(age, widest) for age in space.most_ages if min(age, widest) >= looked.step})
    if not ages:
        return
    thresholds = _thresholds(change[looked.rows], method, looked.step, space)
    columns = [(threshold, age) for age in ages[::-1] for threshold in thresholds[::-1]]
    weight = looked.frames.weight[looked.rows]
    at_once = max(1, MOST_CELLS // len(looked.rows))
    for start in range(0, len(columns), at_once):
        limits, most = (
            np.array(each) for each in zip(*columns[start : start + at_once], strict=True)
        )
        says_no = method == "background"
        source = walk(looked.frames.starts, looked.rows, change, limits, most, says_no=says_no)
        masks = np.ascontiguousarray((source == looked.rows[:, None]).T)
        weights = masks @ weight
        alike = Counter(each.tobytes() for each in np.packbits(masks, axis=1))
        for column in np.argsort(weights, kind="stable").tolist():
            count = alike.pop(np.packbits(masks[column]).tobytes(), 0)
            if count:
                known = cast("Method", method)
                stage = DifferenceStage(known, float(limits[column]), int(most[column]))
                yield Path(looked, masks[column], float(weights[column]), stage, count)


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
