"""What ``vedette init`` writes: clean, loadable, and never over somebody's files."""

from pathlib import Path

import numpy as np
import pytest

import vedette as vd
from vedette.apps import starter
from vedette.errors import InputError
from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.session import load_declaration


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    pictures = [ArrayPicture(np.full((48, 64, 3), 20 * n, np.uint8)) for n in range(8)]
    path = tmp_path / "gate.mkv"
    render(pictures, path)
    return path


def copies(clip: Path, *names: str) -> list[str]:
    for name in names:
        place = clip.parent / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(clip.read_bytes())
    return [str(clip.parent / name) for name in names]


def test_what_is_written_is_clean_and_leaves_every_knob_open(clip: Path, tmp_path: Path) -> None:
    files = starter.write([str(clip)], tmp_path / "new" / "site")
    assert vd.check(*files) == ()
    workflow, _ = load_declaration(*files)
    (stream,) = workflow.sources[0].streams
    assert (stream.name, Path(stream.url)) == ("gate", clip)
    assert workflow.knobs().keys() == {
        "sample.rate_fps",
        "resize.width",
        "detect.model",
        "transport.qp",
    }


@pytest.mark.parametrize(
    "names",
    [
        ("url.mkv", "plan_on.mkv", "name.mkv"),
        ("2024.mkv", "1e3.mkv", "0x1f.mkv", "12:30.mkv"),
        ("true.mkv", "No.mkv", "null.mkv", "~.mkv", "y.mkv"),
        ("gate 2: über #1.mkv", '"quoted".mkv', "{a}.mkv", "$name.mkv", "[1].mkv"),
        ("one/gate.mkv", "two/gate.mkv", "gate-2.mkv"),
    ],
)
def test_names_of_any_kind_give_streams_of_their_own(
    clip: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    files = starter.write(copies(clip, *names), tmp_path / "2024")
    assert vd.check(*files) == ()
    streams = [stream for _, stream in load_declaration(*files)[0].streams()]
    assert [Path(stream.url) for stream in streams] == [clip.parent / name for name in names]


def test_an_url_is_a_stream_that_nobody_tries(clip: Path, tmp_path: Path) -> None:
    files = starter.write([str(clip), "rtsp://me:word@cam.local/live?a=1&b=2"], tmp_path / "x")
    streams = [stream for _, stream in load_declaration(*files)[0].streams()]
    assert streams[1].url == "rtsp://me:word@cam.local/live?a=1&b=2"


def test_files_that_are_there_stay(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").write_text("mine")
    with pytest.raises(InputError, match="already there"):
        starter.write([str(clip)], tmp_path)
    assert (tmp_path / "cluster.yaml").read_text() == "mine"
    assert not (tmp_path / "workflow.yaml").exists()


def test_everything_wrong_is_told_at_once_and_nothing_written(clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    videos = [str(clip), str(tmp_path / "missing.mp4"), str(text)]
    with pytest.raises(InputError) as told:
        starter.write(videos, tmp_path / "new")
    assert len(told.value.problems) == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_told(clip: Path) -> None:
    with pytest.raises(InputError, match="a folder that cannot be made"):
        starter.write([str(clip)], clip / "inside")
