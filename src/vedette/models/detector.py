"""A model as a detector or a classifier: prepare, one pass a picture, read its head's outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.backend import Backend, detections
from vedette.models.heads import HEADS, Anchors, Head, Outputs, View, classes, without_overlaps
from vedette.models.heads.common import Unit
from vedette.models.labels import COCO_LABELS
from vedette.models.preparing import Layout, Preparation, prepared
from vedette.types.media import Detections, Frame
from vedette.types.operators import Variant


@dataclass(frozen=True, slots=True)
class Usage:
    """How a model file is used: its input, what it wants to see, and how its answer is read.

    By default as YOLOX has it. ``sizes``: a second input that asks for the picture's (width,
    height), as some exports have; boxes then come in pixels. ``fixed`` is the (width, height) of a
    model that takes no other.
    """

    head: Head = HEADS["yolox"]
    labels: tuple[str, ...] = COCO_LABELS
    preparation: Preparation = field(default_factory=Preparation)
    input: str = "images"
    layout: Layout = "nchw"
    dtype: str = "float32"
    multiple: int = 32
    fixed: tuple[int, int] | None = None
    sizes: str | None = None
    boxes: Unit | None = None
    anchors: Anchors | None = None

    def view(self, width: int, height: int, confidence: float = 0.0) -> View:
        labels = len(self.labels) or None
        return View(width, height, confidence, labels, self.boxes, self.anchors)


@dataclass(frozen=True, slots=True)
class Pass:
    """Runs one picture through a backend; thread-safe if the backend is."""

    backend: Backend
    variant: Variant
    usage: Usage

    def __call__(self, frame: Frame) -> tuple[Outputs, View, tuple[int, int]]:
        """The outputs, the view that they are of, and how much of the input the picture filled."""
        usage, picture = self.usage, frame.picture
        width, height = usage.fixed or input_size(
            self.variant, picture.width, picture.height, usage.multiple
        )
        batch, used = prepared(
            picture,
            width,
            height,
            usage.preparation,
            layout=usage.layout,
            dtype=usage.dtype,
        )
        given: dict[str, NDArray[Any]] = {usage.input: batch}
        if usage.sizes:
            given[usage.sizes] = np.array([[width, height]], np.int64)
        return self.backend.submit(given).result(), usage.view(width, height), used


class HeadDetector:
    """Finds objects with any head; thread-safe if the backend is."""

    def __init__(self, backend: Backend, variant: Variant, usage: Usage) -> None:
        self._pass = Pass(backend, variant, usage)
        self._fitting = usage
        self.labels = usage.labels

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> list[Detections]:
        """Objects of each frame, boxes in source pixels and inside the frame's region."""
        return [self._one(frame, confidence) for frame in frames]

    def _one(self, frame: Frame, confidence: float) -> Detections:
        outputs, view, used = self._pass(frame)
        asked = self._fitting.view(view.width, view.height, confidence)
        boxes, sure, label = self._fitting.head.read(outputs, asked)
        boxes, sure, label = _sound(
            boxes, sure, label - self._fitting.head.first_label, self.labels
        )
        kept = without_overlaps(boxes, sure, label)
        return detections(
            frame,
            boxes=_in_source(boxes[kept], used, frame),
            confidence=sure[kept],
            label=label[kept],
            labels=self.labels,
        )


class HeadClassifier:
    """Says how sure it is of each label; thread-safe if the backend is."""

    def __init__(self, backend: Backend, variant: Variant, usage: Usage) -> None:
        self._pass = Pass(backend, variant, usage)
        self.labels = usage.labels

    def classify(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """Probabilities (pictures, labels)."""
        rows = [classes(self._pass(frame)[0]) for frame in frames]
        return np.array(rows, np.float32).reshape(len(rows), len(self.labels))


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


def _sound(
    boxes: NDArray[np.float32],
    sure: NDArray[np.float32],
    label: NDArray[np.int32],
    labels: tuple[str, ...],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Without what is no object: labels that have no name (padding, background), broken boxes."""
    with np.errstate(invalid="ignore"):
        has_area = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    kept = has_area & (label >= 0) & (label < len(labels)) & np.isfinite(boxes).all(axis=1)
    return boxes[kept], sure[kept], label[kept]


def _in_source(
    boxes: NDArray[np.float32], used: tuple[int, int], frame: Frame
) -> NDArray[np.float32]:
    x0, y0, x1, y1 = frame.region
    across, down = (x1 - x0) / used[0], (y1 - y0) / used[1]
    placed = boxes * np.array([across, down, across, down]) + np.array([x0, y0, x0, y0])
    inside = np.clip(placed, [x0, y0, x0, y0], [x1, y1, x1, y1])
    return np.asarray(inside, np.float32)
