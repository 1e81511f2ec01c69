"""Runs of yes become events: when they end, what is too short, and what a pause is."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from tests.ops.test_contract import frame

from vedette.image import ArrayPicture
from vedette.models.backend import detections
from vedette.ops.episodes import Episodes
from vedette.ops.zone import answer
from vedette.types.events import Event
from vedette.types.media import Detections


def said(number: int, confidence: float | None) -> Detections:
    none = detections(
        frame(number),
        boxes=np.zeros((0, 4), np.float32),
        confidence=np.zeros(0, np.float32),
        label=np.zeros(0, np.int32),
        labels=("car",),
    )
    return answer(none, confidence, [[0, 0], [40, 0], [40, 40]])


def told(answers: str, **settings: float) -> list[Event]:
    """The events of a row of answers, "y" or "n" a frame and "." for one that was not analysed."""
    episodes = Episodes(**settings)  # type: ignore[arg-type]
    made = [
        episodes(said(n, 0.5 + n / 100 if each == "y" else None))
        for n, each in enumerate(answers)
        if each != "."
    ]
    return [event for event in made if event is not None]


def spans(answers: str, **settings: float) -> list[tuple[int, int]]:
    return [(event.start_frame, event.end_frame) for event in told(answers, **settings)]


def test_each_run_of_yes_is_one_event_told_at_the_first_no() -> None:
    assert spans("nnyyynnynn") == [(2, 4), (7, 7)]
    first, second = told("nnyyynnynn")
    assert (first.ordinal, second.ordinal) == (0, 1)
    assert (first.end_s, first.time_s) == (Fraction(4, 25), Fraction(4, 25))


def test_an_event_is_about_the_surest_moment() -> None:
    (event,) = told("yyyn")
    assert event.box == (0, 0, 40, 40)
    assert event.confidence == pytest.approx(0.52)
    assert event.frame == 2


def test_a_run_that_is_too_short_is_none() -> None:
    assert spans("yynyyyyn", least_s=0.1) == [(3, 6)]


def test_a_pause_up_to_the_gap_belongs_to_the_run() -> None:
    """At 25 frames a second .1 s are two and a half frames, from yes to yes."""
    assert spans("yynyynnnn", gap_s=0.1) == [(0, 4)]
    assert spans("yynnyynnnn", gap_s=0.1) == [(0, 1), (4, 5)]


def test_frames_that_were_not_analysed_are_no_pause() -> None:
    assert spans("y.........yn") == [(0, 10)]


def test_streams_have_runs_of_their_own() -> None:
    episodes = Episodes()
    one, other = said(0, 0.9), replace(said(0, 0.8), key=replace(said(0, 0.8).key, stream="b"))
    assert episodes(one) is None
    assert episodes(other) is None
    ended = episodes(said(1, None))
    assert ended is not None
    assert ended.stream == one.key.stream
    assert set(episodes.state.under_way) == {"b"}


def test_with_frames_an_event_shows_a_yes_as_sure_as_the_surest_but_for_a_tenth() -> None:
    """The frames are as bright as they are late; .5, .55 and .75 sure."""
    episodes = Episodes()
    for number, confidence in enumerate((0.5, 0.55, 0.75)):
        bright = np.full((64, 96, 3), 80 * number + 20, np.uint8)
        shown = replace(frame(number), picture=ArrayPicture(bright))
        assert episodes(said(number, confidence), shown) is None
    event = episodes(said(3, None), frame(3))
    assert event is not None
    picture = cv2.imdecode(np.frombuffer(event.picture, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (40, 40, 3)
    assert abs(picture.mean() - 180) < 3


def test_without_frames_an_event_has_no_picture() -> None:
    (event,) = told("yn")
    assert event.picture == b""
