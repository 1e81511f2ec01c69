"""Whether an answer tells of the objects that the reference tells of, and of no others."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vedette.boxes import iou
from vedette.scoring.events import Sighting, sightings
from vedette.scoring.intervals import share
from vedette.scoring.target import OVERLAP, Target, finds, shows
from vedette.types.figures import Score
from vedette.types.graph import EventRule
from vedette.types.profile import Alert, Trace, Tracks


def alert_score(reference: Trace, answer: Trace, rule: EventRule) -> Score:
    """Recall: of the events that the reference alerted, those that the answer alerted, ever.

    Precision: of the answer's events that it alerted, those in which the alert shows something that
    the reference alerted, or a part of it. As in event F1 each side's strict events are held
    against all of the other side: what is too small or too short to be an event may be alerted or
    not. An object that is alerted twice counts once, and each step's alerts count by themselves. In
    labelled streams an alert counts where the labels have its object.
    """
    told = list(_told(reference, sightings(reference, rule)[0]))
    alerts = [each for each in answer.alerts if _was_looked_at(each, reference)]
    strict = sightings(answer, rule)[0]
    sure = [each for each in alerts if _event_of(each, strict) is not None]
    due = [each for each in told if each.is_event]
    found = sum(any(one.is_found_by(each) for each in alerts) for one in due)
    right = sum(any(one.is_shown_by(each) for one in told) for each in sure)
    return Score("alerts", share(right, len(sure)), share(found, len(due)))


def of_recall(score: Score, metric: str) -> Score:
    """Recall alone, which stands for precision, too: what is told beside the right things is free.

    Where somebody looks at what is alerted, one alert too many costs a glance, one too few the
    thing that was looked for.
    """
    return Score(metric, score.recall, score.recall, score.against)


@dataclass(frozen=True, slots=True)
class Told:
    """An object that a step of the reference told of: where it went, and if it is an event."""

    step: str
    path: Target
    is_event: bool

    def is_found_by(self, alert: Alert) -> bool:
        return self.step == alert.step and finds(self.path, alert)

    def is_shown_by(self, alert: Alert) -> bool:
        return self.step == alert.step and shows(self.path, alert)


def _told(reference: Trace, strict: list[Sighting]) -> Iterator[Told]:
    """Each object once for each step that alerts it; one that nobody tracks is there for a frame.

    In a labelled stream what people do not show is not there.
    """
    seen: set[tuple[str, str, int]] = set()
    for alert in reference.alerts:
        is_event = _event_of(alert, strict) is not None
        track = _track_at(reference.tracks, alert)
        if track is None:
            if alert.stream not in reference.labelled:
                yield Told(alert.step, Target(alert.stream, {alert.frame: alert.box}, 0.0), False)
        elif (alert.step, alert.stream, track) not in seen:
            seen.add((alert.step, alert.stream, track))
            yield Told(alert.step, _path(reference.tracks, alert.stream, track), is_event)


def _was_looked_at(alert: Alert, reference: Trace) -> bool:
    """Of a labelled stream people may have looked at some frames only."""
    if alert.stream not in reference.labelled:
        return True
    stream = reference.streams.index(alert.stream)
    return bool((reference.frame[reference.stream == stream] == alert.frame).any())


def _event_of(alert: Alert, strict: list[Sighting]) -> Sighting | None:
    """The event on which an alert's box lies."""
    box = np.array(alert.box, np.float64)
    for each in strict:
        is_there = each.stream == alert.stream and each.frame[0] <= alert.frame <= each.last
        if is_there and iou(each.boxes_at(np.array([alert.frame])), box)[0] >= OVERLAP:
            return each
    return None


def _track_at(tracks: Tracks, alert: Alert) -> int | None:
    """The track on which an alert's box lies best, None where it lies on none."""
    if alert.stream not in tracks.streams:
        return None
    is_here = (tracks.stream == tracks.streams.index(alert.stream)) & (tracks.frame == alert.frame)
    rows = np.flatnonzero(is_here)
    overlap = iou(tracks.box[rows].astype(np.float64), np.array(alert.box, np.float64))
    if not len(rows) or overlap.max() < OVERLAP:
        return None
    return int(tracks.track[rows[overlap.argmax()]])


def _path(tracks: Tracks, stream: str, track: int) -> Target:
    rows = np.flatnonzero((tracks.stream == tracks.streams.index(stream)) & (tracks.track == track))
    boxes = (tuple(box) for box in tracks.box[rows].tolist())
    return Target(stream, dict(zip(tracks.frame[rows].tolist(), boxes, strict=True)), 0.0)
