"""What a source delivers in one pass: the contract that files, folders and URLs fulfil."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from vedette.types.events import Incident
from vedette.types.media import Picture


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """A picture and its time since the pass began; ``key_pts`` of a keyframe."""

    picture: Picture
    time_s: Fraction
    key_pts: int | None = None


class Pictures(Protocol):
    """Where pictures come from. ``rate`` is the nominal rate, never used where time is exact."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def rate(self) -> Fraction: ...

    @property
    def live(self) -> bool:
        """What was missed cannot be had again."""
        ...

    @property
    def can_seek(self) -> bool:
        """Whether, after all that was read so far, decoding from a keyframe gives the same."""
        ...

    @property
    def declared(self) -> int | None:
        """How many pictures a pass should have; damage and odd encoders make it fewer."""
        ...

    def shots(self, key_pts: int | None = None) -> Iterator[Shot] | None:
        """One pass, from the keyframe with that pts on; None if it is not found there."""
        ...

    def close(self) -> None: ...


Note = Callable[[str, str, int], None]
"""Tells of an incident: kind, detail, count."""


class Notebook:
    """The incidents of one stream, one of a kind: the first one's detail and how many."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._found: dict[str, Incident] = {}

    def note(self, kind: str, detail: str, count: int = 1) -> None:
        known = self._found.get(kind)
        if known is not None:
            detail, count = known.detail, known.count + count
        self._found[kind] = Incident(kind, self._stream, detail, count)

    def incidents(self) -> tuple[Incident, ...]:
        return tuple(self._found.values())
