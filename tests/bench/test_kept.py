from pathlib import Path

import pytest

from vedette.bench.claims import Row
from vedette.bench.kept import Kept


def never() -> Row:
    raise AssertionError("made a second time")


def test_a_row_is_made_once_and_read_by_whoever_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "below" / "rows.jsonl"
    made = Kept(file, "a").row("first", lambda: {"pair": (1, 2)})
    assert made == {"pair": [1, 2]}
    assert Kept(file, "a").row("first", never) == made


def test_a_row_of_another_clip_or_other_code_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    Kept(file, "a").row("first", lambda: {"value": 1})
    Kept(file, "a").row("second", lambda: {"value": 2})
    changed = Kept(file, "b")
    assert changed.row("first", lambda: {"value": 3}) == {"value": 3}
    assert Kept(file, "b").row("first", never) == {"value": 3}
    with pytest.raises(AssertionError, match="a second time"):
        Kept(file, "b").row("second", never)


def test_a_row_that_failed_is_not_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "rows.jsonl")
    with pytest.raises(AssertionError):
        kept.row("first", never)
    assert kept.row("first", lambda: {"value": 1}) == {"value": 1}


def test_a_line_that_is_no_row_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    Kept(file, "a").row("first", lambda: {"value": 1})
    file.write_bytes(
        b'["of old", {"value": 0}]\n\xff\n{}\n' + file.read_bytes() + b'["cut", "a", {'
    )
    kept = Kept(file, "a")
    assert kept.row("first", never) == {"value": 1}
    assert kept.row("of old", lambda: {"value": 2}) == {"value": 2}
