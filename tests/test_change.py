"""A change of the light is told apart from what moves, also where both come at once."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vedette.change import (
    Change,
    background_of,
    by_block,
    changes_by_age,
    learn_block_weights,
    learn_change,
    overall,
    residual,
)
from vedette.errors import InputError
from vedette.types.media import Pixels

WHOLE = (0.0, 0.0, 100.0, 100.0)
NOISE = 0.02


def shown(scene: NDArray[Any], seed: int = 0) -> Pixels:
    """As a camera shows it: with noise, in whole grey levels."""
    noise = np.random.default_rng(seed).normal(0, 1.5, scene.shape)
    return np.clip(np.round(scene + noise), 0, 255).astype(np.uint8)


def street(seed: int = 1) -> NDArray[np.float32]:
    rough = np.random.default_rng(seed).normal(110, 30, (8, 8)).astype(np.float32)
    return np.asarray(cv2.resize(rough, (50, 50), interpolation=cv2.INTER_CUBIC))


def with_car(scene: NDArray[Any], side: int, at: int = 20) -> NDArray[Any]:
    changed = scene.copy()
    changed[at : at + side, at : at + side] += 60
    return changed


def moved(before: Pixels, now: Pixels) -> float:
    return float(overall(residual(before, now)))


def test_what_did_not_change_but_for_noise_is_small() -> None:
    assert moved(shown(street()), shown(street(), 2)) < NOISE


@pytest.mark.parametrize(("gain", "offset"), [(1, 25), (1, -25), (0.6, 0), (1.4, 0), (0.7, 60)])
def test_a_switched_light_is_no_change(gain: float, offset: float) -> None:
    before, now = shown(street()), shown(gain * street() + offset, 2)
    assert float(np.abs(now.astype(float) - before).mean()) > 20
    assert moved(before, now) < NOISE


@pytest.mark.parametrize("side", [7, 12, 25])
@pytest.mark.parametrize(("gain", "offset"), [(1, 25), (1, -25), (0.6, 0), (1.4, 0), (0.35, 10)])
def test_what_comes_as_the_light_switches_is_seen(gain: float, offset: float, side: int) -> None:
    before = shown(street())
    alone = moved(before, shown(with_car(street(), side), 2))
    together = moved(before, shown(gain * with_car(street(), side) + offset, 2))
    assert together > 0.9 * alone
    assert together > NOISE


@pytest.mark.parametrize("level", [40, 110, 180])
def test_a_truck_that_fills_the_zone_is_no_change_of_light(level: int) -> None:
    truck = shown(np.full((50, 50), level), 2)
    assert moved(shown(street()), truck) > 0.08


def test_another_scene_is_no_change_of_light() -> None:
    assert moved(shown(street()), shown(street(5), 2)) > 0.08


def test_a_plain_zone_that_darkens_counts_as_changed() -> None:
    plain = np.full((50, 50), 100.0)
    assert moved(shown(plain), shown(0.6 * plain, 2)) > 0.1


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**16), st.floats(0.1, 8), st.integers(-255, 255))
def test_taking_out_the_light_never_makes_the_change_larger_nor_invalid(
    seed: int, gain: float, offset: int
) -> None:
    before, now = shown(street(seed), seed), shown(gain * street(seed) + offset, seed + 1)
    plain = float(np.sqrt(np.mean(np.square((now.astype(float) - before) / 255))))
    assert 0 <= moved(before, now) <= plain + 1e-6


def test_many_at_once_are_as_one_by_one() -> None:
    scenes = [street(), with_car(street(), 9), 0.6 * street(), with_car(1.3 * street(), 15)]
    frames = np.stack([shown(each, n) for n, each in enumerate(scenes)])
    alone = [residual(frames[0], each) for each in frames]
    np.testing.assert_allclose(residual(frames[0], frames), np.stack(alone), atol=1e-5)
    change = Change(WHOLE, frames[0], np.linspace(0, 2, 25), -1.0)
    table = changes_by_age(change, "blocks", frames, 3)
    assert table[3, 1] == pytest.approx(change.of("blocks", frames[3], frames[1]), abs=1e-6)
    assert np.isinf(table[0]).all()
    assert changes_by_age(change, "background", frames, 3).tolist() == pytest.approx(
        [change.of("background", each, each) for each in frames]
    )


@pytest.mark.parametrize("method", ["last", "background"])
def test_saving_time_changes_no_decision(method: str) -> None:
    scenes = [street(), with_car(street(), 9), 0.6 * street(), 1.3 * with_car(street(), 5)]
    frames = np.stack([shown(each, n) for n, each in enumerate(scenes)])
    change = Change(WHOLE, frames[0])
    for enough in (0.01, 0.03, 0.1, 0.2):
        saved = [change.of(method, each, frames[0], enough=enough) < enough for each in frames]
        assert saved == [change.of(method, each, frames[0]) < enough for each in frames]


def test_blocks_are_counted_row_by_row() -> None:
    change = np.zeros((2, 50, 50), np.float32)
    change[1, 45:, 5:10] = 1.0
    assert np.flatnonzero(by_block(change, 10)[1]).tolist() == [91]
    assert not by_block(change, 10)[0].any()


def test_the_background_has_nothing_of_what_passed_by() -> None:
    passing = np.stack([shown(with_car(street(), 10, 4 * n), n) for n in range(10)])
    assert moved(background_of(passing), shown(street(), 99)) < NOISE


def test_a_background_needs_a_frame() -> None:
    with pytest.raises(InputError, match="no frame of the empty zone"):
        background_of(np.zeros((0, 50, 50), np.uint8))


def test_weights_find_the_block_that_decides() -> None:
    random = np.random.default_rng(0)
    changes = random.uniform(0, 0.2, (400, 25))
    labels = changes[:, 7] > 0.1
    weights, bias = learn_block_weights(changes, labels)
    assert int(np.argmax(weights)) == 7
    assert (weights >= 0).all()
    assert ((changes @ weights + bias > 0) == labels).mean() > 0.95


def test_weights_are_where_the_loss_has_no_slope() -> None:
    random = np.random.default_rng(3)
    changes = random.uniform(0, 1, (60, 1))
    labels = random.uniform(0, 1, 60) < changes[:, 0]
    weight, bias = learn_block_weights(changes, labels, l2=0.5)

    def loss(weight: float, bias: float) -> float:
        margin = np.where(labels, 1, -1) * (changes[:, 0] * weight + bias)
        share = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
        scaled = weight * changes.mean()
        return float(share @ np.logaddexp(0, -margin) + 0.25 / 60 * scaled**2)

    best = loss(float(weight[0]), bias)
    around = [(1e-2, 0), (-1e-2, 0), (0, 1e-2), (0, -1e-2)]
    assert all(loss(float(weight[0]) + one, bias + other) >= best for one, other in around)


@pytest.mark.parametrize("label", [False, True])
def test_weights_need_both_kinds_of_pairs(label: bool) -> None:
    with pytest.raises(InputError, match=f"{3 * label} of 3 pairs"):
        learn_block_weights(np.ones((3, 4)), np.full(3, label))


def test_a_corner_that_is_never_asked_about_stops_counting() -> None:
    """A flag waves in one corner all the time; cars pass in another and alone are asked for."""
    scenes, answers = [], []
    for number in range(120):
        scene = street()
        scene[:10, :10] += 50 * (number % 2)
        is_there = number // 20 % 2 == 1
        scene[30:40, 30:40] += 40 * is_there
        scenes.append(shown(scene, number))
        answers.append(is_there)
    frames = np.stack(scenes)
    change = learn_change(WHOLE, frames, np.array(answers), ages=(1, 5, 20))
    waving, parked = (
        change.of("blocks", frames[1], frames[0]),
        change.of("blocks", frames[20], frames[0]),
    )
    assert waving < 0.5 < parked
    assert change.of("last", frames[1], frames[0]) > change.of("last", frames[20], frames[0])


def test_what_cannot_be_learned_is_left_out() -> None:
    frames = np.stack([shown(street(), n) for n in range(5)])
    always = learn_change(WHOLE, frames, np.ones(5, bool))
    assert always.background is None
    assert always.weights is None
    with pytest.raises(InputError, match="background"):
        always.of("background", frames[0], frames[1])
    never = learn_change(WHOLE, frames, np.zeros(5, bool))
    assert never.background is not None
    with pytest.raises(InputError, match="weights"):
        never.of("blocks", frames[0], frames[1])
