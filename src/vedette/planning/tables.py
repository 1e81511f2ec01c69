"""Every planner on a table of its own: plain values in, plain values out, for ``vedette solve``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from math import isfinite, prod
from typing import Any

import numpy as np

from vedette.errors import InfeasibleError, InputError, Problem, nearest
from vedette.planning import exact as selecting
from vedette.planning.exact import Selection
from vedette.planning.knobs import KnobTable, KnobValue, cheapest, climb, combine
from vedette.planning.layout import Floats, Site, site
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Scalar
from vedette.types.plan import Proof

MOST_TRIED = 20_000
"""Up to here the default method tries all."""
MOST_OPTIONS = 20_000
"""A pipeline's placements: devices to the power of steps."""


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A knob's value, all others golden. ``accuracy`` and ``costs`` are shares of golden's."""

    value: Scalar
    accuracy: float
    costs: dict[str, float]


@dataclass(frozen=True, slots=True)
class KnobRow:
    """The first value is golden: accuracy 1 and every cost 1."""

    name: str
    values: tuple[ValueRow, ...]


@dataclass(frozen=True, slots=True)
class KnobsTable:
    """Knobs measured alone; minimise the sum of weight x (product of cost shares) above a floor.

    Accuracies and costs of a combination are products (Chameleon's independence).
    """

    knobs: tuple[KnobRow, ...]
    weights: dict[str, float]
    floor: float


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


INPUTS: Mapping[str, type[KnobsTable] | type[PlacementTable]] = {
    "knobs": KnobsTable,
    "placement": PlacementTable,
}


def input_type(planner: str) -> type[KnobsTable] | type[PlacementTable]:
    """The dataclass of a planner's table, from which its JSON Schema is made."""
    _known("planner", planner, INPUTS)
    return INPUTS[planner]


def example(planner: str) -> dict[str, Any]:
    """A small valid table."""
    return asdict(_EXAMPLES[input_type(planner)])


def solve(
    planner: str, table: KnobsTable | PlacementTable, method: str | None = None
) -> dict[str, Any]:
    """The answer with its objective, bound, gap, method and number of options evaluated.

    ``method`` None: trying all where that is little, else the planner's quick method. Raises
    InputError for a table that makes no sense, InfeasibleError (with the nearest miss) where
    nothing fits.
    """
    input_type(planner)
    if isinstance(table, KnobsTable):
        return _solve_knobs(table, method)
    return _solve_placement(table, method)


def _known(kind: str, word: str, known: Mapping[str, object]) -> None:
    if word not in known:
        expected = f"one of {', '.join(known)}"
        raise InputError(Problem(f"{kind} {word!r}", expected, nearest(word, [*known])))


def _answer(proof: Proof, **more: object) -> dict[str, Any]:
    return {
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "method": proof.method,
        "evaluated": proof.evaluated,
        **more,
    }


def _require(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        raise InputError(*found)


# knobs: Chameleon's reduction as a table


def _solve_knobs(table: KnobsTable, method: str | None) -> dict[str, Any]:
    _require(_knob_problems(table))
    names = [*table.weights]
    tables = [
        KnobTable(
            knob.name,
            tuple(
                KnobValue(row.value, row.accuracy, tuple(row.costs[name] for name in names))
                for row in knob.values
            ),
        )
        for knob in table.knobs
    ]
    weights = tuple(table.weights.values())
    count = prod(len(each.values) for each in tables)
    method = method or ("brute" if count <= MOST_TRIED else "chameleon")
    _known("method", method, _KNOB_METHODS)
    found = _KNOB_METHODS[method](tables, weights, table.floor)
    if found is None:
        best = combine(tables, [_most_accurate(each) for each in tables])
        raise InfeasibleError(
            Problem(
                f"no choice of {', '.join(each.name for each in tables)} that reaches an accuracy "
                f"of {table.floor:g}; the best is {best.accuracy:.3f} with {list(best.choice)}",
                f"a choice that reaches {table.floor:g}",
                f"a floor of {np.floor(best.accuracy * 100) / 100:g}, or a more accurate variant",
            )
        )
    picks, evaluated = found
    chosen = combine(tables, picks)
    value = _weighted(weights, chosen.costs)
    bound = value
    if method == "chameleon":
        best_picks = _exact_knobs(tables, weights, table.floor)
        bound = _weighted(weights, combine(tables, best_picks[0]).costs) if best_picks else value
    return _answer(
        Proof(value, bound, method, evaluated),
        choice={each.name: value for each, value in zip(tables, chosen.choice, strict=True)},
        accuracy=chosen.accuracy,
        costs=dict(zip(names, chosen.costs, strict=True)),
    )


def _weighted(weights: tuple[float, ...], costs: tuple[float, ...]) -> float:
    return sum(w * c for w, c in zip(weights, costs, strict=True))


def _most_accurate(table: KnobTable) -> int:
    return max(range(len(table.values)), key=lambda i: table.values[i].accuracy)


Found = tuple[tuple[int, ...], int] | None


def _brute_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    return cheapest(tables, weights, floor)


def _climb_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    """The cheapest setting on Chameleon's path; None if golden itself is below the floor."""
    path = [at for at in climb(tables, floor) if combine(tables, at).accuracy >= floor - 1e-12]
    if not path:
        return None
    return min(path, key=lambda at: _weighted(weights, combine(tables, at).costs)), len(path)


def _exact_knobs(tables: list[KnobTable], weights: tuple[float, ...], floor: float) -> Found:
    """Depth first, leaving out what cannot keep the floor or cannot beat the best so far."""
    least = [
        tuple(min(each) for each in zip(*(row.costs for row in table.values), strict=True))
        for table in tables
    ]
    most = [max(row.accuracy for row in table.values) for table in tables]
    best: tuple[float, tuple[int, ...]] | None = None
    stack: list[tuple[int, ...]] = [()]
    evaluated = 0
    while stack:
        at = stack.pop()
        evaluated += 1
        here = combine(tables[: len(at)], at)
        costs = [*(row.costs for row in (here,) if at), *least[len(at) :]]
        bound = _weighted(weights, tuple(prod(each) for each in zip(*costs, strict=True)))
        if here.accuracy * prod(most[len(at) :]) < floor - 1e-12:
            continue
        if best is not None and bound >= best[0] - 1e-12:
            continue
        if len(at) == len(tables):
            best = bound, at
            continue
        stack += [(*at, i) for i in reversed(range(len(tables[len(at)].values)))]
    return None if best is None else (best[1], evaluated)


_KNOB_METHODS: Mapping[str, Callable[[list[KnobTable], tuple[float, ...], float], Found]] = {
    "brute": _brute_knobs,
    "chameleon": _climb_knobs,
    "exact": _exact_knobs,
}


def _knob_problems(table: KnobsTable) -> Iterator[Problem]:
    if not table.knobs or not table.weights:
        yield Problem("no knobs or no weights", "at least one knob and one weight", "the example")
    for name, weight in table.weights.items():
        if not (isfinite(weight) and weight >= 0):
            yield Problem(f"weight {name} = {weight:g}", "a finite number from 0", "1.0")
    for knob in table.knobs:
        if not knob.values:
            yield Problem(
                f"knob {knob.name} without values", "its golden value first", "the example"
            )
        for row in knob.values:
            if row.costs.keys() != table.weights.keys():
                yield Problem(
                    f"costs {', '.join(row.costs) or '(none)'} at {knob.name} = {row.value}",
                    f"exactly the costs that have weights: {', '.join(table.weights)}",
                    "a cost share for each weight",
                )
            if not all(isfinite(x) and x >= 0 for x in (row.accuracy, *row.costs.values())):
                yield Problem(
                    f"a negative or infinite figure at {knob.name} = {row.value}",
                    "shares of the golden value's, from 0",
                    "1.0 for the golden value",
                )


# placement: pipelines that share devices and links


def _solve_placement(table: PlacementTable, method: str | None) -> dict[str, Any]:
    _require(_placement_problems(table))
    place = site(Cluster("table", table.devices, table.links))
    rows = [_placements(pipeline, place) for pipeline in table.pipelines]
    weighed = [
        _weigh(pipeline, each, place, table)
        for pipeline, each in zip(table.pipelines, rows, strict=True)
    ]
    problem = _selection(weighed, place, table)
    count = prod(float(np.isfinite(cost).sum()) for cost in problem.cost)
    method = method or ("brute" if count <= MOST_TRIED else "lagrange")
    _known("method", method, _PLACEMENT_METHODS)
    found = _PLACEMENT_METHODS[method](problem)
    used = problem.used(found.picks) / problem.capacity * table.load_limit
    return _answer(
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
    numbers = {
        **{f"{d.name} {k}": getattr(d, k) for d in table.devices for k in ("cores", "speed")},
        **{f"{d.name} memory_gb": d.memory_gb for d in table.devices},
        **{f"{e.source}->{e.target} rate_mbps": e.rate_mbps for e in table.links},
        **{f"{e.source}->{e.target} back_mbps": e.back_mbps for e in table.links},
        "load_limit": table.load_limit,
    }
    for name, value in numbers.items():
        if not (isfinite(value) and value > 0):
            yield Problem(f"{name} = {value:g}", "a finite number above 0", "1.0")
    for link in table.links:
        for end in (link.source, link.target):
            if end not in devices:
                yield Problem(f"a link to {end!r}", "a device", nearest(end, devices))
    for pipeline in table.pipelines:
        yield from _pipeline_problems(pipeline, devices)


def _pipeline_problems(pipeline: Pipeline, devices: list[str]) -> Iterator[Problem]:
    if not pipeline.steps:
        yield Problem(f"pipeline {pipeline.name} without steps", "at least one", "the example")
    if len(devices) ** sum(step.at is None for step in pipeline.steps) > MOST_OPTIONS:
        yield Problem(
            f"more than {MOST_OPTIONS} placements of {pipeline.name}",
            "fewer free steps",
            "fixing the device of some steps with `at`",
        )
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
            if not (isfinite(getattr(step, name)) and getattr(step, name) >= 0):
                found = f"{pipeline.name}.{step.name}: {name} = {getattr(step, name):g}"
                yield Problem(found, "a finite number from 0", "0.0")
        before.append(step.name)


_EXAMPLES: Mapping[type[KnobsTable] | type[PlacementTable], Any] = {
    KnobsTable: KnobsTable(
        knobs=(
            KnobRow(
                "sample.rate_fps",
                (
                    ValueRow("source", 1.0, {"cpu": 1.0, "bytes": 1.0}),
                    ValueRow(12, 0.97, {"cpu": 0.5, "bytes": 0.75}),
                    ValueRow(5, 0.9, {"cpu": 0.22, "bytes": 0.5}),
                ),
            ),
            KnobRow(
                "detect.model",
                (
                    ValueRow("yolox-nano-416-tiled", 1.0, {"cpu": 1.0, "bytes": 1.0}),
                    ValueRow("yolox-nano-416", 0.96, {"cpu": 0.2, "bytes": 1.0}),
                    ValueRow("yolox-nano-256", 0.85, {"cpu": 0.08, "bytes": 1.0}),
                ),
            ),
        ),
        weights={"cpu": 1.0, "bytes": 2.0},
        floor=0.9,
    ),
    PlacementTable: PlacementTable(
        devices=(
            Device("camera", "camera", 0.5, 0.2, 0.25, per_stream=True),
            Device("edge", "edge", 2, 0.5, 4, 0.04),
            Device("cloud", "cloud", 12, 1, 32, 0.4),
        ),
        links=(
            Link("camera", "edge", 100, 100, 2),
            Link("edge", "cloud", 10, 10, 40, 0.09),
        ),
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
    ),
}
