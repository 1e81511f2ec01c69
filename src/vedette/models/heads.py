"""How the outputs of detector families are read: grids to boxes, and overlaps removed."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

NMS_IOU = 0.45
YOLOX_STRIDES = (8, 16, 32)

Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]
"""Boxes (n, 4) x0 y0 x1 y1, confidence (n,), label (n,)."""


def yolox(output: NDArray[np.float32], width: int, height: int, confidence: float) -> Found:
    """The objects in a YOLOX output (cells, 5 + labels), boxes in pixels of the model's input.

    A row is x, y, w, h relative to its cell (w and h as logarithms), objectness and a score a
    label. Overlapping objects are all there.
    """
    # objectness bounds the confidence, so only a few rows are ever decoded
    rows = np.flatnonzero(output[:, 4] >= confidence)
    scores = output[rows, 5:]
    label = scores.argmax(axis=1)
    sure = scores[np.arange(len(rows)), label] * output[rows, 4]
    kept = sure >= confidence
    rows, label, sure = rows[kept], label[kept], sure[kept]
    corner, stride = _grid(width, height)
    raw, stride = output[rows, :4], stride[rows]
    centre = (raw[:, :2] + corner[rows]) * stride
    half = np.exp(raw[:, 2:4]) * stride / 2
    return np.hstack((centre - half, centre + half)), sure, label.astype(np.int32)


def cells(width: int, height: int) -> int:
    """How many rows a YOLOX output has for an input of that size."""
    return sum((width // stride) * (height // stride) for stride in YOLOX_STRIDES)


@lru_cache(maxsize=64)
def _grid(width: int, height: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    corners, strides = [], []
    for stride in YOLOX_STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        corners.append(np.column_stack((x.ravel(), y.ravel())))
        strides.append(np.full((x.size, 1), stride))
    return np.vstack(corners).astype(np.float32), np.vstack(strides).astype(np.float32)


def without_overlaps(
    boxes: NDArray[np.float32],
    confidence: NDArray[np.float32],
    kind: NDArray[np.int32],
    iou: float = NMS_IOU,
) -> NDArray[np.intp]:
    """Rows that survive non-maximum suppression among their own kind, the surest first.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], np.float32)
    >>> confidence = np.array([0.6, 0.9, 0.5], np.float32)
    >>> without_overlaps(boxes, confidence, np.array([0, 0, 1], np.int32)).tolist()
    [1, 2]
    """
    if len(boxes) < 2:
        return np.arange(len(boxes))
    corner_and_size = boxes.astype(np.float64)
    corner_and_size[:, 2:] -= corner_and_size[:, :2]
    # a third of the time of a loop in NumPy; a negative threshold lets every confidence in
    nms: Any = cv2.dnn.NMSBoxesBatched  # takes arrays, though its stub asks for lists
    kept = nms(corner_and_size, confidence, kind, -1.0, iou)
    return np.asarray(kept, np.intp)
