"""What the report of a learned cascade shows, as values."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vedette.reporting.story import Timeline
from vedette.types.cascade import Cascade, Question


@dataclass(frozen=True, eq=False, slots=True)
class Weighed:
    """Everything that was searched: ``cost_ms`` (n,) of a source frame, ``fnr`` and ``fpr`` (n,)
    on what decided.
    """

    cost_ms: NDArray[np.float64]
    fnr: NDArray[np.float64]
    fpr: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """One way to answer that the picture calls by name."""

    name: str
    cost_ms: float
    fnr: float
    fpr: float
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage: shares of source frames that it saw and answered, and what a call costs."""

    name: str
    rule: str
    seen: float
    answered: float
    call_ms: float


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Mistakes of one kind on one part, with the intervals of their share by frames and by runs.

    Each bound of an interval holds with probability ``level``.
    """

    part: str
    kind: str
    wrong: int
    total: int
    by_frames: tuple[float, float]
    runs_wrong: int
    runs: int
    by_runs: tuple[float, float]
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class RehearsedRow:
    """A family of stages at a margin, chosen without each block and counted on it: (wrong, all)
    of yes and of no frames. ``why_not`` is empty where it might be used.
    """

    family: str
    margin: str
    cost_ms: float
    missed: tuple[int, int]
    made_up: tuple[int, int]
    why_not: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One training run: the loss on what trained and on what was held out, an epoch each."""

    name: str
    trained: tuple[float, ...]
    held_out: tuple[float, ...]
    best: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of frames with one of its pictures (JPEG), and what was said of it."""

    picture: bytes
    frames: tuple[int, int]
    start_s: float
    says: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that the report shows. ``refusal`` says why there is no cascade, where there is none."""

    title: str
    question: Question
    cascade: Cascade | None
    reference: str
    reference_ms: float
    weighed: Weighed
    points: tuple[Point, ...]
    stages: tuple[StageRow, ...] = ()
    errors: tuple[ErrorRow, ...] = ()
    rehearsed: tuple[RehearsedRow, ...] = ()
    timeline: Timeline | None = None
    curves: tuple[Curve, ...] = ()
    mistakes: tuple[Scene, ...] = ()
    disagreements: tuple[Scene, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    promise: tuple[float, float] = (0.01, 0.01)
    refusal: str = ""
    command: str = ""
    machine: str = ""
    costs: tuple[tuple[str, float], ...] = field(default=())
