"""What is encoded on one machine is the same item on the other."""

import copy
import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from vedette.errors import InputError, MediaError
from vedette.image import ArrayPicture
from vedette.media.message import seal, unseal
from vedette.media.packing import FrameHead
from vedette.media.picture import planes_of
from vedette.ops.transport import Decode, Encode
from vedette.types.events import Event
from vedette.types.media import Crop, Detections, Frame, Key, Match, Packet, Verdict


def frame(number: int, size: tuple[int, int] = (96, 64)) -> Frame:
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:] = np.linspace(30, 200, width, dtype=np.uint8)[None, :, None]
    pixels[8:24, 2 * number : 2 * number + 16] = (40, 90, 240)
    region = (10.0, 20.5, 106.0, 84.5)
    picture = ArrayPicture(pixels)
    return Frame(Key("camera", number), Fraction(number, 25), picture, (640, 360), region)


def detections() -> Detections:
    return Detections(
        key=Key("camera", 3),
        time_s=Fraction(3, 25),
        size=(640, 360),
        boxes=np.array([[1, 2, 3, 4]], np.float32),
        confidence=np.array([0.7], np.float32),
        label=np.array([1], np.int32),
        group=np.array([0], np.int32),
        track=np.array([5], np.int32),
        labels=("person", "car"),
        groups=("vehicle",),
    )


def event() -> Event:
    end = Fraction(9, 25)
    box = (1.0, 2.0, 3.0, 4.0)
    return Event(
        "camera", "alert", "car", 1, 9, Fraction(1, 25), end, 9, end, box, 0.8, 5,
        {"colour": "white"}, b"picture",
    )  # fmt: skip


def close(one: Frame, other: Frame, *, within: float) -> bool:
    return (one.key, one.time_s, one.size, one.region) == (
        other.key,
        other.time_s,
        other.size,
        other.region,
    ) and bool(np.abs(one.picture.bgr().astype(int) - other.picture.bgr()).mean() < within)


@pytest.mark.parametrize("qp", [18, "jpeg 95", "webp 90"])
@pytest.mark.parametrize("size", [(96, 64), (97, 65)])
def test_frames_arrive_with_their_metadata(qp: int | str, size: tuple[int, int]) -> None:
    encode, decode = Encode(kind="frame", qp=qp), Decode(kind="frame")
    for number in range(10):
        sent = frame(number, size)
        packet = encode(sent)
        assert (packet.key, packet.time_s, packet.kind) == (sent.key, sent.time_s, "frame")
        assert close(decode(packet), sent, within=6)


@pytest.mark.parametrize("qp", ["jpeg 0", "jpeg 101", "webp", "png 9", "jpeg 90 ", 52, -1, 2.5])
def test_a_coding_that_is_none_is_refused(qp: Any) -> None:
    with pytest.raises(InputError, match="found the coding"):
        Encode(kind="frame", qp=qp)


@pytest.mark.parametrize("qp", ["jpeg 90", "webp 80"])
def test_a_picture_coded_by_itself_has_to_be_of_the_size_that_is_announced(qp: str) -> None:
    small = Encode(kind="frame", qp=qp)(frame(1, (64, 48)))
    large = Encode(kind="frame", qp=qp)(frame(1, (96, 64)))
    head, coded = head_of(small), unseal(large.payload, FrameHead)[2]
    forged = replace(small, payload=seal(b"F", head, blob=coded))
    with pytest.raises(MediaError, match="96x64"):
        Decode(kind="frame")(forged)


def head_of(packet: Packet) -> FrameHead:
    return unseal(packet.payload, FrameHead)[0]


def test_source_quality_loses_nothing() -> None:
    back = Decode(kind="frame")(Encode(kind="frame", qp="source")(frame(4)))
    one, other = (planes_of(each.picture, 96, 64).to_ndarray() for each in (back, frame(4)))
    assert np.array_equal(one, other)


def payloads(encode: Encode, numbers: range) -> list[bytes]:
    return [encode(frame(number)).payload for number in numbers]


def has_keyframe(payload: bytes) -> bool:
    return b"\0\0\1\x65" in payload


def test_keyframes_come_by_time() -> None:
    encode = Encode(kind="frame", gop_s=0.2)
    coded = [encode(frame(n)).payload for n in (0, 2, 4, 6, 9, 10, 11, 30, 31)]
    assert [has_keyframe(each) for each in coded] == [
        True, False, False, True, False, False, True, True, False,
    ]  # fmt: skip


def test_after_a_checkpoint_nothing_before_it_matters() -> None:
    used = Encode(kind="frame")
    payloads(used, range(7))
    used.checkpoint()
    assert payloads(used, range(7, 20)) == payloads(Encode(kind="frame"), range(7, 20))


def test_a_decoder_resumes_at_a_checkpoint() -> None:
    encode = Encode(kind="frame")
    payloads(encode, range(5))
    encode.checkpoint()
    resumed = Decode(kind="frame")
    assert all(close(resumed(encode(frame(n))), frame(n), within=6) for n in range(5, 12))


def test_an_encoder_in_use_can_be_copied_and_begins_anew() -> None:
    used = Encode(kind="frame")
    payloads(used, range(7))
    one, other = copy.deepcopy(used), pickle.loads(pickle.dumps(used))
    expected = payloads(Encode(kind="frame"), range(7, 10))
    assert payloads(one, range(7, 10)) == payloads(other, range(7, 10)) == expected


def test_a_decoder_in_use_can_be_copied_and_begins_anew() -> None:
    used, packet = Decode(kind="frame"), Encode(kind="frame")(frame(0))
    used(packet)
    assert close(copy.deepcopy(used)(packet), frame(0), within=6)
    assert close(pickle.loads(pickle.dumps(used))(packet), frame(0), within=6)


def test_detections_arrive_exactly() -> None:
    packet = Encode(kind="item")(detections())
    back = Decode(kind="item")(packet)
    assert packet.key == back.key == Key("camera", 3)
    assert np.array_equal(back.boxes, detections().boxes)
    assert np.array_equal(back.track, detections().track)


def test_a_match_arrives_with_its_crop() -> None:
    crop = Crop(frame(3), (1.0, 2.0, 3.0, 4.0), "car", "vehicle", 0.5, 7)
    match = Match(Key("camera", 3, 1), Fraction(3, 25), 7, "car", crop.box, 0.9, True, crop)
    back = Decode(kind="item")(Encode(kind="item")(match))
    assert (back.key, back.score, back.crop.track) == (match.key, 0.9, 7)
    assert close(back.crop.frame, crop.frame, within=6)
    assert Encode(kind="item")(crop).key == Key("camera", 3)


def test_a_verdict_arrives_exactly() -> None:
    verdict = Verdict(Key("camera", 3), Fraction(3, 25), (64, 48), "unsure", 0.25)
    packet = Encode(kind="item")(verdict)
    assert packet.key == verdict.key
    assert Decode(kind="item")(packet) == verdict


def test_an_event_arrives_with_its_picture_or_without() -> None:
    whole, bare = Encode(kind="event"), Encode(kind="event", picture=False)
    decode = Decode(kind="event")
    assert decode(whole(event())) == event()
    assert decode(bare(event())).picture == b""
    assert whole(event()).key == Key("camera", 9, 5)


def test_a_packet_of_another_kind_is_refused() -> None:
    with pytest.raises(MediaError, match="kind event"):
        Decode(kind="item")(Encode(kind="event")(event()))


@pytest.mark.parametrize("kind", ["frame", "item", "event"])
def test_a_packet_of_garbage_is_refused(kind: Any) -> None:
    with pytest.raises(MediaError):
        Decode(kind=kind)(Packet(Key("camera", 0), Fraction(0), kind, b"garbage" * 9))
