"""A question with a yes or no for every frame, and the cascade of stages that answers it.

The stages are those of NoScope (Kang et al., VLDB 2017), with as many between the difference
detector and the reference as pay for themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vedette.types.figures import Share

Decision = Literal["yes", "no", "unsure", "same"]
Point = tuple[float, float]
"""x, y in source pixels."""


@dataclass(frozen=True, slots=True)
class Question:
    """Is there, in a zone, the centre of a box of one of the classes, this sure or surer?

    ``classes`` maps each group to the labels that it merges; all of them together are asked for.
    ``zone`` is a polygon in source pixels, None for the whole picture.
    """

    classes: Mapping[str, tuple[str, ...]]
    confidence: float = 0.5
    zone: tuple[Point, ...] | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The most that a cascade may differ from its reference.

    ``fnr``: of the reference's yes frames the share answered no; ``fpr``: of its no frames the
    share answered yes.
    """

    fnr: float
    fpr: float


@dataclass(frozen=True, slots=True)
class DifferenceStage:
    """Reuses the last answer while little changed.

    ``method``: "last" compares with the last frame that was evaluated, "background" with a picture
    of the empty zone (then little change means no), "blocks" with the last evaluated one, block
    by block with learned weights. A frame is the same below ``threshold`` (of the method's own
    unit) and at most ``most_age`` source frames after the last one that was evaluated.
    """

    method: Literal["last", "background", "blocks"]
    threshold: float
    most_age: int


@dataclass(frozen=True, slots=True)
class ScoreStage:
    """A model that answers where it is sure: no below ``low``, yes from ``high`` on.

    ``model`` is "special" for the cascade's own network, otherwise a detector's variant, whose
    score is its surest box in the zone.
    """

    model: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a cascade did where it was chosen (``decided``) and on frames that did not choose.

    ``fn`` counts yes frames answered no over all yes frames, ``fp`` no frames answered yes over
    all no frames; ``runs`` are the runs of yes and of no in what decided. ``cpu_ms`` is a source
    frame's cost at speed 1, decoding included, beside the reference's ``reference_ms``.
    ``reasons`` say in plain words why it was chosen, and what was passed over.
    """

    fn: Share
    fp: Share
    runs: tuple[int, int]
    cpu_ms: float
    reference_ms: float
    checked_fn: Share | None = None
    checked_fp: Share | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cascade:
    """Stages in the order in which a frame meets them; ``reference`` answers what they leave.

    One frame in ``frame_step`` is looked at, the others have the last answer. ``audit`` is the
    least share of looked-at frames that reach the reference anyhow. ``size`` is the source's
    (width, height) that it was learned on. ``file`` is its folder, as declared, and ``digests``
    name its files' sha256 ("special.onnx", "difference.npz").
    """

    name: str
    question: Question
    promise: Promise
    reference: str
    size: tuple[int, int]
    difference: DifferenceStage | None = None
    scores: tuple[ScoreStage, ...] = ()
    frame_step: int = 1
    audit: float = 0.01
    file: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None
    version: int = 1
