"""Streams that were not measured borrow frames, and begin elsewhere than who lends them."""

from fractions import Fraction

import numpy as np
import pytest

from vedette.planning.cover import cover
from vedette.types.graph import Source, Stream, Workflow
from vedette.types.profile import StepTrace, Trace, Tracks


def measured(frames: int) -> Trace:
    """One stream at 10 fps; frame i costs i ms and every second one is analysed."""
    number = np.arange(frames)
    none = np.zeros(0, np.int32)
    seen = Tracks(
        ("a",), (), (), none, none, np.zeros(0), none, np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32), none, none,
    )  # fmt: skip
    empty = np.zeros(frames)
    look = StepTrace(number / 1e3, np.ones(frames, np.int32), empty, empty, empty)
    return Trace(
        {}, ("a",), np.zeros(frames, np.int32), number.astype(np.int32), number / 10,
        number % 2 == 0, {"look": look}, seen, {"a": (320, 240)}, {"a": Fraction(10)},
    )  # fmt: skip


def with_cameras(*names: str) -> Workflow:
    streams = tuple(Stream(name, f"{name}.mp4") for name in names)
    return Workflow("w", (Source("street", streams),), ())


def costs_ms(trace: Trace, stream: str) -> list[float]:
    rows = trace.stream == trace.streams.index(stream)
    return [round(1e3 * each) for each in trace.steps["look"].cpu_s[rows]]


def test_borrowers_begin_in_turn_at_another_frame_and_go_round() -> None:
    covered = cover(measured(10), with_cameras("a", "b", "c", "d", "e"))
    assert costs_ms(covered, "a") == list(range(10))
    assert costs_ms(covered, "b") == [2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert costs_ms(covered, "e") == [8, 9, 0, 1, 2, 3, 4, 5, 6, 7]


def test_a_borrowers_frames_come_at_the_lenders_times() -> None:
    covered = cover(measured(9), with_cameras("a", "b"))
    for name in ("a", "b"):
        rows = covered.stream == covered.streams.index(name)
        assert covered.time_s[rows] == pytest.approx(np.arange(9) / 10)
        assert covered.frame[rows].tolist() == list(range(9))


def test_what_was_analysed_moves_with_its_cost() -> None:
    covered = cover(measured(10), with_cameras("a", "b"))
    even = np.rint(1e3 * covered.steps["look"].cpu_s).astype(int) % 2 == 0
    assert (covered.analysed == even).all()
