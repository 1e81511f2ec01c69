"""How near to a bound, and how fast, a choice for many cameras is found: tables from a seed.

Every camera has a table of its own, drawn from a seed: six steps of eight variants, on five
devices that all share. No camera was filmed for them. Their magnitudes are those of profiles that
Vedette measures: a pass of YOLOX-Nano at 416 is 7.7 ms on a device of speed 1 and other sizes
follow their pixels; 1280 x 720 H.264 at 25 frames a second is some 2 Mbit/s.

The gap is what a plan costs more than the bound, as a share of the bound: the linear program in
which cameras may mix whole paths, each within its own floor. Every plan is checked against its
table. Time is wall time, here the claim itself, of all from the table to the answer; CPU seconds
stand beside it, since they tell a slow planner from a busy machine.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from vedette.bench.claims import Claim, Result, Row, Setting, median_claim
from vedette.planning.fleet_answer import solve_fleet
from vedette.planning.fleet_table import Camera, FleetStep, FleetTable, VariantRow
from vedette.profiling.cache import machine
from vedette.session.common import Progress
from vedette.types.cluster import Device, Link

STEPS = ("sample", "shrink", "detect", "filter", "track", "recognise")
LEVELS = {"loose": 2.0, "medium": 0.8, "tight": 0.6, "nearly infeasible": 0.5}
"""What the edges and the uplink have to share, a camera."""

Column = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Case:
    """``beside``: each camera has a small device of its own, in place of the shared gateway."""

    cameras: int
    level: str = "medium"
    beside: bool = False


CLAIMED = Case(100)
CASES = (
    *(Case(number) for number in (10, 30, 100, 300)),
    *(Case(100, level) for level in LEVELS if level != "medium"),
    Case(30, beside=True),
)
QUICK_CASES = (Case(10), CLAIMED)


@dataclass(frozen=True, slots=True)
class Solved:
    gap: float
    wall_s: float
    cpu_s: float
    evaluated: int


def run(setting: Setting, progress: Progress) -> Result:
    """The track: every case with each seed in turn."""
    cases = QUICK_CASES if setting.is_quick else CASES
    seeds = range(5)
    found: dict[Case, list[Solved]] = {case: [] for case in cases}
    solve_fleet(instance(2, 0, "loose"), "dp")  # what is loaded once is no plan's time
    for done, (seed, case) in enumerate((seed, case) for seed in seeds for case in cases):
        progress("instances", done, len(cases) * len(seeds))
        found[case].append(solved(case, seed))
    return Result(
        track="planner",
        setup={"machine": machine(), "seeds": len(seeds), "steps": 6, "variants": 8, "devices": 5},
        quick=setting.is_quick,
        claims=claims(found[CLAIMED]),
        rows=tuple(row(case, each) for case, each in found.items()),
        notes=(
            "tables are synthetic, drawn from seeds 0 to 4: no camera was filmed for them",
            f"medians of {len(seeds)} tables a row, with the least and greatest",
        ),
    )


def solved(case: Case, seed: int) -> Solved:
    """Solve one table; the answer is checked against it."""
    table = instance(case.cameras, seed, case.level, beside=case.beside)
    wall, cpu = time.perf_counter(), time.process_time()
    answer = solve_fleet(table, "dp")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gap = (answer["objective"] - answer["bound"]) / answer["bound"]
    return Solved(gap, wall, cpu, answer["evaluated"])


def claims(found: Sequence[Solved]) -> tuple[Claim, ...]:
    gaps, walls = [each.gap for each in found], [each.wall_s for each in found]
    name = "100 cameras, 100 tables"
    return (
        median_claim(f"{name}: above the bound", 0.02, "<=", gaps, "", "measured"),
        median_claim(f"{name}: wall time", 5.0, "<=", walls, "s", "measured"),
    )


def row(case: Case, found: Sequence[Solved]) -> Row:
    walls = [each.wall_s for each in found]
    return {
        "cameras": case.cameras,
        "capacity": case.level,
        "devices": "4 shared, 1 each" if case.beside else "5 shared",
        "gap": median(each.gap for each in found),
        "gap max": max(each.gap for each in found),
        "wall s": median(walls),
        "wall s min": min(walls),
        "wall s max": max(walls),
        "cpu s": median(each.cpu_s for each in found),
        "labels": median(each.evaluated for each in found),
    }


def instance(cameras: int, seed: int, level: str = "medium", *, beside: bool = False) -> FleetTable:
    """``cameras`` tables, all different, on a gateway, two edges and two clouds.

    ``level`` scales what these share. With ``beside`` each camera has a small device of its own
    in the gateway's place.
    """
    random = np.random.default_rng(seed)
    room = LEVELS[level] * cameras
    first = Device("gateway", "edge", 0.10 * room, 0.3, 4, 0.004 * room)
    if beside:
        first = Device("camera", "camera", 1, 0.15, 0.5, 0.002, per_stream=True)
    devices = (
        first,
        Device("edge-a", "edge", 0.30 * room, 0.5, 8, 0.02 * room),
        Device("edge-b", "edge", 0.15 * room, 0.8, 16, 0.015 * room),
        Device("cloud-a", "cloud", 0.5 * room, 1.0, 64, 0.04 * room),
        Device("cloud-b", "cloud", 0.2 * room, 1.5, 64, 0.02 * room),
    )
    rate = 10.0 if beside else 4 * room
    links = (
        Link(first.name, "edge-a", rate, rate, 1),
        Link("edge-a", "edge-b", 4 * room, 4 * room, 1),
        Link("edge-a", "cloud-a", 0.8 * room, 0.8 * room, 40, 0.09),
        Link("cloud-a", "cloud-b", 4 * room, 4 * room, 1),
    )
    return FleetTable(
        devices=devices,
        links=links,
        cameras=tuple(_camera(f"camera-{i + 1}", random, first.name) for i in range(cameras)),
        mbps_weight=0.01,
        price_weight=1.0,
    )


def _camera(name: str, random: np.random.Generator, home: str) -> Camera:
    """Busy and quiet scenes, cheap and dear pictures, easy and hard ones."""
    busy, bits, hard = random.lognormal(0, 0.5), random.lognormal(0, 0.3), random.uniform(0.5, 1.5)
    share = np.array([25, 20, 15, 12, 10, 8, 6, 5]) / 25 * random.uniform(0.9, 1.1, 8)
    pixels = np.array([6.0, 4.0, 2.4, 1.6, 1.0, 0.7, 0.5, 0.38]) * random.uniform(0.9, 1.1, 8)
    ramp = np.geomspace(1, 0.1, 8) * random.uniform(0.9, 1.1, 8)
    columns: dict[str, tuple[Column, Column, Column]] = {
        "sample": (_falling(0.10 * hard, random), 0.03 * share, 2.4 * bits * share**0.5),
        "shrink": (_falling(0.08 * hard, random), np.full(8, 0.03), 1.2 * bits * ramp),
        "detect": (_falling(0.20 * hard, random), 7.7e-3 * 10 * pixels, 0.03 * busy * ramp**0.1),
        "filter": (_falling(0.03 * hard, random), 0.02 * busy * ramp, 0.02 * busy * ramp**0.4),
        "track": (_falling(0.06 * hard, random), 0.06 * busy * ramp, 0.3 * busy * ramp),
        "recognise": (_falling(0.15 * hard, random), 0.25 * busy * ramp, np.full(8, 0.001)),
    }
    source = FleetStep("source", (VariantRow("h264", output_mbps=2.4 * bits),), at=home)
    steps = [source]
    for step, figures in columns.items():
        rows = tuple(
            VariantRow(f"{step}-{v}", *map(float, (a, cpu, 0.12 if step == "detect" else 0, mbps)))
            for v, (a, cpu, mbps) in enumerate(zip(*figures, strict=True))
        )
        steps.append(FleetStep(step, rows, (steps[-1].name,)))
    return Camera(name, tuple(steps), float(random.uniform(0.75, 0.9)))


def _falling(most: float, random: np.random.Generator) -> Column:
    """Eight accuracies, each lower than the one before it, from 1."""
    falls = random.dirichlet(np.ones(7)) * most * random.uniform(0.6, 1.4)
    found: Column = np.exp(-np.append(0.0, np.cumsum(falls)))
    return found
