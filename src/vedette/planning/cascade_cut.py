"""The best pair of thresholds for one model, exactly, by sorting and prefix sums.

Frames that a model sees are sorted by its score. The first i are answered no, those from j on yes,
what lies between is left to the reference. Errors are then sums of prefixes, FN = a[i] + b[j] and
FP = c - d[i] - e[j] with all of a, b, d, e rising, so that for every i the least j that keeps a
budget is one look-up: E log E in place of E^2.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vedette.planning.cascade_scored import NEVER, Counts, Flags, Floats, Rows, summed

SLACK = 1e-9
"""Sums of weights that are not whole are equal within it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Evaluated frames, in any order: what rests on each answer, and what asking costs.

    ``yes`` and ``no``: how many frames of either truth have this one's answer. ``truth``: what
    the reference says. ``table``: which table it is of. ``weight``: as how many frames it is asked.
    """

    yes: Counts
    no: Counts
    truth: Flags
    table: Rows
    weight: Counts
    tables: int

    def where(self, kept: Rows) -> "Shown":
        each = (self.yes[kept], self.no[kept], self.truth[kept], self.table[kept])
        return Shown(*each, self.weight[kept], self.tables)

    def errors(self, answer: Flags) -> tuple[Counts, Counts]:
        """FN and FP by table, if these were the answers."""
        fn = summed(self.table, self.yes * ~answer, self.tables)
        return fn, summed(self.table, self.no * answer, self.tables)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """No for the first ``low`` groups of equal scores, yes from group ``high`` on.

    ``unsure`` frames go on to the reference; ``fn`` and ``fp`` by table include its errors, which
    are those of frames that reuse its answers.
    """

    low: int
    high: int
    unsure: float
    fn: Counts
    fp: Counts


class Sorted:
    """Frames by one model's score, with prefix sums over groups of equal scores.

    Arrays have m + 1 columns for m groups; those of errors one row a table.
    """

    def __init__(self, shown: Shown, score: Floats) -> None:
        order = np.argsort(score, kind="stable")
        ranked = score[order]
        ends = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
        self.order = order
        self.ends = np.concatenate([[0], ends, [len(order)]]) if len(order) else np.zeros(1, int)
        self.scores = ranked[self.ends[1:] - 1]
        self._shown = shown
        self.a, self.b, self.d, self.e, weight = self._prefixes(shown)
        self.weight: Counts = weight[0]

    @property
    def groups(self) -> int:
        return len(self.scores)

    @cached_property
    def total_no(self) -> Counts:
        """No frames by table."""
        total: Counts = self.d[:, -1] + self.e[:, -1]
        return total

    def errors(self, low: int | Rows, high: int | Rows) -> tuple[Counts, Counts]:
        """FN and FP by table at a cut, or at each of several (then (tables, cuts))."""
        total = self.total_no if np.ndim(low) == 0 else self.total_no[:, None]
        return self.a[:, low] + self.b[:, high], total - self.d[:, low] - self.e[:, high]

    def answered(self, low: int, high: int) -> tuple[Counts, Counts]:
        """FN and FP by table of the frames that a cut answers, without those it leaves."""
        yes_below = self.a[:, low] + self.b[:, low]
        return yes_below, self.total_no - self.d[:, high] - self.e[:, high]

    def thresholds(self, low: int, high: int) -> tuple[float, float]:
        """The scores of a cut, as far apart as leaves every answer as it is.

        What scores between the surest seen no and the first seen yes was seen nowhere, so it is
        left unsure.
        """
        above = np.nextafter(self.scores[low - 1], np.array(NEVER, self.scores.dtype))
        return (
            float(above) if low else 0.0,
            float(self.scores[high]) if high < self.groups else NEVER,
        )

    def best(self, fn: Counts, fp: Counts, least_unsure: float) -> Cut | None:
        """The cut that leaves the fewest unsure; then with the fewest errors, then the lowest.

        ``fn`` and ``fp`` are the most errors by table. Fewer than ``least_unsure`` are left
        unsure only by a model that errs on none.
        """
        from_group, to_group = self._allowed(fn, fp)
        low = np.arange(self.groups + 1)
        high = np.maximum(from_group, low)
        errs_not = self.a.sum(0) <= SLACK
        flawless = int(np.searchsorted(self.e.sum(0), self.e[:, -1].sum() - SLACK))
        short = self.weight[np.minimum(high, self.groups)] - self.weight < least_unsure - SLACK
        short &= ~(errs_not & (high >= flawless))
        wide = np.searchsorted(self.weight, self.weight + least_unsure - SLACK)
        wide = np.where(errs_not, np.minimum(wide, np.maximum(flawless, high)), wide)
        high = np.where(short, np.maximum(wide, high), high)
        low = low[high <= to_group]
        if not len(low):
            return None
        high = high[low]
        unsure = self.weight[high] - self.weight[low]
        few = np.flatnonzero(unsure <= unsure.min() + SLACK)
        wrong = sum(each.sum(0) for each in self.errors(low[few], high[few]))
        at = few[int(np.argmin(wrong))]
        chosen = int(low[at]), int(high[at])
        return Cut(*chosen, float(unsure[at]), *self.errors(*chosen))

    def _allowed(self, fn: Counts, fp: Counts) -> tuple[Rows, Rows]:
        """For every ``low``, the least and the greatest ``high`` (m + 1 where there is none)."""
        least = np.zeros(self.groups + 1, np.intp)
        most = np.full(self.groups + 1, self.groups, np.intp)
        for table in range(self._shown.tables):
            owed = self.total_no[table] - fp[table] - SLACK - self.d[table]
            np.maximum(least, np.searchsorted(self.e[table], owed), out=least)
            left = fn[table] + SLACK - self.a[table]
            np.minimum(most, np.searchsorted(self.b[table], left, side="right") - 1, out=most)
        return least, most

    def pairs(self, fn: Counts, fp: Counts, most: int) -> tuple[npt.NDArray[np.intp], bool]:
        """Cuts worth trying where another model follows, (pairs, 2), at most ``most`` ** 2.

        And whether they are all that are worth it; the one that leaves the fewest is among them.

        Of cuts whose answers err alike only the one that answers most: it leaves the fewest to
        pay for.
        """
        wrong = self.a + self.b
        lows = _last_of_equals(wrong)
        lows = lows[(wrong[:, lows] <= fn[:, None] + SLACK).all(0)]
        wrong = self.total_no[:, None] - self.d - self.e
        highs = self.groups - _last_of_equals(wrong[:, ::-1])
        highs = highs[(wrong[:, highs] <= fp[:, None] + SLACK).all(0)]
        low, high = np.meshgrid(_thinned(lows, most), _thinned(highs, most))
        cuts = np.stack([low.ravel(), high.ravel()], axis=1)
        are_all = max(len(lows), len(highs)) <= most
        return cuts[cuts[:, 0] < cuts[:, 1]], are_all

    def between(self, low: int, high: int) -> Rows:
        """The frames that a cut leaves unsure."""
        return self.order[self.ends[low] : self.ends[high]]

    def _prefixes(self, shown: Shown) -> tuple[Counts, ...]:
        """Sums before each group: of yes, then of no, under either truth; then of weights."""
        tables, count = shown.tables, len(self.order)
        place = np.where(shown.truth, 0, tables) + shown.table
        each, ranked = np.arange(count), self.order
        sums = np.zeros((4 * tables + 1, count + 1))
        sums[place[ranked], each + 1] = shown.yes[ranked]
        sums[place[ranked] + 2 * tables, each + 1] = shown.no[ranked]
        sums[-1, 1:] = shown.weight[ranked]
        sums = np.cumsum(sums, axis=1)[:, self.ends]
        return tuple(np.split(sums, [tables, 2 * tables, 3 * tables, 4 * tables]))


def _last_of_equals(rising: Counts) -> Rows:
    """The last column of each run of equal columns."""
    changes = (rising[:, 1:] > rising[:, :-1] + SLACK).any(0)
    return np.append(np.flatnonzero(changes), rising.shape[1] - 1)


def _thinned(values: Rows, most: int) -> Rows:
    if len(values) <= most:
        return values
    kept: Rows = values[np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]
    return kept
