"""Frames that show nothing new: compared with the last frame that was evaluated, up to an age.

Comparing with the previous frame would drift without bound: a slow change is never seen. So a
frame is held against the last one that went on, and none is skipped for longer than an age.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from vedette.change import Change, by_block, overall, residual
from vedette.declaring.operator import Model, operator
from vedette.image import zone_thumbnail
from vedette.ops.bounds import Polygon, Share
from vedette.ops.zone import in_zone, zone_box
from vedette.types.graph import Knob
from vedette.types.media import Columns, Frame, Key, Pixels, Region, Verdict

Frames = Annotated[int, Ge(1), Le(1_000_000)]
BLOCKS = 5
"""By ``blocks`` a zone is cut into so many rows and columns."""
_NO_BOXES = np.zeros((0, 4))


@dataclass(frozen=True, eq=False, slots=True)
class Evaluated(Columns):
    """A frame that went on: its number, and the zone's thumbnail."""

    frame: int
    thumbnail: Pixels


@dataclass(frozen=True, slots=True)
class LastEvaluated:
    """Each stream's last frame that went on."""

    streams: Mapping[str, Evaluated] = field(default_factory=dict)

    def within(self, key: Key, most_age: int) -> Evaluated | None:
        """A stream's last one, unless it is too old for a frame."""
        last = self.streams.get(key.stream)
        return last if last is not None and 0 < key.frame - last.frame <= most_age else None

    def after(self, key: Key, thumbnail: Pixels) -> "LastEvaluated":
        return LastEvaluated({**self.streams, key.stream: Evaluated(key.frame, thumbnail)})


@operator
class Difference:
    """Drop a frame whose zone looks like that of the last frame let through.

    The change is the root mean square over the zone's 50 x 50 thumbnail of brightness, from 0 to
    1, without what a change of the light explains; ``by`` "blocks" is that of the one of 5 x 5
    blocks that changed the most, so a small object counts as much as a large one. Below
    ``threshold`` a frame is dropped, but never one that comes more than ``most_age`` source frames
    after the last let through. At 0 nothing is dropped. ``zone`` is a polygon, of which the
    bounding box is looked at.
    """

    def __init__(
        self,
        *,
        threshold: Annotated[Share, Knob(0.0, 0.01, 0.02, 0.04, 0.08)] = 0.02,
        most_age: Frames = 30,
        by: Literal["zone", "blocks"] = "zone",
        zone: Polygon | None = None,
    ) -> None:
        self.threshold, self.most_age, self.by, self.zone = threshold, most_age, by, zone
        self.state = LastEvaluated()

    def __call__(self, frame: Frame) -> Frame | None:
        if self.threshold <= 0:
            return frame
        now = zone_thumbnail(frame, _region(self.zone, frame.size))
        last = self.state.within(frame.key, self.most_age)
        if last is not None and self._change(last.thumbnail, now) < self.threshold:
            return None
        self.state = self.state.after(frame.key, now)
        return frame

    def _change(self, before: Pixels, now: Pixels) -> float:
        change = residual(before, now)
        return float(overall(change) if self.by == "zone" else by_block(change, BLOCKS).max())


@operator
class Compare:
    """Does the last answer still hold? A cascade's first stage, with what it learned of its zone.

    ``method`` "last" and "blocks" hold the frame against the last one that was evaluated: "same"
    below ``threshold``. "background" holds it against the empty zone: "no" below. Otherwise, and
    more than ``most_age`` source frames after the last one evaluated, it is "unsure", which
    means that this frame is evaluated.
    """

    def __init__(
        self,
        *,
        threshold: Share,
        most_age: Frames,
        method: Literal["last", "background", "blocks"] = "last",
    ) -> None:
        self.threshold, self.most_age, self.method = threshold, most_age, method
        self.state = LastEvaluated()

    def __call__(self, frame: Frame, *, change: Model[Change]) -> Verdict:
        now = zone_thumbnail(frame, change.region)
        last = self.state.within(frame.key, self.most_age)
        score = 1.0
        if last is not None:
            score = change.of(self.method, now, last.thumbnail, enough=self.threshold)
        if last is None or score >= self.threshold:
            self.state = self.state.after(frame.key, now)
            return Verdict(frame.key, frame.time_s, frame.size, "unsure", score)
        decision: Literal["no", "same"] = "no" if self.method == "background" else "same"
        return Verdict(frame.key, frame.time_s, frame.size, decision, score)


def _region(zone: list[list[float]] | None, size: tuple[int, int]) -> Region:
    if zone is not None:
        in_zone(_NO_BOXES, zone, size)  # refuses a zone that leaves the picture
    return zone_box(zone, size)
