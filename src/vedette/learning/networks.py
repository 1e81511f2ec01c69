"""Specialised models: which small networks there are, and each as an ONNX graph.

The family is that of NoScope (Kang et al., VLDB 2017, section 4): one or two layers of
convolutions over 50x50x3, one hidden dense layer, a yes or no. Beside theirs stand networks
whose first convolution takes every other pixel: .05 CPU ms a frame instead of .2 to .8.
Nothing here needs torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vedette.errors import InputError, Problem
from vedette.image import PATCH_SIDE

OPSET = 17
IR_VERSION = 8
"""Opset 17's own: what an older ONNX Runtime opens, too."""

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Convolution:
    """3x3 without padding, then ReLU and the greatest of each 2x2."""

    inputs: int
    filters: int
    stride: int


@dataclass(frozen=True, slots=True)
class Dense:
    """Every input with every output; the last one has one output and no ReLU."""

    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network: ``filters`` of each convolution, ``stride`` of the first, ``dense`` units.

    >>> Architecture((16, 32), 32, stride=2).name
    's16-32-d32'
    """

    filters: tuple[int, ...]
    dense: int
    stride: int = 1

    @property
    def name(self) -> str:
        """Filters after c (or s, where the first convolution has a stride), units after d."""
        start = "c" if self.stride == 1 else "s"
        return f"{start}{'-'.join(map(str, self.filters))}-d{self.dense}"

    @property
    def layers(self) -> tuple[tuple[str, Convolution | Dense], ...]:
        """Each layer under the name that its weights start with. Raises InputError."""
        found: list[tuple[str, Convolution | Dense]] = []
        side, channels = PATCH_SIDE, 3
        for i, filters in enumerate(self.filters):
            stride = self.stride if i == 0 else 1
            found.append((f"conv{i}", Convolution(channels, filters, stride)))
            side, channels = ((side - 3) // stride + 1) // 2, filters
        if not self.filters or side < 1 or min(*self.filters, self.dense, self.stride) < 1:
            raise InputError(
                Problem(
                    f"filters {self.filters}, stride {self.stride}, dense {self.dense}",
                    f"1 to 3 convolutions that leave something of {PATCH_SIDE}x{PATCH_SIDE} pixels",
                    f"one of {', '.join(ARCHITECTURES)}",
                )
            )
        flat = side * side * channels
        return (*found, ("dense0", Dense(flat, self.dense)), ("dense1", Dense(self.dense, 1)))

    @property
    def parameters(self) -> int:
        """How many weights there are to learn.

        >>> Architecture((8,), 16, stride=2).parameters
        18689
        """
        return sum(
            each.filters * (9 * each.inputs + 1)
            if isinstance(each, Convolution)
            else each.outputs * (each.inputs + 1)
            for _, each in self.layers
        )


PAPER = tuple(
    Architecture(filters, dense) for filters in ((32,), (32, 64)) for dense in (32, 64, 128, 256)
)
"""What NoScope searches."""

SMALL = (
    Architecture((8, 16), 16, stride=2),
    Architecture((16, 32), 32, stride=2),
    Architecture((16, 32, 64), 32, stride=2),
    Architecture((32, 64, 64), 64, stride=2),
)
"""What a CPU answers with in tens of microseconds."""

ARCHITECTURES: Mapping[str, Architecture] = {each.name: each for each in (*SMALL, *PAPER)}

SEARCHED = ("s8-16-d16", "s16-32-d32", "s16-32-64-d32")
"""Searched unless said otherwise: each trains in seconds and answers in .05 CPU ms or less."""


@dataclass(frozen=True, eq=False, slots=True)
class Network:
    """A trained network. ``weights`` by name: conv0.weight (filters, inputs, 3, 3), conv0.bias,
    dense0.weight (outputs, inputs), ..., all float32; ``mean`` (3, 50, 50) float32, the average
    picture from 0 to 1, is taken off first. ``slope`` and ``offset`` calibrate its score.
    """

    architecture: Architecture
    weights: Weights
    mean: NDArray[np.float32]
    slope: float = 1.0
    offset: float = 0.0


def architecture(name: str) -> Architecture:
    """The architecture of that name. Raises InputError, which lists them."""
    if name not in ARCHITECTURES:
        raise InputError(
            Problem(
                f"the architecture {name}",
                f"one of {', '.join(ARCHITECTURES)}",
                "s16-32-64-d32, small and quick",
            )
        )
    return ARCHITECTURES[name]


def exported(network: Network) -> bytes:
    """The network as an ONNX model, calibrated: what :class:`OnnxBackend` runs, without torch.

    Input ``pixels`` (n, 3, 50, 50) float32, BGR from 0 to 1; output ``probability`` (n,) float32.
    """
    graph = _Graph()
    value = graph.add("Sub", "pixels", graph.constant("mean", network.mean[None]))
    is_flat = False
    for name, layer in network.architecture.layers:
        weight = graph.constant(f"{name}.weight", network.weights[f"{name}.weight"])
        bias = graph.constant(f"{name}.bias", network.weights[f"{name}.bias"])
        if isinstance(layer, Convolution):
            strides = [layer.stride, layer.stride]
            value = graph.add("Conv", value, weight, bias, strides=strides, kernel_shape=[3, 3])
            value = graph.add("Relu", value)
            value = graph.add("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
            continue
        value = value if is_flat else graph.add("Flatten", value)
        is_flat = True
        value = graph.add("Gemm", value, weight, bias, transB=1)
        value = value if layer.outputs == 1 else graph.add("Relu", value)
    scaled = graph.add("Mul", value, graph.constant("slope", np.array([network.slope], np.float32)))
    moved = graph.add(
        "Add", scaled, graph.constant("offset", np.array([network.offset], np.float32))
    )
    sure = graph.add("Sigmoid", moved)
    graph.add("Squeeze", sure, graph.constant("axis", np.array([1], np.int64)), to="probability")
    return graph.model(network.architecture.name)


class _Graph:
    """ONNX nodes in a row, each value under a name of its own."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        to = to or f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [to], **attributes))
        return to

    def model(self, name: str) -> bytes:
        pixels: list[str | int | None] = ["n", 3, PATCH_SIDE, PATCH_SIDE]
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, pixels)],
            [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, producer_name="vedette")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        return content
