"""Boxes of one stream as files of labels and of tracks hold them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vedette.types.media import Columns


@dataclass(frozen=True, eq=False, slots=True)
class Annotations(Columns):
    """What somebody saw in one stream's frames, one row a box, ordered by frame.

    ``covered`` (n,) int32: the frames that were looked at, with or without a box, ascending from 0.
    ``frame`` (m,) int32; ``track`` (m,) int32, -1 where nobody said; ``box`` (m, 4) float32, x0 y0
    x1 y1 in source pixels; ``confidence`` (m,) float32, 0 for a box that nobody is asked to find;
    ``label`` (m,) int32 into ``labels``.
    """

    covered: NDArray[np.int32]
    frame: NDArray[np.int32]
    track: NDArray[np.int32]
    box: NDArray[np.float32]
    confidence: NDArray[np.float32]
    label: NDArray[np.int32]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)


Row = tuple[int, int, float, float, float, float, float, str]
"""frame, track, x0, y0, x1, y1, confidence, label."""


def annotations(rows: list[Row], covered: NDArray[np.int32]) -> Annotations:
    """The rows as columns, ordered by frame and otherwise as they come."""
    names = tuple(dict.fromkeys(row[7] for row in rows))
    numbers = {name: number for number, name in enumerate(names)}
    columns = np.array([row[:7] for row in rows], np.float64).reshape(-1, 7)
    label = np.array([numbers[row[7]] for row in rows], np.int32)
    order = np.argsort(columns[:, 0], kind="stable")
    columns, label = columns[order], label[order]
    return Annotations(
        covered=covered,
        frame=columns[:, 0].astype(np.int32),
        track=columns[:, 1].astype(np.int32),
        box=columns[:, 2:6].astype(np.float32),
        confidence=columns[:, 6].astype(np.float32),
        label=label,
        labels=names,
    )
