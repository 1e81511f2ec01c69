"""Files are written wholly or not at all."""

import os
from pathlib import Path

import pytest

from vedette.errors import RecordError
from vedette.records.files import read_bytes, write_bytes


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.yaml"
    write_bytes(path, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="no space left on device"):
        write_bytes(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["none/plan.yaml", "a\0b"])
def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match="cannot be written"):
        write_bytes(tmp_path / name, b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(RecordError, match="more than 4 bytes"):
        read_bytes(tmp_path / "large", most_bytes=4)


def test_what_is_private_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    write_bytes(path, b"one")
    before = path.stat().st_mode & 0o777
    write_bytes(path, b"two", private=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert before == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
