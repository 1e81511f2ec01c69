"""Replicas of one model as a state machine: events in, acts out; no clock, thread or socket.

A request waits here, oldest first, until a replica has room; it is sent, and sent again elsewhere
where that failed; it ends once, with an answer or without. Whose attempt was given up has no say
any more, so no answer is ever given twice.

A replica *leaves* when it cannot be reached, when nothing was heard of it for ``silence_s`` after
it was asked for a sign of life, after ``failures`` failures in a row, or when it is *stuck*: it
answers none of what it was asked while others could. What it had under way then goes to others. It
*returns* when it answers a probe, at first with one request; failing that, it rests, twice as long
each time. A connection that breaks is asked about at once, since that also befalls those that were
idle for long.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from vedette.models.balancing import Load, Policy, least_outstanding
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

SMOOTHING = 0.2
"""The share that the newest latency has in the smoothed one."""
MOST_DOUBLINGS = 6
STUCK = 4.0
"""Times the longest wait for an answer that was lately seen anywhere: who takes longer is stuck."""
FADING = 0.9
"""What is left of the longest wait with each answer that came sooner."""


@dataclass(slots=True)
class _Request:
    until_s: float
    attempt: int | None = None
    attempts: int = 0
    pauses: int = 0
    tried: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Attempt:
    request: int
    member: int
    sent_s: float
    ahead: int
    until_s: float


@dataclass(slots=True)
class _Member:
    """``asked_s``: since when a sign of life is waited for. ``failures`` and ``rests`` in a row.

    ``still_s``: since when none of what is under way was answered; ``wait_s`` is the longest that
    this lately took, None before its first answer.
    """

    number: int
    due_s: float
    state: Literal["in", "trial", "out"] = "in"
    under_way: set[int] = field(default_factory=set)
    last: int = -1
    latency_s: float | None = None
    asked_s: float | None = None
    is_probed: bool = False
    still_s: float = 0.0
    wait_s: float | None = None
    failures: int = 0
    rests: int = 0

    def room(self, in_flight: int) -> bool:
        most = {"in": in_flight, "trial": 1, "out": 0}[self.state]
        return len(self.under_way) < most

    def load(self) -> Load:
        return Load(len(self.under_way), self.last, self.latency_s)

    def heard(self, now: float, probe_s: float) -> None:
        self.asked_s, self.due_s = None, now + probe_s

    def measure(self, attempt: _Attempt, now: float) -> None:
        took_s = (now - attempt.sent_s) / (attempt.ahead + 1)
        before_s = took_s if self.latency_s is None else self.latency_s
        self.latency_s = before_s + SMOOTHING * (took_s - before_s)
        self.wait_s = max(now - self.still_s, FADING * (self.wait_s or 0.0))
        self.still_s = now


class ReplicaSet:
    """``count`` replicas, numbered from 0, under ``terms``; ``seed`` for what is drawn.

    Each method is an event at the time ``now`` (seconds of a clock that never goes back) and
    returns what is to be done, in order. Whoever drives it calls :meth:`tick` at :meth:`wake_at`.

    >>> replicas = ReplicaSet(2, Terms(in_flight=1))
    >>> replicas.ask(0, now=0.0)
    [Send(attempt=0, request=0, member=0, within_s=30.0)]
    >>> replicas.failed(0, Fault.REFUSED, now=1.0)
    [Left(member=0, why='not reached')]
    >>> replicas.tick(now=1.1)  # doctest: +ELLIPSIS
    [Probe(member=0, within_s=1.25), Probe(member=1, within_s=1.25), Send(attempt=1, ...)]
    >>> replicas.answered(1, now=1.3)
    [Deliver(request=0, attempt=1)]
    """

    def __init__(
        self,
        count: int,
        terms: Terms | None = None,
        policy: Policy = least_outstanding,
        *,
        seed: int = 0,
        now: float = 0.0,
    ) -> None:
        self._terms, self._policy, self._draw = terms or Terms(), policy, Random(seed)  # noqa: S311
        self._members = [_Member(each, now + self._terms.probe_s) for each in range(count)]
        self._requests: dict[int, _Request] = {}
        self._attempts: dict[int, _Attempt] = {}
        self._ready: list[int] = []
        self._paused: list[tuple[float, int]] = []
        self._sent = 0
        self._wake_s = now + self._terms.probe_s

    @property
    def available(self) -> tuple[int, ...]:
        """The replicas that have not left."""
        return tuple(each.number for each in self._members if each.state != "out")

    def loads(self) -> tuple[Load, ...]:
        """Every replica's, as policies see it."""
        return tuple(each.load() for each in self._members)

    def ask(self, request: int, now: float) -> list[Act]:
        """A new request; their numbers grow."""
        self._requests[request] = _Request(now + self._terms.deadline_s)
        heapq.heappush(self._ready, request)
        return self._dispatched(now)

    def abandon(self, request: int, now: float) -> list[Act]:
        """Nobody wants the answer any more."""
        return [*self._ended(request), *self._dispatched(now)]

    def answered(self, attempt: int, now: float) -> list[Act]:
        """An answer that is one. Of an attempt that was given up it is none."""
        known = self._attempts.get(attempt)
        if known is None:
            return []
        member = self._freed(attempt, known)
        member.heard(now, self._terms.probe_s)
        member.measure(known, now)
        member.state, member.failures, member.rests = "in", 0, 0
        del self._requests[known.request]
        return [Deliver(known.request, attempt), *self._dispatched(now)]

    def failed(self, attempt: int, fault: Fault, now: float) -> list[Act]:
        """An attempt ended without an answer."""
        return [*self._failed(attempt, fault, now), *self._dispatched(now)]

    def alive(self, member: int, now: float) -> list[Act]:
        """A probe was answered: the replica can compute."""
        known = self._members[member]
        known.is_probed = False
        known.heard(now, self._terms.probe_s)
        if known.state != "out":
            return []
        known.state, known.failures = "trial", 0
        return [Returned(member), *self._dispatched(now)]

    def absent(self, member: int, why: str, now: float) -> list[Act]:
        """A probe found that the replica cannot be reached, or says that it cannot compute."""
        known = self._members[member]
        known.is_probed, known.asked_s = False, None
        known.due_s = now + self._terms.probe_s
        return [*self._left(known, why, now), *self._dispatched(now)]

    def unanswered(self, member: int) -> list[Act]:
        """A probe's time is over. What follows, silence decides."""
        self._members[member].is_probed = False
        return []

    def wake_at(self) -> float:
        """When :meth:`tick` is due, if nothing happens before."""
        silence_s, times = self._terms.silence_s, [each.due_s for each in self._members]
        times += [
            each.asked_s + silence_s
            for each in self._members
            if each.asked_s is not None and each.state != "out"
        ]
        times += [each.until_s for each in self._attempts.values()]
        times += [each.until_s for each in self._requests.values()][:1]
        times += [time for time, _ in self._paused[:1]]
        self._wake_s = min(times)
        return self._wake_s

    def tick(self, now: float) -> list[Act]:
        """Time has passed."""
        self._excuse(now)
        acts = [act for member in self._members for act in self._watched(member, now)]
        for number, request in list(self._requests.items()):
            if request.until_s > now:
                break  # all have the same time, so the rest end later
            acts += [*self._ended(number), GiveUp(number, "deadline")]
        over = [number for number, each in self._attempts.items() if each.until_s <= now]
        for number in over:
            if number in self._attempts:  # one before it may have had its replica leave
                acts += [Drop(number), *self._failed(number, Fault.FAILED, now)]
        return [*acts, *self._dispatched(now)]

    def _excuse(self, now: float) -> None:
        """Time in which we ourselves stood still says nothing about others."""
        late_s = now - self._wake_s
        if late_s > self._terms.probe_s:
            for member in self._members:
                if member.asked_s is not None:
                    member.asked_s = min(now, member.asked_s + late_s)
                member.still_s = min(now, member.still_s + late_s)

    def _watched(self, member: _Member, now: float) -> list[Act]:
        acts: list[Act] = []
        asked_s = member.asked_s
        if asked_s is not None and now >= asked_s + self._terms.silence_s:
            acts += self._left(member, "no sign of life", now)
        elif self._is_stuck(member, now):
            member.failures = self._terms.failures  # so that it rests
            acts += self._left(member, "no progress", now)
        if now >= member.due_s:
            member.due_s = now + self._terms.probe_s
            if member.asked_s is None:
                member.asked_s = now
            if not member.is_probed:
                member.is_probed = True
                acts.append(Probe(member.number, self._terms.silence_s))
        return acts

    def _is_stuck(self, member: _Member, now: float) -> bool:
        """Whether it answers nothing, for longer than any lately took, while another could.

        Each time that a replica leaves it is given twice as long, so that one which is only slower
        than the others is known at last.
        """
        if now - member.still_s < self._terms.silence_s or not member.under_way:
            return False
        waits_s = [each.wait_s for each in self._members if each.wait_s is not None]
        longest_s = max(self._terms.silence_s, STUCK * max(waits_s, default=float("inf")))
        longest_s *= 2.0 ** min(member.rests, MOST_DOUBLINGS)
        return now - member.still_s >= longest_s and any(
            each is not member and each.state == "in" and not self._is_still(each, longest_s, now)
            for each in self._members
        )

    @staticmethod
    def _is_still(member: _Member, longest_s: float, now: float) -> bool:
        return bool(member.under_way) and now - member.still_s >= longest_s

    def _failed(self, attempt: int, fault: Fault, now: float) -> list[Act]:
        known = self._attempts.get(attempt)
        if known is None:
            return []
        member = self._freed(attempt, known)
        if fault in {Fault.WRONG, Fault.BUSY}:
            member.heard(now, self._terms.probe_s)
        if fault is Fault.WRONG:
            member.failures = 0
            del self._requests[known.request]
            return [GiveUp(known.request, "wrong")]
        if fault is not Fault.BUSY:
            member.failures += 1
        acts = self._again(known, fault, now)
        if fault is Fault.LOST:
            member.due_s = now
        if fault is Fault.REFUSED or self._is_broken(member):
            acts += self._left(member, fault.value, now)
        return acts

    def _is_broken(self, member: _Member) -> bool:
        return member.failures >= (1 if member.state == "trial" else self._terms.failures)

    def _left(self, member: _Member, why: str, now: float) -> list[Act]:
        """Out, and what it had under way to others. Who failed too often, or when tried, rests."""
        if member.state == "out":
            return []
        if self._is_broken(member):
            longer = 2.0 ** min(member.rests, MOST_DOUBLINGS)
            member.due_s = now + self._terms.rest_s * longer * self._draw.uniform(0.75, 1.25)
            member.rests += 1
        member.state, member.asked_s = "out", None
        acts: list[Act] = [Left(member.number, why)]
        for attempt in sorted(member.under_way):
            known = self._attempts[attempt]
            self._freed(attempt, known)
            acts += [Drop(attempt), *self._again(known, Fault.LOST, now)]
        return acts

    def _again(self, attempt: _Attempt, fault: Fault, now: float) -> list[Act]:
        """Once more, after a pause of a length that is drawn, so that clients do not keep step."""
        request = self._requests[attempt.request]
        request.tried.add(attempt.member)
        request.attempts += fault in {Fault.FAILED, Fault.LOST}
        if request.attempts >= self._terms.attempts:
            del self._requests[attempt.request]
            return [GiveUp(attempt.request, "attempts")]
        longest_s = self._terms.pause_s * 2.0 ** min(request.pauses, MOST_DOUBLINGS)
        request.pauses += 1
        again_s = now + self._draw.uniform(0.0, longest_s)
        heapq.heappush(self._paused, (again_s, attempt.request))
        return []

    def _dispatched(self, now: float) -> list[Act]:
        while self._paused and self._paused[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._paused)[1])
        acts: list[Act] = []
        while self._ready:
            request = self._requests.get(self._ready[0])
            if request is None:  # it ended while it waited
                heapq.heappop(self._ready)
                continue
            members = [each for each in self._members if each.room(self._terms.in_flight)]
            if not members:
                break
            new = [each for each in members if each.number not in request.tried] or members
            member = new[self._policy([each.load() for each in new], self._draw)]
            acts.append(self._sent_to(member, heapq.heappop(self._ready), now))
        return acts

    def _sent_to(self, member: _Member, number: int, now: float) -> Send:
        attempt, request = self._sent, self._requests[number]
        self._sent += 1
        within_s = min(self._terms.attempt_s, request.until_s - now)
        ahead = len(member.under_way)
        if not ahead:
            member.still_s = now
        self._attempts[attempt] = _Attempt(number, member.number, now, ahead, now + within_s)
        request.attempt = member.last = attempt
        member.under_way.add(attempt)
        return Send(attempt, number, member.number, within_s)

    def _ended(self, request: int) -> Sequence[Act]:
        attempt = self._requests.pop(request).attempt
        if attempt is None:
            return []
        self._freed(attempt, self._attempts[attempt])
        return [Drop(attempt)]

    def _freed(self, attempt: int, known: _Attempt) -> _Member:
        member = self._members[known.member]
        member.under_way.discard(attempt)
        del self._attempts[attempt]
        if known.request in self._requests:
            self._requests[known.request].attempt = None
        return member
