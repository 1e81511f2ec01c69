"""The virtual machines and links of a cluster, and what it takes to use them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import simpy

from vedette.running.ways import Way, is_per_stream, rate_mbps, way_name
from vedette.types.passes import Passes
from vedette.types.plan import Deployment

Waiting = Generator[simpy.Event, Any, None]
"""A process of the event core: it yields what it waits for."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A frame that waits for a pass; ``begun`` is that pass, once it has begun."""

    cost_s: float
    begun: simpy.Event

    @property
    def charged(self) -> tuple[float, float]:
        """The pass's seconds, and its share of what its frames take alone."""
        took_s, share = self.begun.value  # type: ignore[misc]  # simpy's values are Any or None
        return took_s, share


@dataclass(frozen=True, slots=True)
class Machine:
    """Servers of equal ``speed``, one a whole core; they share what is left of a core.

    1.9 cores are one server of speed 1.9: work is never spread over part of a core. ``waiting``:
    the frames that a step's next pass may take.
    """

    name: str
    speed: float
    servers: simpy.Resource
    waiting: dict[str, deque[_Asked]] = field(default_factory=dict)


@dataclass(slots=True)
class Machines:
    """Every device as often as a plan uses it, and every link direction.

    Those of ``per_stream`` devices are there once for each stream.
    """

    env: simpy.Environment
    plan: Deployment
    _machines: dict[tuple[str, str], Machine] = field(default_factory=dict)
    _wires: dict[tuple[Way, str], simpy.Resource] = field(default_factory=dict)

    def machine(self, name: str, stream: str) -> Machine:
        device = self.plan.cluster.device(name)
        key = name, stream if device.per_stream else str(self.plan.replica_of(name, stream))
        if key not in self._machines:
            count = max(1, int(device.cores))
            servers = simpy.Resource(self.env, count)
            self._machines[key] = Machine(name, device.speed * device.cores / count, servers)
        return self._machines[key]

    def carry(
        self, route: Iterable[Way], stream: str, size_bytes: float, parts: dict[str, float]
    ) -> Waiting:
        """Send bytes over each link in turn: wait for it, fill it, and half a round trip.

        Nothing takes no turn: it rides with what is sent next. ``parts`` notes where time went.
        """
        for way in route:
            start_s = self.env.now
            if size_bytes:
                with self._wire(way, stream).request() as turn:
                    yield turn
                    add(parts, f"wait {way_name(way)}", self.env.now - start_s)
                    start_s = self.env.now
                    yield self.env.timeout(8e-6 * size_bytes / rate_mbps(way))
            yield self.env.timeout(way[0].rtt_ms / 2000)
            add(parts, way_name(way), self.env.now - start_s)

    def compute(
        self,
        machine: Machine,
        costs: Iterable[tuple[str, float]],
        parts: dict[str, float],
        done: Callable[[str], None],
    ) -> Waiting:
        """Hold one server for each (step, seconds at speed 1) in turn; ``done`` is told of each."""
        costs = list(costs)
        if not any(cost_s for _, cost_s in costs):
            for name, _ in costs:
                done(name)
            return
        start_s = self.env.now
        with machine.servers.request() as turn:
            yield turn
            add(parts, f"wait {machine.name}", self.env.now - start_s)
            for name, cost_s in costs:
                if cost_s:
                    yield self.env.timeout(cost_s / machine.speed)
                    add(parts, name, cost_s / machine.speed)
                done(name)

    def compute_together(
        self, machine: Machine, name: str, cost_s: float, passes: Passes, parts: dict[str, float]
    ) -> Generator[simpy.Event, Any, float]:
        """Hold one server for a pass of all frames that wait for a step, up to the most it takes.

        Returns the share of ``cost_s``, at speed 1, that was charged.
        """
        start_s, asked = self.env.now, _Asked(cost_s, self.env.event())
        waiting = machine.waiting.setdefault(name, deque())
        waiting.append(asked)
        with machine.servers.request() as turn:
            yield turn | asked.begun
            add(parts, f"wait {machine.name}", self.env.now - start_s)
            leads = not asked.begun.triggered
            if leads:
                met = [waiting.popleft() for _ in range(min(len(waiting), passes.most))]
                share = float(passes.share_at(len(met)))
                took_s = share * sum(each.cost_s for each in met) / machine.speed
                for each in met:
                    each.begun.succeed((took_s, share))
                yield self.env.timeout(took_s)
        took_s, share = asked.charged
        if not leads:
            yield self.env.timeout(took_s)
        add(parts, name, took_s)
        return share

    def compute_apart(
        self, machine: Machine, name: str, cost_s: float, pieces: int, parts: dict[str, float]
    ) -> Waiting:
        """Share one step's work evenly over as many servers as come free."""
        start_s, each_s = self.env.now, cost_s / pieces

        def piece() -> Waiting:
            with machine.servers.request() as turn:
                yield turn
                yield self.env.timeout(each_s / machine.speed)

        yield self.env.all_of([self.env.process(piece()) for _ in range(pieces)])
        add(parts, name, each_s / machine.speed)
        add(parts, f"wait {machine.name}", self.env.now - start_s - each_s / machine.speed)

    def _wire(self, way: Way, stream: str) -> simpy.Resource:
        key = way, stream if is_per_stream(self.plan.cluster, way[0]) else ""
        return self._wires.setdefault(key, simpy.Resource(self.env, 1))


def add(parts: dict[str, float], name: str, seconds: float) -> None:
    if seconds > 0:
        parts[name] = parts.get(name, 0.0) + seconds
