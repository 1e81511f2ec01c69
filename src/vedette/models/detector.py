"""A model as a detector or a classifier: prepare, one pass, read its head's outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.backend import Arrays, Backend, detections
from vedette.models.heads import HEADS, Anchors, Head, Outputs, View, classes, without_overlaps
from vedette.models.heads.common import Unit
from vedette.models.labels import COCO_LABELS
from vedette.models.preparing import Layout, Preparation, prepared
from vedette.models.rows import joined, parted
from vedette.types.events import Incident
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


Seen = tuple[Outputs, View, tuple[int, int]]
"""The outputs, the view that they are of, and how much of the input the picture filled."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Runs pictures through a backend; thread-safe if the backend is.

    Up to ``rows_at_once`` pictures share a batch, of whatever frames and streams. More than 1 is
    for a model whose outputs have one row for each picture.
    """

    backend: Backend
    variant: Variant
    usage: Usage
    rows_at_once: int = 1

    def __call__(self, frames: Sequence[Frame]) -> list[Seen]:
        """One each, in order. All is handed over before any answer is waited for."""
        looked = [self._prepared(frame) for frame in frames]
        asked = [
            (chosen, self.backend.submit(joined([looked[i][0] for i in chosen])))
            for chosen in self._batches([view for _, view, _ in looked])
        ]
        seen: dict[int, Seen] = {}
        for chosen, future in asked:
            answer = future.result()
            rows = [answer] if len(chosen) == 1 else parted(answer, [1] * len(chosen))
            for i, outputs in zip(chosen, rows, strict=True):
                seen[i] = (outputs, *looked[i][1:])
        return [seen[i] for i in range(len(frames))]

    def incidents(self) -> Sequence[Incident]:
        """What befell the backend, where that is one that knows."""
        found: Sequence[Incident] = getattr(self.backend, "incidents", tuple)()
        return found

    def _batches(self, views: Sequence[View]) -> list[list[int]]:
        """Which pictures go together: those of one size, in order."""
        alike: dict[tuple[int, int], list[int]] = {}
        for i, view in enumerate(views):
            alike.setdefault((view.width, view.height), []).append(i)
        size = self.rows_at_once
        return [each[i : i + size] for each in alike.values() for i in range(0, len(each), size)]

    def _prepared(self, frame: Frame) -> tuple[Arrays, View, tuple[int, int]]:
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
        return given, usage.view(width, height), used


class HeadDetector:
    """Finds objects with any head; thread-safe if the backend is. ``rows_at_once``: see Pass."""

    def __init__(
        self, backend: Backend, variant: Variant, usage: Usage, *, rows_at_once: int = 1
    ) -> None:
        self._pass = Pass(backend, variant, usage, rows_at_once)
        self._fitting = usage
        self.labels = usage.labels

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> list[Detections]:
        """Objects of each frame, boxes in source pixels and inside the frame's region."""
        seen = self._pass(frames)
        return [
            self._read(frame, each, confidence) for frame, each in zip(frames, seen, strict=True)
        ]

    @property
    def backend(self) -> Backend:
        return self._pass.backend

    def over(self, backend: Backend, *, rows_at_once: int = 1) -> "HeadDetector":
        """The same detector, asking another backend."""
        here = self._pass
        return HeadDetector(backend, here.variant, here.usage, rows_at_once=rows_at_once)

    def incidents(self) -> Sequence[Incident]:
        return self._pass.incidents()

    def _read(self, frame: Frame, seen: Seen, confidence: float) -> Detections:
        outputs, view, used = seen
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
    """Says how sure it is of each label. Thread-safe and batched as ``HeadDetector`` is."""

    def __init__(
        self, backend: Backend, variant: Variant, usage: Usage, *, rows_at_once: int = 1
    ) -> None:
        self._pass = Pass(backend, variant, usage, rows_at_once)
        self.labels = usage.labels

    def classify(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """Probabilities (pictures, labels)."""
        rows = [classes(outputs) for outputs, _, _ in self._pass(frames)]
        return np.array(rows, np.float32).reshape(len(rows), len(self.labels))

    @property
    def backend(self) -> Backend:
        return self._pass.backend

    def over(self, backend: Backend, *, rows_at_once: int = 1) -> "HeadClassifier":
        """The same classifier, asking another backend."""
        here = self._pass
        return HeadClassifier(backend, here.variant, here.usage, rows_at_once=rows_at_once)

    def incidents(self) -> Sequence[Incident]:
        return self._pass.incidents()


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
