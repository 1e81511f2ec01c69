"""Pictures of any frames share a batch, and each has the answer that it has alone."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette.image import ArrayPicture
from vedette.models.backend import Arrays
from vedette.models.detector import HeadClassifier, HeadDetector, Usage
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.preparing import Preparation
from vedette.types.media import Frame, Key
from vedette.types.models import Variant

LABELS = ("blue", "green", "red")
USAGE = Usage(labels=LABELS, preparation=Preparation(fit="stretch"), multiple=8)
VARIANT = Variant("colours", "colours", 16, shape="picture")


def frame(number: int, stream: str = "a", size: tuple[int, int] = (16, 8)) -> Frame:
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8)
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    return Frame(Key(stream, number), Fraction(number), ArrayPicture(pixels), size, whole)


def colours(batch: Arrays) -> Arrays:
    means = batch["images"].mean(axis=(2, 3))
    return {"shares": means / means.sum(axis=1, keepdims=True)}


def test_frames_that_do_not_follow_each_other_share_a_batch() -> None:
    frames = [frame(3), frame(17, "b"), frame(18, size=(8, 16)), frame(400), frame(5, "c")]
    alone, together = FakeBackend(colours), FakeBackend(colours)
    one_by_one = HeadClassifier(alone, VARIANT, USAGE).classify(frames)
    batched = HeadClassifier(together, VARIANT, USAGE, rows_at_once=3).classify(frames)
    np.testing.assert_allclose(batched, one_by_one, rtol=1e-6)
    assert [len(batch["images"]) for batch in alone.asked] == [1, 1, 1, 1, 1]
    assert [batch["images"].shape for batch in together.asked] == [
        (3, 3, 8, 16),
        (1, 3, 8, 16),
        (1, 3, 16, 8),
    ]


def test_no_frames_ask_nothing() -> None:
    backend = FakeBackend(colours)
    assert HeadClassifier(backend, VARIANT, USAGE, rows_at_once=3).classify([]).shape == (0, 3)
    assert backend.asked == []


@pytest.mark.model
def test_yolox_nano_sees_in_a_batch_what_it_sees_alone(yolox_nano: Path, bikes: Path) -> None:
    from vedette.media.source import open_source  # noqa: PLC0415
    from vedette.types.graph import Stream  # noqa: PLC0415

    with open_source(Stream("bikes", str(bikes))) as source:
        frames = [each for each in source.frames() if each.key.frame % 40 == 0]
    variant = Variant("yolox-nano-416", "yolox-nano", 416)
    alone = HeadDetector(OnnxBackend(yolox_nano), variant, Usage())
    batched = HeadDetector(
        OnnxBackend(yolox_nano, rows_at_once=3), variant, Usage(), rows_at_once=3
    )
    one = alone.detect(frames, confidence=0.3)
    for _ in range(2):
        for each, other in zip(one, batched.detect(frames, confidence=0.3), strict=True):
            assert each.key == other.key
            np.testing.assert_allclose(each.boxes, other.boxes, rtol=1e-4, atol=1e-2)
            np.testing.assert_array_equal(each.label, other.label)
