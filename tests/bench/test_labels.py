"""The track of labels: where labels are found, and what people say of golden."""

from pathlib import Path

import numpy as np
import pytest
from tests.scoring.conftest import make_trace

from vedette.bench.claims import Setting
from vedette.bench.labels import CLIPS, carried, labels_beside, question, run
from vedette.interop import read_annotations
from vedette.media.source import open_source
from vedette.profiling.truth import groups_asked, label_problems
from vedette.types.graph import Stream


def test_without_clips_nothing_is_run_and_every_row_says_so() -> None:
    result = run(Setting())
    assert [row["setting"] for row in result.rows] == ["not run"] * len(CLIPS)
    assert [claim.is_met for claim in result.claims] == [None]


def test_labels_lie_beside_the_folder_of_clips_or_among_them(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    assert labels_beside(clips, "a") is None
    (clips / "a.mot.txt").touch()
    assert labels_beside(clips, "a") == clips / "a.mot.txt"
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.mot.txt").touch()
    assert labels_beside(clips, "a") == tmp_path / "labels" / "a.mot.txt"


def test_boxes_stay_where_they_were_until_the_next_analysed_frame() -> None:
    rows = [("a", n, 1, 50.0 + n, 50.0, 20.0, 0.9) for n in range(9)]
    shown = carried(make_trace(rows, frames=9, every=4))
    assert shown.frame.tolist() == list(range(9))
    assert (shown.box[:, 0] - 40).tolist() == [0, 0, 0, 0, 4, 4, 4, 4, 8]


@pytest.mark.parametrize("clip", CLIPS)
def test_the_labels_of_the_clips_fit_their_videos(clips: Path, clip: str) -> None:
    labels = labels_beside(clips, clip)
    if labels is None:
        pytest.skip(f"no labels of {clip}")
    video = clips / f"{clip}.mp4"
    stream = Stream("clip", str(video), labels=str(labels))
    assert list(label_problems(stream, groups_asked(question(video, labels)))) == []
    with open_source(stream) as reader:
        width, height = reader.size
        assert read_annotations(labels).covered[-1] == (reader.frames_declared or 0) - 1
    middle = read_annotations(labels).box.reshape(-1, 2, 2).mean(axis=1)
    assert np.all((middle > 0) & (middle < [width, height]), axis=1).mean() > 0.99


@pytest.mark.model
@pytest.mark.slow
def test_people_and_golden_agree_that_two_frames_a_second_are_too_few(
    clips: Path, yolox_nano: Path
) -> None:
    """The figures of the how-to, on the shorter clip."""
    assert yolox_nano.exists()
    found = {
        row["setting"]: row
        for row in run(Setting(clips, is_quick=True)).rows
        if row["clip"] == "tud_campus"
    }
    if "golden" not in found:
        pytest.skip("no clip tud_campus with labels")
    assert found["golden"]["frame_f1 labels"] == pytest.approx(0.63, abs=0.03)
    assert found["golden"]["frame_f1 golden"] == 1
    for by in ("labels", "golden"):
        assert found["rate 5"][f"frame_f1 {by}"] < found["golden"][f"frame_f1 {by}"]
