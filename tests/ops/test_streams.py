"""Where several sources share a step, what happens in one does not touch the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from vedette.declaring.operator import operators
from vedette.image import ArrayPicture
from vedette.media.picture import planes_of
from vedette.ops.transport import Decode, Encode
from vedette.running.state import pack, unpack
from vedette.types.media import Crop, Detections, Frame, Key, Match, Pixels, Region

BODY: Region = (100, 100, 200, 160)
STREAMS = ("gate", "yard")


def pixels(stream: str, number: int) -> Pixels:
    """The yard is bright, the gate dark; in both something moves."""
    shown = np.full((60, 100, 3), 200 if stream == "yard" else 30, np.uint8)
    shown[:, 5 * number : 5 * number + 20] = 110
    return shown


def frame(stream: str, number: int, region: Region = (0, 0, 640, 360)) -> Frame:
    picture = ArrayPicture(pixels(stream, number))
    return Frame(Key(stream, number), Fraction(number, 10), picture, (640, 360), region)


def crop(stream: str, number: int) -> Crop:
    label = "bus" if stream == "yard" else "car"
    return Crop(frame(stream, number, BODY), BODY, label, "vehicle", 0.9, 0)


def match(stream: str, number: int) -> Match:
    shown = crop(stream, number)
    key, time_s = shown.frame.key, shown.frame.time_s
    return Match(key, time_s, 0, shown.label, BODY, 1.0, True, shown, "white")


def found(stream: str, number: int) -> Detections:
    shift = 5 * number if stream == "yard" else -3 * number
    none = np.zeros(1, np.int32)
    return Detections(
        key=Key(stream, number),
        time_s=Fraction(number, 10),
        size=(640, 360),
        boxes=np.array([[200 + shift, 100, 260 + shift, 160]], np.float32),
        confidence=np.array([0.9], np.float32),
        label=none,
        group=none,
        track=none - 1,
        labels=("car",),
        groups=("vehicle",),
    )


def told(item: Any) -> Any:
    """What can be compared of an item."""
    match item:
        case Detections():
            return item.track.tolist()
        case Match():
            return replace(item, crop=None)  # type: ignore[arg-type]
        case Crop():
            return item.label
        case Frame():
            return item.key
        case _:
            return item


def answers(operator: Any, given: Sequence[Any]) -> list[Any]:
    return [told(operator(item)) for item in given]


CASES: dict[str, tuple[Callable[[str, int], Any], dict[str, Any]]] = {
    "sample": (frame, {"rate_fps": 5}),
    "skip_still": (frame, {"threshold": 0.1}),
    "track": (found, {}),
    "classify": (crop, {}),
    "match_colour": (crop, {"colour": "white"}),
    "alert": (match, {"min_duration_s": 0.2}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_shared_operator_says_of_a_stream_what_its_own_would_say(name: str) -> None:
    item, settings = CASES[name]
    shared = operators()[name](**settings)
    mixed = answers(shared, [item(stream, n) for n in range(8) for stream in STREAMS])
    for place, stream in enumerate(STREAMS):
        alone = answers(operators()[name](**settings), [item(stream, n) for n in range(8)])
        assert mixed[place::2] == alone, stream


@pytest.mark.parametrize("name", CASES)
def test_a_shared_operator_goes_on_from_its_saved_state(name: str) -> None:
    item, settings = CASES[name]
    given = [item(stream, n) for n in range(8) for stream in STREAMS]
    first, second = operators()[name](**settings), operators()[name](**settings)
    answers(first, given[:7])
    second.state = unpack(pack(first.state), second.state)
    assert answers(second, given[7:]) == answers(first, given[7:])


def test_a_shared_encoder_predicts_each_stream_from_itself() -> None:
    mixed, alone = Encode(kind="frame"), Encode(kind="frame")
    packets = [mixed(frame(stream, n)) for n in range(4) for stream in STREAMS]
    own = [alone(frame("yard", n)) for n in range(4)]
    assert [packet.payload for packet in packets[1::2]] == [packet.payload for packet in own]
    decode, decode_own = Decode(kind="frame"), Decode(kind="frame")
    shown = [decode(packet).picture for packet in packets][1::2]
    for one, other in zip(shown, [decode_own(packet).picture for packet in own], strict=True):
        assert bytes(planes_of(one, 100, 60).planes[0]) == bytes(
            planes_of(other, 100, 60).planes[0]
        )
