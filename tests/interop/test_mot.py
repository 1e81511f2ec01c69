"""MOTChallenge text: what is read, what is refused with its line, and that it comes back."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.interop.seen import boxes, same

from vedette.errors import DeclarationError, InputError
from vedette.interop import mot_annotations, mot_text

ROW = "1,7,10,20,30,40,1"


def first_problem(text: str, **known: Any) -> tuple[str, int | None]:
    with pytest.raises(DeclarationError) as caught:
        mot_annotations(text, "gt.txt", **known)
    problem = caught.value.problems[0]
    assert problem.place is not None
    assert problem.expected
    return problem.found, problem.place.line


def test_frames_count_from_one_there_and_from_nought_here() -> None:
    seen = mot_annotations(f"{ROW}\n3,7,11,20,30,40,1", "gt.txt")
    assert (seen.frame.tolist(), seen.covered.tolist()) == ([0, 2], [0, 1, 2])
    assert seen.box.tolist() == [[10, 20, 40, 60], [11, 20, 41, 60]]


@pytest.mark.parametrize("rest", ["", ",1", ",1,0.5", ",-1,-1,-1", ",4.4852,5.5016,0"])
def test_every_kind_of_row_that_mot_challenge_has_is_a_person(rest: str) -> None:
    assert mot_annotations(ROW + rest, "gt.txt").labels == ("person",)


def test_the_class_has_the_name_that_models_use() -> None:
    assert mot_annotations(f"{ROW},3,1", "gt.txt").labels == ("car",)


@pytest.mark.parametrize("row", ["1,7,10,20,30,40,0,1,1", f"{ROW},8,1"])
def test_nobody_is_asked_to_find_what_is_flagged_or_a_likeness(row: str) -> None:
    assert mot_annotations(row, "gt.txt").confidence.tolist() == [0]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("1,7,10,20,30,40", "6 columns"),
        ("1 7 10 20 30 40 1", "1 column"),
        (f"{ROW},1", "8 columns"),
        ("frame,id,x,y,w,h,conf", "the text 'frame'"),
        ("1,8,nan,20,30,40,1", "nan"),
        ("1,8,10,20,inf,40,1", "inf"),
        ("1,8,10,20,-30,40,1", "a box of -30 x 40 px"),
        ("1,8,10,20,30,0,1", "a box of 30 x 0 px"),
        ("1,8,1e9,20,30,40,1", "a box at 1e+09, 20"),
        ("0,8,10,20,30,40,1", "the frame 0"),
        ("1.5,8,10,20,30,40,1", "the frame 1.5"),
        ("1e300,8,10,20,30,40,1", "the frame 1e+300"),
        ("1,7,10,20,30,40,1", "the id 7 a second time in frame 1"),
        ("1,-2,10,20,30,40,1", "the id -2"),
        ("1,1e12,10,20,30,40,1", "the id 1e+12"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(row: str, found: str) -> None:
    assert first_problem(f"{ROW}\n\n{row}") == (found, 3)


def test_an_unknown_class_is_told_with_its_line() -> None:
    assert first_problem(f"{ROW},1,1\n2,7,10,20,30,40,1,17,1") == ("the class 17", 2)


def test_a_frame_beyond_the_video_is_told_with_its_line() -> None:
    found = "the frame 4, beyond the end of the video"
    assert first_problem(f"{ROW}\n4,7,10,20,30,40,1", frames=3) == (found, 2)


def test_every_mistake_of_a_file_is_told_up_to_a_bound() -> None:
    with pytest.raises(DeclarationError) as few:
        mot_annotations(f"{ROW}\nx\n0,1,1,1,-1,1,1", "gt.txt")
    with pytest.raises(DeclarationError) as many:
        mot_annotations("x\n" * 1000, "gt.txt")
    assert (len(few.value.problems), len(many.value.problems)) == (3, 20)


def test_a_file_without_a_box_is_refused() -> None:
    assert first_problem("\n") == ("no boxes", None)


def test_ids_may_be_absent_from_several_boxes_of_a_frame() -> None:
    nobody = "1,-1,10,20,30,40,0.5"
    assert mot_annotations(f"{nobody}\n{nobody}", "det.txt").track.tolist() == [-1, -1]


def test_a_label_without_a_number_is_no_mot_text() -> None:
    seen = boxes([(0, 1, 0, 0, 9, 9, 1, "bus")])
    with pytest.raises(InputError, match="the label bus, which has no number"):
        mot_text(seen)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_written_reads_back_to_a_thousandth_of_a_pixel(data: st.DataObject) -> None:
    seen = data.draw(same(labels=("person", "car", "bicycle")))
    again = mot_annotations(mot_text(seen), "out.txt")
    assert again.frame.tolist() == seen.frame.tolist()
    assert again.track.tolist() == seen.track.tolist()
    assert [again.labels[n] for n in again.label] == [seen.labels[n] for n in seen.label]
    np.testing.assert_allclose(again.box, seen.box, atol=0.002)
    np.testing.assert_allclose(again.confidence, seen.confidence, atol=1e-4)


def test_trackeval_finds_nothing_wrong_with_tracks_against_themselves(tmp_path: Path) -> None:
    pytest.importorskip("trackeval", reason="trackeval is not installed")
    judged = import_module("vedette.bench.judging")
    seen = boxes(
        [
            (n, track, 9 * n, 50 * track, 9 * n + 40, 50 * track + 40, 1, "person")
            for n in range(20)
            for track in (1, 2)
        ]
    )
    figures = judged.mot_figures(seen, seen, 20, tmp_path)
    assert (figures["MOTA"], figures["IDF1"], round(figures["HOTA"], 6)) == (1, 1, 1)


def test_a_stray_number_covers_no_billion_frames() -> None:
    with pytest.raises(DeclarationError, match="the frame 9e\\+08"):
        mot_annotations("1,1,0,0,9,9,1\n900000000,1,0,0,9,9,1", "a.txt")


def test_a_confidence_that_no_score_has_is_told() -> None:
    with pytest.raises(DeclarationError, match="the conf 1e\\+300"):
        mot_annotations("1,1,0,0,9,9,1e300", "a.txt")
