"""A cascade at work: each stage says what it can of a frame, the reference answers what is left.

A plan writes a cascade out as these steps (:mod:`vedette.planning.cascade_steps`). Its first
stage, the difference detector, is ``compare`` (:mod:`vedette.ops.difference`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from vedette.declaring.operator import Model, operator
from vedette.models.backend import Detector
from vedette.models.learned import NOTICE, Audit, Scorer
from vedette.ops.bounds import Classes, Polygon, Share
from vedette.ops.detect import detect
from vedette.ops.zone import answer, surest
from vedette.scoring.audit import is_broken
from vedette.types.cascade import Decision
from vedette.types.media import Detections, Frame, Verdict

Low = Share
High = Annotated[float, Ge(0), Le(2)]
"""Above 1: never."""


@operator
def every(frame: Frame, *, step: Annotated[int, Ge(1)], audit: Model[Audit]) -> Frame | None:
    """One source frame in ``step``, by its number; all of them once the cascade is suspended."""
    audit.ensure_size(frame.size)
    return frame if frame.key.frame % step == 0 or audit.is_suspended(frame.key) else None


@operator
def escalate(frame: Frame, verdict: Verdict, *, audit: Model[Audit]) -> Frame | None:
    """The frame, for the next stage, where this one was unsure or the audit asks."""
    return frame if verdict.decision == "unsure" or audit.asks(frame.key) else None


@operator
def special(frame: Frame, *, model: Model[Scorer], low: Low, high: High) -> Verdict:
    """What the cascade's own network says: no below ``low``, yes from ``high`` on."""
    return _verdict(frame, model.score(frame), low, high)


@operator
def glance(
    frame: Frame,
    *,
    model: Model[Detector],
    classes: Classes,
    zone: Polygon | None = None,
    low: Low,
    high: High,
) -> Verdict:
    """What one pass of a detector says, by its surest box of the classes in the zone: no below
    ``low``, yes from ``high`` on. A score that decides nothing may be given as 0.
    """
    least = low or min(high, 1.0)
    found = detect(frame, model=model, confidence=least, classes=classes)
    return _verdict(frame, surest(found, least, zone) or 0.0, low, high)


def _verdict(frame: Frame, score: float, low: float, high: float) -> Verdict:
    decision: Decision = "no" if score < low else "yes" if score >= high else "unsure"
    return Verdict(frame.key, frame.time_s, frame.size, decision, score)


@dataclass(frozen=True, slots=True)
class Audited:
    """Sampled frames so far: yes and no of the reference, and where the cascade said otherwise."""

    yes: int = 0
    missed: int = 0
    no: int = 0
    invented: int = 0

    def after(self, cascade: bool, reference: bool) -> "Audited":
        is_wrong = cascade != reference
        if reference:
            return replace(self, yes=self.yes + 1, missed=self.missed + is_wrong)
        return replace(self, no=self.no + 1, invented=self.invented + is_wrong)


@dataclass(frozen=True, slots=True)
class Settled:
    """The last answer of a stream: a yes is its confidence, a no None.

    ``alone`` is what the cascade says without its audit. ``suspended``: from which frame on, and
    why.
    """

    given: float | None = None
    alone: float | None = None
    audited: Audited = Audited()
    suspended: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class LastSettled:
    """Each stream's last answer."""

    streams: Mapping[str, Settled] = field(default_factory=dict)


@operator
class Settle:
    """The answer to a question: the reference's where it was asked, else the first sure stage's.

    "same" repeats the last answer. On frames that the audit sampled, what the cascade would have
    said is held against what the reference said; once that breaks the promise, the cascade is
    suspended, which is an incident. It then stays so for the rest of the run. The answer is that
    of ``presence``: one row, the zone, for a yes, and none for a no.
    """

    def __init__(self, *, classes: Classes, zone: Polygon | None = None) -> None:
        self.classes, self.zone = classes, zone
        self._names = (" or ".join(classes),)
        self.state = LastSettled()

    def begin(self, *, audit: Audit) -> None:
        """A run begins, or goes on with what was saved."""
        for stream, settled in self.state.streams.items():
            if settled.suspended is not None:
                audit.suspend(stream, *settled.suspended)

    def __call__(
        self,
        reference: Detections | None,
        *verdicts: Verdict | None,
        audit: Model[Audit],
    ) -> Detections:
        said = [each for each in verdicts if each is not None]
        item = reference if reference is not None else said[0]
        stream = item.key.stream
        audit.ensure_size(item.size)
        before = self.state.streams.get(stream, Settled())
        found = None if reference is None or not len(reference) else float(reference.confidence[0])
        left = before.alone if reference is None else found
        now = replace(before, alone=_alone(said, before.alone, left), given=found)
        if reference is None:
            now = replace(now, given=_alone(said, before.given, before.given))
        elif audit.samples(item.key) and not audit.is_suspended(item.key):
            now = _held(now, audit, item.key.frame, found)
            if now.suspended is not None:
                audit.suspend(stream, *now.suspended)
        self.state = LastSettled({**self.state.streams, stream: now})
        if reference is not None:
            return answer(reference, now.given, self.zone)
        no = self._no(item)
        return no if now.given is None else answer(no, now.given, self.zone)

    def _no(self, item: Detections | Verdict) -> Detections:
        none = np.zeros(0, np.int32)
        return Detections(
            key=item.key,
            time_s=item.time_s,
            size=item.size,
            boxes=np.zeros((0, 4), np.float32),
            confidence=np.zeros(0, np.float32),
            label=none,
            group=none,
            track=none,
            labels=self._names,
            groups=self._names,
        )


def _alone(said: list[Verdict], last: float | None, left: float | None) -> float | None:
    """What the stages say by themselves; ``left`` is the answer where none of them is sure."""
    for verdict in said:
        if verdict.decision == "same":
            return last
        if verdict.decision != "unsure":
            return verdict.score if verdict.decision == "yes" else None
    return left


def _held(now: Settled, audit: Audit, frame: int, found: float | None) -> Settled:
    """A sampled frame held against the promise."""
    audited = now.audited.after(now.alone is not None, found is not None)
    now = replace(now, audited=audited)
    if now.suspended is not None:
        return now
    kinds = (
        ("yes", audited.missed, audited.yes, audit.promise.fnr),
        ("no", audited.invented, audited.no, audit.promise.fpr),
    )
    for kind, wrong, total, promised in kinds:
        if is_broken(wrong, total, promised):
            why = f"{wrong} of {total} sampled {kind} frames were answered otherwise"
            return replace(
                now, suspended=(frame + NOTICE, f"{why}, {100 * promised:g}% were promised")
            )
    return now
