"""How long a request takes at a replica that batches: what waits is taken together, up to a size.

The queue as it stands when batches begin is a Markov chain (Bailey, JRSS B 16, 1954; for inference
servers Inoue, Performance Evaluation 147, 2021), which is solved here as it is: the mean is exact
for arrivals that do not depend on each other (Poisson), one replica, and a free replica that takes
what is there without waiting for more. Several replicas of which each request draws one are as many
of these with a share of the rate each; where the shorter queue is joined they do better, and this
is a bound. A server that waits up to some time for more takes at most that time longer.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from vedette.planning.queueing import STEADY, services

Floats = NDArray[np.float64]
NEGLIGIBLE, RARE = 1e-9, 1e-6
LONGEST = 2048
"""Requests in the queue; from the load where more are likely, waits are taken to be infinite."""


@dataclass(frozen=True, slots=True)
class Batches:
    """``rate`` requests a second at one replica; a batch of n takes ``base_s`` + n x ``item_s``.

    ``service_cv`` is the coefficient of variation of that time, 0 where it is constant.
    """

    rate: float
    base_s: float
    item_s: float
    max_rows: int
    service_cv: float = 0.0

    def service_s(self, rows: float) -> float:
        return self.base_s + rows * self.item_s

    @property
    def load(self) -> float:
        """What comes as a share of what full batches could serve."""
        return self.rate * self.service_s(self.max_rows) / self.max_rows


def mean_s(batches: Batches) -> float:
    """Mean latency, by Little's law over the chain; infinite from full load on.

    Batches of one are M/D/1, whose wait at half load is half a service. A pair that is served in
    the time of one leaves the latency of who comes rarely as it is:

    >>> round(mean_s(Batches(0.5, 0.0, 1.0, 1)), 9)
    1.5
    >>> round(mean_s(Batches(1e-6, 1.0, 0.0, 2)), 5)
    1.0
    """
    if batches.rate <= 0:
        return batches.service_s(1)
    chain = _chain(batches)
    if chain is None:
        return inf
    waiting = np.arange(1, len(chain) + 1)
    taken_s = batches.base_s + np.minimum(waiting, batches.max_rows) * batches.item_s
    squared = taken_s**2 * (1 + batches.service_cv**2)
    present = chain @ (waiting * taken_s + batches.rate * squared / 2)
    cycle_s = chain @ (taken_s + _idle(batches, len(chain)) / batches.rate)
    return float(present / cycle_s / batches.rate)


def mean_rows(batches: Batches) -> float:
    """Requests in a batch on average; all that may be where the load is full.

    >>> round(mean_rows(Batches(1e-6, 1.0, 0.0, 8)), 3), mean_rows(Batches(9.0, 1.0, 0.0, 8))
    (1.0, 8.0)
    """
    chain = _chain(batches) if batches.rate > 0 else np.ones(1)
    if chain is None:
        return float(batches.max_rows)
    return float(chain @ np.minimum(np.arange(1, len(chain) + 1), batches.max_rows))


@lru_cache(maxsize=64)
def _chain(batches: Batches) -> Floats | None:
    """How likely n = 1, 2, ... requests stand in the queue when a batch begins."""
    if batches.load >= 1:
        return None
    size = max(32, 4 * batches.max_rows)
    while size <= LONGEST:
        found = _stationary(batches, size)
        if found[-1] < NEGLIGIBLE:
            return found
        size *= 2
    return None


def _stationary(batches: Batches, size: int) -> Floats:
    """Of a queue that is cut off at ``size``."""
    come = _arrivals(batches, size)
    move = np.zeros((size, size))
    for n in range(1, size + 1):
        rows = min(n, batches.max_rows)
        row, left = move[n - 1], n - rows
        row[max(left - 1, 0) :] = come[rows - 1, : size - max(left - 1, 0)]
        if not left:  # who comes to an empty queue begins the next batch: none and one are one
            row[0] += come[rows - 1, 1]
            row[1:] = come[rows - 1, 2 : size + 1]
        row[-1] += 1 - row.sum()
    balance = np.vstack([(move.T - np.eye(size))[1:], np.ones(size)])
    found = np.maximum(np.linalg.solve(balance, np.eye(size)[-1]), 0.0)
    likely: Floats = found / found.sum()
    return likely


def _arrivals(batches: Batches, size: int) -> Floats:
    """How likely 0, 1, ... requests come during a batch of 1, 2, ... rows: (max_rows, size + 1)."""
    rows, counts = np.arange(1, batches.max_rows + 1)[:, None], np.arange(size + 1)
    mean, spread = batches.rate * (batches.base_s + rows * batches.item_s), batches.service_cv**2
    if batches.service_cv < STEADY:
        return np.asarray(poisson.pmf(counts, mean), np.float64)
    return np.asarray(nbinom.pmf(counts, 1 / spread, 1 / (1 + mean * spread)), np.float64)


def _idle(batches: Batches, size: int) -> Floats:
    """How likely nothing waits after the batch that began with n = 1, 2, ... waiting."""
    found = np.zeros(size)
    found[: batches.max_rows] = _arrivals(batches, 0)[:, 0]
    return found


def quantile_s(batches: Batches, share: float) -> float:
    """The time within which ``share`` of all requests are answered.

    Who comes during a batch waits for its end, for the full batches of those before, and takes
    part in a batch of these, itself, and as many more as come until then on average. Where services
    vary, the one that is under way and one's own are taken to vary, not those between: that is up
    to 8% too short where their CV is .5, and 15% where it is 1 (simulated).

    >>> round(quantile_s(Batches(1e-6, 1.0, 0.0, 2), 0.95), 6)
    1.0
    """
    if batches.rate <= 0:
        return float(np.quantile(services(batches.service_s(1), batches.service_cv), share))
    chain = _chain(batches)
    if chain is None:
        return inf
    likely = np.flatnonzero(chain > RARE) + 1
    found = [_comers(batches, n, float(chain[n - 1])) for n in likely.tolist()]
    alone = batches.service_s(1) * services(1.0, batches.service_cv, 12)
    idle = float(chain @ _idle(batches, len(chain)))
    found.append((alone, np.full(len(alone), idle / len(alone))))
    latencies, weights = (np.concatenate(each) for each in zip(*found, strict=True))
    return _quantile(latencies, weights, share)


def _comers(batches: Batches, waiting: int, likely: float) -> tuple[Floats, Floats]:
    """Latencies, and how many have them, of who comes while such a batch is served.

    Axes: how long the batch takes, the instant within it, who came before, one's own service.
    """
    instants = 12 if batches.service_cv < STEADY else 8
    taken, own_taken = _met(batches.service_cv, 8), services(1.0, batches.service_cv, 12)
    full_s = batches.service_s(batches.max_rows)
    usual_s = batches.service_s(min(waiting, batches.max_rows))
    under_way = usual_s * taken[:, None, None]
    passed = (np.arange(instants) + 0.5)[:, None] / instants * under_way
    more = np.arange(int(poisson.isf(1e-4, batches.rate * under_way.max())) + 1)
    before = max(waiting - batches.max_rows, 0) + more
    wait = under_way - passed + before // batches.max_rows * full_s
    rows = np.minimum(before % batches.max_rows + 1 + batches.rate * wait, batches.max_rows)
    latency = wait[..., None] + (batches.base_s + rows * batches.item_s)[..., None] * own_taken
    come = likely * batches.rate * usual_s / passed.size / len(own_taken)
    chance = come * np.asarray(poisson.pmf(more, batches.rate * passed))
    return latency.ravel(), np.broadcast_to(chance[..., None], latency.shape).ravel()


def _met(cv: float, points: int) -> Floats:
    """Equally likely times of the batches that who comes finds under way; 1 is the mean of all.

    Longer ones meet more. Of a gamma's times these are a gamma's again, of a shape greater by one.
    """
    met = 1 + cv**2
    return services(met, cv / sqrt(met), points)


def _quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    until = np.cumsum(weights[order])
    at = int(np.searchsorted(until, share * until[-1]))
    return float(values[order][min(at, len(values) - 1)])
