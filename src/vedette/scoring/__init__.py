"""How well an answer tells what the reference saw. Pure functions of traces and events."""

from vedette.scoring.events import event_score
from vedette.scoring.frames import frame_score
from vedette.scoring.intervals import lower_bound, pooled, share
from vedette.scoring.target import Target, TargetScore, target_score
from vedette.types.figures import Score
from vedette.types.graph import EventRule
from vedette.types.profile import Trace

__all__ = [
    "Target",
    "TargetScore",
    "event_score",
    "frame_score",
    "lower_bound",
    "pooled",
    "score",
    "share",
    "target_score",
]


def score(reference: Trace, answer: Trace, rule: EventRule) -> dict[str, Score]:
    """Event F1 and frame F1 of an answer, counts pooled over the streams; ``Score.f1`` is F1."""
    return {
        "event_f1": event_score(reference, answer, rule),
        "frame_f1": frame_score(reference, answer),
    }
