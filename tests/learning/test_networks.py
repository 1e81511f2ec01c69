"""The family of networks, and their graphs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from vedette.errors import InputError
from vedette.learning.networks import (
    ARCHITECTURES,
    PAPER,
    SEARCHED,
    Architecture,
    Convolution,
    Network,
    Weights,
    architecture,
    exported,
)
from vedette.models.onnx_backend import OnnxBackend


def test_each_network_has_a_name_of_its_own() -> None:
    assert len(ARCHITECTURES) == 12
    assert all(architecture(name) == each for name, each in ARCHITECTURES.items())


def test_the_papers_family_has_one_or_two_layers_and_four_widths() -> None:
    assert {each.filters for each in PAPER} == {(32,), (32, 64)}
    assert {each.dense for each in PAPER} == {32, 64, 128, 256}


def test_what_is_searched_is_small() -> None:
    assert all(architecture(name).parameters < 50_000 for name in SEARCHED)


@pytest.mark.parametrize(
    "shape", [((8, 8, 8, 8, 8), 16), ((), 16), ((8, 0), 16), ((8,), 0)], ids=str
)
def test_a_network_that_leaves_no_pixels_is_refused(shape: tuple[tuple[int, ...], int]) -> None:
    with pytest.raises(InputError, match="1 to 3 convolutions"):
        _ = Architecture(*shape).layers


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="s16-32-64-d32"):
        architecture("resnet")


def random_weights(shape: Architecture) -> Weights:
    chance = np.random.default_rng(1)
    found = {}
    for name, layer in shape.layers:
        count = layer.filters if isinstance(layer, Convolution) else layer.outputs
        size = (
            (count, layer.inputs, 3, 3) if isinstance(layer, Convolution) else (count, layer.inputs)
        )
        found[f"{name}.weight"] = np.asarray(chance.normal(0, 0.1, size), np.float32)
        found[f"{name}.bias"] = np.asarray(chance.normal(0, 0.1, count), np.float32)
    return found


def by_hand(network: Network, pixels: NDArray[np.float32]) -> float:
    """What the graph should say of one picture (3, 50, 50), in plain NumPy."""
    x = (pixels - network.mean).astype(np.float64)
    for name, layer in network.architecture.layers:
        weight, bias = network.weights[f"{name}.weight"], network.weights[f"{name}.bias"]
        if name.startswith("conv"):
            step = getattr(layer, "stride", 1)
            views = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))[:, ::step, ::step]
            x = np.einsum("chwij,fcij->fhw", views, weight) + bias[:, None, None]
            side = x.shape[1] // 2 * 2
            x = x[:, :side, :side].reshape(len(x), side // 2, 2, side // 2, 2).max(axis=(2, 4))
        else:
            x = weight @ x.ravel() + bias
        x = x if name == "dense1" else np.maximum(x, 0)
    return float(1 / (1 + np.exp(-(network.slope * x[0] + network.offset))))


@pytest.mark.parametrize("name", ["s8-16-d16", "s16-32-64-d32", "c32-d32"])
def test_the_graph_computes_the_network_with_its_calibration(name: str, tmp_path: Path) -> None:
    shape = architecture(name)
    chance = np.random.default_rng(0)
    mean = chance.random((3, 50, 50), np.float32)
    network = Network(shape, random_weights(shape), mean, slope=2.5, offset=-0.5)
    (tmp_path / "special.onnx").write_bytes(exported(network))
    backend = OnnxBackend(tmp_path / "special.onnx", input="pixels", any_size=False)
    pixels = chance.random((3, 3, 50, 50), np.float32)
    found = backend.submit({"pixels": pixels}).result()["probability"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [by_hand(network, each) for each in pixels], atol=1e-5)


def test_a_graph_takes_any_number_of_pictures() -> None:
    shape = architecture("s8-16-d16")
    network = Network(shape, random_weights(shape), np.zeros((3, 50, 50), np.float32))
    graph = onnx.load_from_string(exported(network)).graph
    sides = [side.dim_param or side.dim_value for side in graph.input[0].type.tensor_type.shape.dim]
    assert sides == ["n", 3, 50, 50]
    assert len(exported(network)) < 100_000
