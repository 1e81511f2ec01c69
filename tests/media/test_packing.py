"""What is packed comes back equal, and hostile bytes only ever give a MediaError."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media import message
from vedette.media.jpeg import encode_jpeg
from vedette.media.packing import Item, pack, pack_frame, unpack, without_picture
from vedette.types.events import Event
from vedette.types.media import Crop, Detections, Frame, Key, Match, Verdict

LABELS = ("person", "bicycle", "car", "motorcycle", "bus")
GREY = ArrayPicture(np.full((20, 30, 3), 99, np.uint8))

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
boxes = st.tuples(numbers, numbers, numbers, numbers)
times = st.fractions(min_value=0, max_denominator=90_000)
keys = st.builds(Key, st.text(max_size=12), st.integers(0, 2**40), st.integers(0, 500))


@st.composite
def detections(draw: st.DrawFn) -> Detections:
    n = draw(st.integers(0, 12))

    def column(limit: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return draw(arrays(np.int32, n, elements=st.integers(0, limit - 1)))

    return Detections(
        key=draw(keys),
        time_s=draw(times),
        size=(640, 360),
        boxes=draw(arrays(np.float32, (n, 4), elements=numbers)),
        confidence=draw(arrays(np.float32, n, elements=st.floats(0, 1, width=32))),
        label=column(len(LABELS)),
        group=column(2),
        track=column(1000) - 1,
        labels=LABELS,
        groups=("person", "vehicle"),
    )


frames = st.builds(Frame, keys, times, st.just(GREY), st.just((640, 360)), boxes)
crops = st.builds(
    Crop, frames, boxes, st.sampled_from(LABELS), st.text(), numbers, st.integers(-1, 2**31)
)
matches = st.builds(
    Match, keys, times, st.integers(-1, 2**31), st.text(), boxes, numbers, st.booleans(), crops
)
events = st.builds(
    Event,
    stream=st.text(),
    kind=st.text(),
    label=st.text(),
    start_frame=st.integers(0),
    end_frame=st.integers(0),
    start_s=times,
    end_s=times,
    frame=st.integers(0),
    time_s=times,
    box=boxes,
    confidence=numbers,
    ordinal=st.integers(0),
    attributes=st.dictionaries(st.text(), st.text() | numbers),
    picture=st.binary(),
)


verdicts = st.builds(
    Verdict,
    keys,
    times,
    st.just((640, 360)),
    st.sampled_from(("yes", "no", "unsure", "same")),
    st.floats(allow_nan=False),
)


@given(verdicts)
def test_a_verdict_comes_back_equal(item: Verdict) -> None:
    assert unpack(pack(item)) == item


@settings(deadline=None)
@given(detections())
def test_detections_come_back_exactly(item: Detections) -> None:
    back = unpack(pack(item))
    assert isinstance(back, Detections)
    for name in ("key", "time_s", "size", "labels", "groups"):
        assert getattr(back, name) == getattr(item, name)
    for name in ("boxes", "confidence", "label", "group", "track"):
        one, other = getattr(back, name), getattr(item, name)
        assert np.array_equal(one, other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert not one.flags.writeable


@settings(deadline=None)
@given(events)
def test_events_come_back_exactly(item: Event) -> None:
    assert unpack(pack(item)) == item


def same_frame(one: Frame, other: Frame) -> bool:
    return (one.key, one.time_s, one.size, one.region) == (
        other.key,
        other.time_s,
        other.size,
        other.region,
    ) and np.abs(one.picture.bgr().astype(int) - other.picture.bgr()).max() <= 2


@settings(deadline=None)
@given(crops)
def test_crops_come_back_with_a_picture_that_is_close(item: Crop) -> None:
    back = unpack(pack(item))
    assert isinstance(back, Crop)
    assert same_frame(back.frame, item.frame)
    assert replace(back, frame=item.frame).box == item.box
    assert (back.label, back.group, back.track) == (item.label, item.group, item.track)
    assert back.confidence == item.confidence


@settings(deadline=None)
@given(matches)
def test_matches_come_back_with_their_crop(item: Match) -> None:
    back = unpack(pack(item))
    assert isinstance(back, Match)
    assert same_frame(back.crop.frame, item.crop.frame)
    assert replace(back, crop=item.crop) == item


def sample(count: int = 10) -> Detections:
    random = np.random.default_rng(1)
    return Detections(
        key=Key("camera", 7),
        time_s=Fraction(7, 25),
        size=(640, 360),
        boxes=(random.random((count, 4)) * 640).astype(np.float32),
        confidence=random.random(count).astype(np.float32),
        label=np.zeros(count, np.int32),
        group=np.zeros(count, np.int32),
        track=np.arange(count, dtype=np.int32),
        labels=LABELS,
        groups=("person", "vehicle"),
    )


def test_an_object_costs_about_its_numbers() -> None:
    empty, full = len(pack(sample(0))), len(pack(sample(100)))
    assert empty < 80
    assert (full - empty) / 100 < 28


def test_numbers_out_of_arrays_are_taken() -> None:
    box = tuple(np.array([1, 2, 3, 4], np.float32))
    event = Event("c", "alert", "car", 0, 1, Fraction(0), Fraction(1), 1, Fraction(1), box, 0.5, 0)
    back = unpack(pack(event))
    assert isinstance(back, Event)
    assert back.box == (1.0, 2.0, 3.0, 4.0)


def test_a_picture_can_be_left_behind() -> None:
    event = Event(
        "c", "alert", "car", 0, 1, Fraction(0), Fraction(1), 1, Fraction(1), (0, 0, 1, 1), 0.5, 0,
        picture=b"x" * 5000,
    )  # fmt: skip
    assert len(pack(event)) > 5000
    assert len(pack(without_picture(event))) < 150


MESSAGES: dict[str, Callable[[], Item]] = {
    "frame": lambda: Frame(Key("c", 1), Fraction(1, 25), GREY, (640, 360), (0, 0, 30, 20)),
    "detections": sample,
    "event": lambda: Event(
        "c", "alert", "car", 0, 1, Fraction(0), Fraction(1), 1, Fraction(1), (0, 0, 1, 1), 0.5, 0
    ),
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 400), st.integers(1, 255))
def test_a_byte_that_changed_on_the_way_is_at_worst_an_error(name: str, at: int, flip: int) -> None:
    sent = bytearray(pack(MESSAGES[name]()))
    sent[at % len(sent)] ^= flip
    assert outcome(bytes(sent)) in {"item", "error"}


@settings(deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 200))
def test_a_message_that_is_cut_off_is_refused(name: str, left: int) -> None:
    sent = pack(MESSAGES[name]())
    assert outcome(sent[: min(left, len(sent) // 2)]) == "error"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(sent: bytes) -> None:
    assert outcome(sent) == "error"


def outcome(sent: bytes) -> str:
    try:
        unpack(sent)
    except MediaError:
        return "error"
    return "item"


def test_what_unfolds_too_far_is_refused() -> None:
    bomb = message.seal(b"D", 1, bytes(message.MAX_UNFOLDED + 1))
    assert len(bomb) < 10_000
    with pytest.raises(MediaError, match="cut off or too large"):
        unpack(bomb)


@pytest.mark.parametrize("column", ["label", "group"])
def test_a_class_without_a_name_is_refused(column: str) -> None:
    broken = replace(sample(3), **{column: np.array([0, 9, 0], np.int32)})  # type: ignore[arg-type]
    with pytest.raises(MediaError, match="does not name"):
        unpack(pack(broken))


def test_a_picture_of_another_size_than_announced_is_refused() -> None:
    frame = Frame(Key("c", 1), Fraction(1, 25), GREY, (640, 360), (0, 0, 30, 20))
    other = encode_jpeg(ArrayPicture(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(MediaError, match="not 30x20"):
        unpack(pack_frame(frame, other))
