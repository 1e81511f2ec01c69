"""Items become bytes where they leave a machine, and items again where they arrive.

Both are steps like any other, so what they cost is measured, planned and charged. The planner
puts them where an edge of the workflow crosses between machines; nobody declares them.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Literal

from vedette.declaring.operator import operator
from vedette.errors import MediaError, Problem
from vedette.image import ArrayPicture
from vedette.media.codecs import CODECS
from vedette.media.encode import H264Decoder, H264Encoder
from vedette.media.jpeg import JPEG_START, WEBP_START, encode_jpeg, encode_webp
from vedette.media.packing import pack, pack_frame, unpack, unpack_frame, without_picture
from vedette.types.coding import coding_of
from vedette.types.events import Event
from vedette.types.media import Crop, Frame, Key, Packet, Picture

Kind = Literal["frame", "item", "event"]
STILLS = {JPEG_START: CODECS["jpeg"], WEBP_START: CODECS["webp"]}
"""What decodes pictures that are coded by themselves, by how they begin."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A codec's memory cannot be saved; at a checkpoint there is none."""


@operator
class Encode:
    """An item as a packet that holds all that its decoder needs, metadata included.

    Frames become H.264 access units of constant quantiser ``qp`` ("source": lossless), with a
    keyframe every ``gop_s`` seconds of the stream, or JPEG or WebP ("jpeg 90"). ``picture`` False
    leaves an event's picture behind. The executor calls ``checkpoint`` when a checkpoint passes
    (any stateful operator may have that method): the next frame is then a keyframe from a fresh
    encoder, so what follows is the same bytes whether or not anything came before.
    """

    def __init__(
        self,
        *,
        kind: Kind,
        qp: int | str = 18,
        gop_s: float = 2.0,
        picture: bool = True,
    ) -> None:
        self.kind, self.qp, self.gop_s, self.picture = kind, qp, gop_s, picture
        self._coding = coding_of(qp)
        self._group_s = Fraction(str(gop_s))
        self._encoders: dict[str, H264Encoder] = {}
        self._key_due_s: dict[str, Fraction] = {}
        self.state = Nothing()

    def __call__(self, item: Any) -> Packet:
        key, time_s = _place(item)
        return Packet(key, time_s, self.kind, self._payload(item))

    def checkpoint(self) -> None:
        """Forget what was encoded."""
        self._encoders.clear()
        self._key_due_s.clear()

    def _payload(self, item: Any) -> bytes:
        if self.kind == "frame":
            return pack_frame(item, self._coded(item))
        if self.kind == "event" and not self.picture:
            return pack(without_picture(item))
        return pack(item)

    def _coded(self, frame: Frame) -> bytes:
        coding = self._coding
        if coding.is_still:
            write = encode_jpeg if coding.codec == "jpeg" else encode_webp
            return write(frame.picture, coding.quality)
        stream = frame.key.stream
        if stream not in self._encoders:
            self._encoders[stream] = H264Encoder(coding.quality, gop_s=None)
        is_due = frame.time_s >= self._key_due_s.get(stream, frame.time_s)
        if is_due:
            self._key_due_s[stream] = frame.time_s + self._group_s
        return self._encoders[stream].encode(frame.picture, key=is_due)


@operator
class Decode:
    """The item of a packet, equal to what was encoded but for the loss in its picture."""

    def __init__(self, *, kind: Kind) -> None:
        self.kind = kind
        self._decoders: dict[str, H264Decoder] = {}
        self.state = Nothing()

    def __call__(self, packet: Packet) -> Any:
        if packet.kind != self.kind:
            raise MediaError(
                Problem(
                    f"a packet of kind {packet.kind}",
                    f"one of kind {self.kind}",
                    "the same plan on both machines",
                )
            )
        if self.kind == "frame":
            return unpack_frame(packet.payload, partial(self._picture, packet.key.stream))
        return unpack(packet.payload)

    def checkpoint(self) -> None:
        """Forget what was decoded: a keyframe comes next."""
        self._decoders.clear()

    def _picture(self, stream: str, coded: bytes, size: tuple[int, int]) -> Picture:
        still = next((each for start, each in STILLS.items() if coded.startswith(start)), None)
        if still is not None:  # no H.264 access unit begins so
            return ArrayPicture(still.decode([coded], size)[0])
        if stream not in self._decoders:
            self._decoders[stream] = H264Decoder()
        return self._decoders[stream].decode(coded, size)


def _place(item: Any) -> tuple[Key, Fraction]:
    """The key and time of whatever can be packed."""
    if isinstance(item, Event):
        return Key(item.stream, item.frame, item.ordinal), item.time_s
    whole = item.frame if isinstance(item, Crop) else item
    return whole.key, whole.time_s
