"""How well an answer tells what the reference saw. Pure functions of traces and events."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from vedette.scoring.alerts import alert_score, of_recall
from vedette.scoring.answers import answer_score, answers
from vedette.scoring.events import event_score
from vedette.scoring.frames import frame_score
from vedette.scoring.intervals import lower_bound, pooled, share
from vedette.scoring.labelled import answering, with_labels
from vedette.scoring.target import Target, TargetScore, target_score
from vedette.types.figures import Against, Score
from vedette.types.graph import OF_OBJECTS, Accuracy, EventRule
from vedette.types.profile import Trace

__all__ = [
    "Target",
    "TargetScore",
    "against",
    "alert_score",
    "answer_score",
    "answering",
    "answers",
    "event_score",
    "frame_score",
    "lower_bound",
    "pooled",
    "score",
    "share",
    "target_score",
    "with_labels",
]


def score(
    reference: Trace, answer: Trace, rule: EventRule, metrics: Iterable[Accuracy] = OF_OBJECTS
) -> dict[str, Score]:
    """An answer's scores (``Workflow.scored`` says which), counts pooled over the streams."""
    truth = against(reference)
    found = {metric: _score(metric, reference, answer, rule) for metric in metrics}
    return {metric: replace(each, against=truth) for metric, each in found.items()}


def _score(metric: Accuracy, reference: Trace, answer: Trace, rule: EventRule) -> Score:
    match metric:
        case "event_f1":
            return event_score(reference, answer, rule)
        case "frame_f1":
            return frame_score(reference, answer)
        case "alerts":
            return alert_score(reference, answer, rule)
        case "alert_recall":
            return of_recall(alert_score(reference, answer, rule), metric)
        case "answers":
            return answer_score(reference, answer)


def against(reference: Trace) -> Against:
    """What a reference takes for the truth, over the streams that it has frames of."""
    labelled = set(reference.labelled)
    if not labelled:
        return "golden"
    shown = {reference.streams[number] for number in np.unique(reference.stream)}
    return "labels and golden" if shown - labelled else "labels"
