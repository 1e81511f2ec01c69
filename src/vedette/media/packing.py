"""Items as bytes and back: exact, but for the pictures of crops, which become JPEG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vedette.image import ArrayPicture
from vedette.media.jpeg import MAX_PIXELS, decode_jpeg, encode_jpeg
from vedette.media.message import Header, hostile, kind_of, seal, unseal
from vedette.types.cascade import Decision
from vedette.types.events import Event
from vedette.types.media import (
    Crop,
    Detections,
    Frame,
    Key,
    Match,
    Packet,
    Picture,
    Region,
    Verdict,
)

PICTURE_QUALITY = 90

Item = Frame | Detections | Crop | Match | Event | Verdict | Packet
Time = tuple[int, Annotated[int, Field(gt=0)]]
Side = Annotated[int, Field(gt=0, lt=1 << 16)]
Size = tuple[Side, Side]


@dataclass(frozen=True)
class FrameHead(Header):
    """A frame without its picture, whose (width, height) is ``shown``."""

    key: Key
    time: Time
    size: Size
    region: Region
    shown: Size


@dataclass(frozen=True)
class _DetectionsHead(Header):
    key: Key
    time: Time
    size: Size
    rows: Annotated[int, Field(ge=0, le=1 << 16)]
    labels: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class _VerdictHead(Header):
    key: Key
    time: Time
    size: Size
    decision: Decision
    score: float


@dataclass(frozen=True)
class _PacketHead(Header):
    key: Key
    time: Time
    kind: str


@dataclass(frozen=True)
class _CropHead(Header):
    frame: FrameHead
    box: Region
    label: str
    group: str
    confidence: float
    track: int


@dataclass(frozen=True)
class _MatchHead(Header):
    key: Key
    time: Time
    track: int
    label: str
    box: Region
    score: float
    is_match: bool
    crop: _CropHead
    colour: str = ""


@dataclass(frozen=True)
class _EventHead(Header):
    stream: str
    kind: str
    label: str
    start_frame: int
    end_frame: int
    start: Time
    end: Time
    frame: int
    time: Time
    box: Region
    confidence: float
    ordinal: int
    attributes: dict[str, str | float]


def pack(item: Item) -> bytes:
    """One item as a message that needs nothing else to be understood."""
    return _PACK[type(item)](item)


def unpack(message: bytes) -> Item:
    """The item again; raises MediaError for bytes that ``pack`` cannot have made."""
    kind = kind_of(message)
    if kind not in _UNPACK:
        raise hostile(f"the unknown kind {kind!r}")
    return _UNPACK[kind](message)


def pack_frame(frame: Frame, coded: bytes) -> bytes:
    """A frame whose picture the caller has encoded."""
    return seal(b"F", _frame_head(frame), blob=coded)


def unpack_frame(message: bytes, decode: Callable[[bytes, Size], Picture]) -> Frame:
    """A frame whose picture the caller decodes, given the bytes and the size it must have."""
    head, _, coded = unseal(message, FrameHead)
    return _frame(head, coded, decode)


def without_picture(event: Event) -> Event:
    return replace(event, picture=b"")


def _frame_head(frame: Frame) -> FrameHead:
    shown = (frame.picture.width, frame.picture.height)
    return FrameHead(frame.key, _ratio(frame.time_s), frame.size, _box(frame.region), shown)


def _frame(head: FrameHead, coded: bytes, decode: Callable[[bytes, Size], Picture]) -> Frame:
    if head.shown[0] * head.shown[1] > MAX_PIXELS:
        raise hostile(f"a picture of {head.shown[0]}x{head.shown[1]}")
    picture = decode(coded, head.shown)
    if (picture.width, picture.height) != head.shown:
        raise hostile(f"a picture that is not {head.shown[0]}x{head.shown[1]}")
    return Frame(head.key, Fraction(*head.time), picture, head.size, head.region)


def _jpeg(coded: bytes, _: Size) -> ArrayPicture:
    return decode_jpeg(coded)


def _pack_detections(item: Detections) -> bytes:
    head = _DetectionsHead(
        item.key, _ratio(item.time_s), item.size, len(item), item.labels, item.groups
    )
    columns = (item.label, item.group, item.track)
    floats = (item.boxes, item.confidence)
    return seal(
        b"D",
        head,
        b"".join(np.asarray(each, "<f4").tobytes() for each in floats)
        + b"".join(np.asarray(each, "<i4").tobytes() for each in columns),
    )


def _unpack_detections(message: bytes) -> Detections:
    head, arrays, _ = unseal(message, _DetectionsHead)
    n = head.rows
    if len(arrays) != 32 * n:
        raise hostile(f"{len(arrays)} bytes of arrays for {n} objects")
    floats = np.frombuffer(arrays, "<f4", 5 * n).astype(np.float32)
    label, group, track = np.frombuffer(arrays, "<i4", 3 * n, 20 * n).astype(np.int32).reshape(3, n)
    _hold_within(label, len(head.labels))
    _hold_within(group, len(head.groups))
    return Detections(
        key=head.key,
        time_s=Fraction(*head.time),
        size=head.size,
        boxes=floats[: 4 * n].reshape(n, 4),
        confidence=floats[4 * n :],
        label=label,
        group=group,
        track=track,
        labels=head.labels,
        groups=head.groups,
    )


def _hold_within(column: NDArray[np.int32], count: int) -> None:
    if len(column) and not 0 <= column.min() <= column.max() < count:
        raise hostile("a class that it does not name")


def _pack_verdict(item: Verdict) -> bytes:
    score = float(item.score)
    return seal(b"V", _VerdictHead(item.key, _ratio(item.time_s), item.size, item.decision, score))


def _unpack_verdict(message: bytes) -> Verdict:
    head, _, _ = unseal(message, _VerdictHead)
    return Verdict(head.key, Fraction(*head.time), head.size, head.decision, head.score)


def _pack_packet(item: Packet) -> bytes:
    return seal(b"P", _PacketHead(item.key, _ratio(item.time_s), item.kind), blob=item.payload)


def _unpack_packet(message: bytes) -> Packet:
    head, _, payload = unseal(message, _PacketHead)
    return Packet(head.key, Fraction(*head.time), head.kind, payload)


def _crop_head(item: Crop) -> _CropHead:
    return _CropHead(
        _frame_head(item.frame),
        _box(item.box),
        item.label,
        item.group,
        float(item.confidence),
        int(item.track),
    )


def _crop(head: _CropHead, coded: bytes) -> Crop:
    frame = _frame(head.frame, coded, _jpeg)
    return Crop(frame, head.box, head.label, head.group, head.confidence, head.track)


def _coded(crop: Crop) -> bytes:
    return encode_jpeg(crop.frame.picture, PICTURE_QUALITY)


def _pack_crop(item: Crop) -> bytes:
    return seal(b"C", _crop_head(item), blob=_coded(item))


def _unpack_crop(message: bytes) -> Crop:
    head, _, coded = unseal(message, _CropHead)
    return _crop(head, coded)


def _pack_match(item: Match) -> bytes:
    head = _MatchHead(
        item.key,
        _ratio(item.time_s),
        int(item.track),
        item.label,
        _box(item.box),
        float(item.score),
        bool(item.is_match),
        _crop_head(item.crop),
        item.colour,
    )
    return seal(b"M", head, blob=_coded(item.crop))


def _unpack_match(message: bytes) -> Match:
    head, _, coded = unseal(message, _MatchHead)
    crop = _crop(head.crop, coded)
    time_s = Fraction(*head.time)
    return Match(
        head.key,
        time_s,
        head.track,
        head.label,
        head.box,
        head.score,
        head.is_match,
        crop,
        head.colour,
    )


def _pack_event(item: Event) -> bytes:
    head = _EventHead(
        item.stream,
        item.kind,
        item.label,
        item.start_frame,
        item.end_frame,
        _ratio(item.start_s),
        _ratio(item.end_s),
        item.frame,
        _ratio(item.time_s),
        _box(item.box),
        float(item.confidence),
        int(item.ordinal),
        dict(item.attributes),
    )
    return seal(b"E", head, blob=item.picture)


def _unpack_event(message: bytes) -> Event:
    head, _, picture = unseal(message, _EventHead)
    return Event(
        stream=head.stream,
        kind=head.kind,
        label=head.label,
        start_frame=head.start_frame,
        end_frame=head.end_frame,
        start_s=Fraction(*head.start),
        end_s=Fraction(*head.end),
        frame=head.frame,
        time_s=Fraction(*head.time),
        box=head.box,
        confidence=head.confidence,
        ordinal=head.ordinal,
        attributes=head.attributes,
        picture=picture,
    )


def _pack_whole_frame(item: Frame) -> bytes:
    return pack_frame(item, encode_jpeg(item.picture, PICTURE_QUALITY))


def _unpack_whole_frame(message: bytes) -> Frame:
    return unpack_frame(message, _jpeg)


def _box(region: Region) -> Region:
    """Plain numbers: boxes often come out of arrays."""
    x0, y0, x1, y1 = map(float, region)
    return x0, y0, x1, y1


def _ratio(time_s: Fraction) -> tuple[int, int]:
    return time_s.numerator, time_s.denominator


_PACK: Mapping[type, Callable[[Any], bytes]] = {
    Frame: _pack_whole_frame,
    Detections: _pack_detections,
    Crop: _pack_crop,
    Match: _pack_match,
    Event: _pack_event,
    Verdict: _pack_verdict,
    Packet: _pack_packet,
}
_UNPACK: Mapping[bytes, Callable[[bytes], Item]] = {
    b"F": _unpack_whole_frame,
    b"D": _unpack_detections,
    b"C": _unpack_crop,
    b"M": _unpack_match,
    b"E": _unpack_event,
    b"V": _unpack_verdict,
    b"P": _unpack_packet,
}
