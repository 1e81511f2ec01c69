"""What a report tells: the plan, what it is compared with, and what it saw."""

from dataclasses import dataclass, field

from vedette.types.events import Event
from vedette.types.figures import Figures, Score
from vedette.types.plan import Plan


@dataclass(frozen=True, slots=True)
class TargetResult:
    """Was the target alerted in the right box; how long after it could first be seen."""

    found: int
    total: int
    late_s: tuple[float, ...]
    false_alerts: int


@dataclass(frozen=True, slots=True)
class Row:
    """One plan in the comparison table, as it ran on the part that is reported."""

    name: str
    note: str
    figures: Figures
    scores: dict[str, Score] = field(default_factory=dict)
    target: TargetResult | None = None
    feasible: bool = True


@dataclass(frozen=True, slots=True)
class Sighting:
    """An alert with the frame it was raised on: JPEG with the box drawn, and if it was right."""

    event: Event
    picture: bytes
    is_right: bool | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """All that one report shows. ``rows`` start with the baseline; ``ran`` is the chosen plan's.

    ``timings`` are (what was done, wall seconds). ``notes`` are sentences that a reader must know
    (what is synthetic, what repeats, what could not be supported). ``command`` repeats the run.
    """

    title: str
    question: str
    plan: Plan
    ran: Figures
    rows: tuple[Row, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    command: str = ""
    machine: str = ""
