"""Traces out of hand-made tables."""

from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np
import pytest

from vedette.types.profile import Trace, Tracks

Row = tuple[str, int, int, float, float, float, float]
"""stream, frame, track, centre x, centre y, side, confidence: a square of the only group."""
MakeTrace = Callable[..., Trace]

RATE = 25


def make_trace(
    rows: Iterable[Row],
    *,
    frames: int = 100,
    streams: tuple[str, ...] = ("a",),
    every: int = 1,
    width: int = 640,
    groups: dict[int, int] | None = None,
) -> Trace:
    """``every`` leaves out all but every n-th frame; ``groups`` maps a track to 1 instead of 0."""
    kept = sorted(row for row in rows if row[1] % every == 0)
    name, frame, track, x, y, side, confidence = zip(*kept, strict=True) if kept else ((),) * 7
    half = np.array(side, np.float64) / 2
    box = np.column_stack([np.array(x) - half, np.array(y) - half, np.array(x) + half])
    group = np.array([(groups or {}).get(each, 0) for each in track], np.int32)
    number = np.tile(np.arange(frames, dtype=np.int32), len(streams))
    tracks = Tracks(
        streams=streams,
        labels=("car", "person"),
        groups=("vehicle", "person"),
        stream=np.array([streams.index(each) for each in name], np.int32),
        frame=np.array(frame, np.int32),
        time_s=np.array(frame, np.float64) / RATE,
        track=np.array(track, np.int32),
        box=np.column_stack([box, np.array(y) + half]).astype(np.float32),
        confidence=np.array(confidence, np.float32),
        label=group,
        group=group,
    )
    return Trace(
        choice={},
        streams=streams,
        stream=np.repeat(np.arange(len(streams), dtype=np.int32), frames),
        frame=number,
        time_s=number / RATE,
        analysed=number % every == 0,
        steps={},
        tracks=tracks,
        sizes=dict.fromkeys(streams, (width, width // 2)),
        rates=dict.fromkeys(streams, Fraction(RATE)),
    )


@pytest.fixture(scope="session")
def trace() -> MakeTrace:
    return make_trace


@pytest.fixture(scope="session")
def moving() -> Callable[..., list[Row]]:
    """One object that moves by ``speed`` pixels a frame."""

    def rows(
        track: int = 1,
        *,
        start: int = 0,
        frames: int = 60,
        speed: float = 4,
        side: float = 40,
        confidence: float = 0.8,
        y: float = 100,
        stream: str = "a",
    ) -> list[Row]:
        return [
            (stream, start + n, track, 50 + speed * n, y, side, confidence) for n in range(frames)
        ]

    return rows
