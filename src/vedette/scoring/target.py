"""Target recall: was what somebody looks for alerted, in the right box, and how late."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vedette.boxes import Floats, areas, iou, shared_areas
from vedette.scoring.intervals import share
from vedette.types.events import Event
from vedette.types.figures import Share
from vedette.types.media import Region
from vedette.types.profile import Alert

OVERLAP = 0.3
MOSTLY = 0.5
Alerted = Event | Alert


@dataclass(frozen=True, slots=True)
class Target:
    """The truth about one object in one stream: where it is, and since when it can be seen.

    ``boxes`` by frame number, linear between them; ``seen_s`` is the time of the first frame in
    which a human would find it.
    """

    stream: str
    boxes: Mapping[int, Region]
    seen_s: float

    def box_at(self, frame: int) -> Floats | None:
        """None before the first and after the last known frame."""
        frames = sorted(self.boxes)
        if not frames or not frames[0] <= frame <= frames[-1]:
            return None
        table = np.array([self.boxes[each] for each in frames], np.float64)
        return np.array([np.interp(frame, frames, side) for side in table.T])


@dataclass(frozen=True, slots=True)
class TargetScore:
    """``delay_s`` has for each target the seconds from when it could be seen to its first alert.

    It is None where there was none. ``false_alerts`` are those that show no target; ``repeats``
    counts further alerts of one, and of parts of it.
    """

    recall: Share
    delay_s: tuple[float | None, ...]
    false_alerts: tuple[Event, ...]
    repeats: int


def target_score(targets: Sequence[Target], alerts: Iterable[Event]) -> TargetScore:
    """An alert finds a target where its box overlaps the true one by an IoU of .3.

    One that does not, but lies in it by half, shows a part of it: no find, but not false either.
    """
    ordered = sorted(alerts, key=lambda each: (each.time_s, each.stream, each.ordinal))
    false = tuple(e for e in ordered if not any(shows(target, e) for target in targets))
    firsts = [next((e for e in ordered if finds(target, e)), None) for target in targets]
    delays = tuple(
        float(first.time_s) - target.seen_s if first else None
        for target, first in zip(targets, firsts, strict=True)
    )
    found = [first for first in firsts if first is not None]
    return TargetScore(
        recall=share(len(found), len(targets)),
        delay_s=delays,
        false_alerts=false,
        repeats=len(ordered) - len(false) - len({id(each) for each in found}),
    )


def finds(target: Target, alert: Alerted) -> bool:
    """Whether an alert's box is the target's, in the frame in which it was decided."""
    truth = target.box_at(alert.frame) if target.stream == alert.stream else None
    return truth is not None and bool(iou(truth, np.array(alert.box)) >= OVERLAP)


def shows(target: Target, alert: Alerted) -> bool:
    """Whether an alert's box is the target's, or half of it lies in that."""
    truth = target.box_at(alert.frame) if target.stream == alert.stream else None
    if truth is None:
        return False
    box = np.array(alert.box, np.float64)
    return finds(target, alert) or bool(shared_areas(box, truth) >= MOSTLY * areas(box))
