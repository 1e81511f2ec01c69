"""How well an answer tells what the reference saw. Pure functions of traces and events."""

from dataclasses import replace

import numpy as np

from vedette.scoring.events import event_score
from vedette.scoring.frames import frame_score
from vedette.scoring.intervals import lower_bound, pooled, share
from vedette.scoring.labelled import with_labels
from vedette.scoring.target import Target, TargetScore, target_score
from vedette.types.figures import Against, Score
from vedette.types.graph import EventRule
from vedette.types.profile import Trace

__all__ = [
    "Target",
    "TargetScore",
    "against",
    "event_score",
    "frame_score",
    "lower_bound",
    "pooled",
    "score",
    "share",
    "target_score",
    "with_labels",
]


def score(reference: Trace, answer: Trace, rule: EventRule) -> dict[str, Score]:
    """Event F1 and frame F1 of an answer, counts pooled over the streams; ``Score.f1`` is F1."""
    found = event_score(reference, answer, rule), frame_score(reference, answer)
    truth = against(reference)
    return {each.metric: replace(each, against=truth) for each in found}


def against(reference: Trace) -> Against:
    """What a reference takes for the truth, over the streams that it has frames of."""
    labelled = set(reference.labelled)
    if not labelled:
        return "golden"
    shown = {reference.streams[number] for number in np.unique(reference.stream)}
    return "labels and golden" if shown - labelled else "labels"
