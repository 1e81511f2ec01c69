"""How long a request waits for one of several replicas, and how long it takes in all.

=============  =================================================================================
``shared``     one queue, the next free replica takes the oldest (a client that keeps no more in
               flight than there are replicas): G/G/c after Allen and Cunneen
``least``      a queue at each replica, the shortest is joined: as ``shared`` where services are
               constant, and .3 x their CV / replicas nearer to ``random`` else (fitted to
               simulations of 2 to 8 replicas)
``random``     a queue at each replica, drawn evenly: that many G/G/1 with a share of the rate each
=============  =================================================================================

Allen and Cunneen's wait (A. O. Allen, *Probability, Statistics, and Queueing Theory*, 2nd ed.,
1990) is that of M/M/c, by Erlang's formula, times (CV of arrivals^2 + CV of service^2) / 2: exact
for M/M/c and M/G/1, and of M/G/c in the limit of full load. For services steadier than exponential
it is too short at low load; that is mended with Cosmetatos' wait of M/D/c (INFOR 13, 1975), between
which and M/M/c Björklund and Elldin interpolate (Ericsson Technics 20, 1964). Arrivals steadier
than Poisson's have the correction of Kraemer and Langenbach-Belz (ITC 8, 1976).

It holds for a load that stays as it is, arrivals that do not depend on each other, replicas that
are alike, and loads below 1. A client that keeps a fixed number in flight is another thing:
:func:`closed_rate`.
"""

from dataclasses import dataclass, replace
from math import exp, inf, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import gamma

Floats = NDArray[np.float64]
Balancing = Literal["shared", "least", "random"]
STEADY = 0.01
"""Services with a CV below are taken to be constant."""
APART = 0.3
"""How far ``least`` is from ``shared`` to ``random``, times replicas, at exponential services."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Requests, ``rate`` a second, that ``replicas`` serve one at a time in ``service_s`` each.

    ``arrival_cv`` and ``service_cv`` are the coefficients of variation (standard deviation over
    mean) of the times between arrivals (1: Poisson's, 0: a clock's) and of services (0: constant).
    """

    rate: float
    replicas: int
    service_s: float
    service_cv: float = 0.0
    arrival_cv: float = 1.0

    @property
    def load(self) -> float:
        return self.rate * self.service_s / self.replicas

    def split(self) -> "Crowd":
        """What one replica sees when each request draws its replica.

        >>> Crowd(8.0, 4, 0.25, arrival_cv=3.0).split()
        Crowd(rate=2.0, replicas=1, service_s=0.25, service_cv=0.0, arrival_cv=1.7320508075688772)
        """
        spread = 1 + (self.arrival_cv**2 - 1) / self.replicas
        return replace(self, rate=self.rate / self.replicas, replicas=1, arrival_cv=sqrt(spread))


def erlang_c(servers: int, offered: float) -> float:
    """The share of requests that wait in M/M/c; ``offered`` is rate x service time.

    With two servers half busy each, p0 = 1/3 and (1^2 / 2) / (1 - 1/2) x p0 = 1/3 wait:

    >>> round(erlang_c(2, 1.0), 12), erlang_c(1, 0.75), erlang_c(2, 2.0)
    (0.333333333333, 0.75, 1.0)
    """
    if offered >= servers:
        return 1.0
    lost = 1.0  # Erlang's B, server by server
    for count in range(1, servers + 1):
        lost = offered * lost / (count + offered * lost)
    return lost / (1 - offered / servers * (1 - lost))


def wait_s(crowd: Crowd, balancing: Balancing = "shared") -> float:
    """Mean seconds in a queue; infinite from full load on.

    Half busy with services of a second: M/M/1 waits 1, M/D/1 half of it, M/M/2 a third, two drawn
    at random as long as one, and a clock's arrivals with constant services not at all.

    >>> wait_s(Crowd(0.5, 1, 1.0, service_cv=1.0)), wait_s(Crowd(0.5, 1, 1.0))
    (1.0, 0.5)
    >>> pair = Crowd(1.0, 2, 1.0, service_cv=1.0)
    >>> round(wait_s(pair), 12), wait_s(pair, "random"), round(wait_s(pair, "least"), 12)
    (0.333333333333, 1.0, 0.433333333333)
    >>> wait_s(Crowd(0.5, 1, 1.0, arrival_cv=0.0)), wait_s(Crowd(2.0, 2, 1.0))
    (0.0, inf)
    """
    if crowd.load >= 1:
        return inf
    if crowd.rate <= 0:
        return 0.0
    if balancing == "random":
        return wait_s(crowd.split())
    if balancing == "least":
        shared = wait_s(crowd)
        apart = APART * min(crowd.service_cv, 1.0) / crowd.replicas
        return shared + apart * (wait_s(crowd.split()) - shared)
    waiting = erlang_c(crowd.replicas, crowd.rate * crowd.service_s)
    exponential = waiting * crowd.service_s / crowd.replicas / (1 - crowd.load)
    come, served = crowd.arrival_cv**2, crowd.service_cv**2
    if served < 1:
        poisson = served + (1 - served) * _constant(crowd.replicas, crowd.load)
    else:
        poisson = (1 + served) / 2
    return exponential * poisson * _burstiness(come, served, crowd.load)


def _constant(servers: int, load: float) -> float:
    """The wait of M/D/c as a share of M/M/c's (Cosmetatos), never more than all of it."""
    more = (1 - load) * (servers - 1) * (sqrt(4 + 5 * servers) - 2) / (16 * servers * load)
    return min(0.5 * (1 + more), 1.0)


def _burstiness(come: float, served: float, load: float) -> float:
    """The wait as a share of that under Poisson's arrivals, of squared CVs."""
    if come + served == 0:
        return 0.0
    if come >= 1:
        return (come + served) / (1 + served)
    steady = exp(-2 * (1 - load) * (1 - come) ** 2 / (3 * load * (come + served)))
    return (come + served) / (1 + served) * steady


def latency_quantile_s(crowd: Crowd, share: float, balancing: Balancing = "shared") -> float:
    """The time within which ``share`` of all requests are answered; infinite from full load on.

    Who has to wait (Erlang's share) waits exponentially, with the mean that makes the whole right;
    services are gamma distributed. Exact for M/M/c. Of M/M/1 latency is exponential with mean
    service / (1 - load), so half are answered within 2 ln 2 = 1.386 seconds here:

    >>> round(latency_quantile_s(Crowd(0.5, 1, 1.0, service_cv=1.0), 0.5), 2)
    1.39
    """
    if balancing == "random":
        return latency_quantile_s(crowd.split(), share)
    mean = wait_s(crowd, balancing)
    if mean == inf:
        return inf
    service = services(crowd.service_s, crowd.service_cv)
    waiting = erlang_c(crowd.replicas, crowd.rate * crowd.service_s)
    if mean <= 0:
        return float(np.quantile(service, share, method="inverted_cdf"))
    scale = mean / waiting

    def late(within_s: float) -> float:
        left = within_s - service
        kept = np.where(left < 0, 1.0, waiting * np.exp(-np.maximum(left, 0.0) / scale))
        return float(kept.mean()) - (1 - share)

    longest = float(service.max()) + scale * 50  # e^-50 wait for longer
    return float(brentq(late, 0.0, longest))  # a root, or the jump at a service time


def services(mean_s: float, cv: float, points: int = 1024) -> Floats:
    """As many equally likely service times, ascending: a gamma's, one alone where they are equal.

    >>> services(0.25, 0.0).tolist()
    [0.25]
    """
    if cv < STEADY:
        return np.array([mean_s])
    middle = (np.arange(points) + 0.5) / points
    found = np.asarray(gamma.ppf(middle, 1 / cv**2, scale=mean_s * cv**2), np.float64)
    scaled: Floats = found * (mean_s / found.mean())
    return scaled


def sakasegawa(load: Floats, servers: Floats) -> Floats:
    """Mean waits of M/M/c in services, of many queues at once: close to Erlang's, and quick.

    Sakasegawa (Annals of the Institute of Statistical Mathematics 29, 1977): load^(sqrt(2 (c + 1))
    - 1) / (c (1 - load)), exact for one server. ``load`` < 1. Two servers that are half busy wait
    .366 in place of Erlang's .333:

    >>> sakasegawa(np.array([0.5, 0.5]), np.array([1.0, 2.0])).round(3).tolist()
    [1.0, 0.366]
    """
    found: Floats = load ** (np.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - load))
    return found


def closed_rate(replicas: int, in_flight: int) -> float:
    """Answers a service time, where a client keeps ``in_flight`` requests at replicas it draws.

    However many replicas there are, no more than ``in_flight`` are ever at work, and some of these
    wait behind each other: replicas x n / (n + replicas - 1), exact for exponential services
    (Gordon and Newell, Operations Research 15, 1967, for stations that are alike); constant ones
    are answered 5 to 12% sooner with 2 in flight at 8 to 2 replicas (simulated). With 2 in flight 8
    replicas do the work of 1.78, 22% of their own:

    >>> round(closed_rate(8, 2), 2), closed_rate(8, 1), closed_rate(1, 9)
    (1.78, 1.0, 1.0)
    """
    return replicas * in_flight / (in_flight + replicas - 1)
