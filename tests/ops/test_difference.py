"""Frames that show nothing new are held against the last one that went on, and never for long."""

import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from vedette.change import Change
from vedette.errors import DeclarationError, MediaError
from vedette.image import ArrayPicture
from vedette.ops.difference import Compare, Difference
from vedette.running.state import pack, unpack
from vedette.types.media import Frame, Key

SIZE = (160, 90)
CHANGE = Change((0.0, 0.0, 160.0, 90.0), np.full((50, 50), 90, np.uint8), np.full(25, 40.0), -4.0)


def frame(number: int, left: int | None = None, *, stream: str = "gate") -> Frame:
    """A grey picture, with a bright square where there is an object."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    if left is not None:
        pixels[30:60, left : left + 30] = 230
    region = (0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    return Frame(Key(stream, number), Fraction(number, 25), ArrayPicture(pixels), SIZE, region)


def kept(difference: Difference, frames: list[Frame]) -> list[int]:
    return [each.key.frame for each in frames if difference(each) is not None]


def test_what_does_not_change_is_dropped_until_it_is_too_old() -> None:
    still = [frame(n) for n in range(10)]
    assert kept(Difference(most_age=4), still) == [0, 5]


def test_age_counts_source_frames_also_where_some_never_came() -> None:
    thinned = [frame(n) for n in (0, 3, 6, 9, 12)]
    assert kept(Difference(most_age=4), thinned) == [0, 6, 12]


def test_slow_change_adds_up_since_the_last_one_let_through() -> None:
    creeping = [frame(n, n) for n in range(30)]
    assert kept(Difference(threshold=0.1, most_age=1000), creeping) == [0, 10, 20]


def test_each_stream_has_its_own_past() -> None:
    both = [frame(n, stream=stream) for n in range(3) for stream in ("gate", "yard")]
    difference = Difference()
    assert [each.key for each in both if difference(each)] == [Key("gate", 0), Key("yard", 0)]


def test_threshold_0_lets_everything_through() -> None:
    assert kept(Difference(threshold=0.0), [frame(n) for n in range(3)]) == [0, 1, 2]


def test_only_the_zone_is_looked_at() -> None:
    zone = [[0.0, 0.0], [60.0, 0.0], [60.0, 90.0], [0.0, 90.0]]
    beside = Difference(zone=zone)
    assert kept(beside, [frame(0), frame(1, 100), frame(2, 20)]) == [0, 2]


def test_by_blocks_a_small_object_counts() -> None:
    here, there = frame(0), frame(1, 100)
    assert kept(Difference(threshold=0.3, by="zone"), [here, there]) == [0]
    assert kept(Difference(threshold=0.3, by="blocks"), [here, there]) == [0, 1]


def test_a_zone_outside_the_picture_is_refused() -> None:
    difference = Difference(zone=[[0.0, 0.0], [500.0, 0.0], [500.0, 90.0]])
    with pytest.raises(DeclarationError, match="500"):
        difference(frame(0))


def test_a_smaller_picture_shows_the_same_zone() -> None:
    zone = [[80.0, 0.0], [160.0, 0.0], [160.0, 90.0], [80.0, 90.0]]
    small = [
        replace(each, picture=ArrayPicture(each.picture.bgr(80, 45)))
        for each in (frame(0), frame(1, 20), frame(2, 110))
    ]
    assert kept(Difference(zone=zone), small) == [0, 2]


def test_the_age_goes_on_from_a_saved_state() -> None:
    one, other = Difference(most_age=4), Difference(most_age=4)
    kept(one, [frame(n) for n in range(3)])
    other.state = unpack(pack(pickle.loads(pickle.dumps(one.state))), other.state)
    assert kept(other, [frame(n) for n in range(3, 10)]) == [5]
    assert not other.state.streams["gate"].thumbnail.flags.writeable


def decisions(compare: Compare, frames: list[Frame], change: Change = CHANGE) -> list[str]:
    return [compare(each, change=change).decision for each in frames]


PASSING = [None, None, 20, 20, None, None, None]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("last", ["unsure", "same", "unsure", "same", "unsure", "same", "same"]),
        ("blocks", ["unsure", "same", "unsure", "same", "unsure", "same", "same"]),
        ("background", ["unsure", "no", "unsure", "unsure", "no", "no", "no"]),
    ],
)
def test_a_stage_says_what_still_holds(method: Any, expected: list[str]) -> None:
    compare = Compare(method=method, threshold=0.05, most_age=30)
    assert decisions(compare, [frame(n, left) for n, left in enumerate(PASSING)]) == expected


@pytest.mark.parametrize("method", ["last", "background", "blocks"])
def test_an_answer_is_never_older_than_its_bound(method: Any) -> None:
    compare = Compare(method=method, threshold=0.5, most_age=3)
    found = decisions(compare, [frame(n) for n in range(9)])
    assert [n for n, each in enumerate(found) if each == "unsure"] == [0, 4, 8]


def test_a_change_says_how_large_it_was() -> None:
    compare = Compare(threshold=0.05, most_age=30)
    first, then = (compare(frame(n, left), change=CHANGE) for n, left in ((0, None), (1, 20)))
    assert first.score == 1.0
    assert then.score == pytest.approx(140 / 255 * np.sqrt(30 * 30 / (160 * 90)), rel=0.1)


def test_a_learned_zone_outside_the_picture_is_refused() -> None:
    compare = Compare(threshold=0.05, most_age=30)
    with pytest.raises(MediaError, match="outside the picture"):
        compare(frame(0), change=Change((500.0, 0.0, 600.0, 90.0)))
