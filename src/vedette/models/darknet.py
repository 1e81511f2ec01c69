"""Darknet's .cfg and .weights (YOLOv3, YOLOv4 and their tiny forms) as one ONNX file.

The graph ends with the raw grids, which the heads yolov3, yolov3-tiny, yolov4 and yolov4-tiny
read. Source of the formats: github.com/pjreddie/darknet, src/parser.c.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from vedette.errors import ModelError, Place, Problem
from vedette.records.files import MOST_BYTES, read_bytes, write_bytes

OPSET, IR_VERSION = 13, 8
EPSILON = 1e-6
"""What Darknet adds to a standard deviation (Darknet: to the root, ONNX: to the variance)."""
Section = tuple[str, Mapping[str, str], int]
"""A section's kind, its settings, and the line that it begins on."""


def convert(configuration: Path, weights: Path, target: Path) -> None:
    """Write ``target``, an ONNX model with height and width free, out of Darknet's two files.

    Raises ModelError where a layer is unknown, or the weights are fewer or more than it has.
    """
    sections = list(_sections(configuration))
    numbers = _Numbers(weights)
    graph = _Graph(Place(str(configuration)), numbers)
    if not sections or sections[0][0] not in ("net", "network"):
        graph.refuse("no [net] section at its start", "a Darknet configuration")
    for kind, settings, line in sections[1:]:
        graph.place = Place(str(configuration), line)
        if kind not in _LAYERS:
            graph.refuse(f"a layer [{kind}]", f"one of {', '.join(sorted(_LAYERS))}")
        try:
            graph.layers.append(_LAYERS[kind](graph, settings))
        except (KeyError, ValueError, IndexError, ArithmeticError) as error:
            graph.refuse(f"a [{kind}] that cannot be read ({error})", "its settings in full")
    if numbers.left:
        graph.refuse(f"{numbers.left} weights too many in {weights}", "files that belong together")
    if not graph.outputs:
        graph.refuse("no [yolo] section", "a detector's configuration")
    write_bytes(target, graph.model().SerializeToString())


class _Numbers:
    """The weights in the order of the file, behind its header."""

    def __init__(self, path: Path) -> None:
        self._place = Place(str(path))
        content = read_bytes(path, ModelError, most_bytes=MOST_BYTES)
        if len(content) < 20:
            self._refuse(f"{len(content)} bytes")
        major, minor = np.frombuffer(content[:8], "<i4").tolist()
        header = 20 if major * 10 + minor >= 2 else 16  # images seen: 8 bytes since version 0.2
        body = content[header:]
        if not 0 <= major < 1000 or len(body) % 4:
            self._refuse(f"version {major}.{minor} and {len(body)} bytes after it")
        self._values = np.frombuffer(body, "<f4")
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._values) - self._at

    def take(self, *shape: int) -> NDArray[np.float32]:
        count = int(np.prod(shape))
        if count > self.left:
            self._refuse(f"{len(self._values)} weights, fewer than its configuration has")
        self._at += count
        return self._values[self._at - count : self._at].reshape(shape)

    def _refuse(self, found: str) -> NoReturn:
        expected = "Darknet's weights for that configuration, complete"
        raise ModelError(Problem(found, expected, "downloading them again", self._place))


@dataclass(slots=True)
class _Graph:
    """What was built so far: each layer's (output, channels)."""

    place: Place
    numbers: _Numbers
    layers: list[tuple[str, int]] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    outputs: list[tuple[str, int]] = field(default_factory=list)

    @property
    def last(self) -> tuple[str, int]:
        return self.layers[-1] if self.layers else ("images", 3)

    def layer(self, relative: str) -> tuple[str, int]:
        number = int(relative)
        index = number if number >= 0 else len(self.layers) + number
        if not 0 <= index < len(self.layers):
            raise ValueError(f"layer {number} of {len(self.layers)}")
        return self.layers[index]

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        name = f"weights{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def refuse(self, found: str, expected: str) -> NoReturn:
        raise ModelError(Problem(found, expected, "another configuration", self.place))

    def model(self) -> Any:
        free = ["height", "width"]
        picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *free])
        made = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, None, None])
            for name, channels in self.outputs
        ]
        graph = helper.make_graph(self.nodes, "darknet", [picture], made, self.constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


def _convolutional(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    source, channels = graph.last
    filters, size = int(settings["filters"]), int(settings.get("size", 1))
    groups = int(settings.get("groups", 1))
    take, is_normalised = graph.numbers.take, settings.get("batch_normalize", "0") == "1"
    bias: NDArray[Any] = take(filters)
    scale: NDArray[Any] = np.ones(filters, np.float32)
    if is_normalised:
        gain, mean, variance = take(filters), take(filters), take(filters)
        scale = gain / (np.sqrt(variance) + EPSILON)
        bias = bias - mean * scale
    weights = take(filters, channels // groups, size, size) * scale[:, None, None, None]
    pad = size // 2 if settings.get("pad", "0") == "1" else int(settings.get("padding", 0))
    inputs = [source, graph.constant(weights.astype(np.float32)), graph.constant(bias)]
    made = graph.node(
        "Conv",
        inputs,
        kernel_shape=[size, size],
        strides=[int(settings.get("stride", 1))] * 2,
        pads=[pad] * 4,
        group=groups,
    )
    return _activated(graph, made, settings.get("activation", "logistic")), filters


def _activated(graph: _Graph, source: str, name: str) -> str:
    match name:
        case "linear":
            return source
        case "leaky":
            return graph.node("LeakyRelu", [source], alpha=0.1)
        case "relu":
            return graph.node("Relu", [source])
        case "logistic":
            return graph.node("Sigmoid", [source])
        case "mish":
            inner = graph.node("Tanh", [graph.node("Softplus", [source])])
            return graph.node("Mul", [source, inner])
    raise ValueError(f"activation {name}")


def _maxpool(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    source, channels = graph.last
    stride = int(settings.get("stride", 1))
    size = int(settings.get("size", stride))
    padding = int(settings.get("padding", size - 1))
    before = padding // 2
    pads = [before, before, padding - before, padding - before]
    if stride == size:  # an even picture needs none, and Darknet then adds none that matters
        pads = [0, 0, 0, 0]
    shape = {"kernel_shape": [size, size], "strides": [stride, stride], "pads": pads}
    return graph.node("MaxPool", [source], **shape), channels


def _upsample(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    source, channels = graph.last
    stride = float(settings.get("stride", 2))
    scales = graph.constant(np.array([1, 1, stride, stride], np.float32))
    nearest = {"mode": "nearest", "nearest_mode": "floor"}
    shape = {"coordinate_transformation_mode": "asymmetric"}
    return graph.node("Resize", [source, "", scales], **nearest, **shape), channels


def _route(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    sources = [graph.layer(each) for each in settings["layers"].split(",")]
    names, channels = [name for name, _ in sources], sum(count for _, count in sources)
    made = names[0] if len(names) == 1 else graph.node("Concat", names, axis=1)
    groups, group = int(settings.get("groups", 1)), int(settings.get("group_id", 0))
    if groups == 1:
        return made, channels
    each = channels // groups
    ends = (np.array([number], np.int64) for number in (group * each, (group + 1) * each, 1))
    return graph.node("Slice", [made, *map(graph.constant, ends)]), each


def _shortcut(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    source, channels = graph.last
    other, _ = graph.layer(settings["from"])
    made = graph.node("Add", [source, other])
    return _activated(graph, made, settings.get("activation", "linear")), channels


def _yolo(graph: _Graph, settings: Mapping[str, str]) -> tuple[str, int]:
    source, channels = graph.last
    wanted = len(settings["mask"].split(",")) * (5 + int(settings["classes"]))
    if channels != wanted:
        raise ValueError(f"{channels} channels before it, not {wanted}")
    graph.outputs.append((source, channels))
    return source, channels


_LAYERS: Mapping[str, Callable[[_Graph, Mapping[str, str]], tuple[str, int]]] = MappingProxyType(
    {
        "convolutional": _convolutional,
        "maxpool": _maxpool,
        "upsample": _upsample,
        "route": _route,
        "shortcut": _shortcut,
        "yolo": _yolo,
    }
)


def _sections(path: Path) -> Iterator[Section]:
    text = read_bytes(path, ModelError, most_bytes=1 << 20).decode("utf-8", "replace")
    kind, settings, begun = "", dict[str, str](), 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if line.startswith("["):
            if kind:
                yield kind, settings, begun
            kind, settings, begun = line.strip("[]"), {}, number
        elif "=" in line:
            key, _, value = line.partition("=")
            settings[key.strip()] = value.strip()
    if kind:
        yield kind, settings, begun
