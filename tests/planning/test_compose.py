from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.planning.conftest import City, trace

from vedette.errors import RecordError
from vedette.planning.compose import FIELDS, accuracy, compose
from vedette.planning.expand import expand, golden
from vedette.types.graph import Choice, Scalar
from vedette.types.profile import Trace


def choice(city: City, rate: Scalar, model: Scalar, qp: Scalar) -> Choice:
    moved = {"sample.rate_fps": rate, "detect.model": model, "transport.qp": qp}
    return {**golden(city.workflow), **moved}


def composed(city: City, chosen: Choice) -> Trace:
    return compose(city.profile, chosen, expand(city.workflow, chosen, city.variants))


@pytest.mark.parametrize(
    "values", list(product(("source", 5), ("tiled", "plain", "small"), ("source", 18, 30)))
)
def test_independent_knobs_compose_to_what_all_of_them_together_measure(
    city: City, values: tuple[Scalar, Scalar, Scalar]
) -> None:
    chosen = choice(city, *values)
    found, expected = composed(city, chosen), trace(chosen)
    assert found.steps.keys() == expected.steps.keys()
    assert np.array_equal(found.analysed, expected.analysed)
    for name, field in product(expected.steps, FIELDS):
        np.testing.assert_allclose(
            getattr(found.steps[name], field),
            getattr(expected.steps[name], field),
            err_msg=f"{name}.{field}",
        )


def test_bytes_that_a_sweep_did_not_measure_are_goldens(city: City) -> None:
    chosen = choice(city, "source", "plain", "source")
    sweep = city.profile.sweeps["detect.model", "plain"]
    street = sweep.trace.steps["street"]
    blind = replace(street, size_bytes=np.full(len(street.cpu_s), np.nan))
    blind_trace = replace(sweep.trace, steps={**sweep.trace.steps, "street": blind})
    sweeps = {**city.profile.sweeps, ("detect.model", "plain"): replace(sweep, trace=blind_trace)}
    found = compose(
        replace(city.profile, sweeps=sweeps), chosen, expand(city.workflow, chosen, city.variants)
    )
    assert found.steps["street"].size_bytes.tolist() == street.size_bytes.tolist()


def test_accuracies_relative_to_golden_multiply(city: City) -> None:
    chosen = choice(city, 5, "plain", 30)
    assert accuracy(city.profile, golden(city.workflow), "event_f1") == 1.0
    assert accuracy(city.profile, chosen, "event_f1") == pytest.approx(0.96 * 0.98 * 0.97)


def test_scaled_items_keep_their_sum(city: City) -> None:
    sweep = city.profile.sweeps["transport.qp", 30]
    alert = replace(sweep.trace.steps["detect"], items=np.tile([0, 1], 50).astype(np.int32))
    half = replace(sweep.trace, steps={**sweep.trace.steps, "detect": alert})
    sweeps = {**city.profile.sweeps, ("transport.qp", 30): replace(sweep, trace=half)}
    chosen = choice(city, "source", "small", 30)
    found = compose(
        replace(city.profile, sweeps=sweeps), chosen, expand(city.workflow, chosen, city.variants)
    )
    assert found.steps["detect"].items.sum() == 50


def test_a_value_that_was_never_profiled_is_named(city: City) -> None:
    with pytest.raises(RecordError, match=r"without detect\.model = huge"):
        accuracy(city.profile, {"detect.model": "huge"}, "event_f1")
