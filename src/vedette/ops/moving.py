"""What moves: an object that has left where it was first seen, by its own size."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import hypot, sqrt

from vedette.declaring.operator import operator
from vedette.ops.votes import FORGET_S
from vedette.types.media import Crop, Match


@dataclass(frozen=True, slots=True)
class Path:
    """A track so far: where its centre was first, how far from there it got, and its size.

    ``side`` is the sum of the square roots of its ``boxes`` boxes' areas. All in pixels.
    """

    x: float
    y: float
    farthest: float
    side: float
    boxes: int
    last_s: Fraction


@dataclass(frozen=True, slots=True)
class Paths:
    """Each track that was seen within the last minute, by its stream and number."""

    tracks: Mapping[tuple[str, int], Path] = field(default_factory=dict)


@operator
class MatchMoving:
    """A match is an object that moved: parked cars and posts are none.

    It moved when its centre was ``displacement`` of its own size away from where it was first seen;
    its size is the mean square root of its boxes' areas. ``score`` is how many sizes it went.
    """

    def __init__(self, *, displacement: float = 1.0) -> None:
        self.displacement = displacement
        self.state = Paths()

    def __call__(self, crop: Crop) -> Match:
        key, time_s = crop.frame.key, crop.frame.time_s
        x0, y0, x1, y1 = crop.box
        x, y, side = (x0 + x1) / 2, (y0 + y1) / 2, sqrt((x1 - x0) * (y1 - y0))
        own, tracks = (key.stream, crop.track), self.state.tracks
        path = tracks.get(own)
        if path is None or time_s - path.last_s > FORGET_S:
            path = Path(x, y, 0.0, 0.0, 0, time_s)
            tracks = {  # forgotten is when another begins
                each: known for each, known in tracks.items() if time_s - known.last_s <= FORGET_S
            }
        farthest = max(path.farthest, hypot(x - path.x, y - path.y))
        path = Path(path.x, path.y, farthest, path.side + side, path.boxes + 1, time_s)
        self.state = Paths({**tracks, own: path})
        score = farthest * path.boxes / max(path.side, 1e-9)
        return Match(
            key=key,
            time_s=time_s,
            track=crop.track,
            label=crop.label,
            box=crop.box,
            score=score,
            is_match=score >= self.displacement,
            crop=crop,
        )
