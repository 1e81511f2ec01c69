"""Cameras of which each has a table of its own, on devices and links that they share."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from vedette.errors import Problem, nearest
from vedette.planning.answer import repeated
from vedette.planning.fleet_arrays import Amounts, Fleet, Group, Layer, closing, transitions
from vedette.planning.fleet_models import Models
from vedette.planning.layout import Flags, Floats, Site, site
from vedette.planning.placement_table import (
    EXAMPLE_DEVICES,
    EXAMPLE_LINKS,
    negative,
    site_problems,
)
from vedette.types.cluster import Cluster, Device, Link


@dataclass(frozen=True, slots=True)
class VariantRow:
    """``accuracy`` is a share of the most accurate variant's; ``cpu_cores`` are CPU seconds a
    second at speed 1. A device loads a step's variant once, for however many cameras.
    """

    name: str
    accuracy: float = 1.0
    cpu_cores: float = 0.0
    memory_gb: float = 0.0
    output_mbps: float = 0.0


@dataclass(frozen=True, slots=True)
class FleetStep:
    """One of ``variants`` runs, on one device; ``at`` fixes which."""

    name: str
    variants: tuple[VariantRow, ...]
    inputs: tuple[str, ...] = ()
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """The product of its variants' accuracies keeps ``floor``. Each step is after its inputs."""

    name: str
    steps: tuple[FleetStep, ...]
    floor: float = 0.0


@dataclass(frozen=True, slots=True)
class FleetTable:
    """Cameras that share devices and links; a ``per_stream`` device is each camera's own.

    Minimise ``mbps_weight`` x (Mbit/s summed over links) + ``price_weight`` x (price an hour: of
    the share of each device in use, and of the gigabytes on links), with every load up to
    ``load_limit``, each camera's floor kept, and ``floor`` by the cameras' geometric mean.
    """

    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    cameras: tuple[Camera, ...]
    floor: float = 0.0
    mbps_weight: float = 1.0
    price_weight: float = 0.0
    load_limit: float = 0.8


def fleet(table: FleetTable) -> tuple[Fleet, Models, Site]:
    """A valid table as arrays."""
    place = site(Cluster("table", table.devices, table.links))
    amounts = Amounts(len(place.names), len(place.lanes))
    memory_limit = place.memory_gb * table.load_limit
    losses = [
        -np.log(f) if f > 0 else np.inf for f in (table.floor, *(c.floor for c in table.cameras))
    ]
    limit = np.concatenate(
        [place.capacity * table.load_limit, place.lane_mbps * table.load_limit, memory_limit, [0.0]]
    )
    beside = np.concatenate(
        [place.is_per_stream, place.lane_is_per_stream, place.is_per_stream, [True]]
    )
    price = np.zeros(amounts.count)
    price[: len(place.names)] = table.price_weight * place.price_per_hour / place.capacity
    price[amounts.lane] = table.mbps_weight + table.price_weight * place.lane_price_per_gb * 0.45
    own = np.tile(np.where(beside, limit, np.inf), (len(table.cameras), 1))
    own[:, amounts.loss] = losses[1:]
    shared = np.where(beside, np.inf, limit)
    shared[amounts.memory] = np.inf
    shared[amounts.loss] = len(table.cameras) * losses[0]
    names = (
        *place.names,
        *place.lanes,
        *(f"{name} memory" for name in place.names),
        "accuracy lost by all cameras",
    )
    shapes: dict[object, list[int]] = {}
    for i, camera in enumerate(table.cameras):
        shapes.setdefault(_shape(camera), []).append(i)
    numbers: dict[tuple[str, str], int] = {}
    groups, models = [], []
    has_floor = np.isfinite(losses[0]) | np.isfinite(losses[1:])
    for rows in shapes.values():
        alike = [table.cameras[i] for i in rows]
        groups.append(_group(alike, np.array(rows, np.intp), place, own[rows], has_floor[rows]))
        models.append(_numbers(alike, numbers))
    size = np.zeros(len(numbers))
    for camera in table.cameras:
        for step in camera.steps:
            for row in step.variants:
                size[numbers[step.name, row.name]] = row.memory_gb
    room = np.where(place.is_per_stream, np.inf, memory_limit)
    return Fleet(tuple(groups), price, shared, names), Models(tuple(models), size, room), place


def _shape(camera: Camera) -> object:
    names = [step.name for step in camera.steps]
    return tuple((step.at, tuple(names.index(n) for n in step.inputs)) for step in camera.steps)


def _group(
    alike: list[Camera],
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    place: Site,
    own: Floats,
    has_floor: Flags,
) -> Group:
    first = alike[0]
    names = [step.name for step in first.steps]
    inputs = [[names.index(name) for name in step.inputs] for step in first.steps]
    every = list(range(len(place.names)))
    allowed = [[place.names.index(step.at)] if step.at else every for step in first.steps]
    layers = []
    for i, (start, end, device, hops) in enumerate(transitions(inputs, allowed, place)):
        columns = [camera.steps[i].variants for camera in alike]
        figures = [
            _padded([[getattr(row, name) for row in column] for column in columns])
            for name in ("cpu_cores", "output_mbps", "memory_gb", "accuracy")
        ]
        cpu, mbps, memory, accuracy = (np.nan_to_num(each) for each in figures)
        may_run = np.isfinite(figures[3]) & ~(has_floor[:, None] & (accuracy <= 0))
        loss = np.where(has_floor[:, None] & may_run, -np.log(np.maximum(accuracy, 1e-300)), 0.0)
        begin = np.flatnonzero(np.append(True, start[1:] != start[:-1]))
        closed = np.repeat(closing(may_run)[:, :, None], len(start), axis=2)
        layers.append(Layer(start, end, device, hops, begin, cpu, mbps, memory, loss, closed))
    return Group(rows, tuple(layers), Amounts(len(place.names), len(place.lanes)), own)


def _padded(rows: list[list[float]]) -> Floats:
    """(C, V), NaN where a camera has fewer variants."""
    found = np.full((len(rows), max(map(len, rows))), np.nan)
    for i, row in enumerate(rows):
        found[i, : len(row)] = row
    return found


def _numbers(
    alike: list[Camera], numbers: dict[tuple[str, str], int]
) -> np.ndarray[tuple[int, int, int], np.dtype[np.intp]]:
    most = max(len(step.variants) for camera in alike for step in camera.steps)
    found = np.full((len(alike), len(alike[0].steps), most), -1, np.intp)
    for c, camera in enumerate(alike):
        for s, step in enumerate(camera.steps):
            for v, row in enumerate(step.variants):
                found[c, s, v] = numbers.setdefault((step.name, row.name), len(numbers))
    return found


def problems(table: FleetTable) -> Iterator[Problem]:
    """Every mistake of a table."""
    if not (table.devices and table.cameras):
        yield Problem("no devices or no cameras", "at least one of each", "the example")
    yield from site_problems(table.devices, table.links, table.load_limit)
    yield from negative("mbps_weight", table.mbps_weight)
    yield from negative("price_weight", table.price_weight)
    yield from negative("floor", table.floor)
    yield from repeated("camera", [camera.name for camera in table.cameras])
    devices = [device.name for device in table.devices]
    sizes: dict[tuple[str, str], float] = {}
    for camera in table.cameras:
        yield from negative(f"{camera.name}: floor", camera.floor)
        yield from _camera_problems(camera, devices, sizes)


def _camera_problems(
    camera: Camera, devices: list[str], sizes: dict[tuple[str, str], float]
) -> Iterator[Problem]:
    if not camera.steps:
        yield Problem(f"camera {camera.name} without steps", "at least one", "the example")
    yield from repeated(f"{camera.name} step", [step.name for step in camera.steps])
    before: list[str] = []
    for step in camera.steps:
        place = f"{camera.name}.{step.name}"
        for name in step.inputs:
            if name not in before:
                yield Problem(
                    f"{name!r}, an input of {place}", "a step above it", nearest(name, before)
                )
        if step.at is not None and step.at not in devices:
            yield Problem(f"{place} at {step.at!r}", "a device", nearest(step.at, devices))
        if not step.variants:
            yield Problem(f"{place} without variants", "at least one", "the example")
        yield from repeated(f"{place} variant", [row.name for row in step.variants])
        for row in step.variants:
            for name in ("accuracy", "cpu_cores", "memory_gb", "output_mbps"):
                yield from negative(f"{place}.{row.name}: {name}", getattr(row, name))
            known = sizes.setdefault((step.name, row.name), row.memory_gb)
            if isfinite(row.memory_gb) and known != row.memory_gb:
                yield Problem(
                    f"{place}.{row.name}: memory_gb = {row.memory_gb:g}, elsewhere {known:g}",
                    "one size for a variant that devices load once for all cameras",
                    "the same size, or another name",
                )
        before.append(step.name)


def _detectors(scale: float) -> tuple[VariantRow, ...]:
    return (
        VariantRow("nano-416-tiled", 1.0, 0.8 * scale, 0.12, 0.02),
        VariantRow("nano-416", 0.96, 0.16 * scale, 0.12, 0.02),
        VariantRow("nano-256", 0.85, 0.06 * scale, 0.08, 0.02),
    )


EXAMPLE = FleetTable(
    devices=EXAMPLE_DEVICES,
    links=EXAMPLE_LINKS,
    cameras=tuple(
        Camera(
            name,
            (
                FleetStep(
                    "capture",
                    (
                        VariantRow("25 fps", 1.0, 0.01, 0.0, 2.0),
                        VariantRow("5 fps", 0.97, 0.004, 0.0, 0.8),
                    ),
                    at="camera",
                ),
                FleetStep("detect", _detectors(scale), ("capture",)),
                FleetStep("answer", (VariantRow("alert"),), ("detect",), at="edge"),
            ),
            floor,
        )
        for name, scale, floor in (("street", 1.0, 0.9), ("yard", 0.7, 0.8), ("gate", 1.5, 0.97))
    ),
    price_weight=1.0,
)
