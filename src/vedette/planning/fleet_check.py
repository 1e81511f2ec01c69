"""What a plan for a fleet costs and whether it fits, read from the table step by step.

It shares nothing with the arrays that plans are sought in, so every answer is checked by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, prod

import numpy as np

from vedette.planning.fleet_paths import SLACK, roomy
from vedette.planning.fleet_table import Camera, FleetTable
from vedette.planning.layout import Flags, Floats, Site


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """One camera's variants and devices by step, with what they cost and use.

    ``cpu`` and ``memory`` (D,), ``mbps`` (L,); ``models`` are (step, variant, device) -> GB.
    """

    variants: tuple[int, ...]
    devices: tuple[int, ...]
    cost: float
    accuracy: float
    cpu: Floats
    mbps: Floats
    memory: Floats
    models: Mapping[tuple[str, str, int], float]
    is_connected: bool


def path(
    camera: Camera, table: FleetTable, place: Site, variants: Sequence[int], devices: Sequence[int]
) -> Path:
    rows = [step.variants[v] for step, v in zip(camera.steps, variants, strict=True)]
    at = {step.name: d for step, d in zip(camera.steps, devices, strict=True)}
    cpu, memory = np.zeros(len(place.names)), np.zeros(len(place.names))
    mbps, is_connected = np.zeros(len(place.lanes)), True
    for step, row in zip(camera.steps, rows, strict=True):
        here = at[step.name]
        cpu[here] += row.cpu_cores
        memory[here] += row.memory_gb
        for there in {at[r.name] for r in camera.steps if step.name in r.inputs} - {here}:
            is_connected &= bool(place.is_reachable[here, there])
            mbps += place.route[here, there] * row.output_mbps
    price = cpu / place.capacity @ place.price_per_hour + mbps @ place.lane_price_per_gb * 0.45
    return Path(
        tuple(variants),
        tuple(devices),
        float(table.mbps_weight * mbps.sum() + table.price_weight * price),
        prod(row.accuracy for row in rows),
        cpu,
        mbps,
        memory,
        {
            (step.name, row.name, at[step.name]): row.memory_gb
            for step, row in zip(camera.steps, rows, strict=True)
        },
        is_connected,
    )


def keeps_own(camera: Camera, each: Path, table: FleetTable, place: Site) -> bool:
    """Whether a path is connected and keeps its camera's floor and what is beside the camera."""
    limit = table.load_limit
    return bool(
        each.is_connected
        and each.accuracy >= camera.floor * (1 - SLACK) - 1e-15
        and _within(each.cpu, place.capacity * limit, place.is_per_stream)
        and _within(each.memory, place.memory_gb * limit, place.is_per_stream)
        and _within(each.mbps, place.lane_mbps * limit, place.lane_is_per_stream)
    )


def loads(plan: Sequence[Path], place: Site) -> Floats:
    """The load of devices, lanes and memories: shared ones by all, others by their busiest."""
    loaded = np.zeros(len(place.names))
    for (_, _, device), size in {m: gb for each in plan for m, gb in each.models.items()}.items():
        loaded[device] += size

    def total(kind: str, is_own: Flags) -> Floats:
        rows = np.stack([getattr(each, kind) for each in plan])
        found: Floats = np.where(is_own, rows.max(axis=0), rows.sum(axis=0))
        return found

    memory = np.where(place.is_per_stream, total("memory", place.is_per_stream), loaded)
    return np.concatenate(
        [
            total("cpu", place.is_per_stream) / place.capacity,
            total("mbps", place.lane_is_per_stream) / place.lane_mbps,
            memory / place.memory_gb,
        ]
    )


def fits(plan: Sequence[Path], table: FleetTable, place: Site) -> bool:
    """Whether paths that keep their own limits fit together."""
    if table.floor > 0:
        lost = sum(-log(each.accuracy) if each.accuracy > 0 else np.inf for each in plan)
        room = -len(plan) * log(table.floor)
        if lost > room + SLACK * max(abs(room), 1.0):
            return False
    return bool((loads(plan, place) <= table.load_limit * (1 + 1e-8) + 1e-9).all())


def _within(used: Floats, limit: Floats, which: Flags) -> bool:
    return bool((used <= roomy(limit))[which].all())
