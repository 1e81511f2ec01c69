"""Raw grids with anchors, as YOLOv3, v4 and v5 make them before anything decodes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.heads.common import (
    Anchors,
    Fit,
    Floats,
    Found,
    Outputs,
    View,
    logit,
    sigmoid,
)


@dataclass(frozen=True, slots=True)
class Grids:
    """One family's grids: an output each, its stride told by its size, so their order is free.

    Each is (1, anchors x (5 + labels), lines, columns), the same with the channels last, or with
    the anchors as an axis of their own. ``scales`` is YOLOv4's ``scale_x_y``. ``squared``: w and h
    are (2 sigmoid)² anchors, as in YOLOv5, and not exp times anchors.
    """

    anchors: Anchors
    scales: Mapping[int, float] | None = None
    squared: bool = False

    def read(self, outputs: Outputs, view: View) -> Found:
        """Objects of every grid: confidence is objectness times the best label."""
        anchors = view.anchors or self.anchors
        parts = [
            self._one(_split(output, columns, len(anchors[stride])), stride, anchors, view)
            for output, stride, columns in _graded(outputs, view, anchors)
        ]
        boxes, sure, label = zip(*parts, strict=True)
        return np.vstack(boxes), np.concatenate(sure), np.concatenate(label)

    def fits(self, outputs: Outputs, view: View) -> Fit | None:
        anchors = view.anchors or self.anchors
        graded = list(_graded(outputs, view, anchors))
        if len(graded) != len(outputs) or {stride for _, stride, _ in graded} != set(anchors):
            return None
        widths = {_width(output, columns, len(anchors[s])) for output, s, columns in graded}
        labels = widths.pop() - 5 if len(widths) == 1 else 0
        if labels < 1 or (view.labels and labels != view.labels):
            return None
        strides = ", ".join(map(str, sorted(anchors)))
        each = len(next(iter(anchors.values())))
        return Fit(labels, f"raw grids of strides {strides}, {each} x (5 + {labels}) values a cell")

    def _one(self, grid: NDArray[Any], stride: int, anchors: Anchors, view: View) -> Found:
        # objectness bounds the confidence, so only a few cells are ever decoded
        anchor, line, column = np.nonzero(grid[..., 4] >= logit(view.confidence))
        raw = grid[anchor, line, column]
        scores = sigmoid(raw[:, 5:])
        label = scores.argmax(axis=1)
        sure = scores[np.arange(len(raw)), label] * sigmoid(raw[:, 4])
        kept = sure >= view.confidence
        raw, label, sure = raw[kept], label[kept], sure[kept]
        corner = np.column_stack((column[kept], line[kept]))
        sized = np.array(anchors[stride], np.float32)[anchor[kept]]
        scale = 2.0 if self.squared else (self.scales or {}).get(stride, 1.0)
        offset = sigmoid(raw[:, :2]) * scale - (scale - 1) / 2
        centre = (corner + offset) * stride
        half = self._stretched(raw[:, 2:4]) * sized / 2
        boxes = np.hstack((centre - half, centre + half)).astype(np.float32)
        return boxes, sure.astype(np.float32), label.astype(np.int32)

    def _stretched(self, raw: NDArray[Any]) -> Floats:
        stretch = (2 * sigmoid(raw)) ** 2 if self.squared else np.exp(np.minimum(raw, 30))
        return np.asarray(stretch, np.float32)


def _graded(
    outputs: Outputs, view: View, anchors: Anchors
) -> Iterator[tuple[NDArray[Any], int, int]]:
    """Each output that is a grid of one of the strides: it, the stride, where its columns are."""
    for output in outputs.values():
        for stride in anchors:
            size = (view.height // stride, view.width // stride)
            places = [
                axis
                for axis in (2, 3)
                if output.ndim in (4, 5)
                and output.shape[axis - 1 : axis + 1] == size
                and _width(output, axis, len(anchors[stride]))
            ]
            if places:
                yield output, stride, places[-1]
                break


def _width(output: NDArray[Any], columns: int, anchors: int) -> int:
    """How many values an anchor has in a cell; 0 where the axes do not add up."""
    if output.ndim == 5:
        free = {1, 2, 3} - {columns - 1, columns}
        return output.shape[4] if output.shape[free.pop()] == anchors else 0
    channels = output.shape[1] if columns == 3 else output.shape[3]
    return channels // anchors if channels % anchors == 0 else 0


def _split(output: NDArray[Any], columns: int, anchors: int) -> NDArray[Any]:
    """(anchors, lines, columns, 5 + labels), whichever form it had."""
    grid: NDArray[Any] = output[0]
    if output.ndim == 5:  # (anchors, lines, columns, ...) or (lines, columns, anchors, ...)
        return grid if columns == 3 else grid.transpose(2, 0, 1, 3)
    if columns == 3:  # (channels, lines, columns)
        return grid.reshape(anchors, -1, *grid.shape[1:]).transpose(0, 2, 3, 1)
    return grid.reshape(*grid.shape[:2], anchors, -1).transpose(2, 0, 1, 3)
