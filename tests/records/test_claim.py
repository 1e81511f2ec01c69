"""One owner at a time."""

from pathlib import Path

from vedette.records.claim import Claim


def test_a_claim_stands_until_it_is_released(tmp_path: Path) -> None:
    first = Claim.take(tmp_path / "run.lock")
    assert first is not None
    assert Claim.take(tmp_path / "run.lock") is None
    first.release()
    second = Claim.take(tmp_path / "run.lock")
    assert second is not None
    first.release()
    assert Claim.take(tmp_path / "run.lock") is None


def test_a_released_claim_leaves_no_file(tmp_path: Path) -> None:
    claim = Claim.take(tmp_path / "run.lock")
    assert claim is not None
    claim.release()
    assert list(tmp_path.iterdir()) == []
