"""Where the time of requests to other machines went, summed up while a run goes on.

The four parts are Distributed NoScope's: what a request waited for here (``client_queue``), took on
its way (``transmission``), waited for there (``server_queue``) and was computed (``compute``). Only
a client knows the first two.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from threading import Lock

from vedette.models.wire import Timings
from vedette.types.figures import Breakdown

BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of a histogram's buckets; one more holds what is longer."""
PARTS = tuple(each.name.removesuffix("_s") for each in fields(Timings))


@dataclass(slots=True)
class Durations:
    """How often something was done, for how long in total, and a histogram of that.

    >>> done = Durations()
    >>> done.add(0.004)
    >>> done.count, done.total_s, done.buckets()[:4]
    (1, 0.004, [0, 0, 0, 1])
    """

    count: int = 0
    total_s: float = 0.0
    _counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))

    def add(self, duration_s: float) -> None:
        self.count += 1
        self.total_s += duration_s
        self._counts[bisect_left(BOUNDS_S, duration_s)] += 1

    def buckets(self) -> list[int]:
        """Per bound, and for no bound at all, how many were no longer."""
        total, found = 0, []
        for count in self._counts:
            total += count
            found.append(total)
        return found

    def to_protocol(self) -> dict[str, int]:
        return {"count": self.count, "ns": round(self.total_s * 1e9)}


class Ledger:
    """Answered requests by the name of what was asked; filled and read from any thread.

    >>> ledger = Ledger()
    >>> ledger.add("look", Timings(0.001, 0.004, 0.0, 0.02))
    >>> ledger.breakdowns()["look"].total_ms
    25.0
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: dict[str, dict[str, Durations]] = {}

    def add(self, name: str, timings: Timings) -> None:
        """One answer of ``name``."""
        with self._lock:
            parts = self._parts.setdefault(name, {part: Durations() for part in PARTS})
            for part, durations in parts.items():
                durations.add(getattr(timings, f"{part}_s"))

    def breakdowns(self) -> dict[str, Breakdown]:
        """The mean of each part, by name."""
        with self._lock:
            return {name: _mean(parts) for name, parts in sorted(self._parts.items())}

    def histograms(self) -> Iterator[tuple[str, str, list[int], float]]:
        """Name, part, cumulated counts by :data:`BOUNDS_S` and beyond, and the sum in seconds."""
        with self._lock:
            found = [
                (name, part, durations.buckets(), durations.total_s)
                for name, parts in sorted(self._parts.items())
                for part, durations in parts.items()
            ]
        yield from found


def _mean(parts: Mapping[str, Durations]) -> Breakdown:
    means = {part: 1e3 * each.total_s / each.count for part, each in parts.items()}
    return Breakdown(
        client_queue_ms=means["client_queue"],
        transmission_ms=means["transmission"],
        server_queue_ms=means["server_queue"],
        compute_ms=means["compute"],
        count=parts["compute"].count,
    )
