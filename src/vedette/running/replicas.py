"""A set of replicas in virtual time: a client, the queue at each replica, and its batches.

Replicas are chosen by the policies of :mod:`vedette.models.balancing` and batches put together by
:func:`vedette.models.rows.decide`, the very functions that real clients and servers ask. So the
simulation differs from the real thing in its clock and in nothing that chooses.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from vedette.models.balancing import Load, Policy, least_outstanding
from vedette.models.rows import Arrival, Batching, decide

Floats = NDArray[np.float64]
Waiting = Generator[simpy.Event, Any, None]
Service = Callable[[int, Random], float]
"""Seconds that a batch of so many requests takes."""
ONE_BY_ONE = Batching(1, max_queue=1)
SMOOTHING = 0.2
"""What the newest service weighs in a replica's latency, as policies see it."""


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """Replicas that are alike, and how one client uses them.

    At most ``in_flight`` requests are under way (None: all that there are); the others wait at the
    client, in order. ``transmission_s`` is the way there and back. What waits at a replica is
    without a bound here, whatever ``batching`` says.
    """

    replicas: int
    service: Service
    policy: Policy = least_outstanding
    in_flight: int | None = None
    batching: Batching = ONE_BY_ONE
    transmission_s: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Served:
    """Every request in the order of arrival: seconds on the clock, (requests,) each.

    ``rows`` is the size of its batch, ``replica`` the number of who served it.
    """

    arrived_s: Floats
    sent_s: Floats
    reached_s: Floats
    begun_s: Floats
    done_s: Floats
    answered_s: Floats
    rows: NDArray[np.intp]
    replica: NDArray[np.intp]

    @property
    def latency_s(self) -> Floats:
        return self.answered_s - self.arrived_s

    @property
    def client_queue_s(self) -> Floats:
        return self.sent_s - self.arrived_s

    @property
    def server_queue_s(self) -> Floats:
        return self.begun_s - self.reached_s

    @property
    def compute_s(self) -> Floats:
        return self.done_s - self.begun_s

    @property
    def transmission_s(self) -> Floats:
        return self.latency_s - self.client_queue_s - self.server_queue_s - self.compute_s

    @property
    def makespan_s(self) -> float:
        """From the first arrival to the last answer."""
        return float(self.answered_s.max() - self.arrived_s.min()) if len(self.arrived_s) else 0.0


def constant(base_s: float, item_s: float = 0.0) -> Service:
    """A batch of n takes base_s + n x item_s, always.

    >>> constant(0.01, 0.002)(5, Random(0))
    0.02
    """
    return lambda rows, _draw: base_s + rows * item_s


def varied(base_s: float, item_s: float, cv: float) -> Service:
    """As :func:`constant` on average, gamma distributed with a coefficient of variation."""
    shape = 1 / cv**2
    return lambda rows, draw: draw.gammavariate(shape, (base_s + rows * item_s) / shape)


def poisson(rate: float, count: int, seed: int = 0) -> list[float]:
    """Times of so many arrivals that do not depend on each other, ``rate`` a second."""
    steps = np.random.default_rng(seed).exponential(1 / rate, count)
    times: list[float] = np.cumsum(steps).tolist()
    return times


def serve(arrivals_s: Sequence[float], replicas: ReplicaSet, *, seed: int = 0) -> Served:
    """What becomes of requests that arrive at these times, in ascending order.

    Equal arguments, equal answer. Four requests at once, of two seconds each, on two replicas:

    >>> serve([0.0] * 4, ReplicaSet(2, constant(2.0))).answered_s.tolist()
    [2.0, 2.0, 4.0, 4.0]
    """
    return _Run(replicas, seed).serve(arrivals_s)


@dataclass(slots=True)
class _Request:
    arrived_s: float
    sent_s: float = 0.0
    reached_s: float = 0.0
    begun_s: float = 0.0
    done_s: float = 0.0
    answered_s: float = 0.0
    rows: int = 0
    replica: int = 0


@dataclass(slots=True)
class _Replica:
    """``queue`` in order of arrival; ``news`` fires when one comes while it waits for that."""

    news: simpy.Event
    queue: list[tuple[Arrival, _Request, simpy.Event]] = field(default_factory=list)
    load: Load = field(default_factory=Load)


class _Run:
    def __init__(self, replicas: ReplicaSet, seed: int) -> None:
        self._set, self._draw = replicas, Random(seed)  # noqa: S311  # no secret
        self._env = simpy.Environment()
        many = replicas.in_flight
        self._slots = None if many is None else simpy.Resource(self._env, many)
        self._replicas = [_Replica(self._env.event()) for _ in range(replicas.replicas)]
        self._turns = 0

    def serve(self, arrivals_s: Sequence[float]) -> Served:
        requests = [_Request(at) for at in arrivals_s]
        for number in range(len(self._replicas)):
            self._env.process(self._work(number))
        self._env.process(self._arrive(requests))
        self._env.run()

        def column(name: str) -> Floats:
            return np.array([getattr(each, name) for each in requests], np.float64)

        return Served(
            arrived_s=column("arrived_s"),
            sent_s=column("sent_s"),
            reached_s=column("reached_s"),
            begun_s=column("begun_s"),
            done_s=column("done_s"),
            answered_s=column("answered_s"),
            rows=np.array([each.rows for each in requests], np.intp),
            replica=np.array([each.replica for each in requests], np.intp),
        )

    def _arrive(self, requests: Sequence[_Request]) -> Waiting:
        for each in requests:
            if each.arrived_s > self._env.now:
                yield self._env.timeout(each.arrived_s - self._env.now)
            self._env.process(self._ask(each))

    def _ask(self, request: _Request) -> Waiting:
        """One request, from the client's queue to its answer."""
        slot = None if self._slots is None else self._slots.request()
        if slot is not None:
            yield slot
        loads = [each.load for each in self._replicas]
        request.replica = self._set.policy(loads, self._draw)
        replica = self._replicas[request.replica]
        load = replica.load
        replica.load = replace(load, outstanding=load.outstanding + 1, last=self._turns)
        self._turns += 1
        request.sent_s = self._env.now
        if self._set.transmission_s:
            yield self._env.timeout(self._set.transmission_s / 2)
        request.reached_s = self._env.now
        done = self._env.event()
        replica.queue.append((Arrival(1, None, self._env.now), request, done))
        if not replica.news.triggered:
            replica.news.succeed()
        yield done
        if self._set.transmission_s:
            yield self._env.timeout(self._set.transmission_s / 2)
        request.answered_s = self._env.now
        replica.load = _answered(replica.load, request.done_s - request.begun_s)
        if slot is not None and self._slots is not None:
            self._slots.release(slot)

    def _work(self, number: int) -> Waiting:
        """One replica, a batch at a time."""
        replica, batching = self._replicas[number], self._set.batching
        while True:
            front = [arrival for arrival, _, _ in replica.queue[: batching.max_rows]]
            decision = decide(front, self._env.now, batching)
            if not decision.run:
                replica.news = self._env.event()
                again = decision.again_s
                waits = [] if again is None else [self._env.timeout(max(again - self._env.now, 0))]
                yield simpy.AnyOf(self._env, [replica.news, *waits])
                continue
            batch = [replica.queue[position] for position in decision.run]
            del replica.queue[: len(batch)]  # all are of one kind: the front
            begun_s = self._env.now
            yield self._env.timeout(self._set.service(len(batch), self._draw))
            for _, request, done in batch:
                request.begun_s, request.done_s = begun_s, self._env.now
                request.rows = len(batch)
                done.succeed()


def _answered(load: Load, service_s: float) -> Load:
    before = service_s if load.latency_s is None else load.latency_s
    latency_s = before + SMOOTHING * (service_s - before)
    return replace(load, outstanding=load.outstanding - 1, latency_s=latency_s)
