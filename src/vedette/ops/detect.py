"""Objects in frames, in one pass or in tiles: which boxes count, and how classes are merged."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vedette import image
from vedette.declaring.operator import Model, operator
from vedette.errors import ModelError, Problem, nearest
from vedette.models.backend import Detector
from vedette.models.heads import without_overlaps
from vedette.ops.bounds import Classes, Share
from vedette.types.media import Detections, Frame

EDGE_PX = 3.0
"""A box this close to an inner edge of its tile was cut by it: the neighbour sees it whole."""


@operator
def detect(
    frame: Frame,
    *,
    model: Model[Detector],
    confidence: Share = 0.3,
    classes: Classes,
) -> Detections:
    """Objects of the asked classes, boxes in source pixels, the surest first.

    ``classes`` maps each group of the question to the model's labels that it merges, as in
    ``{"vehicle": ["car", "truck"]}``; other labels are dropped. A model must know at least one
    label of each group.
    """
    (found,) = model.detect([frame], confidence=confidence)
    table = _group_of(found.labels, tuple((group, *names) for group, names in classes.items()))
    group = table[found.label]
    wanted = (group >= 0) & ~_cut_by_tile(found.boxes, frame)
    asked = replace(_rows(found, wanted), group=group[wanted], groups=tuple(classes))
    return _without_overlaps(asked, asked.group)


@operator
def tile(frame: Frame) -> tuple[Frame, ...]:
    """The whole frame, then four overlapping tiles of .6 by .6, one in each corner."""
    boxes = image.corner_boxes(frame.picture.width, frame.picture.height)
    corners = (image.cut(frame, box) for box in boxes)
    return tuple(
        replace(part, key=replace(frame.key, item=item))
        for item, part in enumerate((frame, *corners))
    )


@operator
def merge(parts: tuple[Detections, ...]) -> Detections:
    """One frame's detections out of those of its tiles: overlaps removed by label, then group."""
    together = _stacked(parts)
    by_label = _without_overlaps(together, together.label)
    return _without_overlaps(by_label, by_label.group)


@lru_cache(maxsize=64)
def _group_of(labels: tuple[str, ...], classes: tuple[tuple[str, ...], ...]) -> NDArray[np.int32]:
    """The group's number for each label, -1 for one that nobody asked for."""
    table = np.full(len(labels), -1, np.int32)
    for number, (_, *names) in enumerate(classes):
        known = [labels.index(name) for name in names if name in labels]
        if not known:
            raise ModelError(
                Problem(f"the class {names[0]}", "a label of the model", nearest(names[0], labels))
            )
        table[known] = number
    table.flags.writeable = False
    return table


def _cut_by_tile(boxes: NDArray[np.float32], frame: Frame) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = frame.region
    width, height = frame.size
    cut = np.zeros(len(boxes), np.bool_)
    if x0 > 0:
        cut |= boxes[:, 0] < x0 + EDGE_PX
    if y0 > 0:
        cut |= boxes[:, 1] < y0 + EDGE_PX
    if x1 < width:
        cut |= boxes[:, 2] > x1 - EDGE_PX
    if y1 < height:
        cut |= boxes[:, 3] > y1 - EDGE_PX
    return cut


def _without_overlaps(found: Detections, kind: NDArray[np.int32]) -> Detections:
    return _rows(found, without_overlaps(found.boxes, found.confidence, kind))


def _rows(found: Detections, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Detections:
    return replace(
        found,
        boxes=found.boxes[rows],
        confidence=found.confidence[rows],
        label=found.label[rows],
        group=found.group[rows],
        track=found.track[rows],
    )


def _stacked(parts: Sequence[Detections]) -> Detections:
    return replace(
        parts[0],
        key=replace(parts[0].key, item=0),
        boxes=np.concatenate([part.boxes for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        group=np.concatenate([part.group for part in parts]),
        track=np.concatenate([part.track for part in parts]),
    )
