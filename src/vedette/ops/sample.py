"""Fewer frames and smaller pictures: the knobs that save most of the work of a camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor
from typing import Annotated

from annotated_types import Ge, Gt, Le

from vedette import image
from vedette.declaring.operator import operator
from vedette.errors import DeclarationError, Problem
from vedette.media.picture import shrunk
from vedette.ops.bounds import Share
from vedette.types.graph import SOURCE, Knob
from vedette.types.media import Columns, Frame, Pixels

Rate = Annotated[float, Gt(0), Le(1000)]
Width = Annotated[int, Ge(2), Le(1 << 16)]

_EARLY = Fraction(1, 32)  # of an interval: containers round times, some to milliseconds


@dataclass(frozen=True, slots=True)
class Sampled:
    """Which interval each stream's last frame let through belongs to."""

    ticks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Thumbnail(Columns):
    """What a frame looks like."""

    pixels: Pixels


@dataclass(frozen=True, slots=True)
class LastThumbnails:
    """What each stream's last frame let through looked like."""

    streams: Mapping[str, Thumbnail] = field(default_factory=dict)


@operator
class Sample:
    """The first frame of each interval of 1 / ``rate_fps`` seconds; "source" keeps all frames.

    It goes by time, so a rate that varies or a frame that was lost does not change the rate of
    what comes out.
    """

    def __init__(
        self, *, rate_fps: Annotated[Rate | str, Knob(SOURCE, 15, 12, 10, 8, 5, 2)] = SOURCE
    ) -> None:
        self.rate_fps = rate_fps
        self._rate = None if rate_fps == SOURCE else Fraction(_positive("rate_fps", rate_fps))
        self.state = Sampled()

    def __call__(self, frame: Frame) -> Frame | None:
        if self._rate is None:
            return frame
        tick = floor(frame.time_s * self._rate + _EARLY)
        stream = frame.key.stream
        if tick <= self.state.ticks.get(stream, -1):
            return None
        self.state = Sampled({**self.state.ticks, stream: tick})
        return frame


@operator
class SkipStill:
    """Drop a frame that looks like the last frame let through.

    ``threshold`` is the root mean square of the change of brightness over a thumbnail of the
    picture, from 0 to 1; at 0 nothing is dropped.
    """

    def __init__(self, *, threshold: Annotated[Share, Knob(0.0, 0.01, 0.03, 0.1)] = 0.01) -> None:
        self.threshold = threshold
        self.state = LastThumbnails()

    def __call__(self, frame: Frame) -> Frame | None:
        if self.threshold <= 0:
            return frame
        thumbnail, last = image.thumbnail(frame), self.state.streams.get(frame.key.stream)
        if last is not None and image.difference(thumbnail, last.pixels) < self.threshold:
            return None
        self.state = LastThumbnails({**self.state.streams, frame.key.stream: Thumbnail(thumbnail)})
        return frame


@operator
def resize(
    frame: Frame, *, width: Annotated[Width | str, Knob(SOURCE, 960, 640, 480, 320)] = SOURCE
) -> Frame:
    """A picture of that width, never a larger one; "source" leaves it as it is.

    The height keeps the shape but for rounding to even, which encoders want. It is scaled here
    and now, so that what it costs is this step's: an encoder after it may be free, scaling is not.
    """
    if width == SOURCE:
        return frame
    picture, wide = frame.picture, int(_positive("width", width))
    if wide >= picture.width:
        return frame
    high = max(2, 2 * round(Fraction(picture.height * wide, 2 * picture.width)))
    return replace(frame, picture=shrunk(picture, wide, high))


def _positive(setting: str, value: float | str) -> Fraction:
    """The decimal number that was written, exactly."""
    try:
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if number <= 0:
        raise DeclarationError(
            Problem(f"{setting}: {value}", f'a number above 0, or "{SOURCE}"', SOURCE)
        )
    return number
