"""The track of payloads: what is counted, and what is held against what."""

from fractions import Fraction

import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette.bench import Setting
from vedette.bench.payloads import INPUTS, Travelling, agreement, figures, run
from vedette.image import ArrayPicture
from vedette.models.backend import detections
from vedette.models.payload import TENSORS
from vedette.types.media import Detections, Frame, Key, Region

LABELS = ("car", "bus")


def seen(*rows: tuple[Region, int]) -> Detections:
    picture = ArrayPicture(np.zeros((9, 16, 3), np.uint8))
    frame = Frame(Key("a", 0), Fraction(0), picture, (16, 9), (0.0, 0.0, 16.0, 9.0))
    return detections(
        frame,
        boxes=np.array([box for box, _ in rows], np.float32).reshape(-1, 4),
        confidence=np.ones(len(rows), np.float32),
        label=np.array([label for _, label in rows], np.int32),
        labels=LABELS,
    )


def test_boxes_agree_that_overlap_by_half_and_have_one_label() -> None:
    whole = seen(((0, 0, 8, 8), 0), ((8, 0, 16, 8), 1))
    near = seen(((0, 0, 8, 7), 0), ((8, 0, 16, 8), 0))
    assert agreement([whole], [whole]) == 1
    assert agreement([whole], [near]) == pytest.approx(2 * 1 / 4)
    assert agreement([whole], [seen()]) == 0
    assert agreement([seen()], [seen()]) == 1


def test_what_travels_is_counted_and_comes_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16)).astype(np.float32)
    backend = FakeBackend(lambda batch: {"means": batch["x"].mean(axis=(2, 3))})
    way = Travelling(backend, inputs=TENSORS["int8"], outputs=TENSORS["fp16"])
    answer = way.submit({"x": pixels}).result()
    np.testing.assert_allclose(answer["means"], pixels.mean(axis=(2, 3)), rtol=1e-3)
    assert (way.rows, way.input_bytes, way.output_bytes) == (2, pixels.size, 2 * 6)
    assert figures(way, "input")["KB"] == pixels.size / 2 / 1000
    assert min(way.coding_s) >= 0


def test_without_clips_nothing_is_claimed() -> None:
    result = run(Setting())
    assert [row["what"] for row in result.rows] == ["not run"] * 4
    assert all(claim.value is None for claim in result.claims)


@pytest.mark.parametrize("name", INPUTS)
def test_every_coding_of_inputs_holds_a_model_s_input(name: str) -> None:
    pixels = np.full((2, 3, 32, 32), 114, np.float32)
    backend = FakeBackend(lambda batch: {"x": batch["x"]})
    way = Travelling(backend, inputs=INPUTS[name])
    answer = way.submit({"x": pixels}).result()["x"]
    np.testing.assert_allclose(answer, pixels, atol=8)
    assert 0 < way.input_bytes < pixels.nbytes
