"""H.264 for frames that travel: a packet out for every frame in, and a fresh start on demand.

libx264 with its defaults holds 41 frames back; ``zerolatency`` on one thread holds none. What is
coded after a restart depends on nothing before it, so a resumed run repeats the same bytes.
"""

import re
from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from vedette.errors import MediaError, Problem
from vedette.image import ArrayPicture
from vedette.media.jpeg import MAX_PIXELS
from vedette.media.picture import DecodedPicture, copied, planes_of, planes_of_bgr
from vedette.media.problems import reason
from vedette.types.media import Picture

LOSSLESS_QP = 0
_ENDLESS = 1 << 20  # frames in a group that only ``key`` begins
_START = re.compile(rb"\x00?\x00\x00\x01")
_SEI = 6


class H264Encoder:
    """Constant quantiser, ``veryfast``, one thread; a keyframe every ``gop_s`` at ``rate``.

    With ``gop_s`` None there are keyframes only where ``key`` asks for one. A picture with an odd
    side is coded with that side's last line repeated; ``H264Decoder`` takes it off again.
    """

    def __init__(self, qp: int, rate: Fraction = Fraction(25), gop_s: float | None = 2.0) -> None:
        if not 0 <= qp <= 51:
            raise MediaError(
                Problem(f"qp {qp}", "a quantiser from 0 (lossless) to 51", "18, as good as new")
            )
        self.qp, self.rate, self.gop_s = qp, rate, gop_s
        self.gop_frames = _ENDLESS if gop_s is None else max(1, round(gop_s * rate))
        self._context: VideoCodecContext | None = None
        self._own: av.VideoFrame | None = None  # x264 copies it at once: one will do
        self._count = 0

    def restart(self) -> None:
        """Begin anew: the next frame is a keyframe, and nothing before it matters."""
        self._context, self._count = None, 0

    def __reduce__(self) -> tuple[type["H264Encoder"], tuple[int, Fraction, float | None]]:
        return H264Encoder, (self.qp, self.rate, self.gop_s)  # a copy begins anew

    def encode(self, picture: Picture, *, key: bool = False) -> bytes:
        """One picture as one access unit in Annex B form; another size restarts."""
        self._own = frame = copied(_even(picture), self._own)
        context = self._context
        if context is None or (context.width, context.height) != (frame.width, frame.height):
            self.restart()
            self._context = context = self._opened(frame)
        frame.pts, frame.time_base = self._count, 1 / self.rate
        frame.pict_type = PictureType.I if key else PictureType.NONE
        packets = context.encode(frame)
        self._count += 1
        coded = b"".join(bytes(packet) for packet in packets)
        return coded if self._count > 1 else _without_banner(coded)

    def _opened(self, frame: av.VideoFrame) -> VideoCodecContext:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = frame.width, frame.height
        context.pix_fmt = "yuv420p"
        context.time_base, context.framerate = 1 / self.rate, self.rate
        context.gop_size = self.gop_frames
        context.thread_count = 1
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        context.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "qp": str(self.qp),
            "forced-idr": "1",
        }
        return context


class H264Decoder:
    """One access unit in, one picture out, on the caller's thread; none of more pixels."""

    def __init__(self, most_pixels: int = MAX_PIXELS) -> None:
        self._most_pixels = most_pixels
        self._context = _decoder(most_pixels)

    def restart(self) -> None:
        """Forget what was decoded: the next access unit must be a keyframe."""
        self._context = _decoder(self._most_pixels)

    def __reduce__(self) -> tuple[type["H264Decoder"], tuple[int]]:
        return H264Decoder, (self._most_pixels,)

    def decode(self, coded: bytes, size: tuple[int, int] | None = None) -> Picture:
        """``size`` is what was encoded, where a side was odd. Raises MediaError."""
        try:
            frames = self._context.decode(av.Packet(coded)) if coded else []
        except (av.FFmpegError, MemoryError) as error:
            raise _undecodable(reason(error)) from None
        if len(frames) != 1:
            raise _undecodable(f"{len(frames)} pictures come out")
        return _cropped(frames[0], size or (frames[0].width, frames[0].height))


def _decoder(most_pixels: int) -> VideoCodecContext:
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    context.flags |= Flags.low_delay
    context.options = {"max_pixels": str(most_pixels)}
    return context


def _even(picture: Picture) -> av.VideoFrame:
    right, below = picture.width % 2, picture.height % 2
    if not right and not below:
        return planes_of(picture, picture.width, picture.height)
    return planes_of_bgr(np.pad(picture.bgr(), ((0, below), (0, right), (0, 0)), mode="edge"))


def _cropped(frame: av.VideoFrame, size: tuple[int, int]) -> Picture:
    if size == (frame.width, frame.height):
        return DecodedPicture(frame)
    if not (0 <= frame.width - size[0] <= 1 and 0 <= frame.height - size[1] <= 1):
        raise _undecodable(f"{frame.width}x{frame.height} comes out, not {size[0]}x{size[1]}")
    return ArrayPicture(DecodedPicture(frame).bgr()[: size[1], : size[0]])


def _without_banner(coded: bytes) -> bytes:
    r"""Without the supplemental unit in which x264 lists its settings at every start, 600 bytes.

    >>> _without_banner(b"\0\0\0\1\x67sps\0\0\1\x06x264\0\0\1\x65slice")
    b'\x00\x00\x00\x01gsps\x00\x00\x01eslice'
    """
    starts = [(found.start(), found.end()) for found in _START.finditer(coded)]
    ends = [start for start, _ in starts[1:]] + [len(coded)]
    return b"".join(
        coded[start:end]
        for (start, unit), end in zip(starts, ends, strict=True)
        if coded[unit] & 31 != _SEI
    )


def _undecodable(found: str) -> MediaError:
    return MediaError(
        Problem(
            f"H.264 bytes that cannot be decoded: {found}",
            "one access unit, after the keyframe that it refers to",
            "starting at a keyframe",
        )
    )
