"""How far counted mistakes support a promise, when frames of one run err together.

The frames of one run of yes (an object that passes) or of no are not independent: a cascade that
misses an object misses all of it. So each share of mistakes has two intervals. By frames it is the
exact one (Clopper and Pearson, 1934). By runs the run is the unit: a run's weight is exponential
(the Bayesian bootstrap: Rubin, 1981), and one more run that nobody has seen is added, wrong from
end to end for the upper bound. That is the bound of Gaffke (2005) for means of bounded values;
where runs are equally long and each wholly right or wrong it is Clopper and Pearson's over runs.
Without a mistake both are the rule of three: at most 3 / n, with n frames or n runs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betaincinv, ndtr

LEVEL = 0.95
"""Of each bound of an interval: both together hold in 90 of 100 recordings."""
FEWEST_RUNS = 5
"""Of either answer, in what decides."""
MOST_TIMES = 1e6
_FLAT, _NEAR = 1e-8, 1e-9

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a share lies; each bound holds with probability ``level``."""

    lower: float
    upper: float
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The wrong answers among the frames of one true answer, counted by frame and by run.

    ``runs_wrong`` runs of ``runs`` have a wrong frame in them.
    """

    wrong: int
    total: int
    runs_wrong: int
    runs: int
    by_frames: Interval
    by_runs: Interval

    @property
    def share(self) -> float:
        return self.wrong / self.total if self.total else 0.0

    def keeps(self, rate: float) -> bool:
        """Whether no more frames are wrong than the rate allows, or one."""
        return self.wrong <= allowed(rate, self.total)


@dataclass(frozen=True, slots=True)
class Needed:
    """How much more it takes: ``runs`` of the answer, about ``minutes`` at the rate seen.

    ``minutes`` is infinite where no run was seen, and both are where more of the same would not do.
    """

    runs: float
    minutes: float

    def __str__(self) -> str:
        if math.isinf(self.runs):
            return "no amount of data like this"
        time = "" if math.isinf(self.minutes) else f", about {_duration(self.minutes)}"
        return f"{self.runs:,.0f} more{time}"


@dataclass(frozen=True, eq=False, slots=True)
class Runs:
    """The stretches of equal answers, in time: ``start`` up to ``end`` (n,), ``answer`` (n,)."""

    start: Counts
    end: Counts
    answer: Flags

    @property
    def length(self) -> Counts:
        return self.end - self.start

    def count(self) -> tuple[int, int]:
        """How many of yes and of no."""
        return int(self.answer.sum()), int((~self.answer).sum())


def runs_of(answers: ArrayLike, block: ArrayLike | None = None) -> Runs:
    """The runs of a column of yes and no; none goes on into another block.

    >>> runs_of([True, True, False, True]).length.tolist()
    [2, 1, 1]
    """
    yes = np.asarray(answers, np.bool_)
    parts = np.zeros(len(yes), np.int64) if block is None else np.asarray(block)
    if not len(yes):
        return Runs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_))
    changes = np.flatnonzero((yes[1:] != yes[:-1]) | (parts[1:] != parts[:-1])) + 1
    start = np.concatenate([[0], changes]).astype(np.int64)
    end = np.concatenate([changes, [len(yes)]]).astype(np.int64)
    return Runs(start, end, yes[start])


def allowed(rate: float, total: int) -> int:
    """The most frames that may be wrong: the rate of all of them, and never less than one.

    >>> allowed(0.01, 250), allowed(0.01, 40)
    (2, 1)
    """
    return max(1, math.floor(rate * total + 1e-9))


def mistakes(
    truth: ArrayLike, said: ArrayLike, block: ArrayLike | None = None, *, level: float = LEVEL
) -> tuple[Mistakes, Mistakes]:
    """What was missed among the yes frames, and what was made up among the no frames.

    ``truth`` and ``said`` (n,) bool, in time; ``block`` (n,) tells recordings apart.

    >>> missed, _ = mistakes([True, True, False, True], [True, False, False, True])
    >>> missed.wrong, missed.total, missed.runs_wrong, missed.runs
    (1, 3, 1, 2)
    """
    true, answer = np.asarray(truth, np.bool_), np.asarray(said, np.bool_)
    runs = runs_of(true, block)
    wrong = np.add.reduceat(true != answer, runs.start, dtype=np.int64) if len(true) else runs.start
    yes = runs.answer
    return (
        counted(wrong[yes], runs.length[yes], level=level),
        counted(wrong[~yes], runs.length[~yes], level=level),
    )


def counted(wrong: ArrayLike, frames: ArrayLike, *, level: float = LEVEL) -> Mistakes:
    """Mistakes with their intervals: wrong frames and frames of each run (n,)."""
    bad, size = np.asarray(wrong, np.int64), np.asarray(frames, np.int64)
    return Mistakes(
        wrong=int(bad.sum()),
        total=int(size.sum()),
        runs_wrong=int((bad > 0).sum()),
        runs=len(size),
        by_frames=_by_frames(int(bad.sum()), int(size.sum()), level),
        by_runs=Interval(
            1 - upper_by_runs(size - bad, size, level) if bad.any() else 0.0,
            upper_by_runs(bad, size, level),
            level,
        ),
    )


def _by_frames(wrong: int, total: int, level: float) -> Interval:
    lower = float(betaincinv(wrong, total - wrong + 1, 1 - level)) if wrong else 0.0
    upper = float(betaincinv(wrong + 1, total - wrong, level)) if wrong < total else 1.0
    return Interval(lower, upper, level)


def upper_by_runs(
    wrong: ArrayLike, frames: ArrayLike, level: float = LEVEL, *, times: float = 1.0
) -> float:
    """The share of wrong frames that is not exceeded with probability ``level``, by runs.

    ``wrong`` and ``frames`` (n,) are those of each run. The run that is added is as long as the one
    in which a frame lies on average. ``times`` asks what the bound would be with that much of the
    same data. Without runs it is 1.

    >>> round(upper_by_runs([0] * 100, [30] * 100), 3)
    0.03
    """
    bad, size = np.asarray(wrong, np.float64), np.asarray(frames, np.float64)
    if not size.sum():
        return 1.0
    longest = float((size**2).sum() / size.sum())
    kinds, many = np.unique(np.stack([bad, size]), axis=1, return_counts=True)
    shapes = np.append(many * times, 1.0)
    low, high = float(bad.sum() / size.sum()), 1.0

    def too_likely(share: float) -> float:
        scales = np.append(kinds[0] - share * kinds[1], longest * (1 - share))
        return _exceeds_zero(scales, shapes) - (1 - level)

    if too_likely(high - _NEAR) > 0:
        return 1.0
    if too_likely(low) <= 0:  # at a level that is no better than a guess
        return low
    return float(brentq(too_likely, low, high - _NEAR, xtol=_NEAR, rtol=1e-6))


def _exceeds_zero(scales: NDArray[np.float64], shapes: NDArray[np.float64]) -> float:
    """The chance that a sum of gamma variables, each times its scale, is above zero.

    By its saddlepoint (Lugannani and Rice, 1980): within a hundredth of the chance, at any size.
    """
    if not (scales < 0).any():
        return 1.0
    scales = scales / np.abs(scales).max()
    ends = (1 - _NEAR) / scales.min(), (1 - _NEAR) / scales.max()
    tilt = brentq(lambda t: float((shapes * scales / (1 - t * scales)).sum()), *ends)
    ratios = scales / (1 - tilt * scales)
    spread = math.sqrt((shapes * ratios**2).sum())
    height = (shapes * np.log1p(-tilt * scales)).sum()
    if height < _FLAT:
        skew = 2 * (shapes * ratios**3).sum() / spread**3
        return float(0.5 - skew / (6 * math.sqrt(2 * math.pi)))
    side, steep = math.copysign(math.sqrt(2 * height), tilt), tilt * spread
    density = math.exp(-height) / math.sqrt(2 * math.pi)
    return float(ndtr(-side) + density * (1 / steep - 1 / side))


def more_needed(
    wrong: ArrayLike, frames: ArrayLike, rate: float, minutes: float, *, level: float
) -> Needed:
    """How much more data it takes until the bound by runs is at most the promised rate.

    Of the same kind, with as many mistakes a run as were seen in ``minutes``: none where the bound
    keeps it already; without an end where more are wrong than promised.
    """
    bad, size = np.asarray(wrong, np.int64), np.asarray(frames, np.int64)
    if not len(size):
        return Needed(_runs_without_mistake(rate, level), math.inf)
    if bad.sum() >= rate * size.sum():
        return Needed(math.inf, math.inf)
    if upper_by_runs(bad, size, level) <= rate:
        return Needed(0, 0.0)
    if upper_by_runs(bad, size, level, times=MOST_TIMES) > rate:
        return Needed(math.inf, math.inf)
    times = math.exp(
        brentq(
            lambda log: upper_by_runs(bad, size, level, times=math.exp(log)) - rate,
            0.0,
            math.log(MOST_TIMES),
            xtol=1e-6,
        )
    )
    return Needed(math.ceil((times - 1) * len(size) - 1e-6), (times - 1) * minutes)


def more_runs(runs: int, minutes: float, fewest: int = FEWEST_RUNS) -> Needed:
    """What is missing to the fewest runs that support any promise, at the rate seen.

    >>> str(more_runs(2, 1.0))
    '3 more, about 90 seconds'
    """
    missing = max(0, fewest - runs)
    if not missing:
        return Needed(0, 0.0)
    return Needed(missing, missing * minutes / runs if runs else math.inf)


def _runs_without_mistake(rate: float, level: float) -> float:
    return math.inf if rate <= 0 else math.ceil(math.log(1 - level) / math.log1p(-min(rate, 0.999)))


def _duration(minutes: float) -> str:
    if minutes < 2:
        return f"{minutes * 60:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"


def supports(found: tuple[Mistakes, Mistakes], rates: tuple[float, float]) -> bool:
    """Whether the upper bounds by runs stay within the promise, for missed and for made up."""
    return all(each.by_runs.upper <= rate for each, rate in zip(found, rates, strict=True))
