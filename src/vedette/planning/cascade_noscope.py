"""Thresholds under NoScope's own cost model: its optimiser as published, and the exact optimum.

The cost model and the counting are those of the authors' public code (Kang et al., VLDB 2017,
github.com/stanford-futuredata/noscope, optimizer/): windows of 30 frames, of which one in 10 or in
30 is sampled; a difference detector answers no below its threshold; the specialised model answers
no up to ``low`` and yes from ``high`` on; the reference answers what lies between, always rightly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from vedette.errors import InputError, Problem
from vedette.planning.cascade_cut import Shown, Sorted

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WINDOW = 30
"""Frames that are answered as one."""
YES_FRAMES = 28
"""Of 30, from which a window counts as a yes."""
SKIPS = (10, 30)
GRID = 100
"""Thresholds of either kind that the published optimiser is run with here."""
COST_WINDOW, COST_DIFFERENCE, COST_MODEL, COST_REFERENCE = 1, 10, 400, 60_000
COST_OF_A_MODEL = 1_080_000
OVERSHOOT = 1.5
"""The published optimiser lets misses exceed their target by as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Frames in order, (n,) each: the answer, the difference detector's score, the model's."""

    truth: Flags
    difference: Floats
    model: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """What one sampling distance makes of frames, a row a window of 30.

    A window's ``difference`` and ``model`` are the greatest of its sampled frames, from 0.
    """

    skip: int
    frames: int
    truth: Flags
    difference: Floats
    model: Floats

    @property
    def yes(self) -> int:
        return int(self.truth.sum())

    @property
    def no(self) -> int:
        return len(self.truth) - self.yes

    def sampled(self, passed: Flags) -> int:
        """How many sampled frames these windows have."""
        return int(np.repeat(passed, WINDOW)[: self.frames : self.skip].sum())

    def published_model_frames(self, passed: int) -> int:
        """Frames that the model sees as published: less what 30 has over n mod 30, 30 at 0."""
        return passed * (WINDOW // self.skip) - (WINDOW - self.frames % WINDOW)

    def difference_frames(self) -> int:
        return -(-self.frames // self.skip)

    def cost(self, model_frames: int, reference_frames: int) -> float:
        """Of showing so many frames to the model, and so many to the reference."""
        return float(
            COST_WINDOW * len(self.truth)
            + COST_DIFFERENCE * self.difference_frames()
            + COST_MODEL * model_frames
            + COST_REFERENCE * reference_frames
            + COST_OF_A_MODEL
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A choice with its cost; ``fn`` and ``fp`` are shares of the yes and of the no windows."""

    skip: int
    difference: float
    low: float
    high: float
    cost: float
    fn: float
    fp: float
    passed: int
    model_frames: int
    reference_frames: int


def windows(sampled: Sampled, skip: int) -> Windows:
    """Windows at a sampling distance.

    A window is a yes if 28 of the 30 frames around its start are: as published, the answers are
    smoothed about their middle and read at the windows' starts.
    """
    count = len(sampled.truth)
    if not count:
        raise InputError(Problem("no frames", "scored frames", "another file"))
    starts = np.arange(0, count, WINDOW)
    summed = np.concatenate([[0], np.cumsum(sampled.truth)])
    last = starts + (WINDOW - 1) // 2
    until = np.minimum(last + 1, count)
    around = summed[until] - summed[np.maximum(last + 1 - WINDOW, 0)]
    around[last >= count] = 0
    picked = np.zeros(count, bool)
    picked[::skip] = True
    difference, model = (
        np.maximum.reduceat(np.where(picked, each, 0.0), starts)
        for each in (sampled.difference, sampled.model)
    )
    return Windows(skip, count, around >= YES_FRAMES, difference, model)


def exact(
    sampled: Sampled, fnr: float, fpr: float, budget: Literal["half", "full"] = "full"
) -> Thresholds:
    """The cheapest thresholds of all that keep the rates; ties by fewest errors.

    ``half`` allows half of each rate, as the original means to. Its optimiser then spends half of
    what misses may cost on the difference detector alone; here both share the whole.
    """
    found, _ = searched(sampled, fnr, fpr, budget)
    return found


def searched(
    sampled: Sampled, fnr: float, fpr: float, budget: Literal["half", "full"] = "full"
) -> tuple[Thresholds, int]:
    """``exact``, and how many settings that covers."""
    share = 0.5 if budget == "half" else 1.0
    best: tuple[tuple[float, float], Thresholds] | None = None
    covered = 0
    for skip in SKIPS:
        each = windows(sampled, skip)
        _check(each, fnr, fpr)
        limits = fnr * share * each.yes, fpr * share * each.no
        for rank, groups, found in _by_difference(each, *limits):
            covered += (groups + 1) * (groups + 2) // 2
            if found is not None and (best is None or rank < best[0]):
                best = rank, found
    if best is None:
        raise AssertionError("asking about every window errs nowhere")
    return best[1], covered


def original(sampled: Sampled, fnr: float, fpr: float, grid: int = GRID) -> dict[str, float | bool]:
    """What the published optimiser prints, with its grid, its names and its counting.

    It halves the targets; splits the misses between difference detector and model by a first
    threshold of its own; walks grids; takes each threshold a step to the safe side; and lets
    misses overshoot by half. Its command line halves the targets once more, which is left to who
    calls.
    """
    if grid < 2:
        raise InputError(Problem(f"a grid of {grid}", "at least 2 thresholds", "100"))
    whole = [windows(sampled, skip) for skip in SKIPS]
    _check(whole[0], fnr, fpr)
    thresholds = np.linspace(sampled.model.min(), sampled.model.max(), grid)
    least, rates = sampled.difference.min(), (fnr / 2, fpr / 2)
    every = [
        _at_threshold(each, float(threshold), thresholds, rates)
        for each in whole
        for threshold in np.linspace(least, _most_difference(each, fnr / 2), grid)
    ]
    return min(every, key=lambda each: each["optimizer_cost"])


def _by_difference(
    each: Windows, fn: float, fp: float
) -> Iterator[tuple[tuple[float, float], int, Thresholds | None]]:
    """For every threshold that tells windows apart, the best thresholds of the model."""
    levels = np.unique(each.difference)
    thresholds = [levels[0], *(levels[1:] + levels[:-1]) / 2, np.nextafter(levels[-1], np.inf)]
    starts = np.arange(0, each.frames, WINDOW)
    weight = np.ceil(np.minimum(each.frames - starts, WINDOW) / each.skip)
    for threshold in thresholds:
        passed = each.difference >= threshold
        missed = float((each.truth & ~passed).sum())
        if missed > fn + 1e-9:
            return
        truth = each.truth[passed]
        ones = np.ones(len(truth))
        table = np.zeros(len(truth), np.intp)
        shown = Shown(ones * truth, ones * ~truth, truth, table, weight[passed], 1)
        ranked = Sorted(shown, each.model[passed])
        cut = ranked.best(np.array([fn - missed]), np.array([fp]), 0.0)
        if cut is None:
            yield (np.inf, np.inf), ranked.groups, None
            continue
        low, high = _between(ranked.scores, cut.low), _between(ranked.scores, cut.high)
        asked = each.sampled(passed & (each.model > low) & (each.model < high))
        shown_frames = each.sampled(passed)
        cost = each.cost(shown_frames, asked)
        wrong = missed + float(cut.fn[0]), float(cut.fp[0])
        rates = wrong[0] / max(each.yes, 1), wrong[1] / max(each.no, 1)
        found = Thresholds(
            each.skip,
            float(threshold),
            low,
            high,
            cost,
            *rates,
            int(passed.sum()),
            shown_frames,
            asked,
        )
        yield (cost, sum(wrong)), ranked.groups, found


def _between(scores: Floats, group: int) -> float:
    """A threshold that has just the first ``group`` of rising scores below it."""
    if not len(scores):
        return 0.0
    if group == 0:
        return float(np.nextafter(scores[0], -np.inf))
    if group == len(scores):
        return float(np.nextafter(scores[-1], np.inf))
    return float((scores[group - 1] + scores[group]) / 2)


def _most_difference(each: Windows, rate: float) -> float:
    """The greatest difference up to which the windows below miss no more than their share."""
    order = np.argsort(each.difference, kind="stable")
    missed = np.cumsum(each.truth[order])
    kept = int((missed <= rate * each.yes).sum())
    return float(each.difference[order][kept - 1])  # kept 0: the greatest of all, as published


def _at_threshold(
    each: Windows, difference: float, thresholds: Floats, rates: tuple[float, float]
) -> dict[str, float | bool]:
    """The published choice for the model, once the difference detector's is made."""
    (fnr, fpr), grid = rates, len(thresholds)
    passed = each.difference >= difference
    fn = (each.yes - _counts_from(each.model[passed & each.truth], thresholds)) / each.yes
    fp = _counts_from(each.model[passed & ~each.truth], thresholds) / each.no
    lower = max(grid - int((fn > fnr).sum()) - 1, 0)
    upper = int((fp > fpr).sum()) - 1
    lower -= lower != 0
    upper += upper != grid - 1
    if lower > upper:
        lower = upper = int((lower + upper) / 2)
    low, high = float(thresholds[lower]), float(thresholds[upper])
    asked = each.sampled(passed & (each.model > low) & (each.model < high))
    model_frames = each.published_model_frames(int(passed.sum()))
    cost = each.cost(model_frames, asked) if fn[lower] <= OVERSHOOT * fnr else np.inf
    frames = WINDOW * len(each.truth)
    return {
        "accuracy": 1 - (each.yes * fn[lower] + each.no * fp[upper]) / len(each.truth),
        "false_negative": float(fn[lower]),
        "false_positive": float(fp[upper]),
        "num_cnn_evals": float(model_frames),
        "num_diff_evals": float(each.difference_frames()),
        "num_true_negatives": float(each.no),
        "num_true_positives": float(each.yes),
        "num_windows": float(len(each.truth)),
        "num_yolo_evals": float(asked),
        "optimizer_cost": cost,
        "optimizer_predicted_speedup": frames * COST_REFERENCE / cost,
        "skip_cnn": False,
        "skip_dd": False,
        "threshold_diff": difference,
        "threshold_lower_cnn": low,
        "threshold_skip_distance": float(each.skip),
        "threshold_upper_cnn": high,
        "window_size": float(WINDOW),
        "window_thres": float(YES_FRAMES),
    }


def _counts_from(scores: Floats, thresholds: Floats) -> Floats:
    """How many scores are at or above each threshold."""
    return (len(scores) - np.searchsorted(np.sort(scores), thresholds)).astype(np.float64)


def _check(each: Windows, fnr: float, fpr: float) -> None:
    for name, rate in (("false negatives", fnr), ("false positives", fpr)):
        if not 0 <= rate <= 1:
            raise InputError(Problem(f"a rate of {rate:g} of {name}", "0 to 1", "0.01"))
    for answer, count in (("yes", each.yes), ("no", each.no)):
        if not count:
            raise InputError(
                Problem(
                    f"no window of {WINDOW} frames with the answer {answer}",
                    f"both answers, a yes from {YES_FRAMES} frames of a window on",
                    "a longer recording, or the right truth and label",
                )
            )
