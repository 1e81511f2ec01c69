"""What a report tells: the plan, what it is compared with, and what it saw."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vedette.types.events import Event
from vedette.types.figures import Figures, Score
from vedette.types.plan import Candidate, Plan


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


@dataclass(frozen=True, eq=False, slots=True)
class Timeline:
    """What was answered on n source frames in time: ``frame`` (n,), ``truth`` and ``answer`` (n,)
    bool, ``by`` (n,) into ``stages``. ``rate`` is in frames a second. ``name`` says who answered.
    """

    frame: NDArray[np.int64]
    truth: NDArray[np.bool_]
    answer: NDArray[np.bool_]
    by: NDArray[np.int8]
    stages: tuple[str, ...]
    rate: float
    name: str = "cascade"


@dataclass(frozen=True, slots=True)
class Story:
    """All that one report shows. ``rows`` start with the baseline; ``ran`` is the chosen plan's.

    The row whose figures are ``ran`` is the chosen plan's, otherwise the last one. ``weighed`` are
    candidates that were compared by prediction, as many as are worth drawing.
    ``answered`` holds what was answered over time, by stream, where a question was asked.
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
    weighed: tuple[Candidate, ...] = ()
    answered: tuple[tuple[str, Timeline], ...] = ()

    @property
    def baseline(self) -> Row | None:
        return self.rows[0] if len(self.rows) > 1 else None

    @property
    def chosen(self) -> Row:
        """The chosen plan's row; made from ``ran`` where nothing was compared."""
        alone = Row(self.plan.name, "", self.ran)
        same = (row for row in self.rows if row.figures == self.ran)
        return next(same, self.rows[-1] if self.rows else alone)
