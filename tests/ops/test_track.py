"""Tracks are continued, confirmed, lost and resumed as the docstring says."""

import copy
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest

from vedette.ops.motion import Motion
from vedette.ops.track import Track
from vedette.types.media import Detections, Key

Row = tuple[float, float, float, float, float, int]
"""x0, y0, x1, y1, confidence, group."""


def detections(number: int, rows: Iterable[Row], rate: float = 25) -> Detections:
    table = np.array(list(rows), np.float64).reshape(-1, 6)
    group = table[:, 5].astype(np.int32)
    return Detections(
        key=Key("camera", number),
        time_s=Fraction(number) / Fraction(rate),
        size=(640, 360),
        boxes=table[:, :4].astype(np.float32),
        confidence=table[:, 4].astype(np.float32),
        label=group,
        group=group,
        track=np.full(len(table), -1, np.int32),
        labels=("person", "car"),
        groups=("person", "vehicle"),
    )


def box(x: float, confidence: float = 0.9, group: int = 1, *, width: float = 60) -> Row:
    return (x, 100, x + width, 140, confidence, group)


def numbers(track: Track, frames: Iterable[tuple[int, list[Row]]]) -> list[list[int]]:
    return [track(detections(number, rows)).track.tolist() for number, rows in frames]


def test_objects_of_the_first_frame_are_confirmed_at_once() -> None:
    assert numbers(Track(), [(0, [box(0), box(200)])]) == [[0, 1]]


def test_a_later_object_is_confirmed_when_seen_twice_running() -> None:
    seen = numbers(Track(), [(0, []), (1, [box(0)]), (2, [box(2)]), (3, [box(4)])])
    assert seen == [[], [-1], [0], [0]]


def test_an_object_seen_once_and_not_again_gets_no_number() -> None:
    seen = numbers(Track(), [(0, []), (1, [box(0)]), (2, []), (3, [box(0)]), (4, [box(0)])])
    assert seen == [[], [-1], [], [-1], [0]]


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_a_moving_object_keeps_its_number_at_any_sampling(step: int) -> None:
    """At 5 fps it moves by 35 of its 60 px: before its velocity is known it overlaps by .26."""
    track = Track()
    seen = numbers(track, [(n, [box(7.0 * n)]) for n in range(0, 60, step)])
    assert seen == [[0]] * len(seen)


def test_two_that_cross_unseen_keep_their_numbers() -> None:
    frames = [(n, [box(6.0 * n), box(300 - 6.0 * n)]) for n in range(50)]
    apart = [(n, rows) for n, rows in frames if abs(rows[0][0] - rows[1][0]) > 60]
    assert numbers(Track(), apart)[-1] == [0, 1]


def test_groups_never_share_a_track() -> None:
    seen = numbers(Track(), [(0, [box(0, group=0)]), (1, [box(0)]), (2, [box(0)])])
    assert seen == [[0], [-1], [1]]


@pytest.mark.parametrize(("confidence", "number"), [(0.8, 0), (0.35, -1)])
def test_a_lost_track_is_continued_by_a_weak_box_only_where_it_overlaps_well(
    confidence: float, number: int
) -> None:
    seen = numbers(Track(), [(0, [box(0)]), (1, []), (2, [box(30, confidence)])])
    assert seen[-1] == [number]


def test_a_weak_box_continues_the_track_that_it_lies_on() -> None:
    assert numbers(Track(), [(0, [box(0)]), (1, [box(5, 0.35)])]) == [[0], [0]]


@pytest.mark.parametrize(("rate", "number"), [(2, 0), (25, -1)])
def test_a_new_object_is_sought_further_the_longer_ago_it_was_seen(rate: int, number: int) -> None:
    """70 px further on, its 60 px wide box does not overlap at all."""
    track = Track()
    track(detections(0, [box(0)], rate))
    assert track(detections(1, [box(70)], rate)).track.tolist() == [number]


def test_a_strong_box_chooses_before_a_weak_one_that_lies_closer() -> None:
    seen = numbers(Track(), [(0, [box(0)]), (1, [box(0, 0.4), box(10, 0.9)])])
    assert seen[1] == [-1, 0]


def test_weak_boxes_may_start_a_track() -> None:
    seen = numbers(Track(), [(0, []), (1, [box(0, 0.31)]), (2, [box(0, 0.31)])])
    assert seen == [[], [-1], [0]]


def test_a_lost_object_is_found_where_it_would_have_moved() -> None:
    before = [(n, [box(8.0 * n)]) for n in range(10)]
    gap: list[tuple[int, list[Row]]] = [(n, []) for n in range(10, 20)]
    seen = numbers(Track(), [*before, *gap, (20, [box(160)])])
    assert seen[-1] == [0]


def test_a_lost_object_is_forgotten_after_the_stated_seconds() -> None:
    gap: list[tuple[int, list[Row]]] = [(n, []) for n in range(1, 14)]
    frames = [(0, [box(0)]), *gap, (14, [box(0)]), (15, [box(0)])]
    assert numbers(Track(lost_s=0.5), frames)[-1] == [1]
    assert numbers(Track(lost_s=0.6), frames)[-1] == [0]


def test_after_a_pause_in_the_frames_a_still_object_is_still_itself() -> None:
    frames = [(0, [box(0)]), (1, [box(1)]), (2, [box(1)]), (500, [box(1)])]
    assert numbers(Track(), frames)[-1] == [0]


def test_every_detection_is_passed_on_with_its_own_box() -> None:
    track = Track()
    given = detections(0, [box(0), box(100, 0.3, 0)])
    answer = track(given)
    assert answer.boxes is given.boxes
    assert answer.key == given.key
    assert given.track.tolist() == [-1, -1]


def test_a_tracker_resumed_from_its_state_gives_the_same_numbers() -> None:
    random = np.random.default_rng(3)
    starts = random.uniform(0, 500, 8)
    frames = [
        (n, [box(s + 3 * n + random.normal(), random.uniform(0.3, 1)) for s in starts[: n % 9]])
        for n in range(60)
    ]
    whole, first, second = Track(), Track(), Track()
    expected = numbers(whole, frames)
    head = numbers(first, frames[:31])
    second.state = copy.deepcopy(first.state)
    assert head + numbers(second, frames[31:]) == expected


def test_the_filter_learns_a_constant_velocity() -> None:
    motion = Motion.begin(np.array([[0.0, 0, 20, 40]]))
    row = np.array([0])
    for n in range(1, 40):
        motion = motion.ahead(0.04, lost=np.array([False]))
        motion = motion.seen(row, np.array([[4.0 * n, 0, 20 + 4.0 * n, 40]]))
    assert motion.velocity[0] == pytest.approx([100, 0, 0, 0], abs=1)


def test_the_filter_is_the_matrix_form_that_byte_track_states() -> None:
    """One prediction and update at 30 frames a second against the textbook's 8 x 8 matrices."""
    height, seen = 40.0, np.array([13.0, 21.0, 0.52, 41.0])
    place = np.array([height / 20, height / 20, 1e-2, height / 20])
    speed = np.array([height / 160, height / 160, 1e-5, height / 160])
    mean = np.array([10.0, 20.0, 0.5, height, 0, 0, 0, 0])
    covariance = np.diag(np.concatenate([2 * place, 10 * speed]) ** 2)
    forward, look = np.eye(8), np.eye(4, 8)
    forward[:4, 4:] = np.eye(4)
    covariance = forward @ covariance @ forward.T + np.diag(np.concatenate([place, speed]) ** 2)
    noise = np.diag(np.array([height / 20, height / 20, 1e-1, height / 20]) ** 2)
    gain = covariance @ look.T @ np.linalg.inv(look @ covariance @ look.T + noise)
    mean = mean + gain @ (seen - look @ mean)

    box_of = [[10 - 10, 20 - 20, 10 + 10, 20 + 20], [13 - 10.66, 0.5, 13 + 10.66, 41.5]]
    motion = Motion.begin(np.array(box_of[:1], np.float64)).ahead(1 / 30, lost=np.array([False]))
    motion = motion.seen(np.array([0]), np.array(box_of[1:]))
    assert motion.value[0] == pytest.approx(mean[:4])
    assert motion.velocity[0] / 30 == pytest.approx(mean[4:])
