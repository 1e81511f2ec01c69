"""What an ONNX file says of itself: read within bounds, checked, and never trusted with paths."""

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import onnx

from vedette.errors import ModelError, Place, Problem

MOST_BYTES = 2**31
MOST_TENSOR_BYTES = 2**31
"""What one tensor may take: no camera's model comes near, and a hostile file should not."""
_KNOWN_ELSEWHERE = {"com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}
_MOST_NAMES = 100_000
Dimension = int | str | None
"""A number, a name for one that is free, or nothing said."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: ``shape`` None where the file says none."""

    name: str
    dtype: str
    shape: tuple[Dimension, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name}: {self.dtype}, of any shape"
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name}: {self.dtype} ({sides})"


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX file's outside. ``unknown`` operators are in no standard that this onnx has."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opset: int
    producer: str
    unknown: tuple[str, ...]
    labels: tuple[str, ...]
    """Names that the exporter left in the file, as Ultralytics' does."""


def read_model(path: Path) -> Any:
    """The protobuf model in a file. Raises ModelError where there is none, or one not to be run."""
    place = Place(str(path))
    try:
        if path.stat().st_size >= MOST_BYTES:
            _refuse(
                place, f"{path.stat().st_size:,} bytes", "a model of less than 2 GB in one file"
            )
        content = path.read_bytes()
    except OSError as error:
        _refuse(place, str(error.strerror), "a model file that can be read", f"ls -l {path}")
    if not content:
        _refuse(place, "an empty file", "an ONNX model", "deleting it, to have it fetched again")
    _ensure_not_another_format(content, place)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # noqa: BLE001  # protobuf and onnx share no base
        _no_model(place, len(content), error)
    _ensure_one_file(model, place)  # before the checker, which would look for them
    _ensure_bounded(model, place)
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # noqa: BLE001  # as above
        if not unknown_operators(model):  # whoever runs it says which
            _no_model(place, len(content), error)
    return model


def graph_of(model: Any) -> Graph:
    """What a model takes and gives."""
    weights = {weight.name for weight in model.graph.initializer}
    opsets = [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")]
    return Graph(
        inputs=tuple(_tensor(each) for each in model.graph.input if each.name not in weights),
        outputs=tuple(_tensor(each) for each in model.graph.output),
        opset=max(opsets, default=0),
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        unknown=unknown_operators(model),
        labels=_names(model),
    )


def unknown_operators(model: Any) -> tuple[str, ...]:
    """Operators of no domain that ONNX or ONNX Runtime define, and of no function in the file."""
    own = {(function.domain, function.name) for function in model.functions}
    found = {
        f"{node.domain}::{node.op_type}" if node.domain else node.op_type
        for node in _nodes(model.graph)
        if (node.domain, node.op_type) not in own
        and node.domain not in _KNOWN_ELSEWHERE
        and not onnx.defs.has(node.op_type, node.domain)
    }
    return tuple(sorted(found))


def _ensure_not_another_format(content: bytes, place: Place) -> None:
    """Files that people have instead: each with the way from there to ONNX."""
    if content[:2] == b"PK":
        _refuse(
            place,
            "a zip archive, as PyTorch writes them",
            "an ONNX model",
            "torch.onnx.export; a TorchScript or torch.export file needs its ending, .pt or .pt2",
        )
    if content[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        _refuse(place, "a pickle, which could run any code", "an ONNX model", "torch.onnx.export")
    if content[4:8] == b"TFL3":
        _refuse(place, "a TensorFlow Lite model", "an ONNX model", "tf2onnx --tflite")


def _ensure_one_file(model: Any, place: Place) -> None:
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in tensor.external_data}
            location = where.get("location", "nowhere")[:80]
            _refuse(
                place,
                f"weights in another file ({location!r})",
                "a model in one file, whose digest says all of it",
                "onnx.save(onnx.load(FILE), 'one.onnx', save_as_external_data=False)",
            )


def _ensure_bounded(model: Any, place: Place) -> None:
    for tensor in _tensors(model):
        if any(side < 0 for side in tensor.dims):
            _refuse(place, f"a tensor of {list(tensor.dims)}", "sides of 0 or more")
        _ensure_small(math.prod(tensor.dims) * 4, tensor.name, place)
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # noqa: BLE001  # ONNX Runtime says what is wrong with such a graph
        return
    for value in (*inferred.graph.value_info, *inferred.graph.output):
        sides = [side.dim_value for side in value.type.tensor_type.shape.dim]
        _ensure_small(math.prod(side for side in sides if side > 0) * 4, value.name, place)


def _ensure_small(size_bytes: int, name: str, place: Place) -> None:
    if size_bytes > MOST_TENSOR_BYTES:
        _refuse(
            place,
            f"the tensor {name[:40]!r} of {size_bytes / 2**30:,.1f} GB",
            f"tensors of at most {MOST_TENSOR_BYTES / 2**30:.0f} GB",
        )


def _tensors(model: Any) -> Iterator[Any]:
    yield from _weights(model.graph)
    graphs = [model.graph, *model.functions]
    for graph in graphs:
        for node in _nodes(graph):
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                for each in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (each.values, each.indices)
                for below in (attribute.g, *attribute.graphs):
                    yield from _weights(below)


def _weights(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for each in graph.sparse_initializer:
        yield from (each.values, each.indices)


def _nodes(graph: Any) -> Iterator[Any]:
    """Those of a graph and of the graphs inside its loops and branches, without recursion."""
    left = [graph]
    while left:
        for node in left.pop().node:
            yield node
            for attribute in node.attribute:
                left += [attribute.g, *attribute.graphs]


def _tensor(value: Any) -> Tensor:
    kind = value.type.tensor_type
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    except (KeyError, TypeError, ValueError):
        dtype = "no tensor"
    if not kind.HasField("shape"):
        return Tensor(value.name, dtype, None)
    sides = tuple(
        side.dim_value if side.HasField("dim_value") else side.dim_param or None
        for side in kind.shape.dim
    )
    return Tensor(value.name, dtype, sides)


def _names(model: Any) -> tuple[str, ...]:
    for entry in model.metadata_props:
        if entry.key == "names" and len(entry.value) < _MOST_NAMES:
            try:
                said = ast.literal_eval(entry.value)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                return ()
            names = said.values() if isinstance(said, dict) else said
            if isinstance(said, dict | list) and all(isinstance(name, str) for name in names):
                return tuple(names)
    return ()


def _no_model(place: Place, size_bytes: int, error: Exception) -> NoReturn:
    _refuse(
        place,
        f"{size_bytes} bytes that are no ONNX model ({first_line(error)})",
        "a complete ONNX model",
        "fetching or exporting it again",
    )


def _refuse(place: Place, found: str, expected: str, hint: str = "another model file") -> NoReturn:
    raise ModelError(Problem(found, expected, hint, place))


def first_line(error: Exception) -> str:
    """The first line of what another library says, short enough to read."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
