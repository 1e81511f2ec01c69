"""What every backend promises, held by the fake, by ONNX Runtime and by servers."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.models.endpoints import ScriptedEndpoint
from tests.models.fakes import FakeBackend, FakeDetector

from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.models.backend import Arrays, Backend
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend
from vedette.types.media import Frame, Key

Maker = Callable[[Path], Backend]


def channel_means(batch: Arrays) -> Arrays:
    if "images" not in batch:
        raise ModelError
    return {"means": batch["images"].mean(axis=(2, 3), keepdims=True)}


def means_model(path: Path, name: str = "images", axes: int = 4, opset: int = 13) -> Path:
    """A model whose output is each channel's mean, exported for pictures of 8 by 8."""
    shape = [1, 3, 8, 8][:axes]
    picture = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    means = helper.make_tensor_value_info("means", TensorProto.FLOAT, [1, 3, 1, 1][:axes])
    node = helper.make_node("GlobalAveragePool", [name], ["means"])
    graph = helper.make_graph([node], "means", [picture], [means])
    opsets = [helper.make_opsetid("", opset)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    )
    return path


def remote(_: Path) -> Backend:
    return RemoteBackend(
        Remote("means", ("http://a", "http://b")),
        connect=lambda address, _: ScriptedEndpoint(address, channel_means),
    )


@pytest.fixture(params=["fake", "onnx", "remote"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    makers: dict[str, Maker] = {
        "fake": lambda _: FakeBackend(channel_means),
        "onnx": lambda folder: OnnxBackend(means_model(folder / "means.onnx")),
        "remote": remote,
    }
    return makers[request.param](tmp_path)


def pictures(rows: int, height: int = 8, width: int = 8) -> Arrays:
    rng = np.random.default_rng(rows)
    return {"images": rng.uniform(0, 255, (rows, 3, height, width)).astype(np.float32)}


@pytest.mark.parametrize("batch", [pictures(1), pictures(3), pictures(2, 32, 64)])
def test_each_row_is_answered_by_itself(backend: Backend, batch: Arrays) -> None:
    answer = backend.submit(batch).result()
    np.testing.assert_allclose(answer["means"], channel_means(batch)["means"], rtol=1e-4)


def test_a_batch_stays_as_it_was(backend: Backend) -> None:
    batch = pictures(2)
    before = batch["images"].copy()
    batch["images"].flags.writeable = False
    backend.submit(batch).result()
    np.testing.assert_array_equal(batch["images"], before)


def test_a_batch_that_does_not_fit_fails_its_own_future_only(backend: Backend) -> None:
    future = backend.submit({"sounds": np.zeros((1, 3, 8, 8), np.float32)})
    assert isinstance(future.exception(), ModelError)
    assert backend.submit(pictures(1)).result()["means"].shape == (1, 3, 1, 1)


def test_threads_share_a_backend(backend: Backend) -> None:
    batches = [pictures(1 + i % 3, 8 + 8 * (i % 4)) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda batch: backend.submit(batch).result(), batches))
    for batch, answer in zip(batches, answers, strict=True):
        np.testing.assert_allclose(answer["means"], channel_means(batch)["means"], rtol=1e-4)


def test_the_wrong_type_of_pixels_is_explained(tmp_path: Path) -> None:
    backend = OnnxBackend(means_model(tmp_path / "means.onnx"))
    future = backend.submit({"images": np.zeros((1, 3, 8, 8), np.uint8)})
    with pytest.raises(ModelError, match="found uint8 of shape"):
        future.result()


def damaged(path: Path) -> Path:
    whole = means_model(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path, "found No such file"),
        (lambda path: written(path, b""), "found an empty file"),
        (lambda path: written(path, b"<html>404</html>"), "no ONNX model"),
        (damaged, "no ONNX model"),
        (lambda path: means_model(path, name="sound"), "found inputs sound"),
        (lambda path: means_model(path, axes=3), "found images with 3 axes"),
        (lambda path: means_model(path, opset=999), "ONNX"),
        (lambda path: path.parent, "found Is a directory"),
    ],
)
def test_a_file_that_is_no_such_model_is_explained(
    make: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        OnnxBackend(make(tmp_path / "model.onnx"))
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert problem.expected
    assert problem.hint


def test_every_half_of_a_model_file_is_refused_or_runs(tmp_path: Path) -> None:
    path = means_model(tmp_path / "model.onnx")
    whole = path.read_bytes()
    outcomes = {outcome(written(path, whole[:length])) for length in range(len(whole))}
    assert outcomes <= {"ModelError", "opened"}
    assert "ModelError" in outcomes


def outcome(path: Path) -> str:
    try:
        OnnxBackend(path)
    except ModelError as error:
        return type(error).__name__
    return "opened"


def test_a_provider_that_is_not_here_falls_back_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = means_model(tmp_path / "means.onnx")
    with caplog.at_level(logging.WARNING):
        backend = OnnxBackend(path, provider="openvino")
    assert backend.provider == "cpu"
    assert "provider openvino is not available" in caplog.text
    with pytest.raises(ModelError, match="the provider abacus"):
        OnnxBackend(path, provider="abacus")


def test_the_file_on_disk_is_only_read(tmp_path: Path) -> None:
    path = means_model(tmp_path / "means.onnx")
    before = path.read_bytes()
    OnnxBackend(path)
    assert path.read_bytes() == before
    assert onnx.load(path).graph.input[0].type.tensor_type.shape.dim[2].dim_value == 8


def test_a_scripted_detector_keeps_the_contract() -> None:
    picture = ArrayPicture(np.zeros((9, 16, 3), np.uint8))
    frame = Frame(Key("a", 3), Fraction(1), picture, (16, 9), (0.0, 0.0, 16.0, 9.0))
    script = {
        3: [("car", 0.4, (0, 0, 4, 4)), ("bus", 0.9, (1, 1, 5, 5)), ("cat", 0.1, (0, 0, 1, 1))]
    }
    (found,) = FakeDetector(script).detect([frame], confidence=0.3)
    assert [found.labels[label] for label in found.label] == ["bus", "car"]
    assert found.groups == found.labels
    assert found.boxes.tolist() == [[1, 1, 5, 5], [0, 0, 4, 4]]
    assert found.track.tolist() == [-1, -1]
