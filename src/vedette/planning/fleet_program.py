"""A fleet as one mixed integer program: a unit of flow through each camera's layered graph."""

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from vedette.errors import InfeasibleError, InputError, Problem
from vedette.planning.fleet import FleetPlan, require_paths
from vedette.planning.fleet_arrays import Fleet, Rows
from vedette.planning.fleet_models import Models
from vedette.planning.fleet_paths import roomy
from vedette.planning.layout import Floats
from vedette.types.plan import Proof

MOST_WAYS = 400_000


def exact(fleet: Fleet, models: Models) -> FleetPlan:
    """The cheapest plan, proven by branch and bound (HiGHS, by scipy.optimize.milp)."""
    require_paths(fleet)
    program = _Program(fleet)
    if program.columns > MOST_WAYS:
        found = f"{program.columns} ways through all layers"
        raise InputError(Problem(found, f"{MOST_WAYS} at most", "--method dp"))
    program.conserve()
    program.share()
    program.limit_each()
    program.load(models)
    solved = program.solved()
    if solved.x is None:
        raise InfeasibleError(
            Problem(
                f"no plan that fits, in a program of {program.columns} variables",
                "one path for each camera within all capacities",
                "more capacity, lower floors, or lighter variants",
            )
        )
    variants, devices = program.read(np.asarray(solved.x))
    value = float(solved.fun)
    bound = min(float(solved.mip_dual_bound), value)
    return FleetPlan(variants, devices, Proof(value, bound, "exact", int(solved.mip_node_count)))


class _Program:
    """Binaries for each (camera, variant, transition) of each layer, then rows added to them.

    ``ways`` and ``flow`` are by group and layer: what each variable stands for, and its column.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.cost: list[Floats] = []
        self.entries: list[tuple[Rows, Rows, Floats]] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.columns = self.rows = 0
        self.ways = [
            [np.argwhere(np.isfinite(layer.closed)) for layer in group.layers]
            for group in fleet.groups
        ]
        self.flow: list[list[Rows]] = []
        for g, group in enumerate(fleet.groups):
            costs = self._amounts(g, np.tile(fleet.price, (len(group.cameras), 1)))
            self.flow.append([self._variables(cost) for cost in costs])

    def conserve(self) -> None:
        """One unit enters each camera's first layer, and what enters a state leaves it."""
        for group, ways, flow in zip(self.fleet.groups, self.ways, self.flow, strict=True):
            count = len(group.cameras)
            entry = self._constraints(np.ones(count), np.ones(count))[:, None]
            for s, layer in enumerate(group.layers):
                c, _, t = ways[s].T
                self._add(entry[c, layer.start[t]], flow[s], np.ones(len(c)))
                if s + 1 < len(group.layers):
                    states = len(group.layers[s + 1].first)
                    still = np.zeros(count * states)
                    entry = self._constraints(still, still).reshape(count, states)
                    self._add(entry[c, layer.end[t]], flow[s], -np.ones(len(c)))

    def share(self) -> None:
        """All cameras keep each shared capacity."""
        for kind in np.flatnonzero(np.isfinite(self.fleet.capacity)):
            row = self._at_most(roomy(self.fleet.capacity[[kind]]))
            for g in range(len(self.fleet.groups)):
                for flow, amount in zip(self.flow[g], self._unit(g, int(kind)), strict=True):
                    self._add(np.repeat(row, len(flow)), flow, amount)

    def limit_each(self) -> None:
        """Each camera keeps its own limits."""
        for g, group in enumerate(self.fleet.groups):
            for kind in np.flatnonzero(np.isfinite(group.own).any(axis=0)):
                rows = self._at_most(roomy(group.own[:, kind]))
                amounts = self._unit(g, int(kind))
                for ways, flow, amount in zip(self.ways[g], self.flow[g], amounts, strict=True):
                    self._add(rows[ways[:, 0]], flow, amount)

    def load(self, models: Models) -> None:
        """A camera that runs a model on a device needs it loaded there, once; all loaded fit."""
        devices = np.flatnonzero(np.isfinite(models.room_gb))
        sizes = models.size_gb
        loaded = self._variables(np.zeros(len(sizes) * len(devices))).reshape(len(sizes), -1)
        column = np.full(len(models.room_gb), -1, np.intp)
        column[devices] = np.arange(len(devices))
        for row, at in zip(self._at_most(models.room_gb[devices]), loaded.T, strict=True):
            self._add(np.repeat(row, len(at)), at, sizes)
        for g, group in enumerate(self.fleet.groups):
            for s, layer in enumerate(group.layers):
                c, v, t = self.ways[g][s].T
                where = column[layer.device[t]]
                shared = np.flatnonzero(where >= 0)
                runs = np.stack([c, models.number[g][c, s, v], where], axis=1)[shared]
                unique, row = np.unique(runs, axis=0, return_inverse=True)
                rows = self._at_most(np.zeros(len(unique)))
                self._add(rows[row.reshape(-1)], self.flow[g][s][shared], np.ones(len(shared)))
                self._add(rows, loaded[unique[:, 1], unique[:, 2]], -np.ones(len(unique)))

    def solved(self) -> Any:
        parts = (np.concatenate(each) for each in zip(*self.entries, strict=True))
        rows, columns, values = parts
        matrix = coo_array((values, (rows, columns)), shape=(self.rows, self.columns)).tocsr()
        return milp(
            np.concatenate(self.cost),
            constraints=LinearConstraint(
                matrix, np.concatenate(self.low), np.concatenate(self.high)
            ),
            bounds=Bounds(0, 1),
            integrality=np.ones(self.columns, np.int_),
            options={"mip_rel_gap": 0.0},
        )

    def read(self, x: Floats) -> tuple[Rows, Rows]:
        """The variants and devices of a solution."""
        steps = max(len(group.layers) for group in self.fleet.groups)
        variants = np.full((self.fleet.cameras, steps), -1, np.intp)
        devices = variants.copy()
        for group, ways, flow in zip(self.fleet.groups, self.ways, self.flow, strict=True):
            for s, layer in enumerate(group.layers):
                c, v, t = ways[s][x[flow[s]] > 0.5].T
                variants[group.cameras[c], s] = v
                devices[group.cameras[c], s] = layer.device[t]
        return variants, devices

    def _unit(self, g: int, kind: int) -> list[Floats]:
        unit = np.zeros_like(self.fleet.groups[g].own)
        unit[:, kind] = 1.0
        return self._amounts(g, unit)

    def _amounts(self, g: int, prices: Floats) -> list[Floats]:
        """What each variable of a group's layers costs at prices (C, R)."""
        group = self.fleet.groups[g]
        return [
            group.priced(layer, prices)[tuple(ways.T)]
            for layer, ways in zip(group.layers, self.ways[g], strict=True)
        ]

    def _variables(self, cost: Floats) -> Rows:
        self.cost.append(cost)
        self.columns += len(cost)
        return np.arange(self.columns - len(cost), self.columns)

    def _at_most(self, high: Floats) -> Rows:
        return self._constraints(np.full(len(high), -np.inf), high)

    def _constraints(self, low: Floats, high: Floats) -> Rows:
        self.low.append(low)
        self.high.append(high)
        self.rows += len(low)
        return np.arange(self.rows - len(low), self.rows)

    def _add(self, rows: Rows, columns: Rows, values: Floats) -> None:
        kept = np.flatnonzero(values)
        self.entries.append((rows[kept], columns[kept], values[kept]))
