"""Every source gives numbers, times and pictures that can be relied on, or a plain reason."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path
from threading import Thread

import av
import cv2
import numpy as np
import pytest

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.encode import H264Encoder
from vedette.media.source import Reader, local_file, open_source
from vedette.media.tracks import Notebook, Shot
from vedette.types.graph import Span, Stream
from vedette.types.media import Checkpoint, Frame

Film = Callable[..., Path]
BLANK = np.zeros((48, 64, 3), np.uint8)


def opened(path: Path | str, **how: object) -> Reader:
    return open_source(Stream("camera", str(path), **how), threads=1)  # type: ignore[arg-type]


def brightness(frame: Frame) -> float:
    return float(frame.picture.luma()[-8:].mean())


def stamps(frames: Iterator[Frame]) -> list[tuple[int, Fraction]]:
    return [(frame.key.frame, frame.time_s) for frame in frames]


def kinds(reader: Reader) -> set[str]:
    return {incident.kind for incident in reader.incidents()}


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_b_frames_come_in_the_order_of_their_times(film: Film, name: str) -> None:
    reader = opened(film(name))
    frames = list(reader.frames())
    assert stamps(iter(frames)) == [(n, Fraction(n, 25)) for n in range(30)]
    assert all(brightness(one) < brightness(other) for one, other in pairwise(frames))
    assert reader.incidents() == ()


def test_a_reader_says_size_rate_and_length(film: Film) -> None:
    reader = opened(film(), repeat=2)
    assert (reader.size, reader.rate, reader.frames_declared) == ((64, 48), Fraction(25), 60)


def test_a_variable_rate_keeps_its_exact_times(film: Film) -> None:
    at = [0, 40, 45, 200, 201, 900]
    reader = opened(film(frames=6, stamps=at))
    assert [frame.time_s for frame in reader.frames()] == [Fraction(t, 1000) for t in at]


def test_time_starts_at_the_first_frame(film: Film) -> None:
    reader = opened(film("late.mkv", frames=3, stamps=[5000, 5040, 5080]))
    assert [frame.time_s for frame in reader.frames()] == [0, Fraction(1, 25), Fraction(2, 25)]


def test_without_stamps_time_is_number_by_rate_and_said_once(film: Film) -> None:
    reader = opened(film("bare.h264"))
    frames = list(reader.frames())
    assert [frame.time_s for frame in frames] == [n / reader.rate for n in range(30)]
    assert [(i.kind, i.count) for i in reader.incidents()] == [("time", 1)]


def test_stamps_that_go_back_in_a_real_clip(clips: Path) -> None:
    reader = opened(clips / "highway_02.avi")
    found = stamps(reader.frames())
    assert found == [(n, Fraction(n, 25)) for n in range(748)]
    assert {i.kind: i.count for i in reader.incidents()} == {"time": 1, "missing": 2}


def test_a_span_is_counted_in_frames(film: Film) -> None:
    assert stamps(opened(film()).frames(Span(3, 6))) == [(n, Fraction(n, 25)) for n in (3, 4, 5)]


def test_a_repeated_file_goes_on_in_number_and_time(film: Film) -> None:
    reader = opened(film(frames=5), repeat=3)
    assert stamps(reader.frames()) == [(n, Fraction(n, 25)) for n in range(15)]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "bare.h264"])
@pytest.mark.parametrize("at", [0, 1, 9, 10, 17, 29, 30, 44])
def test_a_resumed_reading_goes_on_as_if_nothing_had_been(film: Film, name: str, at: int) -> None:
    path = film(name)
    whole = opened(path, repeat=2)
    frames = whole.frames()
    list(islice(frames, at + 1))
    checkpoint = Checkpoint("camera", at, Fraction(at, 25), whole.seek_point())
    rest, resumed = list(frames), list(opened(path, repeat=2).frames(resume=checkpoint))
    assert stamps(iter(resumed[1:])) == stamps(iter(rest))
    assert all(
        np.array_equal(a.picture.bgr(), b.picture.bgr())
        for a, b in zip(resumed[1:], rest, strict=True)
    )


def test_a_keyframe_is_found_again_without_decoding_from_the_start(film: Film) -> None:
    reader = opened(film())
    list(islice(reader.frames(), 18))
    assert reader.seek_point() is not None
    assert reader.seek_point()[0] == 10  # type: ignore[index]  # asserted above


def test_a_keyframe_that_is_not_there_means_the_start(film: Film) -> None:
    reader = opened(film())
    checkpoint = Checkpoint("camera", 12, Fraction(12, 25), seek=(10, 123457))
    assert next(reader.frames(resume=checkpoint)).key.frame == 12


def test_after_damage_only_the_start_is_a_place_to_resume_from(film: Film) -> None:
    reader = opened(damaged(film("film.ts", frames=60, size=(320, 240))))
    list(reader.frames())
    assert reader.seek_point() is None


def test_codec_threads_change_nothing(film: Film) -> None:
    path = film()
    alone, many = (open_source(Stream("camera", str(path)), threads=n).frames() for n in (1, 0))
    assert all(
        np.array_equal(a.picture.bgr(), b.picture.bgr()) for a, b in zip(alone, many, strict=True)
    )


@pytest.mark.parametrize("name", ["film.mkv", "film.mov"])
def test_a_truncated_file_gives_what_is_there_and_says_so(film: Film, name: str) -> None:
    path = film(name, frames=60, size=(320, 240))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    reader = opened(path)
    found = stamps(reader.frames())
    assert found[:20] == [(n, Fraction(n, 25)) for n in range(20)]
    assert [number for number, _ in found] == list(range(len(found)))
    assert len(found) < 60
    assert kinds(reader)


def damaged(path: Path) -> Path:
    """With 600 bytes of noise after a third of it."""
    coded = bytearray(path.read_bytes())
    third = len(coded) // 3
    coded[third : third + 600] = np.random.default_rng(7).bytes(600)
    path.write_bytes(coded)
    return path


def test_damage_in_the_middle_is_skipped_and_counted(film: Film) -> None:
    reader = opened(damaged(film("film.ts", frames=60, size=(320, 240))))
    found = stamps(reader.frames())
    assert [number for number, _ in found] == list(range(len(found)))
    assert all(one[1] < other[1] for one, other in pairwise(found))
    assert len(found) > 40
    assert kinds(reader)


def test_packets_that_cannot_be_decoded_are_skipped_and_counted(film: Film) -> None:
    path = film("film.mkv", codec="ffv1", options={"g": "1"})
    spoilt = path.with_name("spoilt.mkv")
    with av.open(str(path)) as source, av.open(str(spoilt), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if number in {12, 13}:
                packet.update(b"\xff" * packet.size)
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    reader = opened(spoilt)
    found = stamps(reader.frames())
    assert len(found) == 28
    assert found[12] == (12, Fraction(14, 25))
    assert {i.kind: i.count for i in reader.incidents()} == {"skipped": 2, "missing": 2}


def test_a_change_of_resolution_is_scaled_to_the_first_size(tmp_path: Path) -> None:
    small, large = H264Encoder(20), H264Encoder(20)
    coded = [small.encode(ArrayPicture(np.full((48, 64, 3), 90, np.uint8))) for _ in range(4)]
    coded += [large.encode(ArrayPicture(np.full((96, 128, 3), 90, np.uint8))) for _ in range(4)]
    path = tmp_path / "two.h264"
    path.write_bytes(b"".join(coded))
    reader = opened(path)
    frames = list(reader.frames())
    assert {frame.picture.bgr().shape for frame in frames} == {(48, 64, 3)}
    assert {frame.picture.luma().shape for frame in frames} == {(48, 64)}
    assert [i.count for i in reader.incidents() if i.kind == "resolution"] == [4]


def test_odd_sides_stay_odd(film: Film) -> None:
    frame = next(opened(film("odd.mkv", size=(65, 49), codec="ffv1", options={"g": "1"})).frames())
    assert (frame.size, frame.region) == ((65, 49), (0, 0, 65, 49))
    assert frame.picture.bgr().shape == (49, 65, 3)
    assert frame.picture.luma().shape == (49, 65)


def test_a_film_that_lies_on_its_side_is_put_upright(film: Film) -> None:
    frame = next(opened(film(turn=90)).frames())
    assert frame.size == (48, 64)
    assert frame.picture.luma().shape == frame.picture.bgr().shape[:2] == (64, 48)
    assert frame.picture.luma()[-8:, :8].min() > 200  # its white corner was at the top left


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name, grey in (("b.png", 120), ("a.png", 60), ("c.jpg", 180)):
        cv2.imwrite(str(tmp_path / name), np.full((20, 30, 3), grey, np.uint8))
    (tmp_path / "bb.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("not one either")
    reader = opened(f"{tmp_path}?rate=10")
    frames = list(reader.frames())
    assert stamps(iter(frames)) == [(0, Fraction(0)), (1, Fraction(1, 10)), (2, Fraction(1, 5))]
    assert [round(brightness(frame)) for frame in frames] == [60, 120, 180]
    assert [(i.kind, i.count) for i in reader.incidents()] == [("skipped", 1)]


def test_pictures_of_another_size_are_scaled_to_the_first(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((40, 80, 3), np.uint8))
    reader = opened(tmp_path)
    assert [frame.picture.bgr().shape for frame in reader.frames()] == [(20, 30, 3)] * 2
    assert kinds(reader) == {"resolution"}


@pytest.mark.parametrize("rate", ["0", "-3", "fast", "1/0", "1e9"])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: str) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(MediaError, match="frames per second"):
        opened(f"{tmp_path}?rate={rate}")


def refused(url: Path | str) -> str:
    """What is said about a source that cannot be used; all three parts and the place are there."""
    with pytest.raises(MediaError) as caught:
        opened(url)
    (problem,) = caught.value.problems
    assert problem.found
    assert problem.expected
    assert problem.hint
    assert problem.place is not None
    return str(caught.value)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/none.mp4" in refused(tmp_path / "none.mp4")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "without a readable picture" in refused(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "notes.mp4", "notes.nfo", "notes"])
def test_text_is_no_video(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("these are notes\n" * 200)
    assert name in refused(tmp_path / name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "an empty file" in refused(tmp_path / "empty.mp4")


def test_sound_alone_is_refused(sound: Path) -> None:
    assert "no video stream" in refused(sound)


def test_a_file_cut_before_its_index_is_refused(film: Film) -> None:
    path = film()
    path.write_bytes(path.read_bytes()[:100])
    assert "film.mp4" in refused(path)


def test_a_password_is_never_shown() -> None:
    said = refused("rtsp://admin:secret@127.0.0.1:9/main?token=hush")
    assert "rtsp://127.0.0.1:9/main" in said
    assert not {"admin", "secret", "hush"} & set(said.replace(":", " ").replace("/", " ").split())


@pytest.mark.parametrize("url", ["concat://a|b", "pipe://0", "ftp://host/film.mp4"])
def test_only_known_schemes_are_opened(url: str) -> None:
    assert "scheme" in refused(url)


@pytest.fixture
def served(film: Film) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    path = film("film.ts")
    handler = partial(Quiet, directory=str(path.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{path.name}"
        server.shutdown()


def test_a_url_is_read_like_a_file(served: str) -> None:
    with opened(served) as reader:
        assert stamps(reader.frames()) == [(n, Fraction(n, 25)) for n in range(30)]
        assert reader.seek_point() is None


def test_a_live_source_goes_on_where_it_is(served: str) -> None:
    with opened(served, pace="live") as reader:
        frame = next(reader.frames(resume=Checkpoint("camera", 100, Fraction(4))))
        assert (frame.key.frame, frame.time_s) == (100, Fraction(4))


class Camera:
    """Shows what goes on, from when it is asked."""

    size, rate, live, can_seek, declared = (64, 48), Fraction(25), False, False, None

    def shots(self, key_pts: int | None = None) -> Iterator[Shot]:
        return (Shot(ArrayPicture(BLANK), Fraction(number, 25)) for number in range(3))

    def close(self) -> None:
        """Nothing is open."""


def test_a_camera_goes_on_where_it_is_though_nobody_called_it_live() -> None:
    reader = Reader(Stream("camera", "rtsp://10.0.0.7/a"), Camera(), Notebook("camera"))
    frames = reader.frames(resume=Checkpoint("camera", 90_000, Fraction(3600)))
    assert stamps(frames)[0] == (90_000, Fraction(3600))


def test_an_address_that_is_none_is_refused() -> None:
    assert "rtsp://[::1/x" in refused("rtsp://[::1/x")


def test_a_file_may_be_given_as_a_url(film: Film) -> None:
    path = film().rename(film().parent / "a film.mp4")
    url = path.as_uri()
    assert "%20" in url
    assert local_file(url) == local_file(str(path)) == path
    assert opened(url).frames_declared == 30


def test_a_folder_is_found_with_or_without_its_rate(tmp_path: Path) -> None:
    for url in (f"{tmp_path}", f"{tmp_path}/?rate=10", f"file://{tmp_path}/?rate=10"):
        assert local_file(url) == tmp_path


@pytest.mark.parametrize("url", ["none.mp4", "none/?rate=10", "rtsp://10.0.0.7/a", "http://h/a"])
def test_what_is_not_on_this_machine_is_no_local_file(url: str) -> None:
    assert local_file(url) is None


def test_a_url_may_name_variables(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_HOST", served.removeprefix("http://").partition("/")[0])
    with opened("http://${CAMERA_HOST}/film.ts") as reader:
        assert reader.stream.url == "http://${CAMERA_HOST}/film.ts"
        assert next(reader.frames()).key.frame == 0


def test_a_variable_that_is_not_set_is_named() -> None:
    assert "the variable NO_SUCH_WORD" in refused("rtsp://me:${NO_SUCH_WORD}@10.0.0.7/a")


def test_what_a_variable_holds_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PATH", "hush")
    assert "hush" not in refused("http://127.0.0.1:9/${CAMERA_PATH}")
    assert "hush" not in refused("${CAMERA_PATH}/film.mp4")
