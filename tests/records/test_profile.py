"""Profiles on disk: exact, and refused where either file is not as written."""

import hashlib
import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.errors import RecordError
from vedette.records.profile import read_profile, write_profile
from vedette.types.profile import Profile


def equal(one: Any, other: Any) -> bool:
    """Whether two records hold the same, arrays bit by bit."""
    if isinstance(one, np.ndarray):
        same_kind = one.dtype == other.dtype and one.shape == other.shape
        return same_kind and one.tobytes() == other.tobytes() and not other.flags.writeable
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if is_dataclass(one) and type(one) is type(other):
        names = [field.name for field in fields(one)]
        return all(equal(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)


@pytest.fixture
def path(profile: Profile, tmp_path: Path) -> Path:
    write_profile(tmp_path / "profile.json", profile)
    return tmp_path / "profile.json"


def arrays_of(path: Path) -> Path:
    (found,) = path.parent.glob("*.npz")
    return found


def replace_arrays(path: Path, **arrays: Any) -> None:
    """Swap the arrays' file for another, with its true digest."""
    content = arrays_of(path)
    np.savez(content, **arrays)
    text = path.read_text()
    digest = hashlib.sha256(content.read_bytes()).hexdigest()
    path.write_text(re.sub(r'"sha256": ?"\w+"', f'"sha256":"{digest}"', text))


def test_a_profile_reads_back_bit_by_bit(profile: Profile, path: Path) -> None:
    again = read_profile(path)
    assert equal(profile, again)
    assert [type(value) for _, value in again.sweeps] == [int, str, bool, float]


def test_a_second_profile_replaces_the_first_with_its_arrays(profile: Profile, path: Path) -> None:
    before = arrays_of(path)
    write_profile(path, replace(profile, verify_golden=profile.golden))
    assert arrays_of(path) != before
    assert equal(read_profile(path).verify_golden, profile.golden)


def test_an_array_that_was_touched_is_refused(path: Path) -> None:
    content = bytearray(arrays_of(path).read_bytes())
    content[len(content) // 2] ^= 1
    arrays_of(path).write_bytes(content)
    with pytest.raises(RecordError, match="found SHA-256"):
        read_profile(path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_refused(path: Path, share: float) -> None:
    for file in (arrays_of(path), path):
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(RecordError):
            read_profile(path)


def test_missing_arrays_are_refused(path: Path) -> None:
    arrays_of(path).unlink()
    with pytest.raises(RecordError, match="no such file"):
        read_profile(path)


def test_a_newer_profile_is_refused(path: Path) -> None:
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(RecordError, match="in version"):
        read_profile(path)


def test_another_file_s_arrays_are_refused(path: Path) -> None:
    with np.load(arrays_of(path)) as stored:
        arrays = dict(stored)
    for wrong, found in (
        ({**arrays, "golden/frame": arrays["golden/frame"].astype(np.int64)}, "int64"),
        ({**arrays, "golden/frame": arrays["golden/frame"][:1]}, r"int32\(1,\)"),
        ({**arrays, "golden/stream": arrays["golden/stream"] + 7}, "7 to 8 in golden/stream"),
        ({**arrays, "more": arrays["golden/stream"]}, "an array 'more'"),
        ({name: arrays[name] for name in list(arrays)[1:]}, "no array golden/stream"),
        ({**arrays, "golden/frame": np.array([{}, {}, {}])}, "no arrays"),
    ):
        replace_arrays(path, **wrong)
        with pytest.raises(RecordError, match=found):
            read_profile(path)


def test_a_path_out_of_the_folder_is_refused(path: Path) -> None:
    record = json.loads(path.read_text())
    record["arrays"]["file"] = f"../{path.parent.name}/{record['arrays']['file']}"
    path.write_text(json.dumps(record))
    with pytest.raises(RecordError, match="the name of a file beside this"):
        read_profile(path)


def test_an_array_of_another_type_is_not_written(profile: Profile, tmp_path: Path) -> None:
    golden = replace(profile.golden, time_s=profile.golden.time_s.astype(np.float32))
    with pytest.raises(TypeError, match="golden/time_s is float32"):
        write_profile(tmp_path / "p.json", replace(profile, golden=golden))
    assert list(tmp_path.iterdir()) == []
