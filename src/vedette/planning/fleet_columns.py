"""Paths of cameras as columns: found at prices, mixed by a master program that finds new prices.

Dantzig and Wolfe's decomposition (Operations Research 1960). A column is one camera's whole path,
within its own limits (:mod:`vedette.planning.fleet_paths`); the master mixes columns under the
shared capacities. What cameras' best paths cost at any prices, less what the capacities are worth
at them, bounds every plan from below (Lagrange).
"""

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from vedette.planning.fleet_arrays import Fleet, Group, Rows
from vedette.planning.fleet_paths import (
    Limits,
    Paths,
    labelled,
    limits,
    shortest,
    sweep,
)
from vedette.planning.layout import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Paths of all groups that keep their cameras' limits: ``camera`` (N,) its row in the fleet,
    ``used`` (N, R), ``variants`` and ``devices`` (N, steps), -1 beyond a camera's steps.
    """

    camera: Rows
    used: Floats
    variants: Rows
    devices: Rows

    def rows(self, chosen: Rows) -> "Columns":
        return Columns(
            self.camera[chosen], self.used[chosen], self.variants[chosen], self.devices[chosen]
        )


@dataclass(frozen=True, eq=False, slots=True)
class Settings:
    """``tolerance`` is the gap between mixtures and bound at which a search ends, ``polish`` that
    of a plan above which more paths are tried; ``width`` labels are kept a state, or ``wider``
    where that leaves a gap (a quarter of it where several limits of a camera bind).
    """

    tolerance: float = 1e-3
    polish: float = 4e-3
    rounds: int = 40
    width: int = 24
    wider: int = 400
    fine_steps: int = 10


@dataclass(eq=False, slots=True)
class Search:
    """What column generation holds from round to round: paths, and each camera's own fines."""

    fleet: Fleet
    settings: Settings
    own: tuple[Limits, ...]
    fines: list[Floats]
    shared: Rows
    columns: Columns
    evaluated: int = 0
    seen: set[bytes] = field(default_factory=set)

    @property
    def room(self) -> Floats:
        return self.fleet.capacity[self.shared]


def begin(fleet: Fleet, settings: Settings) -> Search:
    own = tuple(limits(group) for group in fleet.groups)
    steps = max(len(group.layers) for group in fleet.groups)
    none = Columns(
        np.zeros(0, np.intp),
        np.zeros((0, len(fleet.price))),
        np.zeros((0, steps), np.intp),
        np.zeros((0, steps), np.intp),
    )
    fines = [np.zeros_like(each.limit) for each in own]
    return Search(fleet, settings, own, fines, _may_bind(fleet), none)


def _may_bind(fleet: Fleet) -> Rows:
    """Shared amounts of which all cameras together can use more than there is."""
    found = []
    for kind in np.flatnonzero(np.isfinite(fleet.capacity)):
        most = 0.0
        for group in fleet.groups:
            unit = np.zeros_like(group.own)
            unit[:, kind] = -1.0
            most -= float(sweep(group, unit).least.sum())
        if most > fleet.capacity[kind]:
            found.append(kind)
    return np.array(found, np.intp)


def price_out(
    search: Search, prices: Floats, weight: float, *, by_labels: bool = True, is_wide: bool = True
) -> tuple[Floats, int]:
    """Add every camera's best paths at ``prices`` of shared amounts; (bound a camera, new paths).

    ``weight`` is that of the objective. Without ``by_labels`` only what sweeps find: quick, with a
    lower bound. ``is_wide`` keeps more labels where few leave a gap; where one limit of a camera
    binds at most, that is always little work.
    """
    fleet = search.fleet
    each = weight * fleet.price
    each[search.shared] += prices
    known = np.full(fleet.cameras, np.inf)
    np.minimum.at(known, search.columns.camera, search.columns.used @ each)
    bound = np.zeros(fleet.cameras)
    before = len(search.columns.camera)
    for g, group in enumerate(fleet.groups):
        rows = group.cameras
        paid = np.tile(each, (len(rows), 1))
        bound[rows], fair = _fair_fines(search, g, paid, known)
        if not by_labels:
            continue
        is_simple = len(search.own[g].kinds) <= 1
        bound[rows] = _closer(search, g, paid, fair, known[rows], is_wide=is_wide or is_simple)
    return bound, len(search.columns.camera) - before


def add_near(search: Search, prices: Floats, gap: float, most: int = 60) -> None:
    """Add up to ``most`` paths of each camera that cost at most ``gap`` more than its cheapest."""
    fleet, settings = search.fleet, search.settings
    each = fleet.price.copy()
    each[search.shared] += prices
    known = np.full(fleet.cameras, np.inf)
    np.minimum.at(known, search.columns.camera, search.columns.used @ each)
    for g, group in enumerate(fleet.groups):
        paid = np.tile(each, (len(group.cameras), 1))
        near = known[group.cameras] + gap
        fines, own = search.fines[g], search.own[g]
        found = labelled(group, own, paid, fines, near, width=4 * settings.width, most=most)
        search.evaluated += found.tried
        _add(search, group, found.paths)


def _closer(
    search: Search, g: int, prices: Floats, fines: Floats, known: Floats, *, is_wide: bool
) -> Floats:
    """Add the best paths by labels, more of them where few leave a gap; a bound for each camera."""
    group, own, settings = search.fleet.groups[g], search.own[g], search.settings
    found = labelled(group, own, prices, fines, known, width=settings.width)
    search.evaluated += found.tried
    _add(search, group, found.paths)
    np.minimum.at(known, found.paths.rows, (found.paths.used * prices[found.paths.rows]).sum(1))
    bound = found.bound
    share = settings.tolerance / 8 * np.abs(np.where(np.isfinite(known), known, 0.0))
    is_open = np.flatnonzero(np.isfinite(bound) & (bound < known - share))
    if is_wide and len(is_open) and settings.wider > settings.width:
        width = settings.wider if len(own.kinds) <= 1 else max(settings.wider // 4, settings.width)
        wider = labelled(group, own, prices, fines, known, width=width, only=is_open)
        search.evaluated += wider.tried
        _add(search, group, wider.paths)
        bound[is_open] = np.maximum(bound, wider.bound)[is_open]
    return bound


def _fair_fines(search: Search, g: int, prices: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Fines on each camera's own limits that raise its bound: (bounds, fines).

    One limit after the other, by bisection of the fine (as a ratio) from the last one that was
    fair: what a camera uses of an amount falls as the fine on it grows.
    """
    group, own = search.fleet.groups[g], search.own[g]
    rows, fines = group.cameras, search.fines[g].copy()
    best, kept = np.full(len(rows), -np.inf), fines.copy()

    def excess_at(fines: Floats) -> Floats:
        fined = prices.copy()
        fined[:, own.kinds] += fines
        found = sweep(group, fined)
        value = found.least - (fines * own.limit).sum(axis=1)
        better = value > best
        kept[better], best[better] = fines[better], value[better]
        path = shortest(group, found)
        excess: Floats = path.used[:, own.kinds] - own.limit
        fits = np.flatnonzero((excess <= 0).all(axis=1))
        _add(search, group, _paths_rows(path, fits))
        worth = (path.used * prices).sum(axis=1)[fits]
        known[rows[fits]] = np.minimum(known[rows[fits]], worth)
        return excess

    if not len(own.kinds):
        excess_at(fines)
    for kind in range(len(own.kinds)):
        low, high = np.zeros(len(rows)), np.full(len(rows), np.inf)
        fines = kept.copy()
        usual = 1e-3 * np.abs(prices @ search.fleet.price) + 1e-6
        for _ in range(search.settings.fine_steps):
            at = fines[:, kind]
            is_over = excess_at(fines)[:, kind] > 0
            low, high = np.where(is_over, at, low), np.where(is_over, high, at)
            bounded = np.where(np.isfinite(high), high, at * 64)
            between = np.where(low > 0, np.sqrt(low * bounded), bounded / 8)
            fines[:, kind] = np.where(np.isfinite(high), between, np.maximum(at * 8, usual))
        search.evaluated += len(rows) * search.settings.fine_steps
    search.fines[g] = kept
    return best, kept


def _paths_rows(paths: Paths, chosen: Rows) -> Paths:
    return Paths(
        paths.rows[chosen], paths.variants[chosen], paths.transitions[chosen], paths.used[chosen]
    )


def _add(search: Search, group: Group, paths: Paths) -> None:
    """Keep the paths that are new."""
    cameras, devices = group.cameras[paths.rows], group.devices(paths.transitions)
    keys = np.concatenate([cameras[:, None], paths.variants, devices], axis=1).astype(np.int32)
    fresh = []
    for i, key in enumerate(keys):
        name = key.tobytes()
        if name not in search.seen:
            search.seen.add(name)
            fresh.append(i)
    if fresh:
        chosen = np.array(fresh)
        old = search.columns
        gap = ((0, 0), (0, old.variants.shape[1] - len(group.layers)))
        search.columns = Columns(
            np.append(old.camera, cameras[chosen]),
            np.concatenate([old.used, paths.used[chosen]]),
            np.concatenate([old.variants, np.pad(paths.variants[chosen], gap, constant_values=-1)]),
            np.concatenate([old.devices, np.pad(devices[chosen], gap, constant_values=-1)]),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Mix:
    """The master's answer: ``shares`` (N,) of each path, its ``value``, the shared ``prices`` and
    by how much of itself a capacity is exceeded (``excess``).
    """

    shares: Floats
    value: float
    prices: Floats
    excess: Floats


def mixed(search: Search, weight: float, penalty: float) -> Mix:
    """The cheapest mixture of known paths; a capacity may be exceeded for a ``penalty``."""
    columns, count = search.columns, len(search.columns.camera)
    scale = np.maximum(np.abs(search.room), 1e-9)
    cost = weight * (columns.used @ search.fleet.price)
    use = csr_array((columns.used[:, search.shared] / scale).T)
    slack = csr_array(-np.eye(len(scale)))
    ones = csr_array(
        (np.ones(count), (columns.camera, np.arange(count))),
        shape=(search.fleet.cameras, count + len(scale)),
    )
    found = cast("Any", linprog)(
        np.append(cost, np.full(len(scale), penalty)),
        A_ub=hstack([use, slack]) if len(scale) else None,
        b_ub=search.room / scale if len(scale) else None,
        A_eq=ones,
        b_eq=np.ones(search.fleet.cameras),
        method="highs",
    )
    marginals = -found.ineqlin.marginals if len(scale) else np.zeros(0)
    return Mix(found.x[:count], float(found.fun), marginals / scale, found.x[count:])
