"""Events on their frames: one pass a file, and never back into a live stream."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.image import ArrayPicture
from vedette.media.jpeg import decode_jpeg
from vedette.media.render import render
from vedette.media.source import open_source
from vedette.session import sightings, telling
from vedette.types.events import Event
from vedette.types.graph import Source, Stream, Workflow


def event(stream: str, frame: int) -> Event:
    zero = Fraction(0)
    box = (10.0, 10.0, 20.0, 20.0)
    return Event(
        stream, "alert", "car", 0, frame, zero, zero, frame, zero, box, 0.5, frame, picture=b"JPEG"
    )


def test_a_file_is_read_once_and_a_live_stream_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shades = [ArrayPicture(np.full((96, 128, 3), 20 * n, np.uint8)) for n in range(10)]
    render(shades, tmp_path / "gate.mkv", rate=Fraction(10))
    opened = []

    def noted(stream: Stream) -> Any:
        opened.append(stream.name)
        return open_source(stream)

    monkeypatch.setattr(telling, "open_source", noted)
    streams = (Stream("gate", str(tmp_path / "gate.mkv")), Stream("live", "rtsp://camera/1"))
    flow = Workflow("street", (Source("street", streams),), ())
    shown = sightings(flow, [event("gate", 7), event("live", 3), event("gate", 2)])
    assert opened == ["gate"]
    assert [each.event.frame for each in shown] == [7, 3, 2]
    assert shown[1].picture == b"JPEG"
    corners = [decode_jpeg(shown[n].picture).bgr()[-1, -1, 0] for n in (0, 2)]
    assert corners == pytest.approx([140, 40], abs=8)
