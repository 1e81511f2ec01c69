"""The model that every peer serves: the mean of each row, by ONNX Runtime in one thread.

The programs beside this run in environments of their own, where their package, numpy and
onnxruntime are. ``VEDETTE_BENCH_MODEL`` names the model's file; one request at a time is answered.
"""

import os
from typing import Any

import numpy as np
import onnxruntime


class Mean:
    """``(rows, any)`` of float32 to ``(rows, 1)``."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = os.environ["VEDETTE_BENCH_MODEL"]
        self._session: Any = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, rows: Any) -> Any:
        (means,) = self._session.run(None, {"x": np.atleast_2d(rows)})
        return means

    def of_bytes(self, content: bytes) -> bytes:
        """One row and its mean, as float32's bytes."""
        return bytes(self(np.frombuffer(content, np.float32)).tobytes())
