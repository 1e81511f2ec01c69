"""From when to when: each run of yes becomes an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from vedette import image
from vedette.declaring.operator import operator
from vedette.media.jpeg import encode_webp
from vedette.ops.bounds import Duration
from vedette.types.events import Event
from vedette.types.media import Columns, Detections, Frame, Region

SURER = 0.1
"""By so much a yes must be surer than the one that is shown to be shown in its place."""


@dataclass(frozen=True, eq=False, slots=True)
class Episode(Columns):
    """A run of yes so far: its first and last yes, the surest of them, and which one it is.

    ``frame``, ``time_s``, ``box`` and ``confidence`` are the surest yes's.
    ``is_paused``: there was a no after the last yes. ``picture`` (n,) holds the bytes of a WebP
    picture of a yes that was ``shown`` sure.
    """

    ordinal: int
    label: str
    start_frame: int
    start_s: Fraction
    end_frame: int
    end_s: Fraction
    frame: int
    time_s: Fraction
    box: Region
    confidence: float
    picture: NDArray[np.uint8]
    shown: float = 0.0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class EpisodeState:
    """Each stream's run under way, and how many began in it."""

    under_way: Mapping[str, Episode] = field(default_factory=dict)
    begun: Mapping[str, int] = field(default_factory=dict)


@operator
class Episodes:
    """One event for each run of yes, from its first to its last yes, told once it is over.

    A yes is a frame with at least one row. A pause of up to ``gap_s`` belongs to the run; a run
    shorter than ``least_s`` is none, and one that its stream's end cuts off is not told. The event
    is about the surest moment: its frame, time, confidence, label and box. Given the frames as a
    second input, it has a WebP picture of what was in the box then, or when it was less sure by at
    most a tenth.
    """

    def __init__(
        self,
        *,
        least_s: Duration = 0.0,
        gap_s: Duration = 0.0,
        kind: str = "episode",
        quality: Annotated[int, Ge(1), Le(100)] = 80,
    ) -> None:
        self.least_s = least_s
        self.gap_s = gap_s
        self.kind = kind
        self.quality = quality
        self.state = EpisodeState()

    def __call__(self, answer: Detections, *frames: Frame | None) -> Event | None:
        stream, time_s = answer.key.stream, answer.time_s
        known = self.state.under_way.get(stream)
        paused = known is not None and (known.is_paused or not len(answer))
        over = known if known and paused and time_s - known.end_s > self.gap_s else None
        episode = None if over else known
        if len(answer):
            episode = self._pictured(self._extended(episode, answer), answer, frames)
        elif episode is not None:
            episode = replace(episode, is_paused=True)
        under_way = {name: each for name, each in self.state.under_way.items() if name != stream}
        if episode is not None:
            under_way[stream] = episode
        self.state = replace(self.state, under_way=under_way)
        return self._event(over, answer) if over else None

    def _extended(self, episode: Episode | None, answer: Detections) -> Episode:
        """The run with one more yes; the first one of another if there is none."""
        row = int(answer.confidence.argmax())
        confidence, frame = float(answer.confidence[row]), answer.key.frame
        x0, y0, x1, y1 = answer.boxes[row].tolist()
        if episode is None:
            stream, label = answer.key.stream, answer.labels[answer.label[row]]
            ordinal = self.state.begun.get(stream, 0)
            begun = {**self.state.begun, stream: ordinal + 1}
            self.state = replace(self.state, begun=begun)
            when = (frame, answer.time_s)
            unseen = np.zeros(0, np.uint8)
            box = (x0, y0, x1, y1)
            return Episode(ordinal, label, *when, *when, *when, box, confidence, unseen)
        longer = replace(episode, end_frame=frame, end_s=answer.time_s, is_paused=False)
        if confidence <= episode.confidence:
            return longer
        label = answer.labels[answer.label[row]]
        return replace(
            longer,
            label=label,
            frame=frame,
            time_s=answer.time_s,
            box=(x0, y0, x1, y1),
            confidence=confidence,
        )

    def _pictured(
        self, episode: Episode, answer: Detections, frames: tuple[Frame | None, ...]
    ) -> Episode:
        """The run with a picture of this yes, where it has none or one that is much less sure."""
        sure = float(answer.confidence.max())
        frame = next((each for each in frames if each is not None), None)
        if frame is None or (len(episode.picture) and sure < episode.shown + SURER):
            return episode
        pixels = image.box_of(frame, episode.box)
        shown = frame if pixels is None else image.cut(frame, pixels)
        picture = np.frombuffer(encode_webp(shown.picture, self.quality), np.uint8)
        return replace(episode, picture=picture, shown=sure)

    def _event(self, episode: Episode, now: Detections) -> Event | None:
        if episode.end_s - episode.start_s < self.least_s:
            return None
        return Event(
            stream=now.key.stream,
            kind=self.kind,
            label=episode.label,
            start_frame=episode.start_frame,
            end_frame=episode.end_frame,
            start_s=episode.start_s,
            end_s=episode.end_s,
            frame=episode.frame,
            time_s=episode.time_s,
            box=episode.box,
            confidence=episode.confidence,
            ordinal=episode.ordinal,
            picture=episode.picture.tobytes(),
        )
