"""A choice and a placement for every camera of a fleet: near the optimum, with a bound, in seconds.

Prices and paths come from :mod:`vedette.planning.fleet_columns`. In the end few cameras are mixed,
at most one for each capacity that is full, so what rounding costs shrinks as a fleet grows. It
assumes that what a camera uses is a sum over its steps; models, which a device loads once for all
cameras, are left out of the bound and kept by reserving devices for the models most used.
"""

from dataclasses import dataclass, replace

import numpy as np

from vedette.errors import InfeasibleError, Problem
from vedette.planning.exact import Picks, Selection, exact, improved, repaired
from vedette.planning.fleet_arrays import Fleet, Rows
from vedette.planning.fleet_columns import (
    Mix,
    Search,
    Settings,
    add_near,
    begin,
    mixed,
    price_out,
)
from vedette.planning.fleet_paths import limits, sweep
from vedette.planning.layout import Floats
from vedette.types.plan import Proof

DEFAULT = Settings()
MOST_POOLED = 3000
"""So many paths of all cameras branch and bound chooses from."""
EXCESS = 1e-7
"""Up to this share a capacity counts as kept by a mixture."""


@dataclass(frozen=True, eq=False, slots=True)
class FleetPlan:
    """A row a camera: ``variants`` and ``devices`` (C, steps), -1 beyond a camera's steps."""

    variants: Rows
    devices: Rows
    proof: Proof


def generated(fleet: Fleet, settings: Settings = DEFAULT) -> FleetPlan:
    """By column generation, with the bound of the master program's own relaxation."""
    require_paths(fleet)
    search = begin(fleet, settings)
    bound, prices, mix = _priced(search, np.zeros(len(search.shared)), 1.0)
    if (mix.excess > EXCESS).any():
        _refuse_overload(search)  # else there is a mixture that fits, and now it is known
        bound, prices, mix = _priced(search, prices, 1.0)
    return _rounded(search, bound, prices, mix, "dp")


def lagrange(fleet: Fleet, settings: Settings = DEFAULT) -> FleetPlan:
    """By subgradient steps on the prices, each camera's own limits fined too: a looser bound.

    Held, Wolfe and Crowder (Mathematical Programming 1974).
    """
    require_paths(fleet)
    search = begin(fleet, replace(settings, fine_steps=6))
    scale = np.maximum(np.abs(search.room), 1e-9)
    prices = np.zeros(len(scale))
    price_out(search, prices, 1.0)
    require_columns(search)
    bound, best, step, stale = -np.inf, prices, 1.0, 0
    target = _goal(search, prices)
    for _ in range(3 * settings.rounds):
        each, _ = price_out(search, prices, 1.0, by_labels=False)
        value = float(each.sum() - prices @ search.room)
        stale = 0 if value > bound else stale + 1
        if not stale:
            bound, best = value, prices
            target = min(target, _goal(search, prices))
        excess = (_used(search, prices) - search.room) / scale
        if not excess[(prices > 0) | (excess > 0)].any():
            break
        step = step * 0.6 if stale and stale % 4 == 0 else step
        goal = target if np.isfinite(target) else bound + 0.1 * abs(bound) + 1e-6
        length = step * max(goal - value, 1e-12) / max(float(excess @ excess), 1e-12)
        prices = np.maximum(prices + length * excess / scale, 0.0)
    mix = mixed(search, 1.0, _penalty(search))
    if (mix.excess > EXCESS).any():
        return generated(fleet, settings)  # what steps do not reach may still fit
    return _rounded(search, bound, best, mix, "lagrange")


def _goal(search: Search, prices: Floats) -> float:
    """What a plan from the known paths costs; infinite where none is found that fits."""
    problem, _ = _table(search, prices, np.zeros(len(search.columns.camera)), 20)
    picks = _fitted(problem, prices * np.maximum(np.abs(search.room), 1e-9))
    return np.inf if picks is None else problem.objective(picks)


def _used(search: Search, prices: Floats) -> Floats:
    """What all cameras' best known paths at the prices use of the shared amounts."""
    problem, _ = _table(search, prices, np.zeros(len(search.columns.camera)), 1)
    used: Floats = problem.use[:, 0].sum(axis=0) * np.maximum(np.abs(search.room), 1e-9)
    return used


def _penalty(search: Search) -> float:
    """More than all cameras' dearest paths cost, for each capacity that is exceeded by itself."""
    most = np.full(search.fleet.cameras, -np.inf)
    np.maximum.at(most, search.columns.camera, search.columns.used @ search.fleet.price)
    return 100 * float(np.abs(most).sum()) + 1e-6


def require_paths(fleet: Fleet) -> None:
    """Raises InfeasibleError for the first camera that no path serves, whatever others use."""
    for group in fleet.groups:
        reachable = np.isfinite(sweep(group, np.zeros_like(group.own)).least)
        own = limits(group) if reachable.all() else None
        for row, camera in enumerate(group.cameras):
            if not reachable[row]:
                raise InfeasibleError(
                    Problem(
                        f"no placement of camera {camera + 1} that its links can connect",
                        "links between the devices that its steps need",
                        "a link, another `at`, or a variant of an accuracy above 0",
                    )
                )
            if own is not None and not own.is_possible[row].all():
                kind = int(own.kinds[np.flatnonzero(~own.is_possible[row])[0]])
                least = float(own.rest[0][row, 0, np.flatnonzero(own.kinds == kind)[0]])
                raise InfeasibleError(
                    _own_problem(fleet, int(camera), kind, least, float(group.own[row, kind]))
                )


def _own_problem(fleet: Fleet, camera: int, kind: int, least: float, limit: float) -> Problem:
    if kind == len(fleet.price) - 1:
        best = np.exp(-least)
        return Problem(
            f"no variants of camera {camera + 1} that reach an accuracy of {np.exp(-limit):g}; "
            f"the best is {best:.3f}",
            f"an accuracy of {np.exp(-limit):g} or more",
            f"a floor of {np.floor(best * 100) / 100:g}, or a more accurate variant",
        )
    return Problem(
        f"camera {camera + 1} needs at least {least:g} of its own {fleet.names[kind]}",
        f"at most {limit:g}",
        "a larger device beside the camera, or lighter variants",
    )


def _priced(search: Search, prices: Floats, weight: float) -> tuple[float, Floats, Mix]:
    """Rounds of columns until master and bound agree: (bound, its prices, the last mixture).

    The objective counts by ``weight``; without it the least excess is sought, until it is certain
    whether there is any. Prices go half-way from the best ones to the master's (Wentges 1997).
    """
    bound, best = -np.inf, prices
    is_masters = is_wide = False
    for _ in range(search.settings.rounds):
        each, new = price_out(search, prices, weight, is_wide=is_wide)
        require_columns(search)
        value = float(each.sum() - prices @ search.room)
        if value > bound:
            bound, best = value, prices
        mix = mixed(search, weight, _penalty(search) if weight else 1.0)
        if mix.value - bound <= search.settings.tolerance / 4 * abs(mix.value) + 1e-12:
            break
        if not weight and (bound > EXCESS or mix.value <= EXCESS):
            break
        if not new and is_masters and is_wide:
            break  # labels were cut: what lies between the two is not known
        is_wide = is_wide or new < 0.05 * search.fleet.cameras
        is_masters = not new
        prices = mix.prices if is_masters else 0.5 * best + 0.5 * mix.prices
    return bound, best, mix


def require_columns(search: Search) -> None:
    missing = np.setdiff1d(np.arange(search.fleet.cameras), search.columns.camera)
    if len(missing):
        raise InfeasibleError(
            Problem(
                f"no path of camera {missing[0] + 1} found within all of its own limits at once",
                "a lower floor, or more room beside the camera",
                "vedette solve fleet FILE --method exact, to be certain",
            )
        )


def _refuse_overload(search: Search) -> None:
    """Look for the least excess: InfeasibleError if there has to be some, or none is found."""
    bound, _, mix = _priced(search, np.zeros(len(search.shared)), 0.0)
    if mix.value <= EXCESS:
        return
    worst = int(mix.excess.argmax())
    need = search.room[worst] * (1 + mix.excess[worst])
    raise InfeasibleError(
        Problem(
            f"{'no plan that fits' if bound > EXCESS else 'no plan found that fits'}: of "
            f"{search.fleet.names[search.shared[worst]]} ({search.room[worst]:g}) the nearest "
            f"uses {need:g}",
            "one path for each camera within all capacities",
            "more capacity, lower floors, or lighter variants",
        )
    )


def _table(search: Search, prices: Floats, shares: Floats, most: int) -> tuple[Selection, Rows]:
    """The columns as a selection: those mixed first, then the best at the prices, ``most`` each.

    The second is the column of each option, (C, O), -1 where there is none.
    """
    columns, fleet = search.columns, search.fleet
    each = fleet.price.copy()
    each[search.shared] += prices
    reduced = columns.used @ each
    order = np.lexsort((reduced, -np.round(shares, 9), columns.camera))
    camera = columns.camera[order]
    begin_at = np.searchsorted(camera, np.arange(fleet.cameras))
    rank = np.arange(len(order)) - begin_at[camera]
    order, camera, rank = (part[rank < most] for part in (order, camera, rank))
    where = np.full((fleet.cameras, int(rank.max()) + 1), -1, np.intp)
    where[camera, rank] = order
    cost = np.where(where < 0, np.inf, (columns.used @ fleet.price)[where])
    scale = np.maximum(np.abs(search.room), 1e-9)
    use = columns.used[:, search.shared] / scale
    names = tuple(fleet.names[i] for i in search.shared)
    return Selection(cost, use[where], search.room / scale, names), where


def _fitted(problem: Selection, prices: Floats) -> Picks | None:
    """From the first option of each camera, and from the cheapest at the prices: the better fit."""
    starts = [np.zeros(len(problem.cost), np.intp), (problem.cost + problem.use @ prices).argmin(1)]
    fits = [repaired(problem, start, prices) for start in starts]
    better = [improved(problem, each) for each in fits if each is not None]
    return min(better, key=problem.objective, default=None)


def _rounded(search: Search, bound: float, prices: Floats, mix: Mix, method: str) -> FleetPlan:
    """A whole path for each camera; where that leaves a gap, from all paths that could close it.

    A plan that costs less than a known one by no more than the gap uses only paths that cost, at
    the bound's prices, at most the gap more than their camera's cheapest.
    """
    scale = np.maximum(np.abs(search.room), 1e-9)
    problem, where = _table(search, prices, mix.shares, 40)
    picks = _fitted(problem, prices * scale)
    value = np.inf if picks is None else problem.objective(picks)
    if not value - bound <= search.settings.polish * abs(value):
        gap = value - bound if picks is not None else 0.2 * abs(bound) + 1e-6
        kept = None if picks is None else where[np.arange(len(picks)), picks]
        add_near(search, prices, gap)
        most = max(MOST_POOLED // search.fleet.cameras, 8)
        problem, where = _table(search, prices, _first(search, mix.shares, kept), most)
        picks = None if kept is None else np.zeros(len(kept), np.intp)
        picks = _polished(problem, picks, search.settings.tolerance)
    if picks is None:
        raise InfeasibleError(
            Problem(
                "no plan found that fits, though paths mixed by shares do",
                "one path for each camera within all capacities",
                "a little more capacity, or vedette solve fleet FILE --method exact",
            )
        )
    value = problem.objective(picks)
    chosen = search.columns.rows(where[np.arange(len(picks)), picks])
    proof = Proof(value, min(bound, value), method, search.evaluated + len(search.columns.camera))
    return FleetPlan(chosen.variants, chosen.devices, proof)


def _first(search: Search, shares: Floats, kept: Rows | None) -> Floats:
    """Shares by which the columns ``kept`` come first of their cameras."""
    found = np.zeros(len(search.columns.camera))
    found[: len(shares)] = shares
    if kept is not None:
        found[kept] = 2.0
    return found


def _polished(problem: Selection, picks: Picks | None, tolerance: float) -> Picks | None:
    """The better of ``picks`` and what branch and bound finds in few nodes."""
    tight = Selection(problem.cost, problem.use, problem.capacity - 2e-6, problem.names)
    found = [] if picks is None else [picks]
    for each in (problem, tight):  # HiGHS may exceed a capacity by a millionth
        try:
            better = exact(each, gap=tolerance / 2, nodes=300).picks
        except InfeasibleError:
            continue
        if problem.fits(better):
            found.append(better)
            break
    return min(found, key=problem.objective, default=None)
