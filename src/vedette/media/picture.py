"""Pictures that stay as the decoder left them until somebody asks for pixels.

A conversion inside swscale goes straight from the planes to the size and layout that are wanted:
one pass, no picture at full size in between. Encoders ask for the planes themselves.
"""

import threading
from typing import Protocol, runtime_checkable

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from vedette.image import ArrayPicture, Box, resized
from vedette.media.upright import UPRIGHT, Turn, plane_view, written
from vedette.types.media import Picture, Pixels

PLANAR_8_BIT = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"}
)
"""Formats whose first plane is luma, one byte a pixel."""

_HALVED = frozenset({"yuv420p", "yuvj420p"})
"""Formats of three planes, of which the colour planes have half the width and half the height."""

_THREAD = threading.local()  # swscale contexts are neither free to make nor safe to share
_CONTEXTS_A_THREAD = 16


@runtime_checkable
class HasPlanes(Protocol):
    """A picture that an encoder can take without a way through BGR."""

    def planes(self, width: int, height: int) -> av.VideoFrame:
        """As yuv420p of that size, shared: not to be written to."""
        ...


class DecodedPicture:
    """One frame of a decoder. Safe to share among threads: each size is converted once.

    ``size`` is what it passes for, where that is not the decoder's size (a stream that changes
    its resolution midway); ``turn`` puts it upright.
    """

    __slots__ = ("_cache", "_frame", "_lock", "_turn", "height", "width")

    def __init__(
        self, frame: av.VideoFrame, size: tuple[int, int] | None = None, turn: Turn = UPRIGHT
    ) -> None:
        self.width, self.height = size or turn.size(frame.width, frame.height)
        self._frame = frame
        self._turn = turn
        self._lock = threading.Lock()  # conversion also touches the colour tags of its source
        self._cache: dict[tuple[str, int, int], av.VideoFrame] = {}

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        frame = self._converted("bgr24", width or self.width, height or self.height)
        return _read_only(plane_view(frame.planes[0], 3))

    def luma(self) -> Pixels:
        size = (self._frame.width, self._frame.height)
        is_there = size == (self.width, self.height) and self._turn == UPRIGHT
        if is_there and self._frame.format.name in PLANAR_8_BIT:
            frame = self._frame
        else:  # not as "gray", which swscale stretches to full range
            frame = self._converted("yuv420p", self.width, self.height)
        return _read_only(plane_view(frame.planes[0]))

    def planes(self, width: int, height: int) -> av.VideoFrame:
        return self._converted("yuv420p", width, height)

    def patch(self, box: Box, side: int) -> Pixels:
        """Read-only (side, side, 3): a box of the picture, scaled on its way out of the planes."""
        whole = (0, 0, self.width, self.height)
        is_plain = (self._frame.width, self._frame.height) == whole[2:] and self._turn == UPRIGHT
        if box == whole:
            return self.bgr(side, side)
        if not is_plain or self._frame.format.name not in _HALVED:
            return _read_only(resized(self.bgr()[box[1] : box[3], box[0] : box[2]], side, side))
        part = _part(self._frame, box)
        found = _converter("bgr24", side, side).reformat(
            part, side, side, "bgr24", interpolation=Interpolation.AREA, threads=1
        )
        return _read_only(plane_view(found.planes[0], 3))

    def _converted(self, layout: str, width: int, height: int) -> av.VideoFrame:
        """Upright, in that layout and of that size."""
        with self._lock:
            found = self._cache.get((layout, width, height))
            if found is None:
                lying = self._turn.size(width, height)
                found = _converter(layout, *lying).reformat(
                    self._frame, *lying, layout, interpolation=Interpolation.AREA, threads=1
                )
                found = found if self._turn == UPRIGHT else written(found, self._turn)
                self._cache[layout, width, height] = found
            return found

    def __reduce__(self) -> tuple[type[ArrayPicture], tuple[Pixels]]:
        return ArrayPicture, (np.ascontiguousarray(self.bgr()),)


def _part(frame: av.VideoFrame, box: Box) -> av.VideoFrame:
    """A copy of a box of a yuv420p frame, its edges moved to even pixels inside the frame."""
    x0, y0 = min(box[0], frame.width - 2) // 2 * 2, min(box[1], frame.height - 2) // 2 * 2
    width, height = max(2, (box[2] - x0) // 2 * 2), max(2, (box[3] - y0) // 2 * 2)
    part = av.VideoFrame(width, height, frame.format.name)
    part.colorspace, part.color_range = frame.colorspace, frame.color_range
    for target, source, by in zip(part.planes, frame.planes, (1, 2, 2), strict=True):
        rows, columns = slice(y0 // by, (y0 + height) // by), slice(x0 // by, (x0 + width) // by)
        np.copyto(plane_view(target), plane_view(source)[rows, columns])
    return part


def shrunk(picture: Picture, width: int, height: int) -> Picture:
    """The picture scaled now, from where it has its planes, to what is then its own size.

    What was given up does not come back when a model wants a larger input.
    """
    if isinstance(picture, HasPlanes):
        return DecodedPicture(picture.planes(width, height))
    return ArrayPicture(picture.bgr(width, height))


def planes_of(picture: Picture, width: int, height: int) -> av.VideoFrame:
    """Any picture as yuv420p of that size, by the shortest way it offers."""
    if isinstance(picture, HasPlanes):
        return picture.planes(width, height)
    return planes_of_bgr(picture.bgr(width, height))


def copied(shared: av.VideoFrame, into: av.VideoFrame | None) -> av.VideoFrame:
    """An encoder's own copy, to write time and type on; ``into`` is used again where it fits."""
    fits = into is not None and (into.width, into.height) == (shared.width, shared.height)
    own = into if into is not None and fits else av.VideoFrame(shared.width, shared.height)
    own.colorspace, own.color_range = shared.colorspace, shared.color_range
    for target, source in zip(own.planes, shared.planes, strict=True):
        plane_view(target)[:] = plane_view(source)
    return own


def planes_of_bgr(pixels: Pixels) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgr24")
    converter = _converter("yuv420p", frame.width, frame.height)
    return converter.reformat(frame, format="yuv420p", interpolation=Interpolation.AREA, threads=1)


def _converter(layout: str, width: int, height: int) -> VideoReformatter:
    """This thread's converter to that layout and size; the oldest gives way."""
    known: dict[tuple[str, int, int], VideoReformatter] = _THREAD.__dict__.setdefault("known", {})
    key = (layout, width, height)
    if key not in known:
        if len(known) >= _CONTEXTS_A_THREAD:
            del known[next(iter(known))]
        known[key] = VideoReformatter()
    return known[key]


def _read_only(pixels: Pixels) -> Pixels:
    pixels.flags.writeable = False
    return pixels
