"""Pipelines that share devices and links, as a table: a placement is an option of its pipeline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np

from vedette.errors import InfeasibleError, Problem, nearest
from vedette.planning import exact as selecting
from vedette.planning.answer import LARGEST, MOST_TRIED, answer, known, repeated, require
from vedette.planning.exact import Selection
from vedette.planning.layout import Floats, Site, site
from vedette.types.cluster import Cluster, Device, Link

MOST_OPTIONS = 20_000
"""A pipeline's placements: devices to the power of steps."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """``cpu_cores``: CPU seconds a second at speed 1. ``at`` fixes the device.

    ``output_mbps`` crosses the links to every other device where the output is read.
    """

    name: str
    inputs: tuple[str, ...] = ()
    cpu_cores: float = 0.0
    memory_gb: float = 0.0
    output_mbps: float = 0.0
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One camera's steps, each after its inputs."""

    name: str
    steps: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class PlacementTable:
    """Pipelines that share devices and links.

    Minimise ``mbps_weight`` x (Mbit/s summed over links) + ``price_weight`` x (price an hour: of
    the share of each device in use, and of the gigabytes on links), with every load up to
    ``load_limit``.
    """

    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    pipelines: tuple[Pipeline, ...]
    mbps_weight: float = 1.0
    price_weight: float = 0.0
    load_limit: float = field(default=0.8)


def solve_placement(table: PlacementTable, method: str | None) -> dict[str, Any]:
    require(_placement_problems(table))
    place = site(Cluster("table", table.devices, table.links))
    rows = [_placements(pipeline, place) for pipeline in table.pipelines]
    weighed = [
        _weigh(pipeline, each, place, table)
        for pipeline, each in zip(table.pipelines, rows, strict=True)
    ]
    problem = _selection(weighed, place, table)
    count = prod(float(np.isfinite(cost).sum()) for cost in problem.cost)
    method = method or ("brute" if count <= MOST_TRIED else "lagrange")
    known("method", method, _PLACEMENT_METHODS)
    found = _PLACEMENT_METHODS[method](problem)
    used = problem.used(found.picks) / problem.capacity * table.load_limit
    return answer(
        found.proof,
        placement={
            pipeline.name: {
                step.name: place.names[device]
                for step, device in zip(pipeline.steps, each[pick], strict=True)
            }
            for pipeline, each, pick in zip(table.pipelines, rows, found.picks, strict=True)
        },
        load={name: float(x) for name, x in zip(problem.names, used, strict=True) if x > 0},
    )


_PLACEMENT_METHODS: Mapping[str, selecting.Method] = {
    "brute": selecting.brute,
    "lagrange": selecting.lagrange,
    "exact": selecting.exact,
}


def _placements(pipeline: Pipeline, place: Site) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Every placement of a pipeline, (P, steps), that its links can connect."""
    every = range(len(place.names))
    allowed = [[place.names.index(s.at)] if s.at else every for s in pipeline.steps]
    rows = np.array(list(product(*allowed)), np.intp)
    index = {step.name: i for i, step in enumerate(pipeline.steps)}
    fine = np.ones(len(rows), bool)
    for i, step in enumerate(pipeline.steps):
        for name in step.inputs:
            fine &= place.is_reachable[rows[:, index[name]], rows[:, i]]
    return rows[fine]


def _weigh(
    pipeline: Pipeline, rows: np.ndarray[Any, np.dtype[np.intp]], place: Site, table: PlacementTable
) -> tuple[Floats, Floats]:
    """Cost (P,) and use (P, devices + lanes + memories) of each placement."""
    devices, index = np.arange(len(place.names)), {s.name: i for i, s in enumerate(pipeline.steps)}
    on = (rows[:, :, None] == devices).astype(float)
    work = np.einsum("psd,s->pd", on, [step.cpu_cores for step in pipeline.steps])
    memory = np.einsum("psd,s->pd", on, [step.memory_gb for step in pipeline.steps])
    mbps = np.zeros((len(rows), len(place.lanes)))
    for i, producer in enumerate(pipeline.steps):
        readers = [index[step.name] for step in pipeline.steps if producer.name in step.inputs]
        for device in devices:
            is_read = np.logical_or.reduce(rows[:, readers] == device, axis=1)
            moves = is_read & (rows[:, i] != device)
            mbps += moves[:, None] * place.route[rows[:, i], device] * producer.output_mbps
    price = (work / place.capacity) @ place.price_per_hour
    price = price + mbps @ (place.lane_price_per_gb * 0.45)
    cost: Floats = table.mbps_weight * mbps.sum(axis=1) + table.price_weight * price
    return cost, np.concatenate([work, mbps, memory], axis=1)


def _selection(
    weighed: list[tuple[Floats, Floats]], place: Site, table: PlacementTable
) -> Selection:
    """What is beside a stream bounds each pipeline by itself; the rest is shared."""
    limits = np.concatenate([place.capacity, place.lane_mbps, place.memory_gb]) * table.load_limit
    own = np.concatenate([place.is_per_stream, place.lane_is_per_stream, place.is_per_stream])
    names = (*place.names, *place.lanes, *(f"{name} memory" for name in place.names))
    most = max(len(cost) for cost, _ in weighed)
    cost = np.full((len(weighed), most), np.inf)
    use = np.zeros((len(weighed), most, int((~own).sum())))
    for g, (each, used) in enumerate(weighed):
        fits = (used[:, own] <= limits[own] + 1e-9).all(axis=1)
        if not fits.any():
            raise InfeasibleError(
                Problem(
                    f"no placement of {table.pipelines[g].name} that fits beside its stream",
                    "less work where steps are fixed, or links that reach another device",
                    "freeing the step (no `at`), or a larger device",
                )
            )
        cost[g, : len(each)] = np.where(fits, each, np.inf)
        use[g, : len(each)] = used[:, ~own]
    shared = tuple(name for name, alone in zip(names, own, strict=True) if not alone)
    return Selection(cost, use, limits[~own], shared)


def _placement_problems(table: PlacementTable) -> Iterator[Problem]:
    devices = [device.name for device in table.devices]
    if not devices or not table.pipelines:
        yield Problem("no devices or no pipelines", "at least one of each", "the example")
    yield from repeated("pipeline", [pipeline.name for pipeline in table.pipelines])
    yield from negative("mbps_weight", table.mbps_weight)
    yield from negative("price_weight", table.price_weight)
    yield from site_problems(table.devices, table.links, table.load_limit)
    for pipeline in table.pipelines:
        yield from _pipeline_problems(pipeline, devices)


def site_problems(
    devices: Sequence[Device], links: Sequence[Link], load_limit: float
) -> Iterator[Problem]:
    """What is wrong with the devices and links of a table."""
    names = [device.name for device in devices]
    ways = [(f"{link.source}->{link.target}", link) for link in links]
    yield from repeated("device", names)
    positive = {
        **{f"{d.name} {k}": getattr(d, k) for d in devices for k in ("cores", "speed")},
        **{f"{d.name} memory_gb": d.memory_gb for d in devices},
        **{f"{name} rate_mbps": link.rate_mbps for name, link in ways},
        **{f"{name} back_mbps": link.back_mbps for name, link in ways},
        "load_limit": load_limit,
    }
    for name, value in positive.items():
        if not 0 < value <= LARGEST:
            yield Problem(f"{name} = {value:g}", f"a number above 0, up to {LARGEST:g}", "1.0")
    for device in devices:
        yield from negative(f"{device.name} price_per_hour", device.price_per_hour)
    for name, link in ways:
        yield from negative(f"{name} price_per_gb", link.price_per_gb)
        for end in (link.source, link.target):
            if end not in names:
                yield Problem(f"a link to {end!r}", "a device", nearest(end, names))


def negative(name: str, value: float) -> Iterator[Problem]:
    """A number that has to be from 0 to the largest, and is not."""
    if not 0 <= value <= LARGEST:
        yield Problem(f"{name} = {value:g}", f"a number from 0, up to {LARGEST:g}", "0.0")


def _pipeline_problems(pipeline: Pipeline, devices: list[str]) -> Iterator[Problem]:
    if not pipeline.steps:
        yield Problem(f"pipeline {pipeline.name} without steps", "at least one", "the example")
    if len(devices) ** sum(step.at is None for step in pipeline.steps) > MOST_OPTIONS:
        yield Problem(
            f"more than {MOST_OPTIONS} placements of {pipeline.name}",
            "fewer free steps",
            "fixing the device of some steps with `at`",
        )
    yield from repeated(f"{pipeline.name} step", [step.name for step in pipeline.steps])
    before: list[str] = []
    for step in pipeline.steps:
        for name in step.inputs:
            if name not in before:
                yield Problem(
                    f"{name!r}, an input of {pipeline.name}.{step.name}",
                    "a step above it",
                    nearest(name, before),
                )
        if step.at is not None and step.at not in devices:
            yield Problem(f"{step.name} at {step.at!r}", "a device", nearest(step.at, devices))
        for name in ("cpu_cores", "memory_gb", "output_mbps"):
            yield from negative(f"{pipeline.name}.{step.name}: {name}", getattr(step, name))
        before.append(step.name)


EXAMPLE_DEVICES = (
    Device("camera", "camera", 0.5, 0.2, 0.25, per_stream=True),
    Device("edge", "edge", 2, 0.5, 4, 0.04),
    Device("cloud", "cloud", 12, 1, 32, 0.4),
)
EXAMPLE_LINKS = (
    Link("camera", "edge", 100, 100, 2),
    Link("edge", "cloud", 10, 10, 40, 0.09),
)
EXAMPLE = PlacementTable(
    devices=EXAMPLE_DEVICES,
    links=EXAMPLE_LINKS,
    pipelines=tuple(
        Pipeline(
            f"camera{i}",
            (
                StepRow("capture", (), 0.01, 0.0, 2.0, "camera"),
                StepRow("detect", ("capture",), 0.2 * i, 0.12, 0.02),
                StepRow("alert", ("detect",), 0.01, 0.0, 0.001),
                StepRow("answer", ("alert",), 0.0, 0.0, 0.0, "edge"),
            ),
        )
        for i in (1, 2, 3)
    ),
)
