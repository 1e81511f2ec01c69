"""What may stand behind ``vedette serve``."""

from pathlib import Path

import onnx
import pytest
from tests.serve.running import BATCHING, doubling

from vedette.errors import ModelError
from vedette.models.onnx_backend import OnnxRows
from vedette.serve.opening import openers, told


@pytest.mark.parametrize(
    "text", ["../x=yolox-nano-416", "a b=yolox-nano-416", "x:0=yolox-nano-416"]
)
def test_a_name_that_could_not_stand_in_an_address_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="part of an address"):
        told(text)


def test_what_is_neither_a_variant_nor_a_file_is_told_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="yolox-nano-416"):
        told("yolox-nano-461")
    with pytest.raises(ModelError, match="no such file"):
        told("missing.onnx")


def test_two_of_one_name_and_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").touch()
    twice = [told(f"{tmp_path}/x.onnx")] * 2
    with pytest.raises(ModelError, match="two models x of version 1"):
        openers(twice, batching=BATCHING, threads=1)


def test_versions_are_in_the_order_of_their_numbers() -> None:
    found = [told(f"x:{version}=yolox-nano-416") for version in (10, 9)]
    assert list(openers(found, batching=BATCHING, threads=1)) == [("x", "9"), ("x", "10")]


def test_a_file_for_one_row_says_that_more_are_computed_one_by_one(tmp_path: Path) -> None:
    path = doubling(tmp_path / "any.onnx")
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    assert OnnxRows(path).rows_at_once is None
    assert OnnxRows(tmp_path / "one.onnx").rows_at_once == 1
