"""A live source that comes back: lost when nothing new is seen, and opened again until it is there.

Numbers and times go on over an outage. The wall clock says how long it was, since a camera that
restarts begins its own time anew.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Protocol

from vedette.errors import MediaError
from vedette.media.packets import OPEN_S, STALL_S
from vedette.media.tracks import Note, Pictures, Shot

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 2.0
_SOON_S = 4.0  # a camera that opened fast once gets no longer than this to do so again


class Connection(Pictures, Protocol):
    """One connection to a source. ``ends``: it said how long it is, so its end is no loss."""

    @property
    def ends(self) -> bool: ...


Connect = Callable[[Note, float, tuple[int, int] | None], Connection]
"""Opens: told whom to tell of incidents, how many seconds it may take, and which size to give."""


def slept(seconds: float) -> bool:
    time.sleep(seconds)
    return False


@dataclass(frozen=True, slots=True)
class Patience:
    """``clock`` gives wall seconds; ``pause`` waits that many, and says if nobody wants more."""

    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], bool] = slept


class Timeline:
    """One time over all connections: each one's own, moved to where the wall clock has it."""

    def __init__(self, step_s: Fraction, tell: Note) -> None:
        self._step_s, self._tell = step_s, tell
        self._move_s: Fraction | None = None
        self._last: tuple[Fraction, float] | None = None  # its time, and the wall's

    def begin(self) -> None:
        """Another connection, whose time is its own."""
        self._move_s = None

    def time(self, stamped_s: Fraction, wall_s: float) -> Fraction:
        """When a picture was taken that came just now: 0 for the first one, and then more."""
        if self._last is None:
            self._move_s, now_s = -stamped_s, Fraction(0)
        else:
            last_s, seen_s = self._last
            passed_s = Fraction(round(1000 * (wall_s - seen_s)), 1000)
            if self._move_s is not None and self._leaps(
                stamped_s + self._move_s - last_s, passed_s
            ):
                self._move_s = None
            if self._move_s is None:
                self._move_s = last_s + max(self._step_s, passed_s) - stamped_s
            now_s = stamped_s + self._move_s
        self._last = now_s, wall_s
        return now_s

    def _leaps(self, step_s: Fraction, passed_s: Fraction) -> bool:
        """Whether the camera's clock was set: nobody waits until ours is there."""
        if step_s <= passed_s + Fraction(STALL_S):
            return False
        self._tell("time", f"its time leaps by {float(step_s):.1f} s: ours is taken", 1)
        return True


class Live:
    """Raises MediaError where the source is not there at first; after that it is waited for.

    Incidents: "lost" counts the outages, "away" the seconds (rounded up) without pictures.
    """

    live, can_seek, declared = True, False, None

    def __init__(self, connect: Connect, tell: Note, patience: Patience) -> None:
        self._connect, self._tell, self._patience = connect, tell, patience
        self._why = ""
        begun_s = patience.clock()
        self._connection: Connection | None = connect(self._note, OPEN_S, None)
        took_s = patience.clock() - begun_s
        self._open_s = min(OPEN_S, max(_SOON_S, 2 * took_s))
        self.size, self.rate = self._connection.size, self._connection.rate

    def shots(self, key_pts: int | None = None) -> Iterator[Shot] | None:
        """What is seen from now on, until nobody wants more; there are no keyframes to go to."""
        return self._shots() if key_pts is None else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _shots(self) -> Iterator[Shot]:
        clock, line = self._patience.clock, Timeline(1 / self.rate, self._tell)
        while (connection := self._connection or self._reconnected()) is not None:
            self._connection, self._why = None, ""
            line.begin()
            for shot in connection.shots() or ():
                yield replace(shot, time_s=line.time(shot.time_s, clock()), key_pts=None)
            connection.close()
            if connection.ends:
                return
            self._tell("lost", self._why or "the source ends", 1)
            lost_s = clock()
            self._connection = self._reconnected()
            self._tell("away", "seconds until it was there again", ceil(clock() - lost_s))
            if self._connection is None:
                return

    def _reconnected(self) -> Connection | None:
        """The source again, however long that takes; None when nobody wants more."""
        wait_s = _FIRST_WAIT_S
        while not self._patience.pause(wait_s):
            try:
                return self._connect(self._note, self._open_s, self.size)
            except MediaError:
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        return None

    def _note(self, kind: str, detail: str, count: int) -> None:
        if kind == "lost":
            self._why = detail
        else:
            self._tell(kind, detail, count)
