"""A film of what was seen: every frame once, at its time, with marks where things are."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.annotate import Annotator, drawn
from vedette.media.drawing import track_colour
from vedette.types.events import Event
from vedette.types.graph import EventRule, Source, Stream, Workflow
from vedette.types.media import Bundle, Detections, Frame, Key

SIZE = (321, 241)
RATE = Fraction(10)
BOX = (100.0, 80.0, 180.0, 140.0)


def workflow(*streams: str) -> Workflow:
    named = tuple(Stream(name, f"{name}.mp4") for name in streams)
    return Workflow("w", (Source("street", named),), (), events=EventRule(tracks="track"))


def frame(stream: str, number: int) -> Frame:
    pixels = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    region = (0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    return Frame(Key(stream, number), number / RATE, ArrayPicture(pixels), SIZE, region)


def seen(stream: str, number: int, track: int = 7) -> Detections:
    return Detections(
        key=Key(stream, number),
        time_s=number / RATE,
        size=SIZE,
        boxes=np.array([BOX], np.float32),
        confidence=np.array([0.9], np.float32),
        label=np.zeros(1, np.int32),
        group=np.zeros(1, np.int32),
        track=np.array([track], np.int32),
        labels=("car",),
        groups=("vehicle",),
    )


def event(stream: str, number: int) -> Event:
    at_s = number / RATE
    return Event(
        stream, "alert", "car", number, number, at_s, at_s, number, at_s, BOX, 0.9, ordinal=7
    )


def bundles(stream: str, number: int, **items: object) -> dict[str, Bundle]:
    all_items = {"street": frame(stream, number), **items}
    return {
        name: Bundle(stream, number, number / RATE, ((0, item),))
        for name, item in all_items.items()
    }


def watch(annotator: Annotator, stream: str, numbers: range) -> None:
    for number in numbers:
        annotator(stream, number, bundles(stream, number, track=seen(stream, number)))


def decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def test_every_frame_is_in_the_film_at_its_time(tmp_path: Path) -> None:
    with Annotator(tmp_path / "out.mp4", workflow("gate"), {"gate": RATE}) as annotator:
        watch(annotator, "gate", range(0, 40, 2))
    times = [round(each.time, 3) for each in decoded(tmp_path / "out.mp4")]
    assert times == [n / 5 for n in range(20)]
    first = next(decoded(tmp_path / "out.mp4"))
    assert (first.width, first.height) == (320, 240)


def test_each_of_several_streams_has_its_film(tmp_path: Path) -> None:
    rates = {"gate": RATE, "yard": RATE}
    with Annotator(tmp_path / "out.mkv", workflow(*rates), rates) as annotator:
        watch(annotator, "yard", range(3))
        watch(annotator, "gate", range(3))
    assert annotator.films == (tmp_path / "out-gate.mkv", tmp_path / "out-yard.mkv")
    assert all(path.exists() for path in annotator.films)


def test_a_film_that_nobody_closed_can_be_played(tmp_path: Path) -> None:
    annotator = Annotator(tmp_path / "out.mp4", workflow("gate"), {"gate": RATE})
    watch(annotator, "gate", range(100))
    copy = tmp_path / "as_killed.mp4"
    copy.write_bytes((tmp_path / "out.mp4").read_bytes())
    annotator.close()
    assert len(list(decoded(tmp_path / "out.mp4"))) == 100
    assert 0 < len(list(decoded(copy))) <= 100


def test_a_run_that_goes_on_keeps_the_film_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with Annotator(path, workflow("gate"), {"gate": RATE}) as annotator:
        watch(annotator, "gate", range(4))
    with Annotator(path, workflow("gate"), {"gate": RATE}) as annotator:
        watch(annotator, "gate", range(4, 9))
    assert annotator.films == (tmp_path / "out-000004.mp4",)
    assert len(list(decoded(path))) == 4


def test_a_tracks_box_has_its_colour_and_the_rest_of_the_picture_is_as_it_was() -> None:
    pixels = drawn(frame("gate", 0), seen("gate", 0), ())
    assert pixels[110, 100].tolist() == list(track_colour(7))
    assert pixels[110, 140].tolist() == [60, 60, 60]


def test_boxes_stay_until_the_next_ones_and_events_for_three_seconds(tmp_path: Path) -> None:
    with Annotator(tmp_path / "out.mkv", workflow("gate"), {"gate": RATE}) as annotator:
        found = bundles("gate", 0, track=seen("gate", 0), alert=event("gate", 0))
        annotator("gate", 0, found)
        for number in (10, 29, 30):
            annotator("gate", number, bundles("gate", number))
    shown = [each.to_ndarray(format="bgr24").astype(int) for each in decoded(annotator.films[0])]
    is_boxed = [abs(each[80:140, 98:103] - 60).max() > 60 for each in shown]
    has_banner = [(each[8:14, 12:60, 2] - each[8:14, 12:60, 1]).mean() > 60 for each in shown]
    assert is_boxed == [True] * 4
    assert has_banner == [True, True, True, False]


def test_a_film_needs_a_films_ending(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"ending '\.gif'"):
        Annotator(tmp_path / "out.gif", workflow("gate"), {})


def test_a_film_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    annotator = Annotator(tmp_path / "none" / "out.mp4", workflow("gate"), {"gate": RATE})
    watch(annotator, "gate", range(1))
    with pytest.raises(MediaError, match="cannot be written"):
        annotator.close()


def test_no_film_takes_the_place_of_a_video_that_is_read(tmp_path: Path) -> None:
    video = tmp_path / "gate.mp4"
    video.write_bytes(b"somebody's")
    flow = Workflow("w", (Source("street", (Stream("gate", str(video)),)),), ())
    with pytest.raises(MediaError, match="a video that is read"):
        Annotator(video, flow, {"gate": RATE})
    assert video.read_bytes() == b"somebody's"


def test_what_begins_afresh_writes_over_an_earlier_film(tmp_path: Path) -> None:
    for count in (4, 2):
        with Annotator(
            tmp_path / "out.mp4", workflow("gate"), {"gate": RATE}, afresh=True
        ) as annotator:
            watch(annotator, "gate", range(40, 40 + count))
    assert annotator.films == (tmp_path / "out.mp4",)
    assert len(list(decoded(tmp_path / "out.mp4"))) == 2
