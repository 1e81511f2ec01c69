import gzip
from pathlib import Path

import pytest

from vedette.errors import InputError
from vedette.interop.noscope import SCORES, TRUTH, read_scores, read_truth

HEAD = f"# diff_thresh: 0, skip: 1, runtime: 1.0\n# model: m\n# {SCORES}\n"


def scores(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "scores.csv"
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def truth(folder: Path, *rows: str) -> Path:
    path = folder / "truth.csv"
    path.write_text("\n".join([TRUTH, *rows]) + "\n")
    return path


def test_scores_are_read_with_their_three_lines_of_comment(tmp_path: Path) -> None:
    difference, model = read_scores(scores(tmp_path, "1,6,0.5,0.25,0.00,0", "2,6,1.5,0.75,0,1"))
    assert difference.tolist() == [0.5, 1.5]
    assert model.tolist() == [0.25, 0.75]


def test_files_may_be_compressed(tmp_path: Path) -> None:
    plain = scores(tmp_path, "1,6,0.5,0.25,0.00,0")
    packed = tmp_path / "scores.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_scores(packed)[1].tolist() == [0.25]


def test_a_gzip_of_several_parts_is_read_to_its_end(tmp_path: Path) -> None:
    packed = tmp_path / "scores.csv.gz"
    rows = (b"1,6,0.5,0.25,0,0\n", b"2,6,0.5,0.75,0,0\n")
    packed.write_bytes(b"".join(map(gzip.compress, rows)))
    assert read_scores(packed)[1].tolist() == [0.25, 0.75]


def test_a_frame_is_a_yes_where_an_object_of_the_name_is(tmp_path: Path) -> None:
    path = truth(tmp_path, "1,car,0.9,0,0,1,1", "1,car,0.8,0,0,1,1", "3,car,0.9,0,0,1,1")
    assert read_truth(path, 3).tolist() == [False, True, False]


def test_of_several_names_one_has_to_be_asked_for(tmp_path: Path) -> None:
    path = truth(tmp_path, "0,car,0.9,0,0,1,1", "1,bus,0.9,0,0,1,1")
    with pytest.raises(InputError, match="--label"):
        read_truth(path, 2)
    assert read_truth(path, 2, "bus").tolist() == [False, True]
    with pytest.raises(InputError, match="none of 'tram'"):
        read_truth(path, 2, "tram")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2,6,nan,0.5,0,0", "5: found the row"),
        ("2,6,1.0,high,0,0", "5: found the row"),
        ("3,6,1.0,0.5,0,0", "frame 3 after frame 1"),
        ("2,6,1.0,0.5,0", "5 columns"),
    ],
)
def test_a_mistake_in_scores_is_told_with_its_line(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_scores(scores(tmp_path, "1,6,0.5,0.25,0.00,0", row))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("-1,car,0.9,0,0,1,1", "2: found the frame '-1'"),
        ("one,car,0.9,0,0,1,1", "2: found the frame 'one'"),
        ("0,car", "2 columns"),
        ("9,car,0.9,0,0,1,1", "no object in the 3 scored frames"),
    ],
)
def test_a_mistake_in_the_truth_is_told_with_its_line(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_truth(truth(tmp_path, row), 3)


def test_scores_without_frames_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no scored frames"):
        read_scores(scores(tmp_path))


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    packed = tmp_path / "scores.csv.gz"
    whole = gzip.compress(scores(tmp_path, "1,6,0.5,0.25,0.00,0").read_bytes())
    packed.write_bytes(whole[:-9])
    with pytest.raises(InputError, match="ends early"):
        read_scores(packed)
    packed.write_bytes(b"\x1f\x8bnonsense")
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_scores(packed)
