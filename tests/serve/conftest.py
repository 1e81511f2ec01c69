"""One server for all tests that only ask."""

from collections.abc import Iterator

import pytest
from tests.serve.running import doubling, running

from vedette.serve.server import Server, Settings


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serves ``double`` in versions 1 and 2, and ``spare``, over HTTP and gRPC."""
    for extra in ("httptools", "grpc", "prometheus_client"):
        pytest.importorskip(extra)
    file = doubling(tmp_path_factory.mktemp("models") / "double.onnx")
    models = [str(file), f"double:2={file}", f"spare={file}"]
    with running(models, Settings(port=0, grpc_port=0)) as served:
        yield served
