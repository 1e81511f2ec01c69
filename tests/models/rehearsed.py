"""Servers of virtual time that compute, die, hang and lie as a test says; and who asks them."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from vedette.models.balancing import Policy, least_outstanding
from vedette.models.replica_terms import (
    Act,
    Deliver,
    Drop,
    Fault,
    GiveUp,
    Left,
    Probe,
    Returned,
    Send,
    Terms,
)
from vedette.models.replicas import ReplicaSet

Condition = Literal["up", "dead", "hung", "stuck", "lying", "crashing", "busy"]
STILL = frozenset({"hung", "stuck"})


@dataclass
class Server:
    """Computes one request at a time. ``lying`` answers nonsense, ``crashing`` hangs up.

    Nothing comes of one that is ``hung``; one that is ``stuck`` still says that it lives.
    """

    service_s: float = 0.05
    condition: Condition = "up"
    free_s: float = 0.0
    computing: set[int] = field(default_factory=set)
    asked: list[float] = field(default_factory=list)


class Rehearsal:
    """A replica set and its servers on one virtual clock; what happened, and when."""

    def __init__(
        self,
        servers: Sequence[Server],
        terms: Terms | None = None,
        policy: Policy = least_outstanding,
        seed: int = 0,
    ) -> None:
        self.servers = list(servers)
        self.set = ReplicaSet(len(servers), terms, policy, seed=seed)
        self.now = 0.0
        self.answered: dict[int, float] = {}
        self.given_up: dict[int, str] = {}
        self.left: list[tuple[float, int, str]] = []
        self.returned: list[tuple[float, int]] = []
        self.sent: list[Send] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._asked = 0

    def at(self, time: float, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._agenda, (time, self._count, what))

    def ask(self, times: Sequence[float]) -> None:
        """A request at each of these times."""
        for time in times:
            self.at(time, self._ask)

    def becomes(self, time: float, member: int, condition: Condition) -> None:
        self.at(time, lambda: self._become(member, condition))

    def run(self, until: float) -> None:
        while True:
            wake = self.set.wake_at()
            following = self._agenda[0][0] if self._agenda else until
            if min(wake, following) >= until:
                self.now = until
                return
            if wake <= following:
                self.now = max(self.now, wake)
                self._do(self.set.tick(self.now))
            else:
                self.now, _, what = heapq.heappop(self._agenda)
                what()

    def _ask(self) -> None:
        self._asked += 1
        self._do(self.set.ask(self._asked - 1, self.now))

    def _become(self, member: int, condition: Condition) -> None:
        server = self.servers[member]
        before, server.condition = server.condition, condition
        if condition == "dead":
            lost, server.computing = sorted(server.computing), set()
            for attempt in lost:
                self._do(self.set.failed(attempt, Fault.LOST, self.now))
        if before in STILL and condition == "up":
            for attempt in sorted(server.computing):
                self._finish_later(member, attempt)

    def _do(self, acts: Sequence[Act]) -> None:
        for act in acts:
            match act:
                case Send():
                    self.sent.append(act)
                    self._receive(act)
                case Probe():
                    self._probe(act.member, self.now + act.within_s)
                case Deliver():
                    assert act.request not in self.answered
                    self.answered[act.request] = self.now
                case GiveUp():
                    assert act.request not in self.answered
                    self.given_up[act.request] = act.why
                case Left():
                    self.left.append((self.now, act.member, act.why))
                case Returned():
                    self.returned.append((self.now, act.member))
                case Drop():
                    pass  # a server that was given up still computes, and answers

    def _receive(self, send: Send) -> None:
        server = self.servers[send.member]
        server.asked.append(self.now)
        attempt = send.attempt
        faults = {"dead": Fault.REFUSED, "busy": Fault.BUSY, "crashing": Fault.LOST}
        if server.condition in faults:
            fault = faults[server.condition]
            self.at(self.now + 0.001, lambda: self._do(self.set.failed(attempt, fault, self.now)))
            return
        server.computing.add(attempt)
        if server.condition not in STILL:
            self._finish_later(send.member, attempt)

    def _finish_later(self, member: int, attempt: int) -> None:
        server = self.servers[member]
        server.free_s = max(self.now, server.free_s) + server.service_s
        self.at(server.free_s, lambda: self._finish(member, attempt))

    def _finish(self, member: int, attempt: int) -> None:
        server = self.servers[member]
        if attempt not in server.computing or server.condition in STILL:
            return
        server.computing.discard(attempt)
        if server.condition == "lying":
            self._do(self.set.failed(attempt, Fault.FAILED, self.now))
        else:
            self._do(self.set.answered(attempt, self.now))

    def _probe(self, member: int, until: float) -> None:
        server = self.servers[member]
        if server.condition == "hung" and self.now < until:
            self.at(min(self.now + 0.01, until), lambda: self._probe(member, until))
        elif server.condition == "hung":
            self._do(self.set.unanswered(member))
        elif server.condition == "dead":
            self._do(self.set.absent(member, "not reached", self.now))
        else:
            self.at(self.now + 0.001, lambda: self._do(self.set.alive(member, self.now)))
