"""What a classifier's answer makes of a crop."""

from fractions import Fraction

import numpy as np
import pytest
from tests.models.fakes import FakeClassifier

from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.ops.classify import classify_image
from vedette.types.media import Crop, Frame, Key

MODEL = FakeClassifier()


def crop(light: int) -> Crop:
    picture = ArrayPicture(np.full((8, 8, 3), light, np.uint8))
    frame = Frame(Key("gate", 0), Fraction(0), picture, (8, 8), (0, 0, 8, 8))
    return Crop(frame, (0, 0, 8, 8), "car", "vehicle", 0.7, 3)


@pytest.mark.parametrize(("light", "label"), [(230, "bright"), (20, "dark"), (120, "car")])
def test_a_crop_has_the_label_that_its_classifier_is_sure_of(light: int, label: str) -> None:
    found = classify_image(crop(light), model=MODEL, threshold=0.6)
    assert (found.label, found.group, found.confidence, found.track) == (label, "vehicle", 0.7, 3)


def test_labels_may_be_merged_under_one_name() -> None:
    found = classify_image(crop(120), model=MODEL, merge={"any": ["dark", "bright"]})
    assert found.label == "any"


def test_what_is_in_no_merged_name_is_never_given() -> None:
    assert classify_image(crop(20), model=MODEL, merge={"white": ["bright"]}).label == "car"


def test_a_label_that_the_classifier_does_not_have_is_named() -> None:
    with pytest.raises(ModelError, match="the label brigth"):
        classify_image(crop(20), model=MODEL, merge={"white": ["brigth"]})
