"""Boxes out of what Vedette makes: a stream's part of a trace, or a step's detections."""

from collections.abc import Iterable

import numpy as np

from vedette.types.annotations import Annotations, annotations
from vedette.types.media import Detections
from vedette.types.profile import Trace


def of_tracks(trace: Trace, stream: str) -> Annotations:
    """The confirmed boxes of one stream of a trace; its analysed frames are covered."""
    tracks = trace.tracks
    here = trace.stream == trace.streams.index(stream)
    there = tracks.stream == tracks.streams.index(stream)
    return Annotations(
        covered=np.unique(trace.frame[here & trace.analysed]),
        frame=tracks.frame[there],
        track=tracks.track[there],
        box=tracks.box[there],
        confidence=tracks.confidence[there],
        label=tracks.label[there],
        labels=tracks.labels,
    )


def of_detections(found: Iterable[Detections]) -> Annotations:
    """The boxes of one stream's detections, one of them a frame, tracked or not."""
    found = list(found)
    rows = [
        (each.key.frame, int(track), *map(float, box), float(confidence), each.labels[label])
        for each in found
        for track, box, confidence, label in zip(
            each.track, each.boxes, each.confidence, each.label, strict=True
        )
    ]
    covered = np.unique(np.array([each.key.frame for each in found], np.int32))
    return annotations(rows, covered)
