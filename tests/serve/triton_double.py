"""A real Triton, run by an interpreter that has nvidia-pytriton: ``y`` is twice ``x``.

Its batches are those of :data:`tests.serve.running.BATCHING`.

Ports of HTTP, gRPC and metrics are its arguments. It ends when its standard input does.
"""

import sys
from typing import Any

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def double(x: Any) -> list[Any]:
    return [x + x]


def main(http: int, grpc: int, metrics: int) -> None:
    config = TritonConfig(
        http_address="127.0.0.1",
        grpc_address="127.0.0.1",
        metrics_address="127.0.0.1",
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
    )
    rows: dict[str, Any] = {"dtype": np.float32, "shape": (3,)}
    with Triton(config=config) as triton:
        triton.bind(
            model_name="double",
            infer_func=batch(double),
            inputs=[Tensor(name="x", **rows)],
            outputs=[Tensor(name="y", **rows)],
            config=ModelConfig(
                max_batch_size=4, batcher=DynamicBatcher(max_queue_delay_microseconds=2000)
            ),
        )
        triton.run()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
