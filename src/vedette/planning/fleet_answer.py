"""A fleet's table solved, and its answer told in names; every plan is checked before that."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vedette.errors import InfeasibleError, Problem
from vedette.planning import fleet_brute, fleet_program
from vedette.planning.answer import MOST_TRIED, answer, known, require
from vedette.planning.fleet import DEFAULT, FleetPlan, generated, lagrange
from vedette.planning.fleet_arrays import Fleet
from vedette.planning.fleet_check import fits, keeps_own, loads, path
from vedette.planning.fleet_columns import Settings
from vedette.planning.fleet_models import Models
from vedette.planning.fleet_table import FleetTable, fleet, problems
from vedette.planning.layout import Site

METHODS = ("dp", "lagrange", "exact", "brute")
_QUICK: Mapping[str, Callable[[Fleet, Settings], FleetPlan]] = {
    "dp": generated,
    "lagrange": lagrange,
}


def solve_fleet(
    table: FleetTable, method: str | None = None, settings: Settings = DEFAULT
) -> dict[str, Any]:
    """Each camera's variants and devices, its accuracy, and the loads, with a proof."""
    require(problems(table))
    known("method", method or "dp", dict.fromkeys(METHODS))
    method = method or ("brute" if fleet_brute.count(table) <= MOST_TRIED else "dp")
    cameras, models, place = fleet(table)
    if method == "brute":
        plan = fleet_brute.brute(table, place)
    elif method == "exact":
        plan = fleet_program.exact(cameras, models)
    else:
        plan = _with_memory(cameras, models, method, settings)
    return _told(table, cameras, place, plan)


def _with_memory(fleet: Fleet, models: Models, method: str, settings: Settings) -> FleetPlan:
    """Solve without models' memory; reserve devices that turn out overfull, and solve again."""
    plan = first = _QUICK[method](fleet, settings)
    tried = plan.proof.evaluated
    for _ in range(len(models.room_gb)):
        users = models.users(fleet, plan.variants, plan.devices)
        overfull = models.overfull(users)
        if not len(overfull):
            break
        for device in overfull:
            fleet = models.reserve(fleet, int(device), models.kept(users, int(device)))
        plan = _QUICK[method](fleet, settings)
        tried += plan.proof.evaluated
    bound = min(first.proof.bound, plan.proof.objective)
    return replace(plan, proof=replace(plan.proof, bound=bound, evaluated=tried))


def _told(table: FleetTable, fleet: Fleet, place: Site, plan: FleetPlan) -> dict[str, Any]:
    paths = [
        path(camera, table, place, variants[: len(camera.steps)], devices[: len(camera.steps)])
        for camera, variants, devices in zip(
            table.cameras, plan.variants.tolist(), plan.devices.tolist(), strict=True
        )
    ]
    pairs = list(zip(table.cameras, paths, strict=True))
    is_kept = all(keeps_own(camera, each, table, place) for camera, each in pairs)
    if not (is_kept and fits(paths, table, place)):
        raise InfeasibleError(
            Problem(
                "no plan found that fits; models fill the devices' memory",
                "models that fit where the cameras use them",
                "more memory, or vedette solve fleet FILE --method exact, to be certain",
            )
        )
    value = sum(each.cost for each in paths)
    proof = replace(plan.proof, objective=value, bound=min(plan.proof.bound, value))
    return answer(
        proof,
        cameras={
            camera.name: {
                step.name: {"variant": step.variants[v].name, "device": place.names[d]}
                for step, v, d in zip(camera.steps, each.variants, each.devices, strict=True)
            }
            for camera, each in pairs
        },
        accuracy={camera.name: each.accuracy for camera, each in pairs},
        load={
            name: float(x)
            for name, x in zip(fleet.names, loads(paths, place), strict=False)
            if x > 0
        },
    )
