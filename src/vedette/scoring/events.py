"""Event F1: did the answer see the same moving objects, with a band in which nobody is blamed.

An event is a track that moves, lasts and is large enough. Each side's strict events are paired
with the other side's loose ones, so an object at a threshold, which either side may miss by a hair,
costs nobody. An event's own track is always loose where it is strict: a trace scores 1 against
itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vedette.boxes import Floats, areas, centres, iou, short_sides
from vedette.scoring.intervals import share
from vedette.scoring.labelled import counted
from vedette.scoring.matching import Indices, most_pairs
from vedette.types.figures import Score
from vedette.types.graph import EventRule
from vedette.types.profile import Trace, Tracks

COVERED, OVERLAP = 0.3, 0.3
LOOSE_SIZE, LOOSE_DURATION, LOOSE_DISPLACEMENT, LOOSE_CONFIDENCE = 0.75, 0.6, 0.5, 0.3
SIDES = ((320, 20.0), (640, 24.0), (960, 32.0))
"""Source widths and the least median short side of an event in them, in pixels."""
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False, slots=True)
class Sighting:
    """One track from where its event starts, one row an analysed frame.

    ``sure`` is the row from which the detector was sure (0 if it never was).
    """

    stream: str
    group: str
    frame: np.ndarray
    box: Floats
    sure: int

    @property
    def last(self) -> int:
        return int(self.frame[-1])

    def boxes_at(self, frames: np.ndarray) -> Floats:
        """Interpolated linearly between the analysed frames."""
        return np.column_stack([np.interp(frames, self.frame, side) for side in self.box.T])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a track must reach from its first box of ``confidence`` on."""

    side_px: float
    duration_s: float
    displacement: float
    confidence: float


def event_score(reference: Trace, answer: Trace, rule: EventRule) -> Score:
    """Precision: strict events of the answer that the reference has at least loosely, and so on.

    Nobody is charged for an event that is a label of confidence 0.
    """
    answer = replace(answer, tracks=counted(answer, reference)) if reference.labelled else answer
    strict, strict_answer = sightings(reference, rule)[0], sightings(answer, rule)[0]
    right = _found(strict_answer, list(_weak(reference, rule, is_reference=True)), overlap=_turned)
    left = [each for number, each in enumerate(strict_answer) if number not in right]
    excused = _found(left, list(_excused(reference, rule)), overlap=_turned)
    found = _found(strict, list(_weak(answer, rule)), overlap=_overlap)
    charged = len(strict_answer) - len(excused)
    return Score("event_f1", share(len(right), charged), share(len(found), len(strict)))


@dataclass(frozen=True, eq=False, slots=True)
class Weak:
    """A track of the other side, and what it must reach to be a partner.

    ``whole`` is the event that all of it makes, if it does. A track may outlive its object and go
    on as another one. So the part of it that the event of the other side lasts may be a partner;
    not so of an event of the reference, which is whole: of that enough has to be covered.
    """

    tracks: Tracks
    stream: str
    rows: Indices
    limits: Thresholds
    rule: EventRule
    whole: Sighting | None
    is_reference: bool = False

    def beside(self, event: Sighting) -> Iterator[Sighting]:
        if self.whole is not None:
            yield self.whole
            if self.is_reference:
                return
        frame = self.tracks.frame[self.rows]
        rows = self.rows[(frame >= event.frame[0]) & (frame <= event.last)]
        if self.stream == event.stream and 0 < len(rows) < len(self.rows):
            part = _sighting(self.tracks, self.stream, rows, self.limits, self.rule)
            yield from [part] if part else []


def _weak(trace: Trace, rule: EventRule, *, is_reference: bool = False) -> Iterator[Weak]:
    for stream, rows in _tracks(trace.tracks):
        strict = strict_thresholds(rule, trace.sizes[stream][0])
        limits = _loosened(strict)
        whole = _sighting(trace.tracks, stream, rows, limits, rule)
        whole = whole or _sighting(trace.tracks, stream, rows, strict, rule)
        yield Weak(trace.tracks, stream, rows, limits, rule, whole, is_reference)


def _excused(reference: Trace, rule: EventRule) -> Iterator[Weak]:
    """The tracks that nobody is asked to find, however short, small or still."""
    none = Thresholds(0, 0, 0, 0)
    for stream, rows in _tracks(reference.tracks) if reference.labelled else ():
        if not reference.tracks.confidence[rows].any():
            whole = _sighting(reference.tracks, stream, rows, none, rule)
            yield Weak(reference.tracks, stream, rows, none, rule, whole)


def _found(
    events: Sequence[Sighting],
    others: Sequence[Weak],
    *,
    overlap: Callable[[Sighting, Sighting], float],
) -> set[int]:
    """The events, by their numbers, that have a partner on the other side, one to one."""
    worth = np.zeros((len(events), len(others)))
    for row, event in enumerate(events):
        for column, other in enumerate(others):
            forms = (each for each in other.beside(event) if _alike(each, event))
            worth[row, column] = max((overlap(event, each) for each in forms), default=0.0)
    return set(most_pairs(worth, worth >= OVERLAP)[0].tolist())


def _alike(one: Sighting, other: Sighting) -> bool:
    return (one.stream, one.group) == (other.stream, other.group)


def sightings(trace: Trace, rule: EventRule) -> tuple[list[Sighting], list[Sighting]]:
    """The strict and the loose events of a trace, by stream and track."""
    strict: list[Sighting] = []
    loose: list[Sighting] = []
    for stream, rows in _tracks(trace.tracks):
        limits = strict_thresholds(rule, trace.sizes[stream][0])
        sure = _sighting(trace.tracks, stream, rows, limits, rule)
        weak = _sighting(trace.tracks, stream, rows, _loosened(limits), rule)
        strict += [sure] if sure else []
        loose += [each for each in [weak or sure] if each]
    return strict, loose


def strict_thresholds(rule: EventRule, width: int) -> Thresholds:
    """What an event of a stream of this width must reach."""
    side = least_side_px(width) if rule.min_side_px is None else rule.min_side_px
    return Thresholds(side, rule.min_duration_s, 1.0, rule.start_confidence)


def least_side_px(width: int) -> float:
    """Linear between the widths of ``SIDES``, in proportion to the width outside of them.

    >>> [least_side_px(width) for width in (160, 480, 960, 1920)]
    [10.0, 22.0, 32.0, 64.0]
    """
    widths, sides = zip(*SIDES, strict=True)
    nearest = float(np.clip(width, widths[0], widths[-1]))
    return float(np.interp(nearest, widths, sides)) * width / nearest


def _turned(answer: Sighting, reference: Sighting) -> float:
    return _overlap(reference, answer)


def _overlap(reference: Sighting, answer: Sighting) -> float:
    """Mean IoU over the frames where both are; 0 if they cover too little of the reference.

    What is to be covered is the reference from where it was sure: a long, weak beginning, which a
    strict event of the same track leaves out, must not turn the two into strangers.
    """
    start = max(int(reference.frame[0]), int(answer.frame[0]))
    end = min(reference.last, answer.last)
    sure_start = int(reference.frame[reference.sure])
    covered = end + 1 - max(start, sure_start)
    if start > end or covered < COVERED * (reference.last + 1 - sure_start):
        return 0.0
    frames = np.arange(start, end + 1)
    return float(iou(reference.boxes_at(frames), answer.boxes_at(frames)).mean())


def _tracks(tracks: Tracks) -> Iterator[tuple[str, Indices]]:
    """The rows of each track in the order of their frames, with their stream's name."""
    order = np.lexsort((tracks.frame, tracks.track, tracks.stream))
    key = np.column_stack([tracks.stream[order], tracks.track[order]])
    cuts = np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield tracks.streams[tracks.stream[rows[0]]], rows


def _loosened(limits: Thresholds) -> Thresholds:
    return Thresholds(
        limits.side_px * LOOSE_SIZE,
        limits.duration_s * LOOSE_DURATION,
        limits.displacement * LOOSE_DISPLACEMENT,
        min(LOOSE_CONFIDENCE, limits.confidence),
    )


def _sighting(
    tracks: Tracks, stream: str, rows: Indices, limits: Thresholds, rule: EventRule
) -> Sighting | None:
    """The event that a track makes under some thresholds, if it does."""
    starts = np.flatnonzero(tracks.confidence[rows] >= limits.confidence - _ROUNDING)
    if not len(starts):
        return None
    rows = rows[starts[0] :]
    box, time_s = tracks.box[rows].astype(np.float64), tracks.time_s[rows]
    if not (
        time_s[-1] - time_s[0] >= limits.duration_s - _ROUNDING
        and np.median(short_sides(box)) >= limits.side_px - _ROUNDING
        and _displacement(box) >= limits.displacement
    ):
        return None
    sure = tracks.confidence[rows] >= rule.start_confidence - _ROUNDING
    group = tracks.groups[tracks.group[rows[0]]]
    return Sighting(stream, group, tracks.frame[rows], box, int(sure.argmax()))


def _displacement(box: Floats) -> float:
    """The greatest distance from where it started, in mean square roots of its area."""
    centre = centres(box)
    away = np.linalg.norm(centre - centre[0], axis=1).max()
    return float(away / max(np.sqrt(areas(box)).mean(), _ROUNDING))
