"""YOLOX as a detector: letterbox, one pass a frame, decode, overlaps removed label by label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vedette import image
from vedette.models.backend import Backend, detections
from vedette.models.heads import without_overlaps, yolox
from vedette.models.labels import COCO_LABELS
from vedette.models.zoo import Entry
from vedette.types.media import Detections, Frame
from vedette.types.operators import Variant


class YoloxDetector:
    """Runs a YOLOX backend at a variant's size; thread-safe if the backend is."""

    def __init__(self, backend: Backend, variant: Variant, entry: Entry) -> None:
        self._backend = backend
        self._variant = variant
        self._entry = entry

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> list[Detections]:
        """Objects of each frame, boxes in source pixels and inside the frame's region."""
        return [self._one(frame, confidence) for frame in frames]

    def _one(self, frame: Frame, confidence: float) -> Detections:
        width, height = input_size(
            self._variant, frame.picture.width, frame.picture.height, self._entry.multiple
        )
        planes, used = image.letterbox(frame.picture, width, height)
        (output,) = self._backend.submit({self._entry.input: planes}).result().values()
        boxes, sure, label = yolox(output[0], width, height, confidence)
        kept = without_overlaps(boxes, sure, label)
        return detections(
            frame,
            boxes=_in_source(boxes[kept], used, frame),
            confidence=sure[kept],
            label=label[kept],
            labels=COCO_LABELS,
        )


def input_size(variant: Variant, width: int, height: int, multiple: int) -> tuple[int, int]:
    """The (width, height) of the model's input for a picture of that size.

    >>> input_size(Variant("n", "m", 416, shape="picture"), 640, 272, 32)
    (416, 192)
    """
    if variant.shape == "square":
        return variant.size, variant.size
    scale = variant.size / max(width, height)
    return _rounded_up(width * scale, multiple), _rounded_up(height * scale, multiple)


def _rounded_up(length: float, multiple: int) -> int:
    return max(multiple, -int(-(length - 1e-6) // multiple) * multiple)


def _in_source(
    boxes: NDArray[np.float32], used: tuple[int, int], frame: Frame
) -> NDArray[np.float32]:
    x0, y0, x1, y1 = frame.region
    across, down = (x1 - x0) / used[0], (y1 - y0) / used[1]
    placed = boxes * np.array([across, down, across, down]) + np.array([x0, y0, x0, y0])
    inside = np.clip(placed, [x0, y0, x0, y0], [x1, y1, x1, y1])
    return np.asarray(inside, np.float32)
