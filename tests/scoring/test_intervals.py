"""Bounds against the published table and their plain properties."""

import pytest

from vedette.scoring import lower_bound, share


@pytest.mark.parametrize(("hits", "bound"), [(0, 0.0), (1, 0.016), (2, 0.065), (3, 0.139)])
def test_bounds_are_those_of_brown_cai_and_dasgupta(hits: int, bound: float) -> None:
    """Their 95% two-sided interval for 7 trials begins at our one-sided 97.5% bound."""
    assert lower_bound(hits, 7, level=0.975) == pytest.approx(bound, abs=5e-4)


def test_nothing_counted_supports_nothing() -> None:
    assert lower_bound(0, 0) == 0


def test_more_data_with_the_same_share_are_surer() -> None:
    bounds = [lower_bound(9 * n, 10 * n) for n in (1, 2, 10, 100)]
    assert bounds == sorted(bounds)
    assert bounds[-1] < 0.9


def test_a_share_carries_its_counts_and_bound() -> None:
    counted = share(18, 20)
    assert (counted.hits, counted.total, counted.value) == (18, 20, 0.9)
    assert counted.lower == lower_bound(18, 20)
