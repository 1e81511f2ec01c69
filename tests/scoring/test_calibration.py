"""A forecast beside what was found: relative errors, and nothing where a run has no such figure."""

import math
from dataclasses import replace

import pytest

from vedette.scoring.calibration import COSTS, calibration
from vedette.types.figures import Figures, Score, Share

FOUND = Figures("rehearsed", 2.0, 0.1, 20.0, 30.0, 90.0, 120.0, 8.0, 0.4, 100, 40)
EXPECTED = replace(FOUND, label="simulated", wan_mbps=0.08, latency_p95_ms=33.0)


def scores(hits: int) -> dict[str, Score]:
    return {"event_f1": Score("event_f1", Share(hits, 10, 0.0), Share(hits, 10, 0.0))}


def test_each_cost_has_its_relative_error_and_both_labels() -> None:
    errors = {each.name: each.error for each in calibration(EXPECTED, FOUND)}
    assert errors.keys() == COSTS.keys()
    assert errors["wan_mbps"] == pytest.approx(0.2)
    assert errors["latency_p95_ms"] == pytest.approx(3 / 33)
    assert errors["camera_mbps"] == 0
    assert {(e.by, e.label) for e in calibration(EXPECTED, FOUND)} == {("simulated", "rehearsed")}


def test_a_figure_that_a_run_does_not_have_is_left_out() -> None:
    unpaced = replace(FOUND, latency_p50_ms=math.nan)
    assert "latency_p50_ms" not in {each.name for each in calibration(EXPECTED, unpaced)}


def test_accuracies_are_compared_where_both_sides_have_them() -> None:
    (told,) = (e for e in calibration(EXPECTED, FOUND, scores(10), scores(8)) if e.unit == "F1")
    assert (told.forecast, told.found, told.error) == pytest.approx((1.0, 0.8, 0.2))
    assert not [e for e in calibration(EXPECTED, FOUND, scores(10), {}) if e.unit == "F1"]


def test_nothing_forecast_and_nothing_found_is_right() -> None:
    none = replace(FOUND, wan_mbps=0.0)
    errors = {e.name: e.error for e in calibration(replace(EXPECTED, wan_mbps=0.0), none)}
    assert errors["wan_mbps"] == 0
