"""Frame F1: are the right boxes there at every source frame."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vedette.boxes import pairwise_iou, short_sides
from vedette.scoring.intervals import share
from vedette.scoring.matching import most_pairs
from vedette.types.figures import Score
from vedette.types.profile import Trace, Tracks

OVERLAP = 0.5
LEAST_SIDE_PX = 16.0

Where = tuple[str, int]
"""A stream's name and a frame's number."""
Counts = NDArray[np.int64]
"""Pairs, answered boxes that count, reference boxes that count."""


def frame_score(reference: Trace, answer: Trace) -> Score:
    """Boxes of both sides paired within each group at every source frame of the reference.

    A side that did not analyse a frame answers with its boxes of the last frame that it did.
    Objects under 16 px on their short side are not scored, nor labels of confidence 0, nor what is
    paired with either. Of a labelled stream only the frames that its labels cover count.
    """
    theirs, ours = _rows_by_frame(reference), _rows_by_frame(answer)
    shown, seen = _carried(reference), _carried(answer)
    none = np.zeros(0, np.intp)
    counts = np.zeros(3, np.int64)
    for where, source in shown.items():
        wanted = theirs.get(source, none) if source else none
        carried = seen.get(where)
        given = ours.get(carried, none) if carried else none
        if len(wanted) or len(given):
            counts += _count(reference.tracks, wanted, answer.tracks, given)
    pairs, answered, expected = counts.tolist()
    return Score("frame_f1", share(pairs, answered), share(pairs, expected))


def _rows_by_frame(trace: Trace) -> dict[Where, NDArray[np.intp]]:
    """The rows of the tracks in each frame that has any."""
    tracks = trace.tracks
    order = np.lexsort((tracks.frame, tracks.stream))
    key = np.column_stack([tracks.stream[order], tracks.frame[order]])
    cuts = np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1
    return {
        (tracks.streams[tracks.stream[rows[0]]], int(tracks.frame[rows[0]])): rows
        for rows in np.split(order, cuts)
        if len(rows)
    }


def _carried(trace: Trace) -> Mapping[Where, Where | None]:
    """For each source frame the last analysed one up to it, None before the first."""
    carried: dict[Where, Where | None] = {}
    for index, name in enumerate(trace.streams):
        rows = np.flatnonzero(trace.stream == index)
        rows = rows[np.argsort(trace.frame[rows], kind="stable")]
        last: Where | None = None
        for frame, analysed in zip(
            trace.frame[rows].tolist(), trace.analysed[rows].tolist(), strict=True
        ):
            where = (name, frame)
            last = where if analysed else last
            carried[where] = last
    return carried


def _count(
    reference: Tracks, wanted: NDArray[np.intp], answer: Tracks, given: NDArray[np.intp]
) -> Counts:
    """What one frame adds. Pairs of two scored boxes come before pairs with one that is not."""
    truth, boxes = reference.box[wanted], answer.box[given]
    large, scored = short_sides(truth) >= LEAST_SIDE_PX, short_sides(boxes) >= LEAST_SIDE_PX
    large &= reference.confidence[wanted] > 0
    if not (len(wanted) and len(given)):
        return np.array([0, scored.sum(), large.sum()])
    overlap = pairwise_iou(truth, boxes)
    allowed = (overlap >= OVERLAP) & _same_group(reference, wanted, answer, given)
    both = large[:, None] & scored[None, :]
    rows, columns = most_pairs(overlap, allowed & both)
    free_rows = np.setdiff1d(np.arange(len(wanted)), rows)
    free_columns = np.setdiff1d(np.arange(len(given)), columns)
    one = (allowed & (large[:, None] ^ scored[None, :]))[np.ix_(free_rows, free_columns)]
    excused_rows, excused_columns = most_pairs(overlap[np.ix_(free_rows, free_columns)], one)
    large[free_rows[excused_rows]] = False
    scored[free_columns[excused_columns]] = False
    return np.array([len(rows), scored.sum(), large.sum()])


def _same_group(
    reference: Tracks, wanted: NDArray[np.intp], answer: Tracks, given: NDArray[np.intp]
) -> NDArray[np.bool_]:
    if reference.groups == answer.groups:
        return np.asarray(reference.group[wanted][:, None] == answer.group[given][None, :])
    one = np.array(reference.groups, object)[reference.group[wanted]]
    other = np.array(answer.groups, object)[answer.group[given]]
    return np.asarray(one[:, None] == other[None, :], np.bool_)
