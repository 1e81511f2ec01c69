"""What every head shares: what it is told, what it gives, and the arithmetic of boxes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Outputs = Mapping[str, NDArray[Any]]
"""A model's outputs for one picture, by name."""
Anchors = Mapping[int, tuple[tuple[float, float], ...]]
"""The anchors' (width, height) in pixels of the input, by the stride of their grid."""
Found = tuple[Floats, Floats, NDArray[np.int32]]
"""Boxes (n, 4) x0 y0 x1 y1 in pixels of the model's input, confidence (n,), label (n,)."""
Unit = Literal["pixels", "shares"]

YOLO_STRIDES = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class View:
    """What a head must know of a pass beside its outputs.

    ``width`` and ``height`` are the input's. ``labels``: how many classes the model has, None
    where nobody knows. ``boxes``: whether boxes count pixels of the input or shares of it, None
    for what is usual. ``anchors`` replace a head's own.
    """

    width: int
    height: int
    confidence: float = 0.0
    labels: int | None = None
    boxes: Unit | None = None
    anchors: Anchors | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """Why outputs can be those of a head; ``labels`` is how many classes they tell apart."""

    labels: int | None
    why: str


Read = Callable[[Outputs, View], Found]
"""Objects of at least ``view.confidence``; those that overlap are all there."""
Fits = Callable[[Outputs, View], Fit | None]


def cells(width: int, height: int, strides: tuple[int, ...] = YOLO_STRIDES) -> int:
    """How many cells the grids of those strides have together for an input of that size."""
    return sum((width // stride) * (height // stride) for stride in strides)


def sigmoid(x: NDArray[Any]) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * np.asarray(x, np.float32)), np.float32)


def logit(share: float) -> float:
    """Where the sigmoid reaches ``share``; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(np.log(share) - np.log1p(-share))


def softmax(x: NDArray[Any]) -> Floats:
    """Along the last axis."""
    powers = np.exp(np.asarray(x, np.float32) - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def corners(centred: NDArray[Any]) -> Floats:
    """Rows of x y w h, about their centres, as x0 y0 x1 y1."""
    half = centred[:, 2:4] / 2
    middle = centred[:, :2]
    return np.hstack((middle - half, middle + half)).astype(np.float32)


def in_pixels(boxes: NDArray[Any], view: View, usual: Unit) -> Floats:
    """Boxes x0 y0 x1 y1, of the unit that is declared or else usual, in pixels of the input."""
    if (view.boxes or usual) == "pixels":
        return np.asarray(boxes, np.float32)
    return np.asarray(boxes * np.array([view.width, view.height] * 2), np.float32)


def surest(scores: NDArray[Any], view: View) -> tuple[NDArray[np.intp], Floats, NDArray[np.int32]]:
    """Of (n, labels) scores, the rows whose best label is sure enough: row, confidence, label."""
    if not scores.shape[1]:
        scores = np.zeros((len(scores), 1), np.float32)
    best = scores.max(axis=1)
    rows = np.flatnonzero(best >= view.confidence)
    label = scores[rows].argmax(axis=1).astype(np.int32)
    return rows, np.asarray(best[rows], np.float32), label


def only(outputs: Outputs) -> NDArray[Any] | None:
    """The one output there is, without its batch axis of 1; None where there are several."""
    if len(outputs) != 1:
        return None
    (output,) = outputs.values()
    return output[0] if output.ndim == 3 and len(output) == 1 else output
