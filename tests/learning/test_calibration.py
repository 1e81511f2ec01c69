"""Scores that mean what they say."""

import numpy as np
import pytest
from scipy.special import expit

from vedette.errors import InputError
from vedette.learning.calibration import LEAST_SLOPE, calibrate, reliability


def told(true_slope: float, true_offset: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 2, 20_000)
    return logits, chance.random(20_000) < expit(true_slope * logits + true_offset)


def test_it_finds_the_slope_and_offset_that_answers_were_drawn_with() -> None:
    fitted = calibrate(*told(0.5, -1.0))
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.offset == pytest.approx(-1.0, abs=0.05)


def test_too_sure_scores_become_reliable() -> None:
    logits, labels = told(0.3, 1.0)
    raw = reliability(expit(logits), labels)
    fitted = reliability(calibrate(logits, labels).probability(logits), labels)
    assert raw.error > 0.1
    assert fitted.error < 0.015


def test_scores_that_separate_the_answers_stay_finite() -> None:
    fitted = calibrate(np.array([-9.0, -8, -7, 7, 8, 9]), np.arange(6) > 2)
    likely = fitted.probability(np.array([9.0]))
    assert np.isfinite([fitted.slope, fitted.offset]).all()
    assert 0.7 < likely[0] < 0.95  # as sure as three of each allow


def test_scores_that_say_the_opposite_keep_their_order() -> None:
    logits, labels = told(-1.0, 0.0)
    assert calibrate(logits, labels).slope == pytest.approx(LEAST_SLOPE)


def test_equal_scores_are_the_share_of_yes() -> None:
    labels = np.arange(100) < 25
    fitted = calibrate(np.zeros(100), labels)
    assert fitted.probability(np.zeros(1))[0] == pytest.approx(26 / 27 * 0.25 + 0.75 / 77, abs=1e-3)


def test_rows_that_nobody_held_out_do_not_count() -> None:
    logits, labels = told(0.5, 0.0)
    some = logits.copy()
    some[::2] = np.nan
    assert calibrate(some, labels) == calibrate(logits[1::2], labels[1::2])
    assert sum(each.count for each in reliability(expit(some), labels).bins) == 10_000


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([1.0, 2.0], [True, True], "2 yes and 0 no"),
        ([np.nan, np.nan], [True, False], "0 yes and 0 no"),
        ([1.0, np.inf], [True, False], "infinite"),
        ([1.0], [True, False], "shape"),
    ],
)
def test_what_cannot_calibrate_is_told(
    logits: list[float], labels: list[bool], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        calibrate(np.array(logits), np.array(labels))


def test_an_error_of_calibration_is_the_mean_gap() -> None:
    found = reliability(np.array([0.95, 0.95, 0.05, 1.0]), np.array([True, False, False, True]))
    assert [each.count for each in found.bins] == [1, 3]
    assert found.error == pytest.approx((0.05 + 3 * abs(2.9 / 3 - 2 / 3)) / 4)
