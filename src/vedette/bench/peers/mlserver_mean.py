"""MLServer: a runtime of its own in the server's process, rows as base64, its compact form."""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from mean import Mean  # type: ignore[import-not-found]
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import Base64Codec, NumpyCodec  # type: ignore[import-not-found]
from mlserver.types import InferenceResponse  # type: ignore[import-not-found]


class Runtime(MLModel):  # type: ignore[misc]
    async def load(self) -> bool:
        self.mean = Mean()
        return True

    async def predict(self, payload: Any) -> Any:
        (content,) = Base64Codec.decode_input(payload.inputs[0])
        means = np.frombuffer(self.mean.of_bytes(content), np.float32)
        outputs = [NumpyCodec.encode_output("y", means)]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        settings = {
            "host": "127.0.0.1",
            "http_port": int(sys.argv[1]),
            "grpc_port": int(sys.argv[2]),
            "metrics_endpoint": None,
            "parallel_workers": 0,
            "gzip_enabled": False,
            "debug": False,
        }
        model = {"name": "mean", "implementation": "mlserver_mean.Runtime"}
        (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
        os.environ["PYTHONPATH"] = str(Path(__file__).parent)
        sys.path.insert(0, str(Path(__file__).parent))
        sys.argv = ["mlserver", "start", str(folder)]
        from mlserver.cli import main as start  # type: ignore[import-not-found]  # noqa: PLC0415

        start()


if __name__ == "__main__":
    main()
