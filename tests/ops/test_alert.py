"""Alerts are raised once a track, when it matched long enough, with a picture."""

import copy
from fractions import Fraction

import cv2
import numpy as np

from vedette.image import ArrayPicture
from vedette.ops.alert import Alert
from vedette.types.events import Event
from vedette.types.media import Crop, Frame, Key, Match, Region

BOX: Region = (100, 100, 220, 180)


def match(frame: int, *, track: int = 1, is_match: bool = True, box: Region = BOX) -> Match:
    noise = np.random.default_rng(frame).integers(60, 200, (20, 30, 3)).astype(np.uint8)
    pixels = np.asarray(cv2.resize(noise, (120, 80)), np.uint8)
    time_s = Fraction(frame, 25)
    shown = Frame(Key("a", frame), time_s, ArrayPicture(pixels), (640, 360), box)
    crop = Crop(shown, box, "car", "vehicle", 0.7, track)
    return Match(Key("a", frame), time_s, track, "car", box, 0.512345, is_match, crop, "white")


def alerts(operator: Alert, given: list[Match]) -> list[tuple[int, int]]:
    """Frame and track of each alert."""
    events = [operator(each) for each in given]
    return [(event.frame, event.ordinal) for event in events if event]


def test_a_track_is_alerted_once_when_it_has_lasted() -> None:
    assert alerts(Alert(min_duration_s=0.4), [match(n) for n in range(40)]) == [(10, 1)]


def test_a_track_that_never_matches_is_not_alerted() -> None:
    assert alerts(Alert(min_duration_s=0), [match(n, is_match=False) for n in range(9)]) == []


def test_the_time_before_it_matched_counts_for_its_duration() -> None:
    given = [match(n, is_match=n >= 15) for n in range(20)]
    assert alerts(Alert(min_duration_s=0.4), given) == [(15, 1)]


def test_an_event_says_when_and_where_with_a_picture() -> None:
    operator = Alert(min_duration_s=0.2)
    events = [operator(match(n, is_match=n > 5)) for n in range(3, 10)]
    (event,) = [each for each in events if isinstance(each, Event)]
    assert (event.stream, event.kind, event.label, event.ordinal) == ("a", "match", "car", 1)
    assert (event.start_frame, event.start_s) == (3, Fraction(3, 25))
    assert (event.frame, event.end_frame, event.time_s) == (8, 8, Fraction(8, 25))
    assert event.end_s == event.time_s
    assert (event.box, event.confidence) == (BOX, 0.7)
    assert event.attributes == {"type": "car", "colour": "white", "score": 0.512}


def test_the_picture_is_a_small_jpeg_of_the_crop() -> None:
    event = Alert(min_duration_s=0)(match(0))
    assert event is not None
    shown = cv2.imdecode(np.frombuffer(event.picture, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (80, 120, 3)
    assert 1_000 < len(event.picture) < 16_000


def test_each_track_is_alerted_by_itself() -> None:
    far: Region = (400, 100, 500, 180)
    given = [each for n in range(3) for each in (match(n), match(n, track=2, box=far))]
    assert alerts(Alert(min_duration_s=0), given) == [(0, 1), (0, 2)]


def test_a_part_of_an_alerted_object_waits_until_it_is_apart() -> None:
    part: Region = (110, 110, 160, 170)
    apart: Region = (300, 110, 350, 170)
    together = [each for n in range(3) for each in (match(n), match(n, track=2, box=part))]
    assert alerts(Alert(min_duration_s=0), together) == [(0, 1)]
    later = [*together, match(3, track=2, box=apart)]
    assert alerts(Alert(min_duration_s=0), later) == [(0, 1), (3, 2)]


def test_an_alert_resumed_from_its_state_is_not_repeated() -> None:
    first, second = Alert(min_duration_s=0.2), Alert(min_duration_s=0.2)
    head = alerts(first, [match(n) for n in range(8)])
    second.state = copy.deepcopy(first.state)
    assert head == [(5, 1)]
    assert alerts(second, [match(n) for n in range(8, 16)]) == []


def test_tracks_are_forgotten_after_a_minute() -> None:
    operator = Alert()
    operator(match(0))
    operator(match(1600, track=2))
    assert set(operator.state.tracks) == {("a", 2)}
