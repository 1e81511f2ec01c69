"""Frames are handed on when they would have been captured, on a clock that is passed in."""

from fractions import Fraction

import numpy as np

from vedette.image import ArrayPicture
from vedette.media.pacing import paced
from vedette.types.media import Frame, Key

PICTURE = ArrayPicture(np.zeros((2, 2, 3), np.uint8))


def frames(*times: float) -> list[Frame]:
    return [
        Frame(Key("camera", n), Fraction(time), PICTURE, (2, 2), (0, 0, 2, 2))
        for n, time in enumerate(times)
    ]


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_frames_come_at_their_times() -> None:
    clock = Clock(100.0)
    assert [clock.now for _ in paced(frames(0, 0.5, 2), clock, clock.wait)] == [100, 100.5, 102]


def test_the_first_frame_comes_at_once_whatever_its_time() -> None:
    clock = Clock(100.0)
    assert [clock.now for _ in paced(frames(8, 9), clock, clock.wait)] == [100, 101]


def test_what_is_late_comes_at_once_and_does_not_delay_the_rest() -> None:
    clock = Clock(0.0)
    slow = paced(frames(0, 1, 2), clock, clock.wait)
    next(slow)
    clock.now = 1.75
    next(slow)
    next(slow)
    assert clock.waits == [0.25]
