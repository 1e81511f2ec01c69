"""A promise that is kept is hardly ever called broken, one that is broken soon is."""

import numpy as np
import pytest
from scipy.stats import binom

from vedette.scoring.audit import RISK, is_broken


def first_alarm(wrong: np.ndarray, promised: float) -> int | None:
    """After how many frames the promise is called broken."""
    count = 0
    for number, is_wrong in enumerate(wrong.tolist(), 1):
        count += is_wrong
        if is_wrong and is_broken(count, number, promised):
            return number
    return None


@pytest.mark.parametrize("promised", [0.01, 0.05])
def test_a_promise_that_is_just_kept_is_called_broken_no_more_often_than_stated(
    promised: float,
) -> None:
    draw = np.random.default_rng(5)
    alarms = [first_alarm(draw.random(2000) < promised, promised) for _ in range(400)]
    assert sum(each is not None for each in alarms) <= binom.ppf(0.999, 400, RISK)


def test_a_promise_broken_tenfold_is_found_within_some_hundred_frames() -> None:
    draw = np.random.default_rng(6)
    alarms = [first_alarm(draw.random(400) < 0.1, 0.01) for _ in range(50)]
    assert sum(each is not None for each in alarms) >= 48


def test_one_mistake_disproves_a_promise_of_none_and_nothing_one_of_all() -> None:
    assert is_broken(1, 10_000, 0.0)
    assert not is_broken(500, 500, 1.0)
