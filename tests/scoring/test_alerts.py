"""Alerts of an answer against those of the reference: found, made up, or too small to count."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vedette.scoring import alert_score, score
from vedette.types.figures import Score
from vedette.types.graph import EventRule
from vedette.types.media import Region
from vedette.types.profile import Alert, Trace

Moving = Callable[..., list[tuple[str, int, int, float, float, float, float]]]
RULE = EventRule()


def alert(trace: Trace, track: int, frame: int, *, step: str = "alert", off: float = 0.0) -> Alert:
    """An alert of a track, as far off to the right as is said."""
    tracks = trace.tracks
    row = np.flatnonzero((tracks.track == track) & (tracks.frame == frame))[0]
    x1, y1, x2, y2 = tracks.box[row].tolist()
    box: Region = (x1 + off, y1, x2 + off, y2)
    return Alert(step, tracks.streams[tracks.stream[row]], frame, box)


@pytest.fixture
def street(trace: Callable[..., Trace], moving: Moving) -> Trace:
    """Two cars that are events, 1 and 2, and a third that is too small for one."""
    return trace([*moving(1), *moving(2, y=200), *moving(3, y=300, side=12)])


def told(trace: Trace, *alerts: Alert) -> Trace:
    return replace(trace, alerts=alerts)


def counted(reference: Trace, answer: Trace) -> tuple[int, int, int, int]:
    score = alert_score(reference, answer, RULE)
    precision, recall = score.precision, score.recall
    return precision.hits, precision.total, recall.hits, recall.total


def test_a_trace_tells_all_that_it_tells_itself(street: Trace) -> None:
    street = told(street, alert(street, 1, 30), alert(street, 2, 30), alert(street, 3, 30))
    assert counted(street, street) == (2, 2, 2, 2)


def test_an_object_may_be_alerted_in_any_of_its_frames(street: Trace) -> None:
    early, late = told(street, alert(street, 1, 10)), told(street, alert(street, 1, 50))
    assert counted(early, late) == (1, 1, 1, 1)
    assert counted(late, early) == (1, 1, 1, 1)


def test_what_is_not_alerted_is_missed_and_another_object_is_made_up(street: Trace) -> None:
    one, other = told(street, alert(street, 1, 30)), told(street, alert(street, 2, 30))
    assert counted(one, other) == (0, 1, 0, 1)
    assert counted(one, street) == (0, 0, 0, 1)


def test_recall_alone_does_not_mind_what_is_told_beside(street: Trace) -> None:
    one = told(street, alert(street, 1, 30))
    both = told(street, alert(street, 1, 30), alert(street, 2, 30))

    def recall(reference: Trace, answer: Trace) -> Score:
        return score(reference, answer, RULE, ["alert_recall"])["alert_recall"]

    assert (recall(one, both).value, recall(both, one).value) == (1.0, 0.5)
    assert recall(one, both).lower == alert_score(one, one, RULE).lower
    assert recall(one, both).against == "golden"


def test_what_is_too_small_for_an_event_may_be_alerted_or_not(street: Trace) -> None:
    small = told(street, alert(street, 3, 30))
    assert counted(small, street) == (0, 0, 0, 0)
    assert counted(street, small) == (0, 0, 0, 0)


def test_an_object_that_is_alerted_twice_counts_once(street: Trace) -> None:
    twice = told(street, alert(street, 1, 20), alert(street, 1, 40))
    assert counted(twice, told(street, alert(street, 1, 30))) == (1, 1, 1, 1)
    assert counted(told(street, alert(street, 1, 30)), twice) == (2, 2, 1, 1)


def test_an_alert_beside_its_object_finds_nothing(street: Trace) -> None:
    beside = told(street, alert(street, 1, 30, off=25.0))
    assert counted(told(street, alert(street, 1, 30)), beside)[2:] == (0, 1)


def test_each_steps_alerts_count_by_themselves(street: Trace) -> None:
    other = told(street, alert(street, 1, 30, step="warn"))
    assert counted(told(street, alert(street, 1, 30)), other) == (0, 1, 0, 1)


def test_nothing_to_tell_and_nothing_told_is_right(street: Trace) -> None:
    assert alert_score(street, street, RULE).value == 1.0


def test_in_a_labelled_stream_alerts_count_where_people_looked(street: Trace) -> None:
    seen = np.isin(street.frame, range(40))
    looked = replace(
        street,
        stream=street.stream[seen],
        frame=street.frame[seen],
        time_s=street.time_s[seen],
        analysed=street.analysed[seen],
        labelled=("a",),
    )
    late = told(street, alert(street, 1, 50))
    assert counted(told(looked, alert(street, 1, 30)), late) == (0, 0, 0, 1)
    assert counted(looked, told(street, alert(street, 1, 30))) == (0, 1, 0, 0)
