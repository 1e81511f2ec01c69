"""The two seams of a model: arrays in and out (Backend), frames in and objects out (Detector)."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.types.media import Detections, Frame

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


class Classifier(Protocol):
    """Says what pictures show. Safe to call from several threads."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def classify(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """How sure it is of each label: (pictures, labels), each row sums to 1."""
        ...


def completed(compute: Callable[[], Arrays]) -> Future[Arrays]:
    """What ``compute`` returns or raises, as a future that is done."""
    future: Future[Arrays] = Future()
    try:
        future.set_result(compute())
    except Exception as error:  # noqa: BLE001  # it reaches whoever asks for the result
        future.set_exception(error)
    return future


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
