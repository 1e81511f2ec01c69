"""A real Triton and our server, asked the same by our client: equal tensors, equal errors.

Triton needs an interpreter of its own (see docs/howto/wire.md):
``pytest tests/serve/test_triton.py --triton=/opt/triton/bin/python``.
"""

import asyncio
import importlib
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from socket import socket
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from tests.serve.running import doubling, running

from vedette.models.endpoint import Endpoint, connect
from vedette.models.endpoint_coded import CodedEndpoint, Wanted
from vedette.models.payload import codings
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend
from vedette.models.wire import InferRequest, RequestedOutput, Tensor, WireError
from vedette.serve.server import Settings

pytestmark = pytest.mark.slow
utils = pytest.importorskip("tritonclient.utils", reason="tritonclient[http,grpc] is not here")
ROWS = np.arange(6, dtype=np.float32).reshape(2, 3)
WAIT_S = 60.0
Ask = Callable[[Endpoint], Awaitable[Any]]
Ports = dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def ports(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ports]:
    """The ports of HTTP and gRPC: of Triton and of our server."""
    python = request.config.getoption("--triton")
    if python is None:
        pytest.skip("no interpreter with nvidia-pytriton was given (--triton=PYTHON)")
    file = doubling(tmp_path_factory.mktemp("models") / "double.onnx")
    chosen = [str(each) for each in free_ports(3)]
    command = [python, str(Path(__file__).with_name("triton_double.py")), *chosen]
    with (
        running([str(file)], Settings(port=0, grpc_port=0)) as ours,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as triton,
    ):
        assert triton.stdin is not None
        assert triton.stdout is not None
        list(takewhile(lambda line: line.strip() != "ready", triton.stdout))
        assert triton.poll() is None, "Triton did not start"
        yield {
            "triton": (int(chosen[0]), int(chosen[1])),
            "vedette": (ours.port, ours.grpc_port),
        }
        triton.stdin.close()


def free_ports(count: int) -> list[int]:
    with ExitStack() as scope:
        found = [scope.enter_context(socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def told(ports: Ports, scheme: str, ask: Ask) -> dict[str, Any]:
    """What each server answers, or the status and kind of its refusal."""

    async def of(server: str) -> Any:
        port = ports[server][scheme == "grpc"]
        endpoint = connect(f"{scheme}://127.0.0.1:{port}")
        try:
            return await ask(endpoint)
        except WireError as error:
            return type(error).__name__, error.status
        finally:
            await endpoint.close()

    return {server: asyncio.run(of(server)) for server in ports}


def request(array: np.ndarray[Any, Any] = ROWS, **how: Any) -> InferRequest:
    name = how.pop("input", "x")
    return InferRequest(how.pop("model", "double"), (Tensor.of(name, array),), **how)


schemes = pytest.mark.parametrize("scheme", ["http", "grpc"])


@schemes
@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request(ROWS[:1]),
        request(outputs=(RequestedOutput("y"),)),
        request(version="1", id="seven"),
    ],
)
def test_answers_are_equal(ports: Ports, scheme: str, asked: InferRequest) -> None:
    answers = told(ports, scheme, lambda server: server.infer(asked, WAIT_S))
    theirs, ours = answers["triton"], answers["vedette"]
    assert [(each.name, each.datatype) for each in ours.outputs] == [
        (each.name, each.datatype) for each in theirs.outputs
    ]
    np.testing.assert_array_equal(theirs.outputs[0].array, ours.outputs[0].array)
    assert (theirs.model, theirs.version, theirs.id) == (ours.model, ours.version, ours.id)


@schemes
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(request(input="z"), id="another input"),
        pytest.param(request(ROWS.astype(np.int32)), id="another type"),
        pytest.param(request(ROWS[:, :2]), id="another shape"),
        pytest.param(request(ROWS[0]), id="no rows"),
        pytest.param(request(np.zeros((9, 3), np.float32)), id="more rows than a batch"),
        pytest.param(request(outputs=(RequestedOutput("q"),)), id="another output"),
        pytest.param(request(model="nobody"), id="another model"),
        pytest.param(request(version="9"), id="another version"),
    ],
)
def test_mistakes_have_the_same_status(ports: Ports, scheme: str, wrong: InferRequest) -> None:
    answers = told(ports, scheme, lambda server: server.infer(wrong, WAIT_S))
    assert answers["vedette"] == answers["triton"]
    assert answers["vedette"][0] == "WireError"


@schemes
def test_health_and_the_model_are_told_alike(ports: Ports, scheme: str) -> None:
    async def about(server: Endpoint) -> Any:
        model = await server.model(WAIT_S, "double")
        return (
            await server.ready(WAIT_S),
            await server.ready(WAIT_S, "double"),
            await server.ready(WAIT_S, "nobody"),
            (model.name, model.versions, model.inputs, model.outputs),
        )

    answers = told(ports, scheme, about)
    assert answers["triton"] == answers["vedette"]
    assert answers["vedette"][:3] == (True, True, False)


@schemes
def test_how_the_model_is_served_is_told_alike(ports: Ports, scheme: str) -> None:
    """All but what is each server's own: its backend, and its policy of versions."""

    def tell(client: Any, how: dict[str, bool]) -> Any:
        assert "model_configuration" in client.get_server_metadata(**how)["extensions"]
        one = client.get_model_config("double", "1", **how)
        assert one == client.get_model_config("double", **how)
        return common(one.get("config", one))

    answers = by_its_own_client(ports, scheme, tell)
    assert answers["vedette"] == answers["triton"]
    assert answers["vedette"]["batches"] == [[4], "2000" if scheme == "grpc" else 2000]


@schemes
@pytest.mark.parametrize(("model", "version"), [("nobody", ""), ("double", "9")])
def test_nothing_is_told_of_how_others_are_served(
    ports: Ports, scheme: str, model: str, version: str
) -> None:
    def refused(client: Any, _: Any) -> Any:
        with pytest.raises(utils.InferenceServerException) as caught:
            client.get_model_config(model, version)
        return caught.value.status()

    answers = by_its_own_client(ports, scheme, refused)
    assert answers["vedette"] == answers["triton"]
    assert answers["vedette"] == ("404" if scheme == "http" else "StatusCode.NOT_FOUND")


def by_its_own_client(
    ports: Ports, scheme: str, ask: Callable[[Any, dict[str, bool]], Any]
) -> dict[str, Any]:
    """What ``ask`` makes of Triton's client of each server, and of what has it answer in JSON."""
    module = importlib.import_module(f"tritonclient.{scheme}")
    how = {"as_json": True} if scheme == "grpc" else {}
    found = {}
    for server in ports:
        client = module.InferenceServerClient(f"127.0.0.1:{ports[server][scheme == 'grpc']}")
        found[server] = ask(client, how)
        client.close()
    return found


def common(told: dict[str, Any]) -> dict[str, Any]:
    tensors = {
        key: [{name: each[name] for name in ("name", "data_type", "dims")} for each in told[key]]
        for key in ("input", "output")
    }
    batching = told["dynamic_batching"]
    batches = [batching[key] for key in ("preferred_batch_size", "max_queue_delay_microseconds")]
    return {key: told[key] for key in ("name", "max_batch_size")} | tensors | {"batches": batches}


@schemes
def test_triton_is_a_backend_whose_answers_are_batched(ports: Ports, scheme: str) -> None:
    port = ports["triton"][scheme == "grpc"]
    backend = RemoteBackend(Remote("double", (f"{scheme}://127.0.0.1:{port}",)), input="x")
    futures = [backend.submit({"x": ROWS + each}) for each in range(12)]
    for each, future in enumerate(futures):
        np.testing.assert_array_equal(future.result()["y"], 2 * (ROWS + each))
    backend.close()


def test_triton_which_knows_no_codings_is_asked_plainly(ports: Ports) -> None:
    async def ask(server: Endpoint) -> Any:
        coding = CodedEndpoint(server, Wanted(("int8+zstd",), ("zstd",)), codings())
        return (await coding.infer(request(), WAIT_S)).outputs[0].array.tolist()

    answers = told(ports, "http", ask)
    assert answers["triton"] == answers["vedette"] == (2 * ROWS).tolist()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"inputs": 3}', b'{"inputs": [{"name": "x"}]}'],
)
def test_bodies_that_are_no_request_are_refused_alike(ports: Ports, body: bytes) -> None:
    def status(port: int) -> tuple[int, list[str]]:
        address = f"http://127.0.0.1:{port}/v2/models/double/infer"
        with pytest.raises(HTTPError) as caught:
            urlopen(Request(address, body), timeout=WAIT_S)
        with caught.value:
            return caught.value.code, sorted(json.loads(caught.value.read()))

    assert status(ports["vedette"][0]) == (400, ["error"])
    theirs, keys = status(ports["triton"][0])
    assert theirs in (400, 500)  # some it takes for faults of its own
    assert keys == ["error"]
