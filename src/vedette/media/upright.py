"""How a picture has to be turned and mirrored to be upright: one of eight ways."""

import struct
from typing import NamedTuple, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.plane import VideoPlane

from vedette.types.media import Pixels

_MATRIX = struct.Struct(
    "=9i"
)  # FFmpeg's AV_FRAME_DATA_DISPLAYMATRIX, in 16.16 and 2.30 fixed point


class Turn(NamedTuple):
    """Where a pixel goes: right by ``a * x + c * y``, down by ``b * x + d * y``; each -1, 0, 1."""

    a: int
    b: int
    c: int
    d: int

    @property
    def is_sideways(self) -> bool:
        """Width becomes height."""
        return self.a == 0

    def then(self, other: "Turn") -> "Turn":
        """Both in one.

        >>> clockwise(90).then(clockwise(270)) == UPRIGHT
        True
        """
        return Turn(
            other.a * self.a + other.c * self.b,
            other.b * self.a + other.d * self.b,
            other.a * self.c + other.c * self.d,
            other.b * self.c + other.d * self.d,
        )

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of what comes out of one of that size; the way back is the same."""
        return (height, width) if self.is_sideways else (width, height)

    def applied(self, pixels: Pixels) -> Pixels:
        """A view of (height, width, ...) pixels, turned."""
        if self.is_sideways:
            pixels = pixels.swapaxes(0, 1)
        right, down = self.a + self.c, self.b + self.d
        return pixels[::down, ::right]


UPRIGHT = Turn(1, 0, 0, 1)
_QUARTER = Turn(0, 1, -1, 0)


def clockwise(degrees: int) -> Turn:
    """A turn by 0, 90, 180 or 270 degrees.

    >>> clockwise(90).applied(np.array([[1, 2], [3, 4]], np.uint8)).tolist()
    [[3, 1], [4, 2]]
    """
    turn = UPRIGHT
    for _ in range(degrees // 90 % 4):
        turn = turn.then(_QUARTER)
    return turn


def shown_turn(frame: av.VideoFrame) -> Turn:
    """What a frame's display matrix asks for: to the nearest quarter, mirrored or not."""
    found = frame.side_data.get(Type.DISPLAYMATRIX.name)
    if found is None:
        return UPRIGHT
    a, b, _, c, d, *_ = _MATRIX.unpack(bytes(cast("memoryview", found))[: _MATRIX.size])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(_sign(a), 0, 0, _sign(d))
    return Turn(0, _sign(b), _sign(c), 0)


def _sign(value: int) -> int:
    return -1 if value < 0 else 1


def written(frame: av.VideoFrame, turn: Turn) -> av.VideoFrame:
    """A frame of bgr24 or yuv420p, turned plane by plane, with the same colours."""
    width, height = turn.size(frame.width, frame.height)
    made = av.VideoFrame(width, height, frame.format.name)
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    for target, source in zip(made.planes, frame.planes, strict=True):
        depth = 3 if frame.format.name == "bgr24" else 1
        np.copyto(plane_view(target, depth), turn.applied(plane_view(source, depth)))
    return made


def plane_view(plane: VideoPlane, depth: int = 1) -> Pixels:
    """A plane without its padding, as (height, width, depth) or (height, width)."""
    rest = (depth,) if depth > 1 else ()
    strides = (plane.line_size, *rest, 1)
    shape = (plane.height, plane.width, *rest)
    return np.ndarray(shape, np.uint8, cast("memoryview", plane), strides=strides)
