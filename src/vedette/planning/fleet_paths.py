"""The cheapest path of every camera at given prices: in one sweep, or within its own limits.

A sweep is a dynamic program from the last step to the first. Limits of one camera (its accuracy
floor, its own device and uplink) are kept exactly by labels: partial paths, each with what it has
used, pruned by the sweep's bound on what is left and by dominance (Handler and Zang, Networks
1980). What is cut beyond ``width`` labels a state still counts in the bound that is returned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vedette.planning.fleet_arrays import Group, Rows
from vedette.planning.layout import Flags, Floats

SLACK = 1e-9
"""By how much, of itself or of 1, an amount may exceed its limit."""


def roomy(limit: Floats) -> Floats:
    """Limits with their rounding."""
    return limit + SLACK * np.maximum(np.abs(np.where(np.isfinite(limit), limit, 0.0)), 1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Sweep:
    """``to_go`` (layers + 1 of (C, S)) the least from a state on; ``arcs`` (C, V, T) a layer."""

    to_go: tuple[Floats, ...]
    arcs: tuple[Floats, ...]

    @property
    def least(self) -> Floats:
        return self.to_go[0][:, 0]


@dataclass(frozen=True, eq=False, slots=True)
class Paths:
    """``rows`` (n,) cameras of the group, ``variants`` and ``transitions`` (n, steps)."""

    rows: Rows
    variants: Rows
    transitions: Rows
    used: Floats


def sweep(group: Group, prices: Floats) -> Sweep:
    """Price every way on from every state, for ``prices`` (C, R)."""
    to_go, arcs = [np.zeros((len(group.cameras), 1))], []
    for layer in reversed(group.layers):
        cost = group.priced(layer, prices)
        through = cost.min(axis=1) + to_go[-1][:, layer.end]
        arcs.append(cost)
        to_go.append(np.minimum.reduceat(through, layer.first, axis=1))
    return Sweep(tuple(reversed(to_go)), tuple(reversed(arcs)))


def shortest(group: Group, found: Sweep) -> Paths:
    """The cheapest path of every camera; ties go to the first device, then the first variant."""
    every = np.arange(len(group.cameras))
    state = np.zeros(len(every), np.intp)
    variants, transitions = [], []
    for layer, arcs, after in zip(group.layers, found.arcs, found.to_go[1:], strict=True):
        through = arcs.min(axis=1) + after[:, layer.end]
        taken = np.where(layer.start == state[:, None], through, np.inf).argmin(axis=1)
        variants.append(arcs[every, :, taken].argmin(axis=1))
        transitions.append(taken)
        state = layer.end[taken]
    picked, ways = np.stack(variants, axis=1), np.stack(transitions, axis=1)
    return Paths(every, picked, ways, group.used(every, picked, ways))


@dataclass(frozen=True, eq=False, slots=True)
class Limits:
    """What limits cameras one by one: the K amounts that can exceed their limit at all.

    ``limit`` (C, K); ``arcs`` (C, V, T, K) and ``rest`` (C, S, K), the least use from a state on,
    a layer each.
    """

    kinds: Rows
    limit: Floats
    arcs: tuple[Floats, ...]
    rest: tuple[Floats, ...]

    @property
    def is_possible(self) -> Flags:
        """(C, K) whether the most frugal path keeps each limit."""
        possible: Flags = self.rest[0][:, 0] <= self.limit
        return possible


def limits(group: Group) -> Limits:
    """Which limits bind, with what each path uses of them at least; independent of prices."""
    kinds, limit, each = [], [], []
    for kind in np.flatnonzero(np.isfinite(group.own).any(axis=0)):
        unit = np.zeros_like(group.own)
        unit[:, kind] = 1.0
        most = -sweep(group, -unit).least
        if (most > group.own[:, kind]).any():
            kinds.append(kind)
            limit.append(roomy(np.minimum(group.own[:, kind], most)))
            each.append(sweep(group, unit))

    def stacked(parts: list[Floats], like: Floats) -> Floats:
        return np.stack(parts, axis=-1) if parts else np.zeros((*like.shape, 0))

    free = sweep(group, np.zeros_like(group.own))
    return Limits(
        np.array(kinds, np.intp),
        np.stack(limit, axis=1) if limit else np.zeros((len(group.cameras), 0)),
        tuple(stacked([k.arcs[i] for k in each], like) for i, like in enumerate(free.arcs)),
        tuple(stacked([k.to_go[i] for k in each], like) for i, like in enumerate(free.to_go)),
    )


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """``bound`` (C,) on what any path within the limits costs; ``tried`` labels."""

    paths: Paths
    bound: Floats
    tried: int


def labelled(
    group: Group,
    own: Limits,
    prices: Floats,
    fines: Floats,
    known: Floats,
    *,
    width: int,
    most: int = 3,
    only: Rows | None = None,
) -> Labelled:
    """Up to ``most`` cheapest paths within the limits of each camera, and a bound on the best.

    ``prices`` (C, R) are those of use; ``fines`` (C, K) those that make limits felt: any are right,
    good ones prune more. ``known`` (C,) what a path is known to cost: dearer ones are not sought.
    ``only`` some cameras are looked at: the bound of the others is what is known.
    """
    fined = prices.copy()
    fined[:, own.kinds] += fines
    guide = sweep(group, fined)
    base = (fines * own.limit).sum(axis=1)
    cut = known + 1e-9 * np.maximum(np.abs(known), 1.0)
    bound = known.copy()
    camera = np.arange(len(group.cameras)) if only is None else only
    state = np.zeros(len(camera), np.intp)
    cost: Floats = np.zeros(len(camera))
    used: Floats = np.zeros((len(camera), len(own.kinds)))
    trail: list[tuple[Rows, Rows, Rows]] = []
    tried = 0
    for i, layer in enumerate(group.layers):
        count = np.diff(np.append(layer.first, len(layer.start)))[state]
        size = layer.cpu.shape[1]
        parent = np.repeat(np.arange(len(camera)), count * size)
        within = np.arange(len(parent)) - np.repeat(
            np.cumsum(count * size) - count * size, count * size
        )
        t, v = layer.first[state[parent]] + within // size, within % size
        tried += len(parent)
        who, to = camera[parent], layer.end[t]
        now = cost[parent] + guide.arcs[i][who, v, t]
        least = now + guide.to_go[i + 1][who, to] - base[who]
        kept = np.flatnonzero(np.isfinite(least) & (least <= cut[who]))
        parent, t, v, who, to = (each[kept] for each in (parent, t, v, who, to))
        now, least = now[kept], least[kept]
        use = used[parent] + own.arcs[i][who, v, t]
        fine = (use + own.rest[i + 1][who, to] <= own.limit[who]).all(axis=1)
        order = np.flatnonzero(fine)
        key = who * (int(layer.end.max()) + 1) + to
        plain = now - (use * fines[who]).sum(axis=1)
        order = order[np.lexsort((*use[order].T, plain[order], key[order]))]
        order = order[~_dominated(key[order], use[order])]
        order = order[np.lexsort((now[order], key[order]))]
        rank = _rank(key[order])
        np.minimum.at(bound, who[order[rank >= width]], least[order[rank >= width]])
        order = order[rank < width]
        trail.append((parent[order], v[order], t[order]))
        camera, state, cost, used = who[order], to[order], now[order], use[order]
    worth = cost - (used * fines[camera]).sum(axis=1)
    order = np.lexsort((worth, camera))
    np.minimum.at(bound, camera[order], worth[order])
    order = order[_rank(camera[order]) < most]
    variants, ways = _walked(trail, order)
    rows = camera[order]
    paths = Paths(rows, variants, ways, group.used(rows, variants, ways))
    return Labelled(paths, bound, tried)


def _rank(key: Rows) -> Rows:
    """The place of each row among those of its (sorted) key."""
    fresh = np.append(True, key[1:] != key[:-1])[: len(key)]
    begin = np.flatnonzero(fresh)
    return np.arange(len(key)) - np.repeat(begin, np.diff(np.append(begin, len(key))))


def _dominated(key: Rows, used: Floats, reach: int = 16) -> Flags:
    """Which rows one before them (as cheap or cheaper) beats: same key, as frugal.

    Of one amount all are found, of several those that one of the ``reach`` rows before beats.
    """
    found = np.zeros(len(key), bool)
    if used.shape[1] == 1 and len(key):
        _, place = np.unique(used[:, 0], return_inverse=True)
        segment = np.cumsum(np.append(0, key[1:] != key[:-1]))
        falling = place - segment * len(key)  # so that a segment's minimum starts anew
        found[1:] = np.minimum.accumulate(falling)[:-1] <= falling[1:]
        return found
    for back in range(1, min(reach, len(key) - 1) + 1):
        beats = (key[back:] == key[:-back]) & (used[:-back] <= used[back:]).all(axis=1)
        found[back:] |= beats
    return found


def _walked(trail: Sequence[tuple[Rows, Rows, Rows]], rows: Rows) -> tuple[Rows, Rows]:
    variants, ways = [], []
    for parent, variant, way in reversed(trail):
        variants.append(variant[rows])
        ways.append(way[rows])
        rows = parent[rows]
    return np.stack(variants[::-1], axis=1), np.stack(ways[::-1], axis=1)
