"""What a served model has done, as numbers that only grow: counts, durations, sizes of batches.

Counting one request costs a few additions; what is read from it is made when somebody asks.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from vedette.models.ledger import Durations


@dataclass(slots=True)
class Statistics:
    """Of one version of a model, since it was loaded.

    ``inferences`` counts rows, ``executions`` the batches that computed them. A failed request
    has a duration, and no queue or compute of its own.
    """

    success: Durations = field(default_factory=Durations)
    fail: Durations = field(default_factory=Durations)
    queue: Durations = field(default_factory=Durations)
    compute: Durations = field(default_factory=Durations)
    inferences: int = 0
    executions: float = 0.0
    last_ms: int = 0
    batches: Counter[int] = field(default_factory=Counter)
    batches_s: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds that batches of each size were computed."""

    def succeeded(
        self, *, rows: int, batch_rows: int, queue_s: float, compute_s: float, whole_s: float
    ) -> None:
        """One request of ``rows`` was answered, as a part of a batch of ``batch_rows``."""
        self.success.add(whole_s)
        self.queue.add(queue_s)
        self.compute.add(compute_s)
        self.inferences += rows
        share = rows / batch_rows
        self.executions += share
        self.batches[batch_rows] += rows
        self.batches_s[batch_rows] += share * compute_s

    def failed(self, whole_s: float) -> None:
        self.fail.add(whole_s)

    def to_protocol(self, name: str, version: str) -> dict[str, Any]:
        """A member of ``model_stats`` in Triton's statistics extension."""
        none = Durations().to_protocol()
        return {
            "name": name,
            "version": version,
            "last_inference": self.last_ms,
            "inference_count": self.inferences,
            "execution_count": round(self.executions),
            "inference_stats": {
                "success": self.success.to_protocol(),
                "fail": self.fail.to_protocol(),
                "queue": self.queue.to_protocol(),
                "compute_input": none,
                "compute_infer": self.compute.to_protocol(),
                "compute_output": none,
                "cache_hit": none,
                "cache_miss": none,
            },
            "batch_stats": [
                {
                    "batch_size": size,
                    "compute_input": none,
                    "compute_infer": {
                        "count": round(rows / size),
                        "ns": round(1e9 * self.batches_s[size]),
                    },
                    "compute_output": none,
                }
                for size, rows in sorted(self.batches.items())
            ],
        }
