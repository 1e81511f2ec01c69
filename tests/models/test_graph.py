"""Files that are no model, or one that nobody should run."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.models.made import constant_model, written

from vedette.errors import ModelError
from vedette.models.graph import graph_of, read_model
from vedette.models.onnx_backend import OnnxBackend


def picture(path: Path) -> Path:
    return constant_model(path, {"shares": np.zeros((1, 2), np.float32)})


def test_a_file_says_what_it_takes_and_gives(tmp_path: Path) -> None:
    path = constant_model(
        tmp_path / "m.onnx",
        {"shares": np.zeros((1, 2), np.float32)},
        shape=("batch", 3, "height", 64),
        names="{0: 'cat', 1: 'dog'}",
    )
    graph = graph_of(read_model(path))
    assert str(graph.inputs[0]) == "picture: float32 (batch, 3, height, 64)"
    assert (graph.opset, graph.labels, graph.unknown) == (13, ("cat", "dog"), ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04rest", "a zip archive, as PyTorch writes them"),
        (b"\x80\x02}q\x00.", "a pickle, which could run any code"),
        (b"\x1c\x00\x00\x00TFL3rest", "a TensorFlow Lite model"),
        (b"version: 1\n", "no ONNX model"),
    ],
)
def test_another_format_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path) -> None:
    path = constant_model(tmp_path / "m.onnx", {"x": np.ones((1, 5000), np.float32)})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError):
        read_model(path)


@pytest.mark.parametrize("location", ["../../secret", "/etc/passwd", "weights.bin"])
def test_weights_in_other_files_are_never_followed(location: str, tmp_path: Path) -> None:
    path = picture(tmp_path / "m.onnx")
    model = onnx.load(path)
    weights = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    model.graph.initializer.append(weights)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="weights in another file"):
        read_model(path)


def test_sparse_weights_in_other_files_are_not_followed_either(tmp_path: Path) -> None:
    values = TensorProto(name="v", data_type=TensorProto.FLOAT, dims=[1])
    values.data_location = TensorProto.EXTERNAL
    values.external_data.add(key="location", value="../secret")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    sparse = helper.make_sparse_tensor(values, indices, [4])
    node = helper.make_node("Constant", [], ["made"], sparse_value=sparse)
    sized = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 64, 64])
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, [4])
    with pytest.raises(ModelError, match="weights in another file"):
        read_model(written(tmp_path / "m.onnx", [node], [sized], [made]))


def test_a_tensor_that_no_machine_holds_is_refused(tmp_path: Path) -> None:
    huge = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    node = helper.make_node("ConstantOfShape", ["shape"], ["made"])
    sized = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 64, 64])
    made = helper.make_tensor_value_info("made", TensorProto.FLOAT, [None, None])
    path = written(tmp_path / "m.onnx", [node], [sized], [made], weights=[huge])
    with pytest.raises(ModelError, match=r"4,096.0 GB"):
        read_model(path)


def test_an_initializer_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    path = picture(tmp_path / "m.onnx")
    model = onnx.load(path)
    model.graph.initializer.append(TensorProto(name="w", data_type=1, dims=[1 << 40]))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="tensor 'w'"):
        read_model(path)


def test_operators_that_nobody_knows_are_named(tmp_path: Path) -> None:
    node = helper.make_node("MagicNms", ["picture"], ["found"])
    sized = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 64, 64])
    made = helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, 6])
    path = written(tmp_path / "m.onnx", [node], [sized], [made])
    assert graph_of(read_model(path)).unknown == ("MagicNms",)
    with pytest.raises(ModelError, match="it does not know MagicNms"):
        OnnxBackend(path, input="picture")
