"""What is asked for is what decoding everything gives, whatever was skipped on the way there."""

import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vedette.media.asked import Film as Reel
from vedette.media.asked import Index
from vedette.media.looking import look_through
from vedette.media.packets import open_video
from vedette.media.picture import DecodedPicture
from vedette.media.source import Reader, open_source
from vedette.types.graph import Span, Stream
from vedette.types.media import Checkpoint, Frame, Pixels

Film = Callable[..., Path]
KINDS = {
    "film.mp4": {"bf": "3", "g": "10", "x264-params": "scenecut=0"},
    "film.mkv": {"bf": "2", "g": "250", "x264-params": "scenecut=0:b-pyramid=normal"},
    "film.ts": {"bf": "2", "g": "7", "x264-params": "scenecut=0"},
    "plain.mp4": {"bf": "0", "g": "12", "x264-params": "scenecut=0"},
    "open.mkv": {"bf": "3", "g": "10", "x264-params": "scenecut=0:open-gop=1"},
}


def opened(path: Path, decode: str = "asked", **how: object) -> Reader:
    return open_source(Stream("camera", str(path), decode=decode, **how), threads=1)  # type: ignore[arg-type]


def seen(frames: Iterator[Frame], step: int = 1) -> dict[int, tuple[Fraction, bytes]]:
    """Of one frame in ``step`` its time and pixels; the others are let go unseen."""
    return {
        frame.key.frame: (frame.time_s, frame.picture.luma().tobytes())
        for frame in frames
        if frame.key.frame % step == 0
    }


def ignoring(kind: str, detail: str, count: int) -> None:
    """Nobody listens."""


def reel(path: Path, kind: type[Reel] = Reel) -> Any:
    index = Index(*zip(*look_through(path, ignoring).packets, strict=True))
    again = partial(open_video, path, threads=1)
    return kind(again, index, DecodedPicture, ignoring, size=(64, 48))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("step", [1, 2, 3, 10, 25])
def test_what_is_looked_at_is_what_decoding_everything_gives(
    film: Film, name: str, step: int
) -> None:
    path = film(name, frames=70, options=KINDS[name])
    assert seen(opened(path).frames(), step) == seen(opened(path, "all").frames(), step)


@pytest.mark.parametrize("name", KINDS)
def test_it_may_be_asked_for_in_any_order(film: Film, name: str) -> None:
    path = film(name, frames=40, options=KINDS[name])
    expected = seen(opened(path, "all").frames())
    frames = list(opened(path).frames())
    random.Random(4).shuffle(frames)
    assert seen(iter(frames)) == expected


def test_what_was_passed_over_is_found_again(film: Film) -> None:
    path = film(frames=60, options=KINDS["film.mp4"])
    expected = seen(opened(path, "all").frames())
    film_reel = reel(path)
    pictures = [film_reel.picture(number) for number in range(60)]
    even = [pictures[number].luma().tobytes() for number in range(0, 60, 5)]  # makes a rhythm
    odd = [pictures[number].luma().tobytes() for number in (31, 2, 59, 0, 44)]
    assert even == [expected[number][1] for number in range(0, 60, 5)]
    assert odd == [expected[number][1] for number in (31, 2, 59, 0, 44)]


class Counting(Reel):
    """Counts what comes out of the decoder."""

    came = 0

    def _hand_out(self, frames: Sequence[av.VideoFrame]) -> None:
        self.came += len(frames)
        super()._hand_out(frames)


@pytest.mark.parametrize(("step", "most"), [(1, 75), (5, 45), (15, 18)])
def test_little_is_decoded_beside_what_is_looked_at(film: Film, step: int, most: int) -> None:
    """75 frames with a keyframe at every fifth: when the rhythm is known these are all it takes."""
    path = film(frames=75, options={"bf": "2", "g": "5", "x264-params": "scenecut=0"})
    film_reel = reel(path, Counting)
    for number in range(75):
        picture = film_reel.picture(number)
        if number % step == 0:
            picture.luma()
        del picture
    assert 75 // step <= film_reel.came <= most


def test_nothing_is_decoded_that_nobody_looks_at(film: Film) -> None:
    film_reel = reel(film(frames=10))
    pictures = [film_reel.picture(number) for number in range(10)]
    assert all(picture.decoded is None for picture in pictures)
    assert (pictures[0].width, pictures[0].height) == (64, 48)


def test_several_threads_may_ask_at_once(film: Film) -> None:
    path = film(frames=40, options=KINDS["film.mp4"])
    expected = seen(opened(path, "all").frames())
    frames = list(opened(path).frames())
    with ThreadPoolExecutor(4) as pool:
        shown = list(pool.map(lambda frame: frame.picture.luma().tobytes(), reversed(frames)))
    assert shown[::-1] == [expected[number][1] for number in range(40)]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("at", [0, 9, 13, 29, 44])
def test_a_resumed_reading_goes_on_as_if_nothing_had_been(film: Film, name: str, at: int) -> None:
    path = film(name, options=KINDS[name])
    whole = opened(path, repeat=2)
    frames = whole.frames()
    list(islice(frames, at + 1))
    checkpoint = Checkpoint("camera", at + 1, Fraction(at, 25), whole.seek_point())
    assert seen(opened(path, repeat=2).frames(resume=checkpoint)) == seen(frames)


def test_a_checkpoint_of_one_way_is_one_of_the_other(film: Film) -> None:
    path = film(options=KINDS["film.mp4"])
    points = []
    for decode in ("all", "asked"):
        reader = opened(path, decode)
        list(islice(reader.frames(), 18))
        points.append(reader.seek_point())
    assert points[0] == points[1]
    checkpoint = Checkpoint("camera", 18, Fraction(18, 25), points[0])
    assert list(seen(opened(path).frames(resume=checkpoint))) == list(range(18, 30))


def test_a_span_is_read_from_the_keyframe_before_it(film: Film) -> None:
    path = film(frames=60)
    assert seen(opened(path).frames(Span(33, 41))) == seen(opened(path, "all").frames(Span(33, 41)))


def test_pictures_keep_what_they_can_do(film: Film) -> None:
    path = film()
    asked, whole = (next(opened(path, decode).frames()).picture for decode in ("asked", "all"))
    np.testing.assert_array_equal(asked.bgr(32, 24), whole.bgr(32, 24))
    again = pickle.loads(pickle.dumps(asked))
    np.testing.assert_array_equal(again.bgr(), whole.bgr())
    patches: list[Pixels] = [each.patch((8, 8, 40, 40), 16) for each in (asked, whole)]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(patches[0], patches[1])


def test_a_turned_film_is_upright(film: Film) -> None:
    path = film("turned.mp4", turn=90)
    assert opened(path).size == opened(path, "all").size == (48, 64)
    assert seen(opened(path).frames(), 7) == seen(opened(path, "all").frames(), 7)


def test_without_stamps_all_is_decoded_and_said_once(film: Film) -> None:
    path = film("bare.h264")
    reader = opened(path)
    assert seen(reader.frames()) == seen(opened(path, "all").frames())
    assert {i.kind: i.count for i in reader.incidents()} == {"time": 1, "decoded in full": 1}


def test_damage_is_told_and_every_frame_still_has_a_picture(film: Film) -> None:
    path = film(frames=60, options=KINDS["plain.mp4"])
    content = bytearray(path.read_bytes())
    content[-300:-200] = bytes(100)  # the index is in front, pictures at the end
    path.write_bytes(bytes(content))
    reader = opened(path)
    assert list(seen(reader.frames())) == list(range(60))
    assert {i.kind for i in reader.incidents()} & {"damaged", "skipped"}


@pytest.mark.parametrize(
    "name", ["road_counting.mp4", "one_by_one_person.mp4", "ua_detrac.mp4", "highway_02.avi"]
)
def test_on_real_clips_too(clips: Path, name: str) -> None:
    part = Span(100, 160)
    asked = seen(opened(clips / name).frames(part), 7)
    assert asked == seen(opened(clips / name, "all").frames(part), 7)
