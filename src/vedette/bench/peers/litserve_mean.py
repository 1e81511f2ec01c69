"""LitServe: a LitAPI whose rows come as base64 in JSON, as its documents take pictures."""

import base64
import sys

import litserve  # type: ignore[import-not-found]
from mean import Mean  # type: ignore[import-not-found]


class Api(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe names it
        self.mean = Mean()

    # LitServe makes its web framework read annotations: without one a request is JSON
    def decode_request(self, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        return base64.b64decode(request["x"])

    def predict(self, content: bytes) -> bytes:
        return bytes(self.mean.of_bytes(content))

    def encode_response(self, output):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        return {"y": base64.b64encode(output).decode()}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )
