"""Models behind servers, as a table: which machine, how many replicas and which batch for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

import numpy as np

from vedette.errors import InfeasibleError, Problem, nearest
from vedette.planning import batch_queue, queueing
from vedette.planning import exact as selecting
from vedette.planning.answer import LARGEST, MOST_TRIED, answer, known, repeated, require
from vedette.planning.batch_queue import Batches
from vedette.planning.exact import Selection
from vedette.planning.placement_table import negative
from vedette.planning.queueing import Balancing, Crowd

MOST_ROWS, MOST_REPLICAS, MOST_SPREAD = 256, 10_000, 3.0


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A kind of machine: each hosts one replica, and there are ``count`` of them."""

    name: str
    count: int
    price_per_hour: float = 1.0


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A batch of n requests takes ``base_ms`` + n x ``item_ms`` on a machine, as measured there.

    ``cv`` is the coefficient of variation of that time.
    """

    machine: str
    base_ms: float
    item_ms: float = 0.0
    cv: float = 0.0


@dataclass(frozen=True, slots=True)
class ServedRow:
    """A model that is asked ``rate_per_s`` times and has to answer within ``latency_ms``.

    ``percentile`` of all answers do, or their mean if it is null. One of ``batches`` is the largest
    batch; a server waits up to ``max_wait_ms`` for one to fill. ``arrival_cv`` is the coefficient
    of variation of the times between requests: 1 where they are independent.
    """

    name: str
    rate_per_s: float
    latency_ms: float
    services: tuple[ServiceRow, ...]
    batches: tuple[int, ...] = (1,)
    percentile: float | None = 95.0
    max_wait_ms: float = 0.0
    arrival_cv: float = 1.0


@dataclass(frozen=True, slots=True)
class ReplicasTable:
    """Models that share machines; minimise the price an hour with every target kept.

    ``balancing`` is how a client chooses among replicas: ``shared`` keeps no more under way than
    there are replicas, ``least`` joins the shortest queue, ``random`` any. Where batches form all
    three are taken as ``random``, which is a bound for the others. No load exceeds ``load_limit``.
    """

    machines: tuple[MachineRow, ...]
    models: tuple[ServedRow, ...]
    balancing: Balancing = "least"
    load_limit: float = 0.8


@dataclass(frozen=True, slots=True)
class Hosting:
    """One way to host a model: the fewest replicas on a machine that keep its target."""

    machine: str
    replicas: int
    max_batch: int
    latency_ms: float
    load: float
    mean_batch: float


def latency_ms(
    model: ServedRow, service: ServiceRow, replicas: int, rows: int, balancing: Balancing
) -> float:
    """The latency that the target is about; infinite where the load is full.

    Half of M/D/1's full load: 10 ms of service and 5 ms of waiting on average.

    >>> model = ServedRow("m", 50.0, 20.0, (ServiceRow("a", 10.0),), percentile=None)
    >>> latency_ms(model, model.services[0], 1, 1, "random")
    15.0
    """
    share = None if model.percentile is None else model.percentile / 100
    if rows > 1:
        batches = _batches(model, service, replicas, rows)
        found_s = (
            batch_queue.mean_s(batches) if share is None else batch_queue.quantile_s(batches, share)
        )
        return found_s * 1e3 + model.max_wait_ms
    service_s = (service.base_ms + service.item_ms) / 1e3
    crowd = Crowd(model.rate_per_s, replicas, service_s, service.cv, model.arrival_cv)
    if share is None:
        return (service_s + queueing.wait_s(crowd, balancing)) * 1e3
    return queueing.latency_quantile_s(crowd, share, balancing) * 1e3


def _batches(model: ServedRow, service: ServiceRow, replicas: int, rows: int) -> Batches:
    rate = model.rate_per_s / replicas
    return Batches(rate, service.base_ms / 1e3, service.item_ms / 1e3, rows, service.cv)


def solve_replicas(table: ReplicasTable, method: str | None = None) -> dict[str, Any]:
    """Each model's machine, replicas and batch, the latency predicted for it, and what is used."""
    require(_problems(table))
    known("method", method or "exact", _METHODS)
    hostings = [_hostings(model, table) for model in table.models]
    problem = _selection(hostings, table)
    count = float(np.prod([float(len(each)) for each in hostings]))
    method = method or ("brute" if count <= MOST_TRIED else "lagrange")
    found = _METHODS[method](problem)
    chosen = [each[pick] for each, pick in zip(hostings, found.picks.tolist(), strict=True)]
    return answer(
        found.proof,
        replicas={
            model.name: {
                "machine": each.machine,
                "replicas": each.replicas,
                "max_batch": each.max_batch,
                "mean_batch": each.mean_batch,
                "latency_ms": each.latency_ms,
                "load": each.load,
            }
            for model, each in zip(table.models, chosen, strict=True)
        },
        used={
            machine.name: sum(each.replicas for each in chosen if each.machine == machine.name)
            for machine in table.machines
        },
    )


_METHODS: Mapping[str, selecting.Method] = {
    "brute": selecting.brute,
    "lagrange": selecting.lagrange,
    "exact": selecting.exact,
}


def _hostings(model: ServedRow, table: ReplicasTable) -> list[Hosting]:
    """Each machine with each batch that keeps the target, with as few replicas as do."""
    counts = {machine.name: machine.count for machine in table.machines}
    found: list[Hosting] = []
    misses: list[Hosting] = []
    for service in model.services:
        for rows in model.batches:
            each = _fewest(model, service, rows, counts[service.machine], table)
            (found if each.latency_ms <= model.latency_ms + 1e-9 else misses).append(each)
    if not found:
        raise InfeasibleError(_miss(model, misses, table.load_limit))
    return found


def _fewest(
    model: ServedRow, service: ServiceRow, rows: int, most: int, table: ReplicasTable
) -> Hosting:
    """By bisection: more replicas never answer later. All that there are where none suffice."""
    full = Batches(model.rate_per_s, service.base_ms / 1e3, service.item_ms / 1e3, rows)

    def latency(replicas: int) -> float:
        if full.load / replicas > table.load_limit + 1e-9:
            return inf
        return latency_ms(model, service, replicas, rows, table.balancing)

    low, high = max(ceil(full.load / table.load_limit - 1e-9), 1), most
    if low <= high and latency(low) <= model.latency_ms + 1e-9:
        high = low
    while high - low > 1:
        middle = (low + high) // 2
        if latency(middle) <= model.latency_ms + 1e-9:
            high = middle
        else:
            low = middle
    load = full.load / high
    mean_rows = 1.0
    if rows > 1 and load < 1:
        mean_rows = batch_queue.mean_rows(_batches(model, service, high, rows))
    return Hosting(service.machine, high, rows, latency(high), load, mean_rows)


def _miss(model: ServedRow, misses: list[Hosting], limit: float) -> Problem:
    best = min(misses, key=lambda each: (each.latency_ms, each.load))
    reach = f"{best.replicas} of {best.machine} with batches up to {best.max_batch}"
    nearly = f"the best is {best.latency_ms:.4g} ms with {reach}"
    if best.latency_ms == inf:
        nearly = f"{reach} would be loaded {best.load:.3g} times, above {limit:g}"
    return Problem(
        f"no hosting of {model.name} that answers within {model.latency_ms:g} ms; {nearly}",
        "a machine that answers in time, and enough of them",
        "a later target, more machines, a faster one, or a smaller variant of the model",
    )


def _selection(hostings: list[list[Hosting]], table: ReplicasTable) -> Selection:
    names = [machine.name for machine in table.machines]
    most = max(len(each) for each in hostings)
    cost = np.full((len(hostings), most), np.inf)
    use = np.zeros((len(hostings), most, len(names)))
    for g, each in enumerate(hostings):
        for o, one in enumerate(each):
            at = names.index(one.machine)
            cost[g, o] = one.replicas * table.machines[at].price_per_hour
            use[g, o, at] = one.replicas
    count = np.array([machine.count for machine in table.machines], float)
    return Selection(cost, use, count, tuple(names))


def _problems(table: ReplicasTable) -> Iterator[Problem]:
    if not (table.machines and table.models):
        yield Problem("no machines or no models", "at least one of each", "the example")
    yield from repeated("machine", [machine.name for machine in table.machines])
    yield from repeated("model", [model.name for model in table.models])
    yield from _outside("load_limit", table.load_limit, 0.0, 0.99)
    for machine in table.machines:
        yield from negative(f"{machine.name}: price_per_hour", machine.price_per_hour)
        yield from _outside(f"{machine.name}: count", machine.count, 1, MOST_REPLICAS, above=False)
    machines = [machine.name for machine in table.machines]
    for model in table.models:
        yield from _model_problems(model, machines)


def _model_problems(model: ServedRow, machines: list[str]) -> Iterator[Problem]:
    name = model.name
    yield from negative(f"{name}: rate_per_s", model.rate_per_s)
    yield from negative(f"{name}: max_wait_ms", model.max_wait_ms)
    yield from _outside(f"{name}: latency_ms", model.latency_ms, 0.0, LARGEST)
    yield from _outside(f"{name}: arrival_cv", model.arrival_cv, 0.0, MOST_SPREAD, above=False)
    if model.percentile is not None:
        yield from _outside(f"{name}: percentile", model.percentile, 0.0, 99.9)
    if not model.services or not model.batches:
        yield Problem(f"{name} without services or batches", "at least one of each", "the example")
    for rows in model.batches:
        yield from _outside(f"{name}: batches", rows, 1, MOST_ROWS, above=False)
    if model.arrival_cv > 1 and any(rows > 1 for rows in model.batches):
        yield Problem(
            f"{name}: arrival_cv = {model.arrival_cv:g} with batches",
            "arrivals that are no burstier than independent ones, where batches form",
            "batches of 1, or arrival_cv 1",
        )
    yield from repeated(f"{name} machine", [service.machine for service in model.services])
    for service in model.services:
        place = f"{name} on {service.machine}"
        if service.machine not in machines:
            yield Problem(place, "a machine of the table", nearest(service.machine, machines))
        yield from negative(f"{place}: base_ms", service.base_ms)
        yield from negative(f"{place}: item_ms", service.item_ms)
        yield from _outside(f"{place}: base_ms + item_ms", service.base_ms + service.item_ms)
        yield from _outside(f"{place}: cv", service.cv, 0.0, MOST_SPREAD, above=False)


def _outside(
    name: str, value: float, least: float = 0.0, most: float = 2 * LARGEST, *, above: bool = True
) -> Iterator[Problem]:
    """``above``: the least itself is outside."""
    if not (least < value if above else least <= value) or not value <= most:
        words = f"a number {'above' if above else 'from'} {least:g}, up to {most:g}"
        yield Problem(f"{name} = {value:g}", words, f"{name.rpartition(' ')[2]} as in the example")


EXAMPLE = ReplicasTable(
    machines=(MachineRow("cpu", 12, 0.04), MachineRow("gpu", 2, 0.5)),
    models=(
        ServedRow(
            "detect",
            60.0,
            120.0,
            (ServiceRow("cpu", 2.0, 24.0, 0.1), ServiceRow("gpu", 6.0, 0.8)),
            batches=(1, 8),
        ),
        ServedRow(
            "golden",
            4.0,
            400.0,
            (ServiceRow("cpu", 5.0, 220.0), ServiceRow("gpu", 12.0, 6.0)),
        ),
        ServedRow("classify", 25.0, 25.0, (ServiceRow("cpu", 1.0, 3.0, 0.3),), percentile=None),
    ),
)
"""A detector that one GPU or several CPUs can serve, a slow reference, and a quick classifier."""
