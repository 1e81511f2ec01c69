"""Which boxes of successive frames are one object: ByteTrack (Zhang et al., ECCV 2022).

Our own, over scipy's assignment. It differs from the authors' code where frames come at changing
intervals or weak objects count. Time is in seconds. Association stays within a group. A weak box
may start a track and, so that it does not start a second one, may also continue a lost one. What
is left is tried once more with the tracks just seen, boxes grown by one standard deviation of
where the track is: at 25 frames a second that is next to nothing, but at 2 an object whose
velocity is not yet known has left its old box.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vedette.boxes import Floats, iou, pairwise_iou
from vedette.declaring.operator import operator
from vedette.ops.bounds import Duration, Share
from vedette.ops.motion import Motion
from vedette.types.media import Columns, Detections

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class TrackState(Columns):
    """A stream's tracks that are alive, one row each, and the number that the next one gets.

    ``track`` (n,) int32, -1 while seen only once; ``group`` (n,) int32; ``seen_s`` (n,) float64,
    when it last had a box. ``value``, ``velocity`` and ``variance`` are those of :class:`Motion`.
    ``time_s`` is the last frame's, None before the first.
    """

    time_s: float | None
    next_track: int
    track: NDArray[np.int32]
    group: NDArray[np.int32]
    seen_s: NDArray[np.float64]
    value: Floats
    velocity: Floats
    variance: Floats

    @classmethod
    def empty(cls) -> Self:
        none = np.zeros(0, np.int32)
        start = Motion.begin(np.zeros((0, 4)))
        return cls(None, 0, none, none, np.zeros(0), *start)

    @property
    def motion(self) -> Motion:
        return Motion(self.value, self.velocity, self.variance)

    def take(self, rows: NDArray[np.bool_]) -> "TrackState":
        return TrackState(
            self.time_s,
            self.next_track,
            self.track[rows],
            self.group[rows],
            self.seen_s[rows],
            *self.motion.take(rows),
        )


@dataclass(frozen=True, slots=True)
class TrackStates:
    """Each stream's tracks; their numbers are the stream's own."""

    streams: Mapping[str, TrackState] = field(default_factory=dict)

    def of(self, stream: str) -> TrackState:
        return self.streams.get(stream) or TrackState.empty()


@operator
class Track:
    """Number the objects of a stream: ByteTrack, with time in seconds.

    Boxes of ``high_confidence`` choose their track first, weaker ones then among what is left. A
    track is confirmed, and gets its number, when it is seen in a second frame running, and at once
    in the stream's first frame. It is forgotten ``lost_s`` after it was last seen. Every detection
    is passed on; ``track`` is -1 where none is confirmed. The boxes stay as they were detected.
    """

    def __init__(
        self,
        *,
        high_confidence: Share = 0.5,
        start_confidence: Share = 0.3,
        match_iou: Share = 0.2,
        low_match_iou: Share = 0.5,
        lost_s: Duration = 1.0,
    ) -> None:
        self.high_confidence = high_confidence
        self.start_confidence = start_confidence
        self.match_iou = match_iou
        self.low_match_iou = low_match_iou
        self.lost_s = lost_s
        self.state = TrackStates()

    def __call__(self, detections: Detections) -> Detections:
        stream = detections.key.stream
        before = self.state.of(stream)
        state = self._ahead(before, float(detections.time_s))
        row_of = self._associate(state, detections, before.time_s or 0.0)
        state = _seen(state, detections, row_of)
        alive = (state.track >= 0) & (float(detections.time_s) - state.seen_s <= self.lost_s)
        track = np.full(len(detections), -1, np.int32)
        track[row_of >= 0] = state.track[row_of[row_of >= 0]]
        starts = (row_of < 0) & (detections.confidence >= self.start_confidence)
        if before.time_s is None:
            track[starts] = np.arange(starts.sum())
        after = _start(state.take(alive), detections, starts, track)
        self.state = TrackStates({**self.state.streams, stream: after})
        return replace(detections, track=track)

    def _ahead(self, state: TrackState, time_s: float) -> TrackState:
        """Where the tracks should be now.

        Nothing is thought to drift for longer than ``lost_s``: where frames that look alike are
        left out, a long pause means that nothing moved.
        """
        before = time_s if state.time_s is None else state.time_s
        seconds = min(max(time_s - before, 0.0), self.lost_s)
        motion = state.motion.ahead(seconds, lost=state.seen_s < before)
        return replace(state, time_s=time_s, **motion._asdict())

    def _associate(self, state: TrackState, detections: Detections, before_s: float) -> Rows:
        """The track's row for each detection, -1 for none; ``before_s``: the frame before."""
        overlap, grown = _overlaps(state, detections)
        confirmed = state.track >= 0
        just_seen = state.seen_s == before_s
        high = detections.confidence >= self.high_confidence
        row_of: Rows = np.full(len(detections), -1, np.intp)
        every = np.ones_like(high)
        for worth, rows, columns, least in (
            (overlap, confirmed, high, self.match_iou),
            (overlap, confirmed, ~high, self.low_match_iou),
            (overlap, ~confirmed, every, self.match_iou),
            (grown, just_seen, every, self.match_iou),
        ):
            free, left = rows.copy(), columns & (row_of < 0)
            free[row_of[row_of >= 0]] = False
            _assign(worth, np.flatnonzero(free), np.flatnonzero(left), least, row_of)
        return row_of


def _overlaps(
    state: TrackState, detections: Detections
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """IoU of each track with each detection, as they are and grown by the track's uncertainty."""
    boxes = state.motion.boxes()
    margin = state.motion.uncertainty()[:, None, None] * np.array([-1, -1, 1, 1])
    same = state.group[:, None] == detections.group[None, :]
    overlap = pairwise_iou(boxes, detections.boxes)
    grown = iou(boxes[:, None] + margin, detections.boxes[None, :] + margin)
    return np.where(same, overlap, 0), np.where(same, grown, 0)


def _assign(
    overlap: NDArray[np.float64], rows: Rows, columns: Rows, least: float, row_of: Rows
) -> None:
    """Pair rows with columns for the greatest overlap beyond ``least`` in all, into ``row_of``."""
    if not len(rows) or not len(columns):
        return
    worth = np.maximum(overlap[rows[:, None], columns] - least, 0)
    chosen_rows, chosen_columns = linear_sum_assignment(worth, maximize=True)
    good = worth[chosen_rows, chosen_columns] > 0
    row_of[columns[chosen_columns[good]]] = rows[chosen_rows[good]]


def _seen(state: TrackState, detections: Detections, row_of: Rows) -> TrackState:
    """The tracks after their boxes were found; those seen for the second time get numbers."""
    columns = np.flatnonzero(row_of >= 0)
    rows = row_of[columns]
    seen_s, track = state.seen_s.copy(), state.track.copy()
    seen_s[rows] = state.time_s
    fresh = rows[track[rows] < 0]
    track[fresh] = state.next_track + np.arange(len(fresh))
    return replace(
        state,
        next_track=state.next_track + len(fresh),
        track=track,
        seen_s=seen_s,
        **state.motion.seen(rows, detections.boxes[columns])._asdict(),
    )


def _start(
    state: TrackState,
    detections: Detections,
    starts: NDArray[np.bool_],
    track: NDArray[np.int32],
) -> TrackState:
    """Open a track for each box that found none; ``track`` numbers those that are sure at once."""
    numbers = track[starts]
    return TrackState(
        state.time_s,
        state.next_track + int((numbers >= 0).sum()),
        np.concatenate([state.track, numbers]),
        np.concatenate([state.group, detections.group[starts]]),
        np.concatenate([state.seen_s, np.full(len(numbers), float(detections.time_s))]),
        *state.motion.join(Motion.begin(detections.boxes[starts])),
    )
