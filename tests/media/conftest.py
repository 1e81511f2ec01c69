"""Small films made on the spot, whose brightness says which frame is which."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from vedette.types.media import Pixels

Film = Callable[..., Path]


def picture_of(number: int, size: tuple[int, int] = (64, 48)) -> Pixels:
    """Brighter with each number, with a corner that is always white."""
    pixels = np.full((size[1], size[0], 3), 20 + 3 * number, np.uint8)
    pixels[: size[1] // 4, : size[0] // 4] = 255
    return pixels


def write_film(
    path: Path,
    *,
    frames: int = 30,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    stamps: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    turn: int = 0,
    mirrored: bool = False,
) -> Path:
    """``turn`` in degrees anticlockwise, then ``mirrored`` left to right: for players to do.

    ``stamps``: pts in thousandths of a second; by default 25 frames a second.
    """
    index_first = {"movflags": "faststart"} if path.suffix in {".mov", ".mp4"} else {}
    with av.open(str(path), "w", options=index_first) as container:
        stream = cast(
            "VideoStream",
            container.add_stream(
                codec,
                rate=25,
                options=options or {"bf": "2", "g": "10", "x264-params": "scenecut=0"},
            ),
        )
        if turn or mirrored:
            stream.set_display_rotation(turn, hflip=mirrored)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture_of(number, size), format="bgr24")
            frame.pts = stamps[number] if stamps else 40 * number
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Makes a film of that name in a folder of the test's own."""

    def make(name: str = "film.mp4", **how: object) -> Path:
        return write_film(tmp_path / name, **how)  # type: ignore[arg-type]  # passed on as they are

    return make


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file with a tone in it and no picture."""
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
