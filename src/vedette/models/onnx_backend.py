"""ONNX Runtime: one session a model file, in the caller's thread; pictures of any size, or rows."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vedette.errors import ModelError, Place, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.graph import Graph, Tensor, first_line, graph_of, read_model
from vedette.models.together import Run, Together, free_rows

log = logging.getLogger(__name__)

# OpenVINO would compute in bfloat16 where it can: that would be another variant
PROVIDERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    "cuda": ("CUDAExecutionProvider", {}),
    "tensorrt": ("TensorrtExecutionProvider", {}),
    "openvino": ("OpenVINOExecutionProvider", {"device_type": "CPU", "precision": "FP32"}),
}


class OnnxBackend:
    """Runs a model with one picture input. ``provider`` says where it really runs.

    ``any_size``: height and width are set free where the file fixes them, of pictures whose
    channels lie on axis ``channels``. Up to ``rows_at_once`` rows of a batch go through in one
    pass, where the model can and its answers stay the same; with 1 they go one by one. Raises
    ModelError if the file is no model with that ``input``.
    """

    def __init__(
        self,
        path: Path,
        *,
        input: str = "images",  # noqa: A002
        provider: str = "cpu",
        any_size: bool = True,
        channels: int = 1,
        rows_at_once: int = 1,
    ) -> None:
        self._place = Place(str(path))
        self._input, self.rows_at_once = input, rows_at_once
        model = read_model(path)
        self.graph = graph_of(model)
        self._ensure_picture()
        if any_size:
            _free_shape(model, input, channels)
        self._session = self._open(model, provider)
        self.provider = self._provider_in_use(provider)
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._quiet = onnxruntime.RunOptions()
        self._quiet.log_severity_level = 4  # what it would print is in what it raises
        self._opened = partial(self._for_batches, path, any_size=any_size, channels=channels)
        self.together = self._together(rows_at_once)

    def taking(self, rows: int) -> "OnnxBackend":
        """The same session, with up to so many rows in one pass."""
        wider = copy(self)
        wider.rows_at_once, wider.together = rows, self._together(rows)
        return wider

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Run the rows in the caller's thread."""
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        pictures = batch.get(self._input)
        if pictures is None or pictures.ndim != 4 or not len(pictures):
            shapes = {name: array.shape for name, array in batch.items()}
            self._refuse(f"a batch of {shapes}", f"{self._input}: (n, channels, height, width)")
        return self.together(batch)

    def _together(self, rows: int) -> Together:
        alone = partial(self._pass, self._session)
        return Together(alone, self._opened, rows, Path(self._place.file).name)

    def _for_batches(self, path: Path, *, any_size: bool, channels: int) -> Run:
        """The model once more, with any number of rows, opened when a batch comes."""
        model = read_model(path)
        if any_size:
            _free_shape(model, self._input, channels)
        free_rows(model)
        return partial(self._pass, self._open(model, self.provider))

    def _pass(self, session: Any, rows: Arrays) -> Arrays:
        try:
            answer: list[NDArray[Any]] = session.run(self._outputs, dict(rows), self._quiet)
        except Exception as error:  # noqa: BLE001  # ONNX Runtime raises bare Exception subclasses
            picture = rows[self._input]
            self._refuse(
                f"{picture.dtype} of shape {picture.shape}, which it cannot run "
                f"({first_line(error)})",
                "a picture of the size and type that the model takes",
                "a size that is a multiple of 32, float32",
            )
        return dict(zip(self._outputs, answer, strict=True))

    def _ensure_picture(self) -> None:
        inputs = {each.name: each for each in self.graph.inputs}
        if self._input not in inputs:
            self._refuse(f"inputs {', '.join(inputs) or 'none'}", f"an input named {self._input}")
        shape = inputs[self._input].shape
        if shape is not None and len(shape) != 4:
            self._refuse(
                f"{self._input} with {len(shape)} axes", "a picture: (1, channels, height, width)"
            )

    def _open(self, model: Any, provider: str) -> Any:
        return _session(model, self.graph, provider, self._place)

    def _provider_in_use(self, wanted: str) -> str:
        if PROVIDERS[wanted][0] in self._session.get_providers():
            return wanted
        log.warning(
            "%s: provider %s is not available here, it runs on cpu (try a build of onnxruntime "
            "that has it)",
            self._place,
            wanted,
        )
        return "cpu"

    def _refuse(self, found: str, expected: str, hint: str = "another model file") -> NoReturn:
        raise ModelError(Problem(found, expected, hint, self._place))


class OnnxRows:
    """Runs a model as its file has it: any inputs and outputs with one row an item.

    Where the file fixes that axis at 1, rows run one by one (``rows_at_once``). Raises ModelError
    for inputs that have no such axis, and for types that are no numbers.
    """

    def __init__(self, path: Path, *, provider: str = "cpu") -> None:
        self._place, self.provider = Place(str(path)), provider
        model = read_model(path)
        self._session = _session(model, graph_of(model), provider, self._place)
        self.inputs = tuple(map(_tensor, self._session.get_inputs()))
        self.outputs = tuple(map(_tensor, self._session.get_outputs()))
        firsts = [each.shape[0] if each.shape else 0 for each in self.inputs]
        if not firsts or any(isinstance(each, int) and each != 1 for each in firsts):
            self._refuse("inputs that begin with the number of items, free or 1")
        if any(each.dtype not in _TYPES.values() for each in (*self.inputs, *self.outputs)):
            self._refuse("inputs and outputs that are tensors of numbers")
        self._is_free = not any(isinstance(each, int) for each in firsts)
        self.rows_at_once = None if self._is_free else 1
        """None for any number of them."""

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Run the rows, at once where the file lets them."""
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        count = len(next(iter(batch.values())))
        if self._is_free or count == 1:
            return self._once(batch)
        rows = [
            self._once({name: array[i : i + 1] for name, array in batch.items()})
            for i in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _once(self, batch: Arrays) -> Arrays:
        try:
            answer = self._session.run(None, dict(batch))
        except Exception as error:  # noqa: BLE001  # ONNX Runtime raises bare Exception subclasses
            shapes = ", ".join(f"{name} {array.shape}" for name, array in batch.items())
            raise ModelError(
                Problem(
                    f"{shapes}, which the model cannot run ({first_line(error)})",
                    "inputs of the lengths that the model takes",
                    "its metadata",
                    self._place,
                )
            ) from None
        return {each.name: array for each, array in zip(self.outputs, answer, strict=True)}

    def _refuse(self, expected: str) -> NoReturn:
        listed = "; ".join(map(str, (*self.inputs, *self.outputs)))
        found = listed or "nothing that goes in or out"
        raise ModelError(Problem(found, expected, "exporting it so", self._place))


_TYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    **{
        f"tensor({kind}{bits})": f"{kind}{bits}"
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


def _tensor(node: Any) -> Tensor:
    shape = tuple(each if isinstance(each, int) else None for each in node.shape)
    return Tensor(node.name, _TYPES.get(node.type, node.type), shape)


def _session(model: Any, graph: Graph, provider: str, place: Place) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more threads cost more CPU a frame and add no frames
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=_providers(provider, place)
        )
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001  # as above
        unknown = f"; it does not know {', '.join(graph.unknown)}" if graph.unknown else ""
        raise ModelError(
            Problem(
                f"a model that ONNX Runtime cannot open ({first_line(error)}){unknown}",
                "operators that this ONNX Runtime knows, at any picture size",
                "exporting it with a lower opset, or a newer onnxruntime",
                place,
            )
        ) from None


def _providers(wanted: str, place: Place) -> list[tuple[str, dict[str, str]]]:
    if wanted not in PROVIDERS:
        found, expected = f"the provider {wanted}", f"one of {', '.join(PROVIDERS)}"
        raise ModelError(Problem(found, expected, "another model file", place))
    chain = [wanted] if wanted == "cpu" else [wanted, "cpu"]
    available = onnxruntime.get_available_providers()
    return [
        (name, dict(options))
        for name, options in map(PROVIDERS.__getitem__, chain)
        if name in available
    ]


def _free_shape(model: Any, input_name: str, channels: int) -> None:
    """Let height and width vary, so that one session serves every size.

    Measured on YOLOX-Nano 416: 11.8 CPU ms a pass fixed, 11.8 free, the same numbers out.
    """
    shape = next(each for each in model.graph.input if each.name == input_name)
    sides = shape.type.tensor_type.shape.dim
    if len(sides) == 4:
        height, width = (2, 3) if channels == 1 else (1, 2)
        sides[0].dim_value = 1
        sides[height].dim_param, sides[width].dim_param = "height", "width"
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]  # it states the shapes of the size that was exported
