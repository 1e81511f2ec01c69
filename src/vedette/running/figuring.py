"""What a run adds up to: latency, age of information, traffic, load and price."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vedette.running.age import age_of_information
from vedette.running.tally import Sums, Tally
from vedette.running.ways import Way, is_per_stream, rate_mbps, way_name
from vedette.types.cluster import Cluster, Link
from vedette.types.figures import Figures, Label


def figures(
    tally: Tally, label: Label, rates: Mapping[str, Fraction], *, cpu_s: float | None = None
) -> Figures:
    """Sum up a run. Streams count as running all at once, each for as long as its own frames last.

    ``rates`` is each stream's frame rate; ``cpu_s`` replaces the sum of what the steps took.
    Latency is infinite where no frame was analysed. Measured figures have no load: this machine's
    seconds say nothing of the declared devices, and nothing crosses a declared link.
    """
    streams = tally.streams
    lasts_s = {name: each.at_s + 1 / float(rates[name]) for name, each in streams.items()}
    runs_s = {name: each.captured_s + 1 / float(rates[name]) for name, each in streams.items()}
    latency_ms = 1000 * tally.latency_s.rows()
    ages = {name: each.age for name, each in streams.items()}
    age_p95_s, age_max_s = age_of_information(ages, runs_s)
    frames = sum(each.frames for each in streams.values())
    cpu_s = sum(tally.busy_s.values()) if cpu_s is None else cpu_s
    loads = {} if label == "measured" else _loads(tally, lasts_s)
    return Figures(
        label=label,
        camera_mbps=_crossing_mbps(tally, lasts_s, Cluster.is_camera_link),
        wan_mbps=_crossing_mbps(tally, lasts_s, Cluster.is_wan_link),
        latency_p50_ms=_percentile(latency_ms, 50),
        latency_p95_ms=_percentile(latency_ms, 95),
        age_p95_ms=1000 * age_p95_s,
        age_max_ms=1000 * age_max_s,
        cpu_ms_per_frame=1000 * cpu_s / max(frames, 1),
        price_per_hour=_price_per_hour(tally, lasts_s),
        frames=frames,
        analysed=sum(each.analysed for each in streams.values()),
        dropped=sum(each.dropped for each in streams.values()),
        load={name: load for name, load in loads.items() if load > 0},
        step_ms=_step_ms(tally),
        step_mbps=_step_mbps(tally, lasts_s),
    )


def _percentile(values: NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("inf")


def _ways(tally: Tally) -> list[Way]:
    return list({way: None for way, _ in tally.link_bytes})


def _mbps(tally: Tally, lasts_s: Mapping[str, float], way: Way) -> float:
    """What all streams together send over a link in one direction."""
    return sum(_stream_mbps(tally, lasts_s, way).values())


def _crossing_mbps(
    tally: Tally, lasts_s: Mapping[str, float], counts: Callable[[Cluster, Link], bool]
) -> float:
    """What is sent over all links that count, both ways."""
    cluster = tally.plan.cluster
    return float(sum(_mbps(tally, lasts_s, w) for w in _ways(tally) if counts(cluster, w[0])))


def _stream_mbps(tally: Tally, lasts_s: Mapping[str, float], way: Way) -> dict[str, float]:
    return {s: 8e-6 * tally.link_bytes[way, s] / lasts_s[s] for s in lasts_s}


def _price_per_hour(tally: Tally, lasts_s: Mapping[str, float]) -> float:
    """The hours of the devices that the plan uses, and the gigabytes that links carry."""
    plan, placed = tally.plan, set(tally.plan.placement.values())
    hours = sum(
        device.price_per_hour
        * (len(lasts_s) if device.per_stream else plan.replicas.get(device.name, 1))
        for device in plan.cluster.devices
        if device.name in placed
    )
    gigabytes = sum(
        way[0].price_per_gb * _mbps(tally, lasts_s, way) * 3600 / 8000 for way in _ways(tally)
    )
    return hours + gigabytes


def _loads(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    return {**_device_loads(tally, lasts_s), **_link_loads(tally, lasts_s)}


def _device_loads(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    """The share of each device's cores in use were passes full; of machines that of the busiest."""
    loads = {}
    for device in tally.plan.cluster.devices:
        busy: Sums[str | int] = defaultdict(float)
        for stream, long_s in lasts_s.items():
            which = stream if device.per_stream else tally.plan.replica_of(device.name, stream)
            where = device.name, stream
            busy[which] += (tally.busy_s[where] - tally.spare_s[where]) / long_s
        loads[device.name] = max(busy.values(), default=0.0) / (device.speed * device.cores)
    return loads


def _link_loads(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    loads = {}
    for way in _ways(tally):
        each = _stream_mbps(tally, lasts_s, way).values()
        mbps = max(each) if is_per_stream(tally.plan.cluster, way[0]) else sum(each)
        loads[way_name(way)] = mbps / rate_mbps(way)
    return loads


def _step_ms(tally: Tally) -> dict[str, float]:
    answered = tally.latency_s.seen
    return {name: 1000 * seconds / answered for name, seconds in tally.parts_s.items()}


def _step_mbps(tally: Tally, lasts_s: Mapping[str, float]) -> dict[str, float]:
    total: Sums[str] = defaultdict(float)
    for (step, stream), size_bytes in tally.step_bytes.items():
        total[step] += 8e-6 * size_bytes / lasts_s[stream]
    return dict(total)
