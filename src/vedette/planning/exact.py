"""One option for each group under shared capacities: exact, by trying all, and fast with a bound.

The multiple-choice knapsack with several capacities. A group is a camera, an option one of its
choices and placements, a capacity what an edge box or a link has to share. Every method returns
what it found with a proof: its objective, a lower bound on any, and how much it tried.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from vedette.errors import InfeasibleError, Problem
from vedette.types.plan import Proof

Floats = NDArray[np.float64]
Picks = NDArray[np.intp]
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Selection:
    """``cost`` (G, O), infinite where a group has fewer options; ``use`` (G, O, R); ``capacity``
    (R,), with a name for each if they have names.
    """

    cost: Floats
    use: Floats
    capacity: Floats
    names: tuple[str, ...] = ()

    def objective(self, picks: Picks) -> float:
        return float(self.cost[np.arange(len(picks)), picks].sum())

    def used(self, picks: Picks) -> Floats:
        used: Floats = self.use[np.arange(len(picks)), picks].sum(axis=0)
        return used

    def fits(self, picks: Picks) -> bool:
        return bool((self.used(picks) <= self.capacity + TOLERANCE).all())


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """``picks`` (G,) the option of each group."""

    picks: Picks
    proof: Proof


Method = Callable[[Selection], Solution]


def exact(problem: Selection, *, gap: float = 0.0, nodes: int | None = None) -> Solution:
    """The cheapest selection, proven by branch and bound (HiGHS, by scipy.optimize.milp).

    It ends where it is within ``gap`` of its bound, or after so many ``nodes``.

    >>> two = Selection(np.array([[3.0, 1.0], [3.0, 2.0]]),
    ...                 np.array([[[0.0], [5.0]], [[0.0], [5.0]]]), np.array([6.0]))
    >>> exact(two).picks.tolist(), exact(two).proof.objective
    ([1, 0], 4.0)
    """
    cost, constraints, where = _linear(problem)
    found = milp(
        cost,
        constraints=constraints,
        bounds=Bounds(0, 1),
        integrality=np.ones(len(cost), np.int_),
        options={"mip_rel_gap": gap, **({} if nodes is None else {"node_limit": nodes})},
    )
    if found.x is None:
        raise _infeasible(problem)
    picks = _picked(np.asarray(found.x), where, len(problem.cost))
    value = problem.objective(picks)
    bound = min(float(found.mip_dual_bound), value)
    return Solution(picks, Proof(value, bound, "exact", int(found.mip_node_count)))


def relaxed(problem: Selection) -> float:
    """The LP bound: what a selection would cost if options could be mixed."""
    cost, constraints, _ = _linear(problem)
    found = milp(cost, constraints=constraints, bounds=Bounds(0, 1))
    return float(found.fun) if found.x is not None else float("inf")


def brute(problem: Selection) -> Solution:
    """The cheapest selection, by trying all; ties go to the first, the first group slowest."""
    best: tuple[float, tuple[int, ...]] | None = None
    rows = [np.flatnonzero(np.isfinite(cost)).tolist() for cost in problem.cost]
    tried = 0
    for row in product(*rows):
        picks = np.array(row, np.intp)
        tried += 1
        value = problem.objective(picks)
        if (best is None or value < best[0] - TOLERANCE) and problem.fits(picks):
            best = value, row
    if best is None:
        raise _infeasible(problem)
    return Solution(np.array(best[1], np.intp), Proof(best[0], best[0], "brute", tried))


def lagrange(problem: Selection, *, rounds: int = 300) -> Solution:
    """A near-optimal selection in little time, with the bound that proves how near.

    Lagrangian relaxation (Fisher, Management Science 1981): with a price on each capacity every
    group picks for itself; subgradient steps raise the prices of what is overfull. Each round's
    picks are made to fit (the group that gives up least a unit of excess moves first) and then
    improved one group at a time. It assumes many small groups: the gap shrinks as they grow.
    """
    scale = np.where(problem.capacity > 0, problem.capacity, 1.0)
    eased = Selection(problem.cost, problem.use / scale, problem.capacity / scale)
    groups = np.arange(len(eased.cost))
    prices, step = np.zeros(len(scale)), 2.0
    bound, best, tried = float("-inf"), None, 0
    stale = 0
    for _ in range(rounds):
        reduced = eased.cost + eased.use @ prices
        picks = reduced.argmin(axis=1)
        value = float(reduced[groups, picks].sum() - prices @ eased.capacity)
        stale = (
            0 if value > bound + 1e-12 * abs(bound if np.isfinite(bound) else 1.0) else stale + 1
        )
        bound = max(bound, value)
        if stale == 0 or best is None:
            fitted = repaired(eased, picks, prices)
            tried += 1
            if fitted is not None and (best is None or eased.objective(fitted) < best[0]):
                best = eased.objective(fitted), fitted
        excess = eased.used(picks) - eased.capacity
        if not excess[(prices > 0) | (excess > TOLERANCE)].any():
            break
        target = best[0] if best else bound + abs(bound) * 0.05 + 1.0
        step = step / 2 if stale and stale % 10 == 0 else step
        length = step * max(target - value, 1e-9) / max(float(excess @ excess), 1e-12)
        prices = np.maximum(prices + length * excess, 0.0)
    if best is None:
        return exact(problem)  # what greedy repair cannot fit may still fit
    picks = improved(eased, best[1])
    value = problem.objective(picks)
    return Solution(picks, Proof(value, min(bound, value), "lagrange", tried))


def repaired(problem: Selection, picks: Picks, prices: Floats) -> Picks | None:
    """Move groups, each time the one that pays least for each unit of excess it takes away."""
    picks, groups = picks.copy(), np.arange(len(picks))
    used = problem.used(picks)
    for _ in range(4 * len(picks)):
        excess = np.maximum(used - problem.capacity, 0.0)
        if excess.max(initial=0.0) <= TOLERANCE:
            return picks
        change = problem.use - problem.use[groups, picks][:, None, :]
        after = np.maximum(used + change - problem.capacity, 0.0).sum(axis=2)
        relief = excess.sum() - after
        more = problem.cost - problem.cost[groups, picks][:, None] + change @ prices * 1e-3
        score = np.where(relief > TOLERANCE, more / np.maximum(relief, TOLERANCE), np.inf)
        group, option = np.unravel_index(int(score.argmin()), score.shape)
        if not np.isfinite(score[group, option]):
            return None
        used = used + change[group, option]
        picks[group] = option
    return None


def improved(problem: Selection, picks: Picks) -> Picks:
    """Move single groups to the option that saves most and fits, until none saves anything."""
    picks, groups = picks.copy(), np.arange(len(picks))
    used = problem.used(picks)
    for _ in range(4 * len(picks)):
        change = problem.use - problem.use[groups, picks][:, None, :]
        fits = (used + change <= problem.capacity + TOLERANCE).all(axis=2)
        saved = np.where(fits, problem.cost[groups, picks][:, None] - problem.cost, -np.inf)
        group, option = np.unravel_index(int(saved.argmax()), saved.shape)
        if saved[group, option] <= TOLERANCE:
            break
        used = used + change[group, option]
        picks[group] = option
    return picks


def _linear(
    problem: Selection,
) -> tuple[Floats, tuple[LinearConstraint, LinearConstraint], NDArray[np.intp]]:
    """Costs, (one option a group, capacities), and the (group, option) of each variable."""
    where = np.argwhere(np.isfinite(problem.cost))
    count = len(where)
    ones = csr_array(
        (np.ones(count), (where[:, 0], np.arange(count))), shape=(len(problem.cost), count)
    )
    use = csr_array(problem.use[where[:, 0], where[:, 1]].T)
    shares = LinearConstraint(ones, 1, 1)
    return (
        problem.cost[where[:, 0], where[:, 1]],
        (shares, LinearConstraint(use, -np.inf, problem.capacity)),
        where,
    )


def _picked(x: Floats, where: NDArray[np.intp], groups: int) -> Picks:
    picks = np.zeros(groups, np.intp)
    for group, option in where[x > 0.5]:
        picks[group] = option
    return picks


def _infeasible(problem: Selection) -> InfeasibleError:
    """Names the capacity that even the most frugal options overfill most."""
    finite = np.isfinite(problem.cost)[:, :, None]
    least = np.where(finite, problem.use, np.inf).min(axis=1).sum(axis=0)
    share = least / np.maximum(problem.capacity, 1e-12)
    worst = int(share.argmax())
    name = problem.names[worst] if problem.names else f"capacity {worst}"
    return InfeasibleError(
        Problem(
            f"no selection that fits; {name} ({problem.capacity[worst]:g}) needs at least "
            f"{least[worst]:g}",
            "one option for each group within all capacities",
            "more capacity, or options that use less",
        )
    )
