"""Alerts that find the target, repeat it, show a part of it, or are false."""

from fractions import Fraction

import pytest

from vedette.scoring import Target, target_score
from vedette.types.events import Event
from vedette.types.media import Region

CAR = Target("a", {10: (0, 0, 100, 50), 30: (200, 0, 300, 50)}, seen_s=0.2)


def alert(frame: int, box: Region, *, stream: str = "a", track: int = 1) -> Event:
    time_s = Fraction(frame, 25)
    return Event(
        stream=stream,
        kind="match",
        label="car",
        start_frame=0,
        end_frame=frame,
        start_s=Fraction(0),
        end_s=time_s,
        frame=frame,
        time_s=time_s,
        box=box,
        confidence=0.8,
        ordinal=track,
    )


def test_an_alert_in_the_right_box_finds_the_target_and_says_how_late() -> None:
    score = target_score([CAR], [alert(20, (95, 0, 195, 50))])
    assert (score.recall.hits, score.recall.total, score.repeats) == (1, 1, 0)
    assert list(score.delay_s) == pytest.approx([0.6])
    assert score.false_alerts == ()


def test_the_first_alert_counts_and_later_ones_are_repeats() -> None:
    alerts = [alert(30, (200, 0, 300, 50)), alert(15, (50, 0, 150, 50))]
    score = target_score([CAR], alerts)
    assert list(score.delay_s) == pytest.approx([0.4])
    assert score.repeats == 1


@pytest.mark.parametrize(
    "wrong",
    [
        alert(20, (300, 0, 400, 50)),
        alert(20, (95, 0, 195, 50), stream="b"),
        alert(9, (0, 0, 100, 50)),
        alert(31, (200, 0, 300, 50)),
        alert(20, (0, 0, 640, 360)),
    ],
)
def test_an_alert_elsewhere_is_false(wrong: Event) -> None:
    score = target_score([CAR], [wrong])
    assert (score.recall.hits, score.delay_s, score.false_alerts) == (0, (None,), (wrong,))


def test_an_alert_of_a_part_of_the_target_is_neither_a_find_nor_false() -> None:
    score = target_score([CAR], [alert(10, (0, 0, 30, 40))])
    assert (score.recall.hits, len(score.false_alerts), score.repeats) == (0, 0, 1)


def test_without_targets_every_alert_is_false() -> None:
    score = target_score([], [alert(1, (0, 0, 10, 10))])
    assert (score.recall.total, len(score.false_alerts)) == (0, 1)


def test_one_alert_that_finds_two_targets_repeats_neither() -> None:
    score = target_score([CAR, CAR], [alert(20, (95, 0, 195, 50))])
    assert (score.recall.hits, score.repeats) == (2, 0)
