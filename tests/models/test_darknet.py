"""Darknet's two files as one ONNX model, against a convolution written as loops."""

import struct
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from vedette.errors import ModelError
from vedette.models.darknet import convert

CONFIGURATION = """\
[net]
width=32
height=32
channels=3

# one convolution with, one without normalisation
[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=1

[upsample]
stride=2

[route]
layers = -1

[convolutional]
size=1
stride=1
pad=1
filters=21
activation=linear

[yolo]
mask = 1,2,3
anchors = 10,14,  23,27,  37,58,  81,82
classes=2
"""
COUNT = 4 * 4 + 4 * 3 * 9 + 21 + 21 * 4


def files(folder: Path, count: int = COUNT) -> tuple[Path, Path, NDArray[np.float32]]:
    values = np.random.default_rng(5).uniform(0.1, 1, count).astype(np.float32)
    configuration, weights = folder / "net.cfg", folder / "net.weights"
    configuration.write_text(CONFIGURATION)
    weights.write_bytes(struct.pack("<iiiq", 0, 2, 0, 0) + values.tobytes())
    return configuration, weights, values


def by_loops(values: NDArray[np.float32], picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """The same network, an output pixel at a time."""
    bias, gain, mean, variance = values[:16].reshape(4, 4).astype(float)
    kernel = values[16:124].reshape(4, 3, 3, 3).astype(float)
    padded = np.pad(picture[0].astype(float), ((0, 0), (1, 1), (1, 1)))
    first = np.zeros((4, 16, 16))
    for channel, line, column in np.ndindex(4, 16, 16):
        seen = padded[:, 2 * line : 2 * line + 3, 2 * column : 2 * column + 3]
        raw = (seen * kernel[channel]).sum()
        normal = (raw - mean[channel]) / np.sqrt(variance[channel]) * gain[channel] + bias[channel]
        first[channel, line, column] = normal if normal > 0 else 0.1 * normal
    pooled = np.zeros_like(first)
    for channel, line, column in np.ndindex(4, 16, 16):
        pooled[channel, line, column] = first[channel, line : line + 2, column : column + 2].max()
    large = pooled.repeat(2, axis=1).repeat(2, axis=2)
    last_bias, last = values[124:145].astype(float), values[145:].reshape(21, 4).astype(float)
    return np.asarray(np.einsum("of,fyx->oyx", last, large) + last_bias[:, None, None])


def test_a_network_computes_what_its_files_say(tmp_path: Path) -> None:
    configuration, weights, values = files(tmp_path)
    convert(configuration, weights, tmp_path / "net.onnx")
    picture = np.random.default_rng(6).uniform(-1, 1, (1, 3, 32, 32)).astype(np.float32)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (output,) = session.run(None, {"images": picture})
    np.testing.assert_allclose(output[0], by_loops(values, picture), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("count", "said"), [(COUNT - 1, "fewer than its configuration has"), (COUNT + 2, "2 weights")]
)
def test_files_that_do_not_belong_together_are_told(count: int, said: str, tmp_path: Path) -> None:
    configuration, weights, _ = files(tmp_path, count)
    with pytest.raises(ModelError, match=said):
        convert(configuration, weights, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_an_unknown_layer_is_told_with_its_line(tmp_path: Path) -> None:
    configuration, weights, _ = files(tmp_path)
    configuration.write_text(CONFIGURATION.replace("[maxpool]", "[capsule]"))
    with pytest.raises(ModelError, match=r"net\.cfg:15: found a layer \[capsule\]"):
        convert(configuration, weights, tmp_path / "net.onnx")


def test_a_layer_of_no_groups_is_told_with_its_line(tmp_path: Path) -> None:
    configuration, weights, _ = files(tmp_path)
    configuration.write_text(CONFIGURATION.replace("filters=4", "filters=4\ngroups=0"))
    with pytest.raises(ModelError, match=r"net\.cfg:7: found a \[convolutional\]"):
        convert(configuration, weights, tmp_path / "net.onnx")
