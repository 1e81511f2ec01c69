"""Scores that mean what they say: of frames with a score of .9, nine in ten are a yes.

Platt's method (Platt, "Probabilistic outputs for support vector machines", 1999): a slope and an
offset, fitted by logistic regression to scores of frames that did not train the network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from vedette.errors import InputError, Problem

LEAST_SLOPE = 1e-3
"""Greater scores stay surer, also where held-out ones say nothing."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The probability of yes is the logistic function of ``slope * logit + offset``."""

    slope: float = 1.0
    offset: float = 0.0

    def probability(self, logits: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(expit(self.slope * logits + self.offset), np.float32)


@dataclass(frozen=True, slots=True)
class Bin:
    """Frames of like probability: their mean one, the share of yes, and how many there are."""

    probability: float
    yes: float
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """``error``: the expected calibration error, the mean gap between the two over all frames."""

    error: float
    bins: tuple[Bin, ...]


def calibrate(logits: NDArray[np.floating], labels: NDArray[np.bool_]) -> Calibration:
    """Fitted on held-out scores, with Platt's targets, which keep it finite.

    They ask for (yes + 1) / (yes + 2) instead of 1, and for 1 / (no + 2) instead of 0, so a score
    that separates the answers wholly is no surer than their number allows. Rows that are NaN (no
    network held them out) are left out; raises InputError where an answer is then missing.

    >>> fitted = calibrate(np.array([-1.0, 1.0]), np.array([False, True]))
    >>> fitted.probability(np.array([-1.0, 1.0])).round(3).tolist()  # 1/3 and 2/3
    [0.3330000042915344, 0.6669999957084656]
    """
    x, y = _held_out(logits, labels)
    yes, no = int(y.sum()), int((~y).sum())
    targets = np.where(y, (yes + 1) / (yes + 2), 1 / (no + 2))
    scale = float(np.abs(x).max()) or 1.0

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = at[0] * x / scale + at[1]
        gap = expit(margin) - targets
        value = float(np.mean(np.logaddexp(0, margin) - targets * margin))
        return value, np.array([np.mean(gap * x / scale), np.mean(gap)])

    bounds = [(LEAST_SLOPE * scale, None), (None, None)]
    start = np.array([scale, 0.0])
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return Calibration(float(found.x[0]) / scale, float(found.x[1]))


def reliability(
    probability: NDArray[np.floating], labels: NDArray[np.bool_], bins: int = 10
) -> Reliability:
    """In bins of equal width (Guo et al., "On calibration of modern neural networks", 2017).

    >>> reliability(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])).error
    0.0
    """
    x, y = _held_out(probability, labels, both=False)
    which = np.minimum((x * bins).astype(int), bins - 1)
    found = tuple(
        Bin(float(x[which == i].mean()), float(y[which == i].mean()), int((which == i).sum()))
        for i in range(bins)
        if (which == i).any()
    )
    gaps = sum(each.count * abs(each.probability - each.yes) for each in found)
    return Reliability(gaps / len(x), found)


def _held_out(
    values: NDArray[np.floating], labels: NDArray[np.bool_], *, both: bool = True
) -> tuple[Floats, NDArray[np.bool_]]:
    if values.shape != labels.shape or values.ndim != 1:
        raise InputError(
            Problem(
                f"scores of shape {values.shape} and labels of shape {labels.shape}",
                "a score for each label",
                "scores and labels of the same frames",
            )
        )
    there = ~np.isnan(values)
    x, y = values[there].astype(np.float64), labels[there]
    if np.isinf(x).any():
        raise InputError(Problem("an infinite score", "finite ones", "training again"))
    if not len(y) or (both and (y.all() or not y.any())):
        raise InputError(
            Problem(
                f"held-out scores of {int(y.sum())} yes and {int((~y).sum())} no",
                "scores of both answers, to calibrate with",
                "a longer part to learn from",
            )
        )
    return x, y
