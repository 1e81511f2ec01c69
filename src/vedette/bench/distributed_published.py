"""Distributed NoScope's measured times, by the simulator of replica sets, and without its limits.

Its authors (W. Lee and others, CS744 project report, University of Wisconsin) ran 50 to 5000
frames, of which N_R reached the reference network, on 1, 2, 4 and 8 replicas of it. Their client
keeps two requests in flight and draws each one's replica.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from statistics import fmean

from vedette.bench.claims import Claim, Row
from vedette.models.balancing import POLICIES
from vedette.running.replicas import ReplicaSet, constant, serve

REPLICAS = (1, 2, 4, 8)
TIMES_S: Mapping[int, Sequence[float]] = {
    22: (66.8, 47.9, 38.5, 38.1),
    49: (147.7, 113.2, 90.0, 74.4),
    117: (360.2, 237.9, 202.4, 186.8),
    170: (521.9, 390.4, 305.2, 267.2),
    569: (1692.4, 1201.9, 984.3, 875.6),
}
"""Seconds on 1, 2, 4 and 8 replicas, by the number of requests."""
SERVICE_S, IN_FLIGHT, SEEDS = 2.97, 2, 5
MOST, MOST_REPLICAS = 569, 8
ALONE_S, DISTRIBUTED_S = 784.0, 142.0
"""Its own comparison, 500 frames: one machine, and its stages on several."""


def rows() -> list[Row]:
    """A row a cell: what was published, and what comes of the same requests here."""
    return [
        _row(requests, replicas, published_s)
        for requests, times_s in TIMES_S.items()
        for replicas, published_s in zip(REPLICAS, times_s, strict=True)
    ]


def _row(requests: int, replicas: int, published_s: float) -> Row:
    theirs_s = as_published(requests, replicas)
    return {
        "part": "published",
        "what": f"{requests} requests of {SERVICE_S} s",
        "replicas": replicas,
        "paper s": published_s,
        "simulated s": round(theirs_s, 1),
        "error": theirs_s / published_s - 1,
        "without limits s": round(without_limits(requests, replicas), 1),
    }


def as_published(
    requests: int, replicas: int, service_s: float = SERVICE_S, way_s: float = 0.0
) -> float:
    """Seconds that their client takes, the mean of five draws; ``way_s`` is there and back."""
    policy = POLICIES["random"]
    drawn = ReplicaSet(
        replicas, constant(service_s), policy, in_flight=IN_FLIGHT, transmission_s=way_s
    )
    return fmean(serve([0.0] * requests, drawn, seed=seed).makespan_s for seed in range(SEEDS))


def without_limits(requests: int, replicas: int) -> float:
    """Seconds with all requests under way, each where the fewest are."""
    return serve([0.0] * requests, ReplicaSet(replicas, constant(SERVICE_S))).makespan_s


def claims(table: Sequence[Row]) -> tuple[Claim, ...]:
    """The simulator holds in every cell, and eight replicas are never idle."""
    errors = [abs(row["error"]) for row in table]
    name = f"published times by the simulator, {len(errors)} cells: the largest error"
    spread = (min(errors), max(errors))
    held = Claim(name, 0.20, "<=", max(errors), "share", "simulated", None, spread)
    ideal_s = ceil(MOST / MOST_REPLICAS) * SERVICE_S
    found_s = without_limits(MOST, MOST_REPLICAS)
    name = f"{MOST} requests of {SERVICE_S} s on {MOST_REPLICAS} replicas, of the least possible"
    paper = TIMES_S[MOST][-1] / ideal_s
    return held, Claim(name, 1.05, "<=", found_s / ideal_s, "x", "simulated", paper)
