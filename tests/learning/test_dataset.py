"""Samples: what fits together, what is refused, and where the pixels come from."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.learning.made import street

from vedette import image
from vedette.errors import InfeasibleError, InputError, MediaError
from vedette.learning.dataset import collected, ensure_trainable
from vedette.types.media import Frame, Key


def frames(count: int) -> list[Frame]:
    pixels = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3) % 251
    picture = image.ArrayPicture(pixels.astype(np.uint8))
    return [
        Frame(Key("a", 10 + i), Fraction(i), picture, (60, 40), (0.0, 0.0, 60.0, 40.0))
        for i in range(count)
    ]


def test_samples_are_patches_with_frame_numbers() -> None:
    region = (10.0, 5.0, 50.0, 35.0)
    samples = collected(frames(3), region, [True, False, True])
    assert samples.frames.tolist() == [10, 11, 12]
    assert samples.labels.tolist() == [True, False, True]
    np.testing.assert_array_equal(samples.pixels[1], image.patch(frames(1)[0], region))


@pytest.mark.parametrize("labels", [1, 3])
def test_frames_and_labels_are_as_many(labels: int) -> None:
    with pytest.raises(InputError, match=rf"2 frames and {labels} labels"):
        collected(frames(2), (0, 0, 60, 40), [True] * labels)


def test_a_region_outside_the_picture_is_told() -> None:
    with pytest.raises(MediaError, match="outside the picture"):
        collected(frames(1), (100, 0, 120, 40), [True])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixels": np.full((240, 50, 50, 3), np.nan)}, "NaN"),
        ({"pixels": np.zeros((240, 50, 50, 3), np.float32)}, "expected uint8"),
        ({"pixels": np.zeros((240, 3, 50, 50), np.uint8)}, r"shape \(240, 3, 50, 50\)"),
        ({"labels": np.zeros(240)}, "labels of float64"),
        ({"blocks": np.zeros(239, np.int32)}, r"blocks of int32 and shape \(239,\)"),
        ({"frames": np.zeros(240, np.int64)}, "do not grow"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(street(), **changes)


def test_frame_numbers_may_start_anew_in_another_block() -> None:
    samples = street(4, run=2)
    parts = replace(samples, frames=np.array([5, 6, 0, 1]), blocks=np.array([0, 0, 1, 1], np.int32))
    assert parts.at(np.array([1, 2])).frames.tolist() == [6, 0]


def test_the_digest_tells_samples_apart_by_any_of_their_parts() -> None:
    samples = street(40)
    others = [
        street(40, seed=1),
        replace(samples, labels=~samples.labels),
        replace(samples, frames=samples.frames + 1),
        replace(samples, blocks=samples.blocks + 1),
    ]
    assert len({each.digest() for each in (samples, street(40), *others)}) == 5


@pytest.mark.parametrize("yes", [0, 3, 40])
def test_too_few_of_either_answer_train_nothing(yes: int) -> None:
    labels = np.arange(40) < yes
    with pytest.raises(InfeasibleError, match=f"{yes} yes and {40 - yes} no among the samples"):
        ensure_trainable(labels)
