"""YOLO's families, by the form of their output: one row an anchor or cell, or raw grids."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.heads.common import (
    YOLO_STRIDES,
    Anchors,
    Fit,
    Floats,
    Found,
    Outputs,
    View,
    cells,
    corners,
    in_pixels,
    only,
    surest,
)

ANCHORS_A_CELL = 3


def yolox(outputs: Outputs, view: View) -> Found:
    """YOLOX: (1, cells, 5 + labels), each row relative to its cell, w and h as logarithms."""
    output = _rows(outputs)
    rows, sure, label = _objects(output, view)
    corner, stride = _grid(view.width, view.height)
    raw, stride = output[rows, :4], stride[rows]
    centre = (raw[:, :2] + corner[rows]) * stride
    half = np.exp(raw[:, 2:4]) * stride / 2
    return np.hstack((centre - half, centre + half)), sure, label


def fits_yolox(outputs: Outputs, view: View) -> Fit | None:
    return _fits_rows(outputs, view, 1, "a row a cell of strides 8, 16 and 32")


def yolov5(outputs: Outputs, view: View) -> Found:
    """YOLOv5, v7, and v3 as its successors export it: (1, 3 x cells, 5 + labels), x y w h decoded.

    The confidence is objectness times the best label's score.
    """
    output = _rows(outputs)
    rows, sure, label = _objects(output, view)
    return in_pixels(corners(output[rows, :4]), view, "pixels"), sure, label


def fits_yolov5(outputs: Outputs, view: View) -> Fit | None:
    return _fits_rows(outputs, view, ANCHORS_A_CELL, "three rows a cell of strides 8, 16 and 32")


def yolov8(outputs: Outputs, view: View) -> Found:
    """YOLOv8, v9, v11, v12: (1, 4 + labels, cells), x y w h decoded, no objectness."""
    output = _rows(outputs)
    if output.shape[1] == cells(view.width, view.height):
        output = output.T
    rows, sure, label = surest(output[:, 4:], view)
    return in_pixels(corners(output[rows, :4]), view, "pixels"), sure, label


def fits_yolov8(outputs: Outputs, view: View) -> Fit | None:
    output, count = only(outputs), cells(view.width, view.height)
    if output is None or output.ndim != 2 or count not in output.shape:
        return None
    is_rows = output.shape[1] != count  # as YOLOX has them, but for the objectness
    others = output.shape[1 if is_rows else 0]
    if others < 5 or (view.labels and others != 4 + view.labels) or (is_rows and not view.labels):
        return None
    return Fit(others - 4, f"4 + {others - 4} values for each of {count} cells, no objectness")


def _fits_rows(outputs: Outputs, view: View, each: int, words: str) -> Fit | None:
    output = only(outputs)
    if output is None or output.ndim != 2:
        return None
    count, width = each * cells(view.width, view.height), output.shape[1]
    if output.shape[0] != count or width < 6 or (view.labels and width != 5 + view.labels):
        return None
    return Fit(width - 5, f"{count} rows of 5 + {width - 5} values, {words}")


def _rows(outputs: Outputs) -> NDArray[Any]:
    (output,) = outputs.values()
    return output[0] if output.ndim == 3 else output


def _objects(
    output: NDArray[Any], view: View
) -> tuple[NDArray[np.intp], Floats, NDArray[np.int32]]:
    # objectness bounds the confidence, so only a few rows are ever decoded
    rows = np.flatnonzero(output[:, 4] >= view.confidence)
    scores = output[rows, 5:]
    label = scores.argmax(axis=1)
    sure = scores[np.arange(len(rows)), label] * output[rows, 4]
    kept = sure >= view.confidence
    return rows[kept], sure[kept].astype(np.float32), label[kept].astype(np.int32)


@lru_cache(maxsize=64)
def _grid(width: int, height: int) -> tuple[Floats, Floats]:
    corner, strides = [], []
    for stride in YOLO_STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        corner.append(np.column_stack((x.ravel(), y.ravel())))
        strides.append(np.full((x.size, 1), stride))
    return np.vstack(corner).astype(np.float32), np.vstack(strides).astype(np.float32)


def _pairs(*numbers: float) -> tuple[tuple[float, float], ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


ANCHORS: Mapping[str, Anchors] = MappingProxyType(
    {
        "yolov3": {
            8: _pairs(10, 13, 16, 30, 33, 23),
            16: _pairs(30, 61, 62, 45, 59, 119),
            32: _pairs(116, 90, 156, 198, 373, 326),
        },
        # its second head was trained with anchors 1, 2, 3, whatever some configurations say
        "yolov3-tiny": {
            16: _pairs(23, 27, 37, 58, 81, 82),
            32: _pairs(81, 82, 135, 169, 344, 319),
        },
        "yolov4": {
            8: _pairs(12, 16, 19, 36, 40, 28),
            16: _pairs(36, 75, 76, 55, 72, 146),
            32: _pairs(142, 110, 192, 243, 459, 401),
        },
    }
)
"""Anchors as published with the configurations of each family, in pixels of the input."""
SCALES_V4: Mapping[int, float] = MappingProxyType({8: 1.2, 16: 1.1, 32: 1.05})
"""``scale_x_y``: how far a YOLOv4 centre may leave its cell, by stride."""
