"""Triton, as PyTriton brings it: its C++ front end, and the model in a Python process beside it."""

import sys
from typing import Any

import numpy as np
from mean import Mean  # type: ignore[import-not-found,unused-ignore]
from pytriton.decorators import batch  # type: ignore[import-not-found,unused-ignore]
from pytriton.model_config import ModelConfig, Tensor  # type: ignore[import-not-found,unused-ignore]
from pytriton.triton import Triton, TritonConfig  # type: ignore[import-not-found,unused-ignore]


def main() -> None:
    mean = Mean()

    @batch  # type: ignore[untyped-decorator,unused-ignore]
    def infer(x: Any) -> dict[str, Any]:
        return {"y": mean(x)}

    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=int(sys.argv[1]),
        grpc_port=int(sys.argv[2]),
        allow_metrics=False,
        log_verbose=0,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="mean",
            infer_func=infer,
            inputs=[Tensor(name="x", dtype=np.float32, shape=(-1,))],
            outputs=[Tensor(name="y", dtype=np.float32, shape=(1,))],
            config=ModelConfig(max_batch_size=8),
        )
        triton.serve()


if __name__ == "__main__":
    main()
