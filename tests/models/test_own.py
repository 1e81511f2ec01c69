"""What is found out about a user's own model file, and what it then makes of a picture."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.models.made import constant_model, lightness_model

from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.models import loader, variants
from vedette.models.labels import COCO_LABELS, VOC_LABELS
from vedette.models.own import identified, opened, pinned
from vedette.types.media import Detections, Frame, Key
from vedette.types.models import OwnModel

CELLS = 64 + 16 + 4  # of a picture of 64 by 64


def frame(light: int = 0) -> Frame:
    picture = ArrayPicture(np.full((100, 200, 3), light, np.uint8))
    return Frame(Key("a", 0), Fraction(0), picture, (400, 200), (0, 0, 400, 200))


def one_box(labels: int = 3) -> NDArray[np.float32]:
    """YOLOv8's form: label 1, .8 sure, at (16, 8, 32, 24) of the input."""
    output = np.zeros((1, 4 + labels, CELLS), np.float32)
    output[0, :4, 5] = 24, 16, 16, 16
    output[0, 5, 5] = 0.8
    return output


def yolov8_file(path: Path, **more: Any) -> Path:
    return constant_model(path, {"output0": one_box()}, **more)


def detected(model: OwnModel) -> Detections:
    found: list[Detections] = loader((model,))(model.name).detect([frame()], confidence=0.5)
    return found[0]


def test_a_file_alone_says_how_it_is_used(tmp_path: Path) -> None:
    path = yolov8_file(tmp_path / "m.onnx", names="{0: 'person', 1: 'car', 2: 'dog'}")
    found = detected(OwnModel("mine", str(path)))
    assert found.labels == ("person", "car", "dog")
    assert [found.labels[each] for each in found.label] == ["car"]
    # 200 x 100 fills 64 x 32 of the input, and stands for 400 x 200 of the source
    np.testing.assert_allclose(found.boxes, [[100, 50, 200, 150]], rtol=1e-5)


def test_what_is_declared_wins_over_what_the_file_says(tmp_path: Path) -> None:
    path = yolov8_file(tmp_path / "m.onnx", names="{0: 'a', 1: 'b', 2: 'c'}")
    model = OwnModel("mine", str(path), labels=("x", "y", "z"), fit="stretch", range=(0.0, 255.0))
    found = detected(model)
    assert [found.labels[each] for each in found.label] == ["y"]
    np.testing.assert_allclose(found.boxes, [[100, 25, 200, 75]], rtol=1e-5)
    assert opened(model)[1].usage.preparation.range == (0.0, 255.0)


@pytest.mark.parametrize(
    ("outputs", "head", "labels"),
    [
        ({"o": np.zeros((1, CELLS, 85), np.float32)}, "yolox", COCO_LABELS),
        ({"o": np.zeros((1, 3 * CELLS, 85), np.float32)}, "yolov5", COCO_LABELS),
        ({"o": np.zeros((1, 24, CELLS), np.float32)}, "yolov8", VOC_LABELS),
        ({"o": np.zeros((1, 300, 6), np.float32)}, "end2end", COCO_LABELS),
        ({"o": np.zeros((1, 4), np.float32)}, "classifier", ("0", "1", "2", "3")),
        (
            {"p": np.zeros((1, 9, 4), np.float32), "s": np.zeros((1, 9, 80), np.float32)},
            "rtdetr",
            COCO_LABELS,
        ),
    ],
)
def test_the_outputs_tell_the_head_and_how_many_labels(
    outputs: dict[str, NDArray[Any]], head: str, labels: tuple[str, ...], tmp_path: Path
) -> None:
    path = constant_model(tmp_path / "m.onnx", outputs)
    _, looked = opened(OwnModel("mine", str(path), head="rtdetr" if head == "rtdetr" else None))
    assert (looked.usage.head.name, looked.usage.labels) == (head, labels)
    assert looked.assumed_labels


def test_an_input_with_its_channels_last_in_bytes_is_shown_bytes(tmp_path: Path) -> None:
    path = yolov8_file(tmp_path / "m.onnx", shape=(1, 64, 64, 3), dtype=TensorProto.UINT8)
    _, looked = opened(OwnModel("mine", str(path)))
    usage = looked.usage
    assert (usage.layout, usage.dtype, usage.preparation.range) == ("nhwc", "uint8", (0, 255))
    assert len(detected(OwnModel("mine", str(path)))) == 1


def test_a_second_input_for_the_picture_s_size_is_filled(tmp_path: Path) -> None:
    sizes = helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2])
    outputs: dict[str, NDArray[Any]] = {
        "labels": np.array([[2]], np.int64),
        "boxes": np.array([[[16, 8, 32, 24]]], np.float32),
        "scores": np.array([[0.9]], np.float32),
    }
    path = constant_model(tmp_path / "m.onnx", outputs, extra=[sizes])
    found = detected(OwnModel("mine", str(path)))
    assert [found.labels[each] for each in found.label] == ["car"]


def test_a_classifier_judges_pictures(tmp_path: Path) -> None:
    path = lightness_model(tmp_path / "light.onnx")
    model = OwnModel("light", str(path), labels=("dark", "bright"), range=(0.0, 1.0))
    shares = loader((model,))("light").classify([frame(51), frame(204)])
    np.testing.assert_allclose(shares, [[0.8, 0.2], [0.2, 0.8]], atol=1e-5)


def test_a_declared_head_that_does_not_fit_is_told_which_does(tmp_path: Path) -> None:
    path = yolov8_file(tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="try head: yolov8"):
        opened(OwnModel("mine", str(path), head="yolox", labels=("a", "b", "c")))


def test_outputs_of_no_family_are_listed(tmp_path: Path) -> None:
    path = constant_model(tmp_path / "m.onnx", {"depth": np.zeros((1, 1, 16, 16), np.float32)})
    with pytest.raises(ModelError, match=r"outputs depth \(1, 1, 16, 16\)"):
        opened(OwnModel("mine", str(path)))


def test_inputs_that_nobody_knows_are_listed(tmp_path: Path) -> None:
    scale = helper.make_tensor_value_info("scale_factor", TensorProto.FLOAT, [1, 2])
    path = yolov8_file(tmp_path / "m.onnx", extra=[scale])
    with pytest.raises(ModelError, match="scale_factor"):
        opened(OwnModel("mine", str(path)))


def test_a_digest_is_held_to(tmp_path: Path) -> None:
    path = yolov8_file(tmp_path / "m.onnx")
    (held,) = pinned((OwnModel("mine", str(path)),))
    assert held.sha256 is not None
    assert len(detected(held)) == 1
    path.write_bytes(path.read_bytes() + b"\x00")
    with pytest.raises(ModelError, match="as it was declared or planned with"):
        opened(held)


def test_bytes_identify_a_model_wherever_they_lie(tmp_path: Path) -> None:
    one, other = tmp_path / "one.onnx", tmp_path / "other.onnx"
    yolov8_file(one)
    other.write_bytes(one.read_bytes())
    first, second = (identified((OwnModel("mine", str(path)),)) for path in (one, other))
    assert first == second == identified(pinned((OwnModel("mine", str(one)),)))


def test_own_variants_stand_before_the_zoo_s(tmp_path: Path) -> None:
    names = list(variants((OwnModel("mine", "m.onnx", sizes=(640, "416-wide")),)))
    assert names[:4] == ["mine-640", "mine-640-tiled", "mine-416-wide", "mine-416-wide-tiled"]
    assert "yolox-nano-416" in names
