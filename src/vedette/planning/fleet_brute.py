"""A fleet's cheapest plan, by trying all: it reads the table and nothing else.

So it can tell whether the methods that seek plans in arrays read the table rightly.
"""

from collections.abc import Iterator
from itertools import product
from math import prod

import numpy as np

from vedette.errors import InfeasibleError, InputError, Problem
from vedette.planning.fleet import FleetPlan
from vedette.planning.fleet_arrays import Rows
from vedette.planning.fleet_check import Path, fits, keeps_own, path
from vedette.planning.fleet_table import Camera, FleetTable
from vedette.planning.layout import Site
from vedette.types.plan import Proof

MOST_TRIED = 2_000_000


def count(table: FleetTable) -> float:
    """How many plans trying all would try, at most."""
    devices = len(table.devices)
    ways = (
        len(step.variants) * (1 if step.at else devices)
        for camera in table.cameras
        for step in camera.steps
    )
    return prod(map(float, ways))


def brute(table: FleetTable, place: Site) -> FleetPlan:
    """Try every plan; ties go to the first (the first camera slowest, then its first step)."""
    if count(table) > MOST_TRIED:
        found = f"{count(table):.3g} plans to try"
        raise InputError(Problem(found, f"{MOST_TRIED} at most", "--method dp"))
    every = [list(_paths(camera, table, place)) for camera in table.cameras]
    best: tuple[float, tuple[Path, ...]] | None = None
    tried = 0
    for plan in product(*every):
        tried += 1
        cost = sum(each.cost for each in plan)
        if (best is None or cost < best[0] - 1e-12) and fits(plan, table, place):
            best = cost, plan
    if best is None:
        raise InfeasibleError(
            Problem(
                f"no plan that fits among all {tried}",
                "one path for each camera within all capacities",
                "more capacity, lower floors, or lighter variants",
            )
        )
    steps = max(len(each.variants) for each in best[1])

    def rows(kind: str) -> Rows:
        found = [getattr(each, kind) for each in best[1]]
        return np.array([[*row, *[-1] * (steps - len(row))] for row in found], np.intp)

    return FleetPlan(rows("variants"), rows("devices"), Proof(best[0], best[0], "brute", tried))


def _paths(camera: Camera, table: FleetTable, place: Site) -> Iterator[Path]:
    """The paths that a camera's own limits and links allow."""
    every = range(len(place.names))
    choices = [range(len(step.variants)) for step in camera.steps]
    devices = [[place.names.index(step.at)] if step.at else every for step in camera.steps]
    pairs = [list(product(vs, ds)) for vs, ds in zip(choices, devices, strict=True)]
    for row in product(*pairs):
        found = path(camera, table, place, [v for v, _ in row], [d for _, d in row])
        if keeps_own(camera, found, table, place):
            yield found
