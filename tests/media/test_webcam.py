"""Webcams: there is none where tests run, so FFmpeg's own test picture stands for one."""

import errno
from collections.abc import Callable
from itertools import islice
from typing import Any

import av
import pytest

from vedette.addresses import is_live
from vedette.errors import MediaError
from vedette.media.source import open_source
from vedette.types.graph import Stream

Open = Callable[..., Any]


def refused(url: str) -> str:
    with pytest.raises(MediaError) as caught:
        open_source(Stream("door", url))
    (problem,) = caught.value.problems
    assert problem.expected
    assert problem.hint
    return str(problem)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was asked of Video4Linux, which shows a test picture."""
    found: list[tuple[str, dict[str, Any]]] = []
    real: Open = av.open

    def fake(address: str, **how: Any) -> Any:
        found.append((address, how))
        return real("testsrc=size=64x48:rate=10", format="lavfi")

    monkeypatch.setattr(av, "open", fake)
    return found


@pytest.mark.parametrize("url", ["webcam:0", "/dev/video0"])
def test_a_webcam_is_a_live_source(asked: list[tuple[str, dict[str, Any]]], url: str) -> None:
    assert is_live(url)
    with open_source(Stream("door", url, pace="live"), threads=1) as source:
        frames = list(islice(source.frames(), 3))
    assert source.frames_declared is None
    assert [frame.key.frame for frame in frames] == [0, 1, 2]
    assert frames[0].picture.bgr().shape == (48, 64, 3)
    ((address, how),) = asked
    assert (address, how["format"]) == ("/dev/video0", "v4l2")


def test_a_webcam_is_asked_for_size_and_rate(asked: list[tuple[str, dict[str, Any]]]) -> None:
    open_source(Stream("door", "webcam:2?size=1280x720&rate=30&format=mjpeg", pace="live")).close()
    ((address, how),) = asked
    assert address == "/dev/video2"
    assert how["options"] == {
        "video_size": "1280x720",
        "framerate": "30",
        "input_format": "mjpeg",
    }


def test_an_option_that_no_webcam_has_is_refused() -> None:
    assert "'zoom'" in refused("webcam:0?zoom=3")


def test_a_webcam_that_is_not_plugged_in_is_named() -> None:
    said = refused("webcam:731")
    assert "/dev/video731" in said
    assert "plugging it in" in said


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.EACCES, "usermod"), (errno.EBUSY, "closing the program")]
)
def test_why_a_webcam_does_not_open_is_told(
    monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    def fails(*_args: Any, **_named: Any) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(av, "open", fails)
    assert hint in refused("webcam:0")


def test_a_library_without_video4linux_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any, **_named: Any) -> None:
        raise ValueError("no container format 'v4l2'")

    monkeypatch.setattr(av, "open", fails)
    monkeypatch.setattr(av, "formats_available", {"mp4"})
    assert "reads no webcams" in refused("webcam:0")
