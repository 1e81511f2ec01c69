"""An object that stays is no match; one that leaves by its own size is."""

from fractions import Fraction

import numpy as np

from vedette.image import ArrayPicture
from vedette.ops.moving import MatchMoving
from vedette.types.media import Crop, Frame, Key, Region

PICTURE = ArrayPicture(np.zeros((20, 20, 3), np.uint8))


def seen(number: int, x: float, *, stream: str = "gate", side: float = 20.0) -> Crop:
    box: Region = (x, 10.0, x + side, 10.0 + side)
    frame = Frame(Key(stream, number), Fraction(number, 10), PICTURE, (320, 240), box)
    return Crop(frame=frame, box=box, label="car", group="vehicle", confidence=0.9, track=7)


def test_a_match_begins_where_an_object_has_moved_by_its_own_size() -> None:
    moving = MatchMoving()
    found = [moving(seen(n, 5.0 * n)).is_match for n in range(6)]
    assert found == [False, False, False, False, True, True]


def test_who_trembles_in_place_never_matches_and_who_came_back_still_does() -> None:
    trembling, returning = MatchMoving(), MatchMoving()
    assert not any(trembling(seen(n, 100 + 9 * (n % 2))).is_match for n in range(50))
    assert [returning(seen(n, x)).is_match for n, x in enumerate((0, 30, 0))] == [False, True, True]


def test_a_larger_object_has_farther_to_go() -> None:
    moving = MatchMoving()
    assert [moving(seen(n, 5.0 * n, side=40)).is_match for n in (0, 4, 8)] == [False, False, True]


def test_tracks_of_two_streams_are_two_objects() -> None:
    moving = MatchMoving()
    moving(seen(0, 0))
    assert not moving(seen(1, 200, stream="yard")).is_match


def test_a_track_that_was_not_seen_for_a_minute_begins_anew() -> None:
    moving = MatchMoving()
    moving(seen(0, 0))
    assert moving(seen(599, 200)).is_match
    moving = MatchMoving()
    moving(seen(0, 0))
    assert not moving(seen(601, 200)).is_match
