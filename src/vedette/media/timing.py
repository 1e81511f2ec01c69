"""When a frame was captured: the exact pts where they can be believed, otherwise number / rate.

A file is looked through before it is read, without decoding it, so that its time does not change
its meaning midway. A live source has to be believed until the first pts that does not increase.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from vedette.media.tracks import Note

NOMINAL_RATE = Fraction(25)


class Timer:
    """Gives each frame its time, in the order in which the decoder puts them out."""

    def __init__(
        self, time_base: Fraction, rate: Fraction, zero: int | None, *, exact: bool
    ) -> None:
        self.exact = exact
        self._base, self._step = time_base, 1 / rate
        self._zero = zero
        self._last: Fraction | None = None

    def time(self, pts: int | None, note: Note) -> Fraction:
        """Seconds since the first frame; more with each call."""
        if self.exact:
            time_s = self._stamped(pts)
            if time_s is not None:
                self._last = time_s
                return time_s
            self.exact = False
            note("time", f"pts {pts} does not increase: from here on time is counted by rate", 1)
        self._last = Fraction(0) if self._last is None else self._last + self._step
        return self._last

    def _stamped(self, pts: int | None) -> Fraction | None:
        if pts is None:
            return None
        if self._zero is None:
            self._zero = pts
        time_s = (pts - self._zero) * self._base
        return time_s if self._last is None or time_s > self._last else None


def increases(pts: Sequence[int | None]) -> bool:
    """Whether all are there and each is greater than the one before.

    >>> increases([0, 2, 3]), increases([0, 3, 2]), increases([0, None])
    (True, False, False)
    """
    known = [each for each in pts if each is not None]
    return len(known) == len(pts) and all(one < other for one, other in pairwise(known))


def can_increase(pts: Sequence[int | None]) -> bool:
    """Whether packets in decoding order can come out of the decoder with increasing pts.

    >>> can_increase([0, 3, 1, 2]), can_increase([0, 1, 1])
    (True, False)
    """
    known = [each for each in pts if each is not None]
    return len(known) == len(pts) == len(set(known))


def nominal_rate(average: Fraction | None, guessed: Fraction | None) -> Fraction:
    """The rate a file claims, unless its frames come at another rate altogether.

    >>> nominal_rate(Fraction("24.013"), Fraction(24)), nominal_rate(Fraction(7), Fraction(60))
    (Fraction(24, 1), Fraction(7, 1))
    """
    if average and guessed:
        return guessed if abs(guessed / average - 1) < Fraction(1, 10) else average
    return average or guessed or NOMINAL_RATE
