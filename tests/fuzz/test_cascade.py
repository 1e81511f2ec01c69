"""Whatever lies in a cascade's folder, ``vedette check`` tells what is wrong with it."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from tests.cascades import learned
from tests.fuzz.material import plain, said
from tests.fuzz.mutations import assert_told, many, mutated, spoiled, tree
from tests.session.test_cascade import CASCADE, WORKFLOW

CHECK = ("check", "asking.yaml")


@pytest.fixture
def asked(here: Path) -> Path:
    learned(here / "learned", CASCADE)
    (here / "asking.yaml").write_text(WORKFLOW)
    return here


def test_the_folder_is_right_as_it_is(asked: Path) -> None:
    assert (asked / "learned").is_dir()
    assert said(*CHECK).status == 0


def test_a_changed_record_is_right_or_told(asked: Path) -> None:
    file = asked / "learned" / "cascade.json"

    @many(60)
    @given(mutated(plain(file)))
    def tell(changed: object) -> None:
        file.write_text(json.dumps(changed), encoding="utf-8")
        before = tree(asked)
        assert_told(said(*CHECK))
        assert tree(asked) == before

    tell()


@pytest.mark.parametrize("name", ["cascade.json", "difference.npz", "special.onnx"])
def test_a_spoiled_file_is_told(asked: Path, name: str) -> None:
    file = asked / "learned" / name
    right = file.read_bytes()

    @many(30)
    @given(spoiled(right).filter(lambda content: content != right))
    def tell(content: bytes) -> None:
        file.write_bytes(content)
        assert_told(said(*CHECK))

    tell()


@pytest.mark.parametrize("name", ["difference.npz", "special.onnx"])
def test_a_hostile_file_with_the_right_digest_is_told(asked: Path, name: str) -> None:
    file, record = asked / "learned" / name, asked / "learned" / "cascade.json"
    right, plainly = file.read_bytes(), plain(record)

    @many(30)
    @given(spoiled(right))
    def tell(content: bytes) -> None:
        file.write_bytes(content)
        digests = plainly["digests"] | {name: hashlib.sha256(content).hexdigest()}
        record.write_text(json.dumps(plainly | {"digests": digests}))
        assert_told(said(*CHECK))

    tell()
