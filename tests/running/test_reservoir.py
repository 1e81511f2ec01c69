"""Exact while there are few, near afterwards, and never more than so many."""

import numpy as np
import pytest

from vedette.running.reservoir import Reservoir


def test_few_rows_are_all_kept() -> None:
    kept = Reservoir(2, most=3)
    kept.add(1, 2)
    kept.add(3, 4)
    assert kept.rows().tolist() == [[1, 2], [3, 4]]


def test_many_rows_are_sampled_evenly() -> None:
    kept = Reservoir(most=2000)
    for number in range(50_000):
        kept.add(number)
    assert kept.seen == 50_000
    assert kept.rows().shape == (2000, 1)
    assert np.percentile(kept.rows(), [50, 95]) == pytest.approx([25_000, 47_500], rel=0.03)
