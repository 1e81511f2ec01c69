"""Which evaluated frame each source frame has its answer from, for many thresholds at once.

A difference detector that compares with the last *evaluated* frame depends on its own past, so its
effect follows only from walking over the frames; all thresholds and ages walk together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vedette.planning.cascade_scored import Counts, Flags, Floats, Rows, Scored, summed

ANSWERED_NO = -1
"""In place of an evaluated frame: a background that did not change means no."""


@dataclass(frozen=True, eq=False)
class Film:
    """Tables one behind the other, as frames that are walked over.

    ``starts``: whether a row is its block's first. ``number``: of the source frame. ``table``:
    which table a row is of. ``weight``: how many frames it counts for.
    """

    truth: Flags
    starts: Flags
    number: npt.NDArray[np.int64]
    table: Rows
    weight: Counts
    tables: int

    @cached_property
    def total(self) -> float:
        """How many frames all rows count for."""
        return float(self.weight.sum())

    def looked(self, step: int) -> Rows:
        """Rows that are looked at: one number in ``step``, and the first of every block."""
        return np.flatnonzero(self.starts | (self.number % step == 0))

    def carried(self, looked: Rows) -> tuple[Counts, Counts]:
        """Yes and no frames that have the answer of each looked-at row, itself included."""
        whose = np.cumsum(np.isin(np.arange(len(self.truth)), looked)) - 1
        yes = summed(whose, self.weight * self.truth, len(looked))
        return yes, summed(whose, self.weight * ~self.truth, len(looked))


def film(tables: Sequence[Scored]) -> Film:
    starts, number = [], []
    for table in tables:
        block = np.zeros(len(table), np.int64) if table.block is None else table.block
        begins = np.concatenate([[True], block[1:] != block[:-1]])
        at = np.flatnonzero(begins)
        first = np.array([table.first.get(int(each), 0) for each in block[at]])
        whose = np.cumsum(begins) - 1
        starts.append(begins)
        number.append(np.arange(len(table)) - at[whose] + first[whose])
    return Film(
        truth=np.concatenate([table.truth for table in tables]).astype(bool),
        starts=np.concatenate(starts),
        number=np.concatenate(number),
        table=np.repeat(np.arange(len(tables)), [len(table) for table in tables]),
        weight=np.concatenate(
            [
                np.ones(len(table)) if table.weights is None else table.weights.astype(float)
                for table in tables
            ]
        ),
        tables=len(tables),
    )


def walk(
    starts: Flags,
    looked: Rows,
    change: Floats,
    thresholds: Floats,
    ages: npt.NDArray[np.int64],
    *,
    says_no: bool,
) -> npt.NDArray[np.int32]:
    """The evaluated row that each looked-at row has its answer from, (looked, columns).

    ``thresholds`` and ``ages`` have one value a column. A row is *the same* if its change is
    below the threshold and the last evaluated row at most ``age`` rows before, in its block.
    ``says_no``: the same then means ``ANSWERED_NO``, not the last answer.

    >>> change = np.array([[9.0, 9.0], [1.0, 9.0], [1.0, 3.0], [1.0, 2.0]])
    >>> starts, looked = np.array([True, False, False, False]), np.arange(4)
    >>> columns = np.array([2.0, 2.0]), np.array([2, 1])
    >>> walk(starts, looked, change, *columns, says_no=False).T  # rows 2 and 0 differ by 3
    array([[0, 0, 2, 2],
           [0, 0, 2, 2]], dtype=int32)
    """
    source = np.empty((len(looked), len(thresholds)), np.int32)
    last = np.zeros(len(thresholds), np.int32)
    depends = change.ndim > 1
    for at, (row, begins) in enumerate(zip(looked.tolist(), starts[looked].tolist(), strict=True)):
        if begins:
            last = np.full(len(thresholds), row, np.int32)
            source[at] = row
            continue
        age = row - last
        here = change[row].take(age - 1, mode="clip") if depends else change[row]
        same = (here < thresholds) & (age <= ages)
        last = np.where(same, last, np.int32(row))
        source[at] = np.where(same, ANSWERED_NO, row) if says_no else last
    return source
