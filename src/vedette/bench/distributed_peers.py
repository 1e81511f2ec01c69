"""Servers of one small model, Vedette's and others': how each is started, and how it is asked.

Others run in environments of their own, ``FOLDER/peers/NAME`` of ``-o FOLDER``.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.bench.distributed_client import Question
from vedette.bench.servers import Command, free_port
from vedette.models.wire import InferRequest, Tensor
from vedette.models.wire.rest import encode_request

DIRECT, OURS = "direct call", "vedette"
HOME = Path(__file__).parent / "peers"
"""Programs of other servers; no package, since none of them imports Vedette."""
JSON = {"Content-Type": "application/json"}
BYTES = {"Content-Type": "application/octet-stream"}
Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Server:
    """``packages`` is what its environment needs, ``words`` what follows Python there."""

    name: str
    packages: Sequence[str]
    words: Callable[[], Sequence[str]]
    ready: str
    question: Callable[[Row], Question]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, python: str, model: Path) -> Command:
        known = {**self.environment, "VEDETTE_BENCH_MODEL": str(model.resolve())}
        return Command([python, *self.words()], self.ready, known)

    def python(self, folder: Path | None) -> Path | None:
        """Its environment's, where there is one."""
        found = None if folder is None else folder / "peers" / self.name / "bin" / "python"
        return found if found is not None and found.exists() else None


def ours(model: Path) -> Server:
    words = [*("-m", "vedette", "serve", f"mean={model}", "--threads", "1", "--max-batch", "1")]
    return Server(
        OURS, (), lambda: [*words, "--port", "{port}"], "/v2/models/mean/ready", _open_inference
    )


def answers(row: Row) -> tuple[bytes, ...]:
    """How a row's mean may stand in an answer: as a float's bytes, those in base64, or as text."""
    mean = np.float32(row.mean(dtype=np.float64))
    return mean.tobytes(), base64.b64encode(mean.tobytes()), json.dumps(float(mean)).encode()


def _open_inference(row: Row) -> Question:
    body = encode_request(InferRequest("mean", (Tensor.of("x", row[None]),)))
    headers = body.headers()
    del headers["Content-Length"]  # the client's to say
    return Question("/v2/models/mean/infer", bytes(body), headers, answers(row))


def _litserve(row: Row) -> Question:
    return Question("/predict", _json({"x": _text(row)}), JSON, answers(row))


def _mlserver(row: Row) -> Question:
    tensor = {
        "name": "x",
        "datatype": "BYTES",
        "shape": [1, 1],
        "parameters": {"content_type": "base64"},
        "data": [_text(row)],
    }
    return Question("/v2/models/mean/infer", _json({"inputs": [tensor]}), JSON, answers(row))


def _bentoml(row: Row) -> Question:
    return Question("/infer", row.tobytes(), BYTES, answers(row))


def _ray(row: Row) -> Question:
    return Question("/", row.tobytes(), BYTES, answers(row))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _text(row: Row) -> str:
    return base64.b64encode(row.tobytes()).decode()


def _script(name: str) -> str:
    return str(HOME / f"{name}_mean.py")


PEERS = (
    Server(
        "litserve",
        ("litserve",),
        lambda: [_script("litserve"), "{port}"],
        "/health",
        _litserve,
    ),
    Server(
        "mlserver",
        ("mlserver",),
        lambda: [_script("mlserver"), "{port}", str(free_port())],
        "/v2/models/mean/ready",
        _mlserver,
    ),
    Server(
        "bentoml",
        ("bentoml",),
        lambda: [
            *("-m", "bentoml", "serve", "bentoml_mean:Service", "--working-dir", str(HOME)),
            *("--host", "127.0.0.1", "--port", "{port}"),
        ],
        "/readyz",
        _bentoml,
        {"BENTOML_DO_NOT_TRACK": "True"},
    ),
    Server(
        "ray",
        ("ray[serve]",),
        lambda: [_script("ray"), "{port}"],
        "/",
        _ray,
        {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"},
    ),
    Server(
        "triton",
        ("nvidia-pytriton", "numpy<2"),
        lambda: [_script("triton"), "{port}", str(free_port())],
        "/v2/models/mean/ready",
        _open_inference,
    ),
)
"""Each needs numpy and onnxruntime, too. Triton needs Debian's own python3."""
