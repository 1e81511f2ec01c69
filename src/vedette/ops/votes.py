"""What was said of each track so far, within bounds: the state of operators that vote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vedette.types.media import Columns

FORGET_S = 60.0
MOST_PER_TRACK = 500


@dataclass(frozen=True, eq=False, slots=True)
class Votes(Columns):
    """One row a vote, in the order in which they were given.

    ``track`` (n,) int64; ``time_s`` (n,) float64; ``value`` (n,) float64. Of each track the last
    500 votes are kept; a track that was not voted on for a minute is forgotten when another begins.
    """

    track: NDArray[np.int64]
    time_s: NDArray[np.float64]
    value: NDArray[np.float64]

    @classmethod
    def none(cls) -> Self:
        return cls(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

    def of(self, track: int) -> NDArray[np.float64]:
        return np.asarray(self.value[self.track == track])

    def add(self, track: int, time_s: float, value: float) -> Self:
        own = np.flatnonzero(self.track == track)
        keep: slice | NDArray[np.bool_] = slice(None)
        if not len(own) or self.time_s[own[-1]] < time_s - FORGET_S:
            keep = self._recent(time_s)
        elif len(own) >= MOST_PER_TRACK:
            keep = np.arange(len(self.track)) != own[0]
        return type(self)(
            np.append(self.track[keep], track),
            np.append(self.time_s[keep], time_s),
            np.append(self.value[keep], value),
        )

    def _recent(self, time_s: float) -> NDArray[np.bool_]:
        """The rows of tracks whose last vote is not too long ago."""
        tracks, place = np.unique(self.track, return_inverse=True)
        last_s = np.full(len(tracks), -np.inf)
        np.maximum.at(last_s, place, self.time_s)
        return np.asarray(last_s[place] >= time_s - FORGET_S)


@dataclass(frozen=True, slots=True)
class Ballots:
    """The votes of each stream, whose tracks have numbers of their own."""

    streams: Mapping[str, Votes] = field(default_factory=dict)

    def of(self, stream: str) -> Votes:
        return self.streams.get(stream) or Votes.none()

    def add(self, stream: str, track: int, time_s: float, value: float) -> "Ballots":
        votes = self.of(stream).add(track, time_s, value)
        return Ballots({**self.streams, stream: votes})
