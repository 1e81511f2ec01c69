"""The geometry of boxes, (n, 4) arrays of x0, y0, x1, y1, and of polygons, (k, 2) of x, y."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Points = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]


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


def inside(polygon: Points, points: Points) -> NDArray[np.bool_]:
    """Which of ``points`` (n, 2) lie in a polygon of (k, 2) corners, by the even-odd rule.

    Its left and upper edges belong to it, its right and lower ones do not: of polygons that share
    an edge a point on it lies in exactly one.

    >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    >>> inside(square, np.array([[1, 1], [0, 2], [4, 2], [2, 0], [2, 4], [5, 1]])).tolist()
    [True, True, False, True, False, False]
    """
    here = np.asarray(points, np.float64).reshape(-1, 1, 2)
    one = np.asarray(polygon, np.float64)
    other = np.roll(one, -1, axis=0)
    is_down = (one[:, 1] <= other[:, 1])[:, None]  # an edge is the same from either of its ends
    upper, lower = np.where(is_down, one, other), np.where(is_down, other, one)
    x, y = here[..., 0], here[..., 1]
    crosses = (upper[:, 1] <= y) & (y < lower[:, 1])
    height = np.where(lower[:, 1] > upper[:, 1], lower[:, 1] - upper[:, 1], 1.0)
    at = upper[:, 0] + (y - upper[:, 1]) * ((lower[:, 0] - upper[:, 0]) / height)
    return np.asarray((crosses & (x < at)).sum(axis=1) % 2 == 1)


def polygon_area(polygon: Points) -> float:
    """What a polygon encloses; 0 where its corners lie on a line.

    >>> polygon_area(np.array([[0, 0], [4, 0], [0, 3]]))
    6.0
    """
    x, y = np.asarray(polygon, np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def polygon_bounds(polygon: Points) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of the smallest box around a polygon."""
    corners = np.asarray(polygon, np.float64)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x0, y0, x1, y1
