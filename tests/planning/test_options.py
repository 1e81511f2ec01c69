"""What a choice promises before it is run."""

from typing import Any, cast

import pytest

from vedette.planning.options import Option, promise
from vedette.types.graph import Accuracy, Objective


def option(**accuracy: float) -> Option:
    nothing: Any = None
    return Option({}, nothing, nothing, cast("dict[Accuracy, float]", accuracy))


def test_frame_f1_is_a_finer_count_of_what_a_floor_on_events_counts() -> None:
    floors = Objective(floors={"event_f1": 0.9})
    assert promise(option(event_f1=1.0, frame_f1=0.8), floors) == pytest.approx(0.9)
    assert promise(option(event_f1=0.9), floors) == 0.9


def test_it_says_little_of_what_is_alerted() -> None:
    floors = Objective(floors={"event_f1": 0.9, "alert_recall": 0.9})
    blurred = option(event_f1=1.0, frame_f1=0.95, alert_recall=0.93)
    sharp = option(event_f1=1.0, frame_f1=0.80, alert_recall=1.0)
    assert promise(sharp, floors) > promise(blurred, floors)
