"""Models that say what a test tells them to."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from vedette.models.backend import Arrays, completed, detections
from vedette.models.labels import COCO_LABELS
from vedette.types.media import Detections, Frame, Region


class FakeBackend:
    """Answers with ``function(batch)`` and remembers what it was asked."""

    def __init__(self, function: Callable[[Arrays], Arrays]) -> None:
        self._function = function
        self.asked: list[Arrays] = []

    def submit(self, batch: Arrays) -> Future[Arrays]:
        self.asked.append(batch)
        return completed(lambda: self._function(batch))


class FakeClassifier:
    """Sure of one label, the more so the brighter the picture."""

    def __init__(self, labels: tuple[str, ...] = ("dark", "bright")) -> None:
        self.labels = labels

    def classify(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        light = np.array([frame.picture.luma().mean() / 255 for frame in frames])
        return np.column_stack((1 - light, light)).astype(np.float32)


class FakeDetector:
    """Finds what a script says, by frame number: (label, confidence, box) each."""

    def __init__(
        self,
        script: Mapping[int, Sequence[tuple[str, float, Region]]],
        labels: tuple[str, ...] = COCO_LABELS,
    ) -> None:
        self._script = script
        self._labels = labels

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> list[Detections]:
        return [self._one(frame, confidence) for frame in frames]

    def _one(self, frame: Frame, confidence: float) -> Detections:
        found = [row for row in self._script.get(frame.key.frame, ()) if row[1] >= confidence]
        found.sort(key=lambda row: -row[1])
        return detections(
            frame,
            boxes=np.array([row[2] for row in found], np.float32).reshape(-1, 4),
            confidence=np.array([row[1] for row in found], np.float32),
            label=np.array([self._labels.index(row[0]) for row in found], np.int32),
            labels=self._labels,
        )
