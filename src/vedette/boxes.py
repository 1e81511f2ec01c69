"""The geometry of boxes: (n, 4) arrays of x0, y0, x1, y1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]


def areas(boxes: Boxes) -> Floats:
    """The area of each box, 0 where it is turned inside out."""
    sides = np.maximum(boxes[..., 2:].astype(np.float64) - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def short_sides(boxes: Boxes) -> Floats:
    return np.asarray((boxes[..., 2:].astype(np.float64) - boxes[..., :2]).min(axis=-1))


def centres(boxes: Boxes) -> Floats:
    return np.asarray((boxes[..., :2].astype(np.float64) + boxes[..., 2:]) / 2)


def shared_areas(one: Boxes, other: Boxes) -> Floats:
    """The area that both have, row by row; shapes broadcast."""
    corner = np.maximum(one[..., :2], other[..., :2])
    opposite = np.minimum(one[..., 2:], other[..., 2:])
    return areas(np.concatenate([corner, opposite], axis=-1))


def iou(one: Boxes, other: Boxes) -> Floats:
    """Intersection over union, row by row; shapes broadcast, an empty union gives 0.

    >>> iou(np.array([0.0, 0, 2, 2]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [0.333, 0.0]
    """
    shared = shared_areas(one, other)
    union = areas(one) + areas(other) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def pairwise_iou(one: Boxes, other: Boxes) -> Floats:
    """(n, m): each box of ``one`` with each of ``other``."""
    return iou(one[:, None], other[None, :])
