"""A live source that is lost is opened again, and nothing but time is lost. No test waits."""

import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import av
import numpy as np
import pytest

from vedette.errors import MediaError, Problem
from vedette.image import ArrayPicture
from vedette.media import packets
from vedette.media.live import Live, Patience
from vedette.media.source import Reader, open_source
from vedette.media.tracks import Note, Notebook, Shot
from vedette.media.video import How, Video
from vedette.types.graph import Stream

Film = Callable[..., Path]
BLANK = ArrayPicture(np.zeros((48, 64, 3), np.uint8))
STEP = Fraction(1, 25)


@dataclass
class Wall:
    """A clock that goes when somebody waits; ``given_up_s`` is when nobody wants more."""

    now_s: float = 100.0
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    given_up_s: float = float("inf")

    def __call__(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now_s += seconds
        return self.now_s >= self.given_up_s

    def patience(self) -> Patience:
        return Patience(self, self.pause)


@dataclass
class Script:
    """A connection that shows pictures at ``stamps``, as they are taken, and breaks off."""

    wall: Wall
    note: Note
    stamps: list[Fraction]
    ends: bool = False
    size: tuple[int, int] = (64, 48)
    rate: Fraction = Fraction(25)
    live: bool = True
    can_seek: bool = False
    declared: int | None = None

    def shots(self, key_pts: int | None = None) -> Iterator[Shot]:
        before = None
        for stamp in self.stamps:
            if before is not None and 0 < stamp - before < 60:
                self.wall.now_s += float(stamp - before)
            before = stamp
            yield Shot(BLANK, stamp)
        if not self.ends:
            self.note("lost", "the source breaks off: timed out", 1)

    def close(self) -> None:
        """Nothing is open."""


def evenly(count: int, start: Fraction = Fraction(0)) -> list[Fraction]:
    return [start + n * STEP for n in range(count)]


class Camera:
    """Answers with one script after the other; ``None`` in their place is no answer."""

    def __init__(self, wall: Wall, *scripts: list[Fraction] | None, ends: bool = False) -> None:
        self.wall, self.scripts, self.ends = wall, list(scripts), ends
        self.asked_s: deque[float] = deque(maxlen=64)
        self.sizes: deque[tuple[int, int] | None] = deque(maxlen=64)

    def __call__(self, note: Note, open_s: float, size: tuple[int, int] | None) -> Script:
        self.asked_s.append(self.wall.now_s)
        self.sizes.append(size)
        script = self.scripts.pop(0) if self.scripts else None
        if script is None:
            raise MediaError(Problem("no answer", "a camera"))
        return Script(self.wall, note, script, ends=self.ends and not self.scripts)


def reader(camera: Camera) -> Reader:
    notebook = Notebook("camera")
    live = Live(camera, notebook.note, camera.wall.patience())
    return Reader(Stream("camera", "rtsp://10.0.0.7/a", pace="live"), live, notebook)


def told(source: Reader) -> dict[str, int]:
    return {each.kind: each.count for each in source.incidents()}


def test_numbers_and_times_go_on_over_an_outage() -> None:
    wall = Wall()
    source = reader(Camera(wall, evenly(5), None, None, evenly(5)))
    frames = list(islice(source.frames(), 10))
    times = [frame.time_s for frame in frames]
    assert [frame.key.frame for frame in frames] == list(range(10))
    assert times[:5] == evenly(5)
    assert times[5] - times[4] == Fraction(sum(wall.waits))
    assert times[5:] == evenly(5, times[5])
    assert told(source) == {"lost": 1, "away": 2}


def test_the_waits_between_tries_grow_to_two_seconds_and_begin_anew() -> None:
    wall = Wall()
    source = reader(Camera(wall, evenly(1), *[None] * 5, evenly(1), None, evenly(1)))
    list(islice(source.frames(), 3))
    assert list(wall.waits) == [0.25, 0.5, 1, 2, 2, 2, 0.25, 0.5]
    assert told(source)["lost"] == 2


def test_a_camera_is_seen_within_two_seconds_of_its_return() -> None:
    wall = Wall()
    camera = Camera(wall, evenly(1), *[None] * 40, evenly(1))
    list(islice(reader(camera).frames(), 2))
    assert max(other - one for one, other in pairwise(camera.asked_s)) <= 2


def test_waiting_ends_when_nobody_wants_more() -> None:
    wall = Wall(given_up_s=130)
    source = reader(Camera(wall, evenly(3)))
    assert len(list(source.frames())) == 3
    assert wall.now_s < 133


def test_a_source_that_said_how_long_it_is_has_an_end() -> None:
    source = reader(Camera(Wall(), evenly(3), ends=True))
    assert len(list(source.frames())) == 3
    assert told(source) == {}


def test_a_camera_that_is_not_there_at_first_is_an_error() -> None:
    with pytest.raises(MediaError, match="no answer"):
        reader(Camera(Wall(), None))


def test_a_camera_that_sets_its_clock_is_not_waited_for() -> None:
    leap = [*evenly(3), *evenly(3, Fraction(3600))]
    source = reader(Camera(Wall(), leap, evenly(1)))
    assert [frame.time_s for frame in islice(source.frames(), 6)] == evenly(6)
    assert told(source)["time"] == 1


def test_what_comes_back_has_the_size_that_it_had() -> None:
    camera = Camera(Wall(), evenly(1), evenly(1))
    list(islice(reader(camera).frames(), 2))
    assert list(camera.sizes) == [None, (64, 48)]


def test_flapping_costs_no_memory() -> None:
    source = reader(Camera(Wall(), *[evenly(2)] * 3000))
    frames = source.frames()
    list(islice(frames, 200))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in islice(frames, 4000):
        pass
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 50_000
    assert told(source)["lost"] == 2099


class Served:
    """A camera that sends a film as it is, without saying how long it is, and hangs up."""

    def __init__(self, film: bytes) -> None:
        outer, self.film, self.requests = self, film, 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                self.wfile.write(outer.film)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/camera"


@pytest.fixture
def served(film: Film) -> Iterator[Served]:
    camera = Served(film("film.ts", options={"bf": "0", "g": "10"}).read_bytes())
    serve = partial(camera.server.serve_forever, poll_interval=0.01)
    Thread(target=serve, daemon=True).start()
    yield camera
    camera.server.shutdown()
    camera.server.server_close()


def never_waits(_seconds: float) -> bool:
    return False


def test_a_real_stream_that_hangs_up_is_opened_again(served: Served) -> None:
    stream = Stream("camera", served.url, pace="live")
    with open_source(stream, threads=1, patience=Patience(pause=never_waits)) as source:
        frames = list(islice(source.frames(), 70))
    assert [frame.key.frame for frame in frames] == list(range(70))
    assert all(one.time_s < other.time_s for one, other in pairwise(frames))
    assert told(source)["lost"] == 2
    assert served.requests == 3


def test_a_run_that_is_stopped_ends_while_a_camera_is_away(served: Served) -> None:
    stop = Event()
    stream = Stream("camera", served.url, pace="live")
    with open_source(stream, threads=1, patience=Patience(pause=stop.wait)) as source:
        frames = source.frames()
        list(islice(frames, 30))
        stop.set()
        assert list(frames) == []


def test_packets_without_pictures_are_no_progress(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, found = Wall(), []
    real = av.packet.Packet.decode

    class Deaf:
        """A packet of which, after ten, no picture comes, a second apart."""

        def __init__(self, packet: Any, number: int) -> None:
            self.packet, self.number, self.is_corrupt = packet, number, False

        def decode(self) -> list[av.VideoFrame]:
            wall.now_s += 1
            return list(real(self.packet)) if self.number < 10 else []

    def deaf(container: object, stream: object, note: Note) -> Iterator[Deaf]:
        for number, packet in enumerate(container.demux(stream)):  # type: ignore[attr-defined]
            yield Deaf(packet, number)

    monkeypatch.setattr(packets, "packets", deaf)
    url = film("film.ts", options={"bf": "0", "tune": "zerolatency"}).as_uri()
    notes: list[tuple[str, str]] = []
    video = Video(
        url, lambda kind, detail, _: notes.append((kind, detail)), How(1, live=True, clock=wall)
    )
    found = list(video.shots() or ())
    assert len(found) == 10
    assert notes == [("lost", "no picture for 4.5 s")]
    assert wall.now_s == 100 + 15
