"""YOLOX on real frames, and where its boxes land."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette import models
from vedette.errors import ModelError
from vedette.image import ArrayPicture, cut
from vedette.models.backend import Arrays
from vedette.models.detector import HeadDetector, Usage, input_size
from vedette.models.heads import cells
from vedette.models.zoo import variant, variants
from vedette.types.media import Detections, Frame, Key

SINGLE_PASS = [name for name, each in variants().items() if not each.expansion]


@pytest.fixture(scope="module")
def street(bikes: Path) -> Frame:
    """A street with a white car at its left edge, seven frames after it came in."""
    with av.open(str(bikes)) as container:
        frames = list(container.decode(video=0))
    picture = ArrayPicture(np.asarray(frames[160].to_ndarray(format="bgr24"), np.uint8))
    return Frame(Key("bikes", 160), Fraction(160, 25), picture, (640, 272), (0, 0, 640, 272))


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.prod(np.clip(high - low, 0, None))
    return float(shared / (np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared))


def cars(found: Detections) -> list[np.ndarray]:
    is_car = found.label == found.labels.index("car")
    return list(found.boxes[is_car])


def detected(name: str, frame: Frame) -> Detections:
    return models.load_detector(name).detect([frame], confidence=0.3)[0]


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_it_finds_the_cars_of_a_real_street(street: Frame) -> None:
    found = detected("yolox-nano-416", street)
    assert found.key == street.key
    expected = [[0, 96, 156, 174], [522, 102, 603, 163], [291, 103, 410, 179]]
    np.testing.assert_allclose(cars(found), expected, atol=3)
    assert found.confidence.tolist() == sorted(found.confidence.tolist(), reverse=True)
    assert found.confidence[0] == pytest.approx(0.80, abs=0.03)


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
@pytest.mark.parametrize("name", SINGLE_PASS)
def test_every_variant_finds_the_white_car_in_the_same_place(name: str, street: Frame) -> None:
    white = np.array([0, 96, 160, 175])
    assert max(overlap(box, white) for box in cars(detected(name, street))) > 0.7


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
@pytest.mark.parametrize("size", [320, 416, 512, 640])
def test_the_picture_s_shape_gives_the_boxes_of_the_square(size: int, street: Frame) -> None:
    square, wide = (detected(f"yolox-nano-{size}{shape}", street) for shape in ("", "-wide"))
    for one, other in zip(cars(square)[:3], cars(wide)[:3], strict=True):
        assert overlap(one, other) > 0.9


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_a_part_of_a_frame_gives_boxes_in_source_pixels(street: Frame) -> None:
    part = cut(street, (256, 0, 640, 200))
    boxes = cars(detected("yolox-nano-416", part))
    assert max(overlap(box, np.array([291, 103, 410, 179])) for box in boxes) > 0.7
    assert min(box[0] for box in boxes) >= 256


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_steps_and_streams_share_one_detector_and_its_numbers() -> None:
    assert models.load_detector("yolox-nano-416") is models.load_detector("yolox-nano-416")


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_the_reference_call_can_be_repeated() -> None:
    call = models.reference_call()
    call()
    call()


def test_boxes_are_placed_by_region_and_end_at_its_edge() -> None:
    asked: list[tuple[int, ...]] = []

    def answer(batch: Arrays) -> Arrays:
        asked.append(batch["images"].shape)
        output = np.zeros((1, cells(416, 416), 85), np.float32)
        output[0, 0, :5] = [2, 2, np.log(2), np.log(8), 1]  # 16 x 64 about (16, 16)
        output[0, 0, 5] = 0.5
        return {"output": output}

    detector = HeadDetector(FakeBackend(answer), variant("yolox-nano-416"), Usage())
    picture = ArrayPicture(np.zeros((104, 208, 3), np.uint8))  # enlarged twice
    frame = Frame(Key("a", 0), Fraction(0), picture, (1000, 500), (100.0, 50.0, 308.0, 154.0))
    (found,) = detector.detect([frame], confidence=0.3)
    assert asked == [(1, 3, 416, 416)]
    assert found.boxes.tolist() == [[104.0, 50.0, 112.0, 74.0]]
    assert found.size == (1000, 500)


@pytest.mark.parametrize(
    ("name", "picture", "expected"),
    [
        ("yolox-nano-416", (640, 272), (416, 416)),
        ("yolox-nano-416-wide", (640, 272), (416, 192)),
        ("yolox-nano-416-wide", (960, 540), (416, 256)),
        ("yolox-nano-416-wide", (540, 960), (256, 416)),
        ("yolox-nano-256-wide", (4000, 10), (256, 32)),
        ("yolox-nano-640-wide", (640, 640), (640, 640)),
    ],
)
def test_a_wide_input_is_as_high_as_the_picture_needs(
    name: str, picture: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert input_size(variant(name), *picture, 32) == expected


def test_a_variant_of_several_steps_is_no_detector() -> None:
    with pytest.raises(ModelError, match="its inner step runs: yolox-nano-416"):
        models.load_detector("yolox-nano-416-tiled")


def test_importing_models_loads_no_runtime() -> None:
    check = "import sys, vedette.models as m; m.variants(); print('onnxruntime' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.check_output([sys.executable, "-c", check], env=environment, text=True)
    assert said.strip() == "False"
