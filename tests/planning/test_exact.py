from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vedette.errors import InfeasibleError
from vedette.planning.exact import Selection, brute, exact, lagrange, relaxed


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    groups, options, shared = (draw(st.integers(1, most)) for most in (4, 4, 2))
    seed = draw(st.integers(0, 10**6))
    random = np.random.default_rng(seed)
    use = random.integers(0, 9, (groups, options, shared)).astype(float)
    cost = random.integers(0, 20, (groups, options)).astype(float)
    capacity = np.floor(use.mean(axis=1).sum(axis=0) * draw(st.floats(0.5, 1.5)))
    return Selection(cost, use, capacity)


def is_feasible(problem: Selection) -> bool:
    rows = product(range(problem.cost.shape[1]), repeat=len(problem.cost))
    return any(problem.fits(np.array(row)) for row in rows)


@given(selections())
def test_trying_all_and_the_exact_solver_agree(problem: Selection) -> None:
    assume(is_feasible(problem))
    tried, proven = brute(problem), exact(problem)
    assert proven.proof.objective == pytest.approx(tried.proof.objective)
    assert proven.proof.gap == pytest.approx(0, abs=1e-6)
    assert problem.fits(proven.picks)


@given(selections())
def test_the_fast_method_fits_and_never_claims_a_bound_above_the_optimum(
    problem: Selection,
) -> None:
    assume(is_feasible(problem))
    best, fast = brute(problem).proof.objective, lagrange(problem)
    assert problem.fits(fast.picks)
    assert fast.proof.objective >= best - 1e-9
    assert fast.proof.bound <= best + 1e-6
    assert relaxed(problem) <= best + 1e-6


def test_what_cannot_fit_is_refused_by_all_with_the_capacity_that_binds() -> None:
    problem = Selection(np.ones((2, 1)), np.full((2, 1, 1), 3.0), np.array([5.0]))
    for method in (brute, exact, lagrange):
        with pytest.raises(InfeasibleError, match=r"capacity 0 \(5\) needs at least 6"):
            method(problem)


def test_a_missing_option_is_never_picked() -> None:
    problem = Selection(np.array([[np.inf, 2.0], [1.0, 0.0]]), np.zeros((2, 2, 1)), np.array([1.0]))
    for method in (brute, exact, lagrange):
        assert method(problem).picks.tolist() == [1, 1]


def test_a_hundred_cameras_share_an_edge_within_two_percent_of_the_bound() -> None:
    random = np.random.default_rng(1)
    use = random.gamma(2.0, 1.0, (100, 40, 3))
    cost = 20 / (1 + use.sum(axis=2)) + random.random((100, 40))
    problem = Selection(cost, use, use.mean(axis=1).sum(axis=0) * np.array([0.6, 0.7, 0.9]))
    found = lagrange(problem)
    assert problem.fits(found.picks)
    assert found.proof.objective <= 1.02 * relaxed(problem)
    assert found.proof.gap <= 0.02
