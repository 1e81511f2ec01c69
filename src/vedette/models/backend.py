"""The two seams of a model: arrays in and out (Backend), frames in and objects out (Detector)."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.models.labels import COCO_LABELS
from vedette.types.media import Detections, Frame, Region

Arrays = Mapping[str, NDArray[Any]]


class Backend(Protocol):
    """Runs one model. Safe to call from several threads."""

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Named inputs to named outputs, one row an item (rows are independent of each other).

        A local backend computes in the calling thread; a remote one answers later. What goes
        wrong with a batch is the future's exception, a ModelError where the batch is to blame.
        """
        ...


class Detector(Protocol):
    """Finds objects in pictures. Safe to call from several threads."""

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> list[Detections]:
        """Objects of every label, overlaps removed label by label, the surest first.

        Boxes are in source pixels (through ``frame.region``), ``groups`` equal ``labels``.
        """
        ...


def completed(compute: Callable[[], Arrays]) -> Future[Arrays]:
    """What ``compute`` returns or raises, as a future that is done."""
    future: Future[Arrays] = Future()
    try:
        future.set_result(compute())
    except Exception as error:  # noqa: BLE001  # it reaches whoever asks for the result
        future.set_exception(error)
    return future


class FakeBackend:
    """Answers with ``function(batch)`` and remembers what it was asked: for tests."""

    def __init__(self, function: Callable[[Arrays], Arrays]) -> None:
        self._function = function
        self.asked: list[Arrays] = []

    def submit(self, batch: Arrays) -> Future[Arrays]:
        self.asked.append(batch)
        return completed(lambda: self._function(batch))


class FakeDetector:
    """Finds what a script says, by frame number: (label, confidence, box) each. For tests."""

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


def detections(
    frame: Frame,
    *,
    boxes: NDArray[np.float32],
    confidence: NDArray[np.float32],
    label: NDArray[np.int32],
    labels: tuple[str, ...],
) -> Detections:
    """What a detector found in one frame: no tracks yet, every label its own group."""
    return Detections(
        key=frame.key,
        time_s=frame.time_s,
        size=frame.size,
        boxes=boxes,
        confidence=confidence,
        label=label,
        group=label,
        track=np.full(len(boxes), -1, np.int32),
        labels=labels,
        groups=labels,
    )
