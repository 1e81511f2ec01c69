"""Tracks in files: what could not be written is told first, and each stream has its own."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.scoring.conftest import make_trace

import vedette as vd
from vedette.errors import InputError
from vedette.interop import read_annotations
from vedette.session import ensure_tracks, write_tracks
from vedette.types.graph import Source, Stream, Workflow


def asking(*streams: str, **classes: list[str]) -> Workflow:
    flow = vd.workflow("w")
    source = flow.source("street", **{name: f"{name}.mp4" for name in streams})
    flow.step("detect", "detect", source, classes=classes)
    return flow.build()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("{stream}.mot.txt", "the label truck, which has no number"),
        ("all.coco.json", "one file for 2 streams"),
        ("{stream}.xml", "the ending '.xml'"),
    ],
)
def test_what_could_not_be_written_is_told_before_the_work(name: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        ensure_tracks(asking("a", "b", vehicle=["car", "truck"]), Path(name))


@pytest.mark.parametrize("name", ["{stream}.coco.json", "a-{stream}.coco.json"])
def test_a_name_for_each_stream_will_do(name: str) -> None:
    ensure_tracks(asking("a", "b", vehicle=["car", "truck"]), Path(name))
    ensure_tracks(asking("a", person=["person"]), Path("a.mot.txt"))


def test_each_stream_has_a_file_of_its_own(tmp_path: Path) -> None:
    rows = [(name, n, 1, 50.0 + n, 50.0, 20.0, 0.9) for name in "ab" for n in range(4)]
    rehearsal: Any = SimpleNamespace(trace=make_trace(rows, frames=4, streams=("a", "b")))
    files = write_tracks(rehearsal, tmp_path / "{stream}.mot.txt")
    assert [file.name for file in files] == ["a.mot.txt", "b.mot.txt"]
    again = read_annotations(files[1])
    assert (again.frame.tolist(), again.labels) == ([0, 1, 2, 3], ("car",))


@pytest.mark.parametrize("name", ["a.mot.txt", "{stream}.mot.txt"])
def test_tracks_take_no_labels_place(tmp_path: Path, name: str) -> None:
    labelled = Stream("a", "a.mp4", labels=str(tmp_path / "a.mot.txt"))
    flow = Workflow("w", (Source("street", (labelled,)),), ())
    with pytest.raises(InputError, match="a stream's labels"):
        ensure_tracks(flow, tmp_path / name)
    ensure_tracks(flow, tmp_path / "seen-a.mot.txt")
