"""ONNX Runtime: one session a model file, at any picture size, in the caller's thread."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vedette.errors import ModelError, Place, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.graph import first_line, graph_of, read_model

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
    channels lie on axis ``channels``. Raises ModelError if the file is no model with that
    ``input``.
    """

    def __init__(
        self,
        path: Path,
        *,
        input: str = "images",  # noqa: A002
        provider: str = "cpu",
        any_size: bool = True,
        channels: int = 1,
    ) -> None:
        self._place = Place(str(path))
        self._input = input
        model = read_model(path)
        self.graph = graph_of(model)
        self._ensure_picture()
        if any_size:
            _free_shape(model, input, channels)
        self._session = self._open(model, provider)
        self.provider = self._provider_in_use(provider)
        self._outputs = [output.name for output in self._session.get_outputs()]

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Run the rows one by one: on a CPU a batch buys nothing, and some files fix it at 1."""
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        pictures = batch.get(self._input)
        if pictures is None or pictures.ndim != 4 or not len(pictures):
            shapes = {name: array.shape for name, array in batch.items()}
            self._refuse(f"a batch of {shapes}", f"{self._input}: (n, channels, height, width)")
        rows = [
            self._row({name: array[i : i + 1] for name, array in batch.items()})
            for i in range(len(pictures))
        ]
        if len(rows) == 1:
            return dict(zip(self._outputs, rows[0], strict=True))
        return {
            name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(self._outputs)
        }

    def _row(self, row: Arrays) -> list[NDArray[Any]]:
        try:
            answer: list[NDArray[Any]] = self._session.run(self._outputs, dict(row))
        except Exception as error:  # noqa: BLE001  # ONNX Runtime raises bare Exception subclasses
            picture = row[self._input]
            self._refuse(
                f"{picture.dtype} of shape {picture.shape}, which it cannot run "
                f"({first_line(error)})",
                "a picture of the size and type that the model takes",
                "a size that is a multiple of 32, float32",
            )
        return answer

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
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # more threads cost more CPU a frame and add no frames
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=self._providers(provider)
            )
        except Exception as error:  # noqa: BLE001  # as above
            unknown = f"; it does not know {', '.join(self.graph.unknown)}"
            self._refuse(
                f"a model that ONNX Runtime cannot open ({first_line(error)})"
                + (unknown if self.graph.unknown else ""),
                "operators that this ONNX Runtime knows, at any picture size",
                "exporting it with a lower opset, or a newer onnxruntime",
            )

    def _providers(self, wanted: str) -> list[tuple[str, dict[str, str]]]:
        if wanted not in PROVIDERS:
            self._refuse(f"the provider {wanted}", f"one of {', '.join(PROVIDERS)}")
        chain = [wanted] if wanted == "cpu" else [wanted, "cpu"]
        available = onnxruntime.get_available_providers()
        return [
            (name, dict(options))
            for name, options in map(PROVIDERS.__getitem__, chain)
            if name in available
        ]

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
