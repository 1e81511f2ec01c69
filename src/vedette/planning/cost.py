"""The one cost model: what a plan costs, from traces, for a search, a forecast and a report alike.

A device's load is (CPU seconds per second) / (cores x speed), a link's is bits / rate, each way on
its own. Something that exists beside every stream is as loaded as its busiest one, and a device of
several machines as that with the most of its streams, which are dealt out in turn. Streams that the
trace does not hold cost what another of their source does (:mod:`vedette.planning.cover`).

Latency of an analysed frame is the longest path from capture to its answer: each step's CPU time on
one core of its device, and where it changes device packing, the transfer (bytes / rate and half the
round trip of each link), unpacking, and the mean waits of those links and of the device it enters
(and of the one it starts on). Waits are M/G/c by Sakasegawa's formula with c whole cores and one
job a frame (:mod:`vedette.planning.queueing`), times ``(1 + CV^2) / 2``; of several machines, each
is such a queue of its own, with its share of the streams. It holds for frames that come
independently of each other; video's come by a clock and wait no longer. Where a model takes several
frames in one pass (:mod:`vedette.planning.passes`) it is passes that queue, and a frame's latency
has the whole of its pass; a load counts passes as full as they may be. The percentiles are those
of the frames' sums. Answers grow older from one to the next: the age just before an answer comes is
its latency plus the time since the previous analysed frame.

Price is the hours of every device that does something (one for each stream where it is beside the
stream) and the gigabytes on every link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from vedette.errors import Problem, RecordError
from vedette.planning.demand import Demand, Frames, demand, frames
from vedette.planning.layout import Floats, Graph, Layouts, Site, graph, layouts, site
from vedette.planning.passes import Meeting, meeting
from vedette.planning.placement import Placement, home, strip
from vedette.planning.queueing import sakasegawa
from vedette.types.cluster import Cluster
from vedette.types.coding import coding_of
from vedette.types.figures import Figures
from vedette.types.graph import SOURCE, Metric, Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.passes import Passes
from vedette.types.profile import Trace

LIMIT = 0.8
FULL_LOAD = 0.99
"""Waits are those of this load where it is higher: the plan is infeasible anyway."""


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """What each of P placements costs; latencies are those of an average frame until asked for.

    ``load`` (P, D + L + D): devices, lanes, memories. ``stretch`` (P, N): how much longer a node
    takes than a frame by itself.
    """

    load: Floats
    metrics: Mapping[Metric, Floats]
    device_wait_s: Floats
    lane_wait_s: Floats
    replicas: NDArray[np.intp]
    batches: NDArray[np.intp]
    stretch: Floats


def weigh(plans: Layouts, ask: Demand, graph: Graph, site: Site) -> Weights:
    """All that is a sum over steps, and the latency of a frame that costs the average."""
    work = plans.work @ ask.work_rate
    bits = plans.hops @ ask.mbps
    streams = work.shape[2]
    met = meeting(
        plans,
        ask,
        site,
        lambda saved: busiest(work - saved, plans.replicas, site) / site.capacity,
    )
    full = np.where(site.lane_is_per_stream, bits.max(axis=2), bits.sum(axis=2)) / site.lane_mbps
    memory = (plans.work[:, :, : len(graph.names)] @ ask.memory_gb) / site.memory_gb
    lane_mbps = bits.sum(axis=2)
    busy = plans.work.any(axis=2)
    machines = busy * np.where(site.is_per_stream, streams, plans.replicas)
    hours = machines @ site.price_per_hour
    metrics: dict[Metric, Floats] = {
        "camera_mbps": lane_mbps @ site.lane_is_camera,
        "wan_mbps": lane_mbps @ site.lane_is_wan,
        "cpu_ms_per_frame": (work - met.saved).sum(axis=(1, 2)) / ask.frame_rate * 1e3,
        "price_per_hour": hours + lane_mbps @ (site.lane_price_per_gb * 0.45),  # GB/h of 1 Mbit/s
    }
    waits = _waits(met, full, ask, site, _served(plans, site, streams))
    loads = np.concatenate([met.full, full, memory], axis=1)
    weights = Weights(loads, metrics, *waits, plans.replicas, plans.batches, met.stretch)
    latency = latencies(plans, ask.average, graph, site, weights)
    return replace(weights, metrics={**metrics, **_average_timing(latency, ask)})


def busiest(work: Floats, replicas: NDArray[np.intp], site: Site) -> Floats:
    """CPU seconds a second of (P, D, K) on each device's busiest machine, (P, D).

    Stream k is done by machine k modulo ``replicas``; every stream of a ``per_stream`` device by
    its own.
    """
    found: Floats = np.where(site.is_per_stream, work.max(axis=2), work.sum(axis=2))
    for count in np.unique(replicas[replicas > 1]).tolist():
        dealt = [work[:, :, first::count].sum(axis=2) for first in range(count)]
        found = np.where(replicas == count, reduce(np.maximum, dealt), found)
    return found


def _served(plans: Layouts, site: Site, streams: int) -> Floats:
    """The share of all frames that a device's busiest machine gets, (P, D)."""
    shared = -(-streams // plans.replicas) / streams
    served: Floats = np.where(site.is_per_stream, 1 / streams, shared)
    return served


def _waits(
    met: Meeting, full: Floats, ask: Demand, site: Site, served: Floats
) -> tuple[Floats, Floats]:
    """Mean waits of devices (P, D) and lanes (P, L); a device gets a share of the frames."""
    rate = max(ask.analysed_rate, 1e-9)
    jobs = rate * served
    busy, filled = np.minimum(met.used, FULL_LOAD), np.minimum(met.full, FULL_LOAD)
    service = met.rows * busy * site.servers / jobs
    left = (1 - busy) / (1 - filled**met.rows)
    devices: Floats = ask.variability * sakasegawa(busy, site.servers) * service * left
    jobs = np.where(site.lane_is_per_stream, rate / ask.work_rate.shape[1], rate)
    filled = np.minimum(full, FULL_LOAD)
    lanes: Floats = filled / (1 - filled) * filled / jobs
    return devices, lanes


def latencies(plans: Layouts, each: Frames, graph: Graph, site: Site, weights: Weights) -> Floats:
    """Seconds from capture to the last answer, (P, frames): the longest path through the graph."""
    rows = np.arange(len(plans.place))
    travel_s = site.route @ (8e-6 / site.lane_mbps)  # (D, D) a byte
    half_trip_s = site.route @ (site.lane_rtt_s / 2)
    pack_on = plans.work[:, :, len(graph.names) : len(graph.names) + len(graph.flows)]

    def arrival(j: int, here: NDArray[np.intp]) -> Floats:
        producer = graph.flows[j].producer
        moving = np.flatnonzero(plans.need[rows, j, here])
        if not len(moving):
            return finish[producer]
        there, here = plans.place[moving, producer], here[moving]
        lanes, waits = site.route[there, here], weights.lane_wait_s[moving]
        fixed = half_trip_s[there, here] + np.einsum("pl,pl->p", lanes, waits)
        fixed += weights.device_wait_s[moving, here] * (there != here)
        pack = pack_on[moving, there, j] / site.core_speed[there]
        arrived = finish[producer].copy()
        arrived[moving] += (
            fixed[:, None]
            + pack[:, None] * each.pack_s[j]
            + travel_s[there, here][:, None] * each.size_bytes[j]
            + each.unpack_s[j] / site.core_speed[here][:, None]
        )
        return arrived

    finish: list[Floats] = []
    for node, inputs in enumerate(graph.inputs):
        here = plans.place[:, node]
        start = weights.device_wait_s[rows, here][:, None] * np.ones(each.cpu_s.shape[1])
        if inputs:
            start = reduce(np.maximum, [arrival(graph.flow_of[i], here) for i in inputs])
        takes = weights.stretch[:, node] / site.core_speed[here]
        finish.append(start + takes[:, None] * each.cpu_s[node])
    answers = [
        arrival(j, np.full(len(rows), flow.target))
        for j, flow in enumerate(graph.flows)
        if flow.role == "answer"
    ]
    latency: Floats = reduce(np.maximum, answers)
    return latency


def _average_timing(latency: Floats, ask: Demand) -> dict[Metric, Floats]:
    """Every percentile taken to be the average frame's; infinite where no frame is analysed."""
    never = np.full(len(latency), np.inf)
    usual = latency[:, 0] * 1e3 if ask.analysed else never
    oldest = ask.longest_gap_s * 1e3 + usual
    return {
        "latency_p50_ms": usual,
        "latency_p95_ms": usual,
        "age_p95_ms": oldest,
        "age_max_ms": oldest,
    }


def timing(latency: Floats, each: Frames, *, with_age_p95: bool = True) -> dict[Metric, Floats]:
    """Percentiles of latency and age in ms, (P,); infinite where no frame is analysed.

    Without ``with_age_p95`` the greatest age stands in for it (a bound, and quick).
    """
    never = np.full(len(latency), np.inf)
    middle = high = age = oldest = never
    if len(each.stream):
        middle, high = np.quantile(latency, [0.5, 0.95], axis=1) * 1e3
    follows = np.flatnonzero(np.diff(each.stream) == 0)
    if len(follows):
        gap = np.diff(each.time_s)[follows]
        after = gap + latency[:, follows + 1]
        age = oldest = after.max(axis=1) * 1e3
        if with_age_p95:
            age = _age_p95_s(latency[:, follows], after) * 1e3
    return {
        "latency_p50_ms": middle,
        "latency_p95_ms": high,
        "age_p95_ms": age,
        "age_max_ms": oldest,
    }


def _age_p95_s(low: Floats, high: Floats, parts: int = 8) -> Floats:
    """The age over all instants: it grows from ``low`` to ``high`` between two answers."""
    low, high = np.broadcast_arrays(low, high)
    long = np.maximum(high - low, 0.0)
    at = (np.arange(parts) + 0.5) / parts
    age = (low[:, :, None] + long[:, :, None] * at).reshape(len(low), -1)
    weight = np.repeat(long, parts, axis=1)
    order = np.argsort(age, axis=1)
    age = np.take_along_axis(age, order, axis=1)
    share = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    found = (share < 0.95 * share[:, -1:]).sum(axis=1)
    result: Floats = age[np.arange(len(age)), np.minimum(found, age.shape[1] - 1)]
    return result


def figures(
    workflow: Workflow,
    placement: Placement,
    cluster: Cluster,
    trace: Trace,
    signatures: Mapping[str, Signature],
    *,
    variants: Mapping[str, Variant] | None = None,
    replicas: Mapping[str, int] | None = None,
    batches: Mapping[str, Passes] | None = None,
) -> Figures:
    """What a placed workflow is predicted to cost; packing steps may be written out or not.

    ``replicas`` is how many machines stand behind a device, one where it says nothing; ``batches``
    the passes of steps that take several frames. Raises RecordError where something has to cross a
    link whose bytes nobody measured.
    """
    plain = strip(workflow)
    codec = coding_of(trace.choice.get("transport.qp", SOURCE)).codec
    shape, place = graph(plain, cluster, signatures, codec), site(cluster)
    at = {source.name: home(cluster).name for source in plain.sources} | dict(placement)
    row = np.array([[place.names.index(at[name]) for name in shape.names]], np.intp)
    ask = demand(trace, shape, signatures, variants, batches)
    counts = [(replicas or {}).get(name, 1) for name in place.names]
    plan = replace(
        layouts(shape, place, row),
        replicas=np.array([counts], np.intp),
        batches=np.array([_most(batches or {}, at, place)], np.intp),
    )
    each = frames(trace, shape)
    _refuse_unmeasured(plan, ask, shape)
    weights = weigh(plan, ask, shape, place)
    latency = latencies(plan, each, shape, place, weights)
    metrics = {name: float(v[0]) for name, v in weights.metrics.items()}
    metrics |= {name: float(v[0]) for name, v in timing(latency, each).items()}
    return Figures(
        label="predicted",
        **metrics,  # type: ignore[arg-type]  # the metrics are Figures' own names
        frames=ask.frames,
        analysed=ask.analysed,
        load=_loads(weights, place),
        step_ms=_step_ms(plan, ask, shape, place, weights),
        step_mbps={
            shape.names[flow.producer]: float(ask.mbps[j].sum())
            for j, flow in enumerate(shape.flows)
            if flow.role != "evidence" and plan.hops[0, :, j].any()
        },
    )


def _most(batches: Mapping[str, Passes], at: Mapping[str, str], place: Site) -> list[int]:
    """The most frames in a pass of each device."""
    return [
        max((each.most for step, each in batches.items() if at[step] == name), default=1)
        for name in place.names
    ]


def _refuse_unmeasured(plan: Layouts, ask: Demand, shape: Graph) -> None:
    for j, flow in enumerate(shape.flows):
        if plan.hops[0, :, j].any() and not ask.is_measured[j]:
            raise RecordError(
                Problem(
                    f"no measured size of what {shape.names[flow.producer]} puts out",
                    "a profile that packed it, because this placement sends it over a link",
                    "profiling again, or another placement",
                )
            )


def load_names(place: Site) -> tuple[str, ...]:
    return (*place.names, *place.lanes, *(f"{name} memory" for name in place.names))


def _loads(weights: Weights, place: Site) -> dict[str, float]:
    named = zip(load_names(place), weights.load[0], strict=True)
    return {name: float(load) for name, load in named if load > 0}


def _step_ms(
    plan: Layouts, ask: Demand, shape: Graph, place: Site, weights: Weights
) -> dict[str, float]:
    """Mean contributions to an analysed frame; those of parallel branches stand side by side."""
    found: dict[str, float] = {}

    def add(name: str, seconds: float) -> None:
        if seconds > 0:
            found[name] = found.get(name, 0.0) + float(seconds) * 1e3

    speed, nodes, average = place.core_speed, len(shape.names), ask.average
    for i, name in enumerate(shape.names):
        add(name, weights.stretch[0, i] * average.cpu_s[i].sum() / speed[plan.place[0, i]])
    for j, flow in enumerate(shape.flows):
        name, there = shape.names[flow.producer], plan.place[0, flow.producer]
        if flow.role == "evidence":
            continue
        add(
            f"{name}.encode",
            plan.work[0, there, nodes + j] * average.pack_s[j].sum() / speed[there],
        )
        for here in np.flatnonzero(plan.need[0, j]):
            add(f"{name}.decode@{place.names[here]}", average.unpack_s[j].sum() / speed[here])
            for lane in np.flatnonzero(place.route[there, here]):
                transfer = average.size_bytes[j].sum() * 8e-6 / place.lane_mbps[lane]
                add(place.lanes[lane], transfer + place.lane_rtt_s[lane] / 2)
                add(f"wait {place.lanes[lane]}", weights.lane_wait_s[0, lane])
    unpacks = [j for j, flow in enumerate(shape.flows) if flow.role != "evidence"]
    entered = {*plan.place[0], *np.flatnonzero(plan.need[0, unpacks].any(axis=0))}
    for d in sorted(entered):
        add(f"wait {place.names[d]}", weights.device_wait_s[0, d])
    return found


def feasible(costs: Figures, limit: float = LIMIT) -> bool:
    """Whether every device, link and memory is loaded up to ``limit`` at most."""
    return all(load <= limit + 1e-9 for load in costs.load.values())
