"""Small ONNX files that answer what a test wants, whatever the picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Side = int | str


def constant_model(
    path: Path,
    outputs: Mapping[str, NDArray[Any]],
    *,
    shape: Sequence[Side] = (1, 3, 64, 64),
    dtype: int = TensorProto.FLOAT,
    names: str = "",
    extra: Sequence[Any] = (),
) -> Path:
    """A model with one picture input (and ``extra`` ones) that always gives ``outputs``."""
    picture = helper.make_tensor_value_info("picture", dtype, list(shape))
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(array)))
        for name, array in outputs.items()
    ]
    made = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype), list(array.shape)
        )
        for name, array in outputs.items()
    ]
    return written(path, nodes, [picture, *extra], made, names=names)


def lightness_model(path: Path) -> Path:
    """A classifier of (dark, bright) for pictures of 32 by 32 from 0 to 1, channels last."""
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 32, 32, 3])
    made = helper.make_tensor_value_info("shares", TensorProto.FLOAT, [1, 2])
    one = numpy_helper.from_array(np.ones((1, 1), np.float32), "one")
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "flat"], ["light"]),
        helper.make_node("Sub", ["one", "light"], ["dark"]),
        helper.make_node("Concat", ["dark", "light"], ["shares"], axis=1),
    ]
    flat = numpy_helper.from_array(np.array([1, 1], np.int64), "flat")
    return written(path, nodes, [picture], [made], weights=[one, flat])


def written(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    *,
    weights: Sequence[Any] = (),
    names: str = "",
) -> Path:
    graph = helper.make_graph(list(nodes), "made", list(inputs), list(outputs), list(weights))
    opsets = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    if names:
        helper.set_model_props(model, {"names": names})
    path.write_bytes(model.SerializeToString())
    return path
