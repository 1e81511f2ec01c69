"""Telling the world, once: a track that matched becomes an event with its picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from vedette.boxes import areas, shared_areas
from vedette.declaring.operator import operator
from vedette.media.jpeg import encode_webp
from vedette.ops.bounds import Duration
from vedette.ops.votes import FORGET_S
from vedette.types.events import Event
from vedette.types.media import Match, Region

SAME_OBJECT_S, SAME_OBJECT_SHARE = 1.0, 0.7


@dataclass(frozen=True, slots=True)
class Seen:
    """A track: since when it is looked at, when and where it last was, and if it was alerted."""

    start_frame: int
    start_s: Fraction
    last_s: Fraction
    box: Region
    is_alerted: bool = False


@dataclass(frozen=True, slots=True)
class AlertState:
    """Each track that was looked at within the last minute, by its stream and number."""

    tracks: Mapping[tuple[str, int], Seen] = field(default_factory=dict)


@operator
class Alert:
    """One event for each track that matches and was looked at for ``min_duration_s``.

    It starts where the track was first looked at and ends where it was decided: ``frame``,
    ``time_s`` and ``box`` say when and where the object was then, the WebP picture shows it. A
    detector may see an object and a part of it as two: while one of two boxes lies in the other,
    and that was alerted, it waits.
    """

    def __init__(
        self,
        *,
        min_duration_s: Duration = 1.0,
        kind: str = "match",
        quality: Annotated[int, Ge(1), Le(100)] = 80,
    ) -> None:
        self.min_duration_s = min_duration_s
        self.kind = kind
        self.quality = quality
        self.state = AlertState()

    def __call__(self, match: Match) -> Event | None:
        own, time_s = (match.key.stream, match.track), match.time_s
        seen = self.state.tracks.get(own)
        if seen is None or time_s - seen.last_s > FORGET_S:
            seen = Seen(match.key.frame, time_s, time_s, match.box)
            tracks = {  # forgotten is when another begins
                each: path
                for each, path in self.state.tracks.items()
                if time_s - path.last_s <= FORGET_S
            }
        else:
            tracks = dict(self.state.tracks)
        is_old = float(time_s - seen.start_s) >= self.min_duration_s
        is_due = match.is_match and is_old and not seen.is_alerted and not _shown(tracks, match)
        is_alerted = seen.is_alerted or is_due
        tracks[own] = Seen(seen.start_frame, seen.start_s, time_s, match.box, is_alerted)
        self.state = AlertState(tracks)
        return self._event(match, seen) if is_due else None

    def _event(self, match: Match, seen: Seen) -> Event:
        return Event(
            stream=match.key.stream,
            kind=self.kind,
            label=match.label,
            start_frame=seen.start_frame,
            end_frame=match.key.frame,
            start_s=seen.start_s,
            end_s=match.time_s,
            frame=match.key.frame,
            time_s=match.time_s,
            box=match.box,
            confidence=match.crop.confidence,
            ordinal=match.track,
            attributes={
                "type": match.label,
                "colour": match.colour,
                "score": round(match.score, 3),
            },
            picture=encode_webp(match.crop.frame.picture, self.quality),
        )


def _shown(tracks: Mapping[tuple[str, int], Seen], match: Match) -> bool:
    """Whether another track of the stream shows the object, and was alerted."""
    own = match.key.stream, match.track
    return any(
        _shows(each, match) for key, each in tracks.items() if key[0] == own[0] and key != own
    )


def _shows(other: Seen, match: Match) -> bool:
    """Whether the object was just alerted as another track."""
    if not other.is_alerted or match.time_s - other.last_s > SAME_OBJECT_S:
        return False
    box, here = np.array(other.box), np.array(match.box)
    smaller = np.minimum(areas(box), areas(here))
    return bool(shared_areas(box, here) >= SAME_OBJECT_SHARE * smaller)
