"""Batches in one pass: the same answers, or row by row."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tests.models.made import written

from vedette.errors import ModelError
from vedette.models.backend import Arrays
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.together import Together, free_rows


def reshaping(path: Path, target: Sequence[int], *, as_constant: bool = False) -> Path:
    """A model that sums a picture's rows and writes (1, 3, 8) into ``target``."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 8, 8])
    made = helper.make_tensor_value_info("sums", TensorProto.FLOAT, list(target))
    sides = numpy_helper.from_array(np.array(target, np.int64), "sides")
    axes = numpy_helper.from_array(np.array([2], np.int64), "axes")
    nodes = [
        helper.make_node("ReduceSum", ["images", "axes"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "sides"], ["sums"]),
    ]
    if as_constant:
        nodes.insert(0, helper.make_node("Constant", [], ["sides"], value=sides))
    weights = [axes] if as_constant else [axes, sides]
    return written(path, nodes, [picture], [made], weights=weights)


def pictures(rows: int) -> NDArray[Any]:
    values = np.random.default_rng(rows).uniform(0, 255, (rows, 3, 8, 8))
    return values.astype(np.float32)


def answers(backend: OnnxBackend, rows: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(next(iter(backend.submit({"images": rows}).result().values())))


@pytest.mark.parametrize("as_constant", [False, True])
@pytest.mark.parametrize("target", [(1, 24), (1, 4, -1), (-1, 24)])
def test_a_model_that_fixes_one_picture_takes_several(
    tmp_path: Path, target: tuple[int, ...], as_constant: bool
) -> None:
    path = reshaping(tmp_path / "model.onnx", target, as_constant=as_constant)
    alone, together = OnnxBackend(path), OnnxBackend(path, rows_at_once=4)
    for rows in (1, 2, 3, 9):
        batch = pictures(rows)
        np.testing.assert_allclose(answers(together, batch), answers(alone, batch), rtol=1e-5)
    assert together.together.is_proved


def test_a_model_that_takes_no_batch_runs_one_by_one_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = reshaping(tmp_path / "model.onnx", (24, 1))
    backend, batch = OnnxBackend(path, rows_at_once=4), pictures(2)
    with caplog.at_level(logging.INFO):
        answer = answers(backend, batch)
    np.testing.assert_allclose(answer.ravel(), batch.sum(axis=2).ravel(), rtol=1e-5)
    assert backend.together.is_proved is False
    assert "it takes no batch" in caplog.text
    assert capfd.readouterr().err == ""


def test_a_model_that_mixes_its_rows_keeps_running_one_by_one() -> None:
    mixing = Together(lambda rows: rows, lambda: lambda rows: {"x": rows["x"][::-1]}, 4, "m")
    batch = {"x": np.arange(4.0).reshape(2, 2)}
    for _ in range(2):
        np.testing.assert_array_equal(mixing(batch)["x"], batch["x"])
    assert mixing.is_proved is False


def test_a_model_that_cannot_be_opened_for_batches_runs_one_by_one() -> None:
    def no() -> Any:
        raise ModelError

    batch = {"x": np.arange(4.0).reshape(2, 2)}
    assert np.array_equal(Together(lambda rows: rows, no, 4, "m")(batch)["x"], batch["x"])


def test_equal_pictures_prove_nothing() -> None:
    model = Together(lambda rows: rows, lambda: lambda rows: rows, 4, "m")
    model({"x": np.ones((2, 2))})
    assert model.is_proved is None


@given(st.integers(1, 20), st.integers(1, 6))
def test_no_pass_is_of_more_rows_than_allowed(count: int, most: int) -> None:
    passes: list[int] = []

    def run(rows: Arrays) -> Arrays:
        passes.append(len(rows["x"]))
        return rows

    model = Together(run, lambda: run, most, "m")
    model({"x": np.arange(2.0)})
    passes.clear()
    np.testing.assert_array_equal(model({"x": np.arange(count)})["x"], np.arange(count))
    assert sum(passes) == count
    assert max(passes) <= most
    assert len(passes) == -(-count // most)


def test_weights_that_are_reshaped_stay_as_they_are(tmp_path: Path) -> None:
    path = reshaping(tmp_path / "model.onnx", (1, 24))
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.ones(24, np.float32), "flat"))
    model.graph.node.append(helper.make_node("Reshape", ["flat", "sides"], ["weights"]))
    free_rows(model)
    first, second = (node for node in model.graph.node if node.op_type == "Reshape")
    assert (first.input[1], second.input[1]) == ("sums/rows", "sides")


@pytest.mark.model
def test_yolox_nano_answers_each_picture_of_a_batch_as_alone(yolox_nano: Path) -> None:
    rng = np.random.default_rng(3)
    batch = {"images": rng.uniform(0, 255, (3, 3, 96, 128)).astype(np.float32)}
    alone, together = OnnxBackend(yolox_nano), OnnxBackend(yolox_nano, rows_at_once=3)
    for _ in range(2):  # the first proves, the second relies on it
        (one,), (other,) = (
            tuple(each.submit(batch).result().values()) for each in (alone, together)
        )
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-3)
    assert together.together.is_proved
