from pathlib import Path

from vedette.bench.noscope_optimiser import claim, rows


def test_without_tables_nothing_is_claimed(tmp_path: Path) -> None:
    assert list(rows(None)) == list(rows(tmp_path)) == []
    assert claim([]).value is None
    assert "no folder noscope" in claim([]).reason


def test_a_cheap_choice_that_breaks_its_budget_does_not_pass() -> None:
    kept = {"over_optimum": 0.99, "kept": True}
    assert claim([kept, {"over_optimum": 1.0, "kept": True}]).is_met
    assert claim([kept, {"over_optimum": 1.001, "kept": True}]).is_met is False
    assert claim([kept, {"over_optimum": 0.5, "kept": False}]).is_met is False
