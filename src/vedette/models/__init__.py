"""Models: where their bytes come from, what runs them, and how their outputs are read.

Sessions are shared by all steps and streams of a process. ONNX Runtime is imported when the
first model is loaded.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from vedette.errors import ModelError, Problem
from vedette.models.assets import fetch
from vedette.models.backend import Backend, Detector
from vedette.models.transfer import Progress, quiet
from vedette.models.zoo import MODELS, catalogue, variant, variants

if TYPE_CHECKING:
    from vedette.models.onnx_backend import OnnxBackend

__all__ = [
    "REFERENCE_MS",
    "Backend",
    "Detector",
    "catalogue",
    "fetch_model",
    "load_detector",
    "reference_call",
    "variants",
]

REFERENCE_MS = 7.7
"""CPU milliseconds of the reference call on a device of speed 1."""

_lock = Lock()
_backends: dict[tuple[str, str], "OnnxBackend"] = {}
_detectors: dict[str, Detector] = {}


def fetch_model(variant_name: str, progress: Progress = quiet) -> Path:
    """Have a variant's file in the cache; returns where. Raises ModelError."""
    return fetch(MODELS[variant(variant_name).model].asset, progress)


def load_detector(variant_name: str) -> Detector:
    """The process's one detector of that variant. Raises ModelError."""
    with _lock:
        if variant_name not in _detectors:
            _detectors[variant_name] = _detector(variant_name)
        return _detectors[variant_name]


def reference_call() -> Callable[[], None]:
    """One pass of YOLOX-Nano 416 on a fixed picture: the measure of every machine's speed."""
    with _lock:
        backend = _backend("yolox-nano", "cpu")
    rows, columns = np.mgrid[:416, :416].astype(np.float32)
    waves = [127.5 + 127.5 * np.sin(rows / 9 * k) * np.cos(columns / 13 * k) for k in (1, 2, 3)]
    batch = {MODELS["yolox-nano"].input: np.stack(waves)[None].astype(np.float32)}

    def call() -> None:
        backend.submit(batch).result()

    call()  # the first pass plans its memory
    return call


def _detector(name: str) -> Detector:
    from vedette.models.yolox import YoloxDetector  # noqa: PLC0415  # OpenCV, when needed

    chosen = variant(name)
    if chosen.over:
        raise ModelError(
            Problem(
                f"the model {name}, which is several steps and no detector of its own",
                f"the variant that its inner step runs: {chosen.over}",
                "expanding the workflow before it runs, as a plan does",
            )
        )
    backend = _backend(chosen.model, chosen.provider)
    return YoloxDetector(backend, chosen, MODELS[chosen.model])


def _backend(model: str, provider: str) -> "OnnxBackend":
    from vedette.models.onnx_backend import OnnxBackend  # noqa: PLC0415  # slow to import

    if (model, provider) not in _backends:
        entry = MODELS[model]
        path = fetch(entry.asset)
        _backends[model, provider] = OnnxBackend(path, input=entry.input, provider=provider)
    return _backends[model, provider]
