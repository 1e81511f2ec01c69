"""Which files are read and written, and how large they may be."""

from pathlib import Path

import pytest
from tests.interop.seen import boxes

from vedette.errors import DeclarationError
from vedette.interop import files, read_annotations, unwritable, write_annotations

SEEN = boxes([(0, 1, 10, 20, 40, 60, 1, "person"), (2, 1, 12, 20, 42, 60, 0.5, "person")])


@pytest.mark.parametrize("name", ["out.mot.txt", "out.coco.json"])
def test_the_ending_says_how_a_file_is_written_and_read(name: str, tmp_path: Path) -> None:
    write_annotations(tmp_path / name, SEEN, (640, 480))
    again = read_annotations(tmp_path / name, frames=3)
    assert again.box.tolist() == SEEN.box.tolist()


def test_another_ending_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (problem,) = unwritable(tmp_path / "out.xml", ["person"])
    assert problem.found == "the ending '.xml'"
    with pytest.raises(DeclarationError, match="the ending"):
        write_annotations(tmp_path / "out.xml", SEEN, (640, 480))


def test_mot_text_takes_only_labels_that_it_has_numbers_for() -> None:
    assert unwritable(Path("out.txt"), ["bus", "car"])
    assert not unwritable(Path("out.json"), ["bus", "car"])


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"", "an empty file"), (b"1,1\xff", "bytes that are no text"), (b"x" * 101, "more than")],
)
def test_what_is_no_text_or_too_large_is_refused(
    content: bytes, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    (tmp_path / "gt.txt").write_bytes(content)
    with pytest.raises(DeclarationError, match=found):
        read_annotations(tmp_path / "gt.txt")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(DeclarationError, match="no such file"):
        read_annotations(tmp_path / "gt.txt")
    with pytest.raises(DeclarationError, match="a folder"):
        read_annotations(tmp_path / "a.txt")
