"""A run's figures, and how each came about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Label = Literal["predicted", "simulated", "rehearsed", "measured"]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where the time of requests, or of frames, went on average: Distributed NoScope's four parts.

    ``count`` is how many requests it is the mean of; 0: of analysed frames. ``transmission_ms`` is
    links, and making and reading what crosses them; ``client_queue_ms`` the wait for a link or a
    turn; ``server_queue_ms`` the wait for a machine.
    """

    client_queue_ms: float
    transmission_ms: float
    server_queue_ms: float
    compute_ms: float
    count: int = 0

    @property
    def total_ms(self) -> float:
        parts = self.client_queue_ms, self.transmission_ms, self.server_queue_ms, self.compute_ms
        return sum(parts)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan costs, over source time. Latency is over analysed frames, at real-time pacing.

    ``camera_mbps`` is what cameras send and receive, ``wan_mbps`` what crosses between edge and
    cloud (10^6 bit/s of source time, all streams together, never added). ``age_*`` is the age of
    the newest answer over all instants, pooled over streams. ``cpu_ms_per_frame`` is per source
    frame, at speed 1 unless measured. ``load`` holds the share of each
    device and link in use (1: full).
    """

    label: Label
    camera_mbps: float
    wan_mbps: float
    latency_p50_ms: float
    latency_p95_ms: float
    age_p95_ms: float
    age_max_ms: float
    cpu_ms_per_frame: float
    price_per_hour: float
    frames: int
    analysed: int
    dropped: int = 0
    load: Mapping[str, float] = field(default_factory=dict)
    step_ms: Mapping[str, float] = field(default_factory=dict)
    """Mean milliseconds of latency that each step, link and wait adds to an analysed frame."""
    step_mbps: Mapping[str, float] = field(default_factory=dict)
    """Bits sent for each step's output, over source time."""
    requests: Mapping[str, Breakdown] = field(default_factory=dict)
    """Of a measured run: by segment or model, what was asked of other machines."""

    def breakdown(self) -> Breakdown:
        """An analysed frame's ``step_ms`` in four parts.

        >>> spent = {"street.encode": 1.0, "a->b": 20.0, "wait a->b": 3.0, "wait b": 2.0, "look": 9}
        >>> found = Figures("simulated", *[0.0] * 8, 1, 1, step_ms=spent).breakdown()
        >>> found.transmission_ms, found.client_queue_ms, found.server_queue_ms, found.compute_ms
        (21.0, 3.0, 2.0, 9.0)
        """
        sums = dict.fromkeys(("transmission", "client_queue", "server_queue", "compute"), 0.0)
        for name, spent_ms in self.step_ms.items():
            sums[_part(name)] += spent_ms
        return Breakdown(
            client_queue_ms=sums["client_queue"],
            transmission_ms=sums["transmission"],
            server_queue_ms=sums["server_queue"],
            compute_ms=sums["compute"],
        )


def _part(name: str) -> str:
    """Which of the four parts a key of ``step_ms`` belongs to."""
    if name.startswith("wait"):
        return "client_queue" if "->" in name or name == "wait source" else "server_queue"
    packs = name.endswith((".encode", ".evidence")) or ".decode@" in name or ".evidence@" in name
    return "transmission" if packs or "->" in name else "compute"


@dataclass(frozen=True, slots=True)
class Share:
    """A share of counted things with its one-sided 80% lower bound (Jeffreys)."""

    hits: int
    total: int
    lower: float

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 1.0


Against = Literal["golden", "labels", "labels and golden"]
"""What is taken for the truth: the golden setting, people's labels, or each for some streams."""


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall of one part.

    Of ``answers``, where frames are a yes or a no, ``recall`` is the share of the yes frames that
    were answered yes and ``precision`` that of the no frames that were answered no. Frames of one
    run are much alike: ``runs`` of yes and of no are what was seen independently.
    """

    metric: str
    precision: Share
    recall: Share
    against: Against = "golden"
    runs: tuple[int, int] | None = None

    @property
    def f1(self) -> float:
        both = self.precision.value + self.recall.value
        return 2 * self.precision.value * self.recall.value / both if both else 0.0

    @property
    def value(self) -> float:
        """What accuracy means: F1, or the smaller share of right answers."""
        return self.f1 if self.runs is None else min(self.precision.value, self.recall.value)

    @property
    def support(self) -> int:
        """How many independent things it counts: objects, or the fewer of the two kinds of runs."""
        return self.recall.total if self.runs is None else min(self.runs)

    @property
    def lower(self) -> float:
        """What a floor is held against: the smaller of the two lower bounds."""
        return min(self.precision.lower, self.recall.lower)


@dataclass(frozen=True, slots=True)
class Forecast:
    """A figure as a plan forecast it (by ``by``), and as a run on other frames found it."""

    name: str
    unit: str
    forecast: float
    found: float
    by: Label
    label: Label

    @property
    def error(self) -> float:
        """The relative error, of the greater of both: 0 is right, 1 as wrong as can be.

        >>> Forecast("wan_mbps", "Mbit/s", 8.0, 10.0, "simulated", "rehearsed").error
        0.2
        """
        most = max(abs(self.forecast), abs(self.found))
        return abs(self.forecast - self.found) / most if most > 0 else 0.0
