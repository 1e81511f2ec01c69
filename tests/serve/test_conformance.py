"""Triton's own client, which takes us for a Triton."""

from typing import Any

import numpy as np
import pytest

from vedette.serve.server import Server

tritonclient = pytest.importorskip("tritonclient", reason="tritonclient[http,grpc] is not here")
ROWS = np.array([[1, 2, 3], [4, 5, 6.5]], np.float32)


@pytest.fixture(params=["http", "grpc"])
def triton(request: pytest.FixtureRequest, server: Server) -> Any:
    """The client's module, and a client."""
    module = pytest.importorskip(f"tritonclient.{request.param}")
    port = server.port if request.param == "http" else server.grpc_port
    client = module.InferenceServerClient(f"127.0.0.1:{port}")
    yield module, client
    client.close()


def asked(module: Any, array: Any = ROWS) -> list[Any]:
    tensor = module.InferInput("x", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array)
    return [tensor]


def test_it_finds_server_and_models_alive_and_ready(triton: Any) -> None:
    _, client = triton
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("double")
    assert client.is_model_ready("double", "2")


def test_it_reads_what_a_model_takes(triton: Any) -> None:
    _, client = triton
    found = _told(client.get_model_metadata("double"))
    assert [(each["name"], each["datatype"]) for each in found["inputs"]] == [("x", "FP32")]
    assert [int(side) for side in found["inputs"][0]["shape"]] == [-1, 3]


def test_it_reads_how_a_model_is_served(triton: Any) -> None:
    _, client = triton
    assert "model_configuration" in _told(client.get_server_metadata())["extensions"]
    rows = {"data_type": "TYPE_FP32", "dims": [3]}
    for version in ("", "2"):
        told = _told(client.get_model_config("double", version))
        assert _counted(told.get("config", told)) == {
            "name": "double",
            "platform": "onnxruntime_onnx",
            "backend": "onnxruntime",
            "version_policy": {"all": {}},
            "max_batch_size": 4,
            "input": [{"name": "x", **rows}],
            "output": [{"name": "y", **rows}],
            "dynamic_batching": {"preferred_batch_size": [4], "max_queue_delay_microseconds": 2000},
        }


@pytest.mark.parametrize(
    ("model", "version", "told"),
    [("nobody", "", "the model 'nobody'"), ("double", "9", "version '9' of 'double'")],
)
def test_it_is_told_of_no_model_that_is_not_there(
    triton: Any, model: str, version: str, told: str
) -> None:
    _, client = triton
    with pytest.raises(tritonclient.utils.InferenceServerException, match=told) as caught:
        client.get_model_config(model, version)
    assert caught.value.status() in ("404", "StatusCode.NOT_FOUND")


def test_it_gets_equal_tensors(triton: Any) -> None:
    module, client = triton
    answer = client.infer("double", asked(module), model_version="2", request_id="mine")
    assert np.array_equal(answer.as_numpy("y"), 2 * ROWS)


def test_it_gets_the_output_that_it_asks_for(triton: Any) -> None:
    module, client = triton
    outputs = [module.InferRequestedOutput("y")]
    answer = client.infer("double", asked(module), outputs=outputs)
    assert np.array_equal(answer.as_numpy("y"), 2 * ROWS)


def test_it_unloads_and_loads_a_model(triton: Any) -> None:
    _, client = triton
    client.unload_model("spare")
    assert not client.is_model_ready("spare")
    client.load_model("spare")
    assert client.is_model_ready("spare")


def test_it_reads_the_index_and_statistics(triton: Any) -> None:
    module, client = triton
    client.infer("double", asked(module))
    index = client.get_model_repository_index()
    index = index if isinstance(index, list) else _plain(index)["models"]
    assert {"name": "double", "version": "2", "state": "READY"}.items() <= index[1].items()
    told = _told(client.get_inference_statistics("double", "2"))
    assert int(told["model_stats"][0]["inference_count"]) >= 2


def test_json_without_binary_tensors_is_as_good(server: Server) -> None:
    http = pytest.importorskip("tritonclient.http")
    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    tensor = http.InferInput("x", [2, 3], "FP32")
    tensor.set_data_from_numpy(ROWS, binary_data=False)
    outputs = [http.InferRequestedOutput("y", binary_data=False)]
    answer = client.infer("double", [tensor], outputs=outputs)
    assert np.array_equal(answer.as_numpy("y"), 2 * ROWS)
    client.close()


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_compressed_requests_are_understood(server: Server, compression: str) -> None:
    http = pytest.importorskip("tritonclient.http")
    client = http.InferenceServerClient(f"127.0.0.1:{server.port}")
    answer = client.infer("double", asked(http), request_compression_algorithm=compression)
    assert np.array_equal(answer.as_numpy("y"), 2 * ROWS)
    client.close()


def test_a_stream_answers_each_request_in_order(server: Server) -> None:
    grpc = pytest.importorskip("tritonclient.grpc")
    from queue import Queue  # noqa: PLC0415

    answers: Queue[Any] = Queue()
    client = grpc.InferenceServerClient(f"127.0.0.1:{server.grpc_port}")
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("double", asked(grpc))
    client.async_stream_infer("nobody", asked(grpc))
    first, second = answers.get(timeout=20), answers.get(timeout=20)
    client.stop_stream()
    client.close()
    assert np.array_equal(first[0].as_numpy("y"), 2 * ROWS)
    assert "nobody" in str(second[1])


@pytest.mark.parametrize(
    ("model", "array", "told", "status"),
    [
        ("nobody", ROWS, "one that is served", ("404", "NOT_FOUND")),
        ("double", ROWS[:, :2], "[-1, 3]", ("400", "INVALID_ARGUMENT")),
        ("double", ROWS[0], "[-1, 3]", ("400", "INVALID_ARGUMENT")),
        ("double", np.zeros((9, 3), np.float32), "at most 4 rows", ("400", "INVALID_ARGUMENT")),
    ],
)
def test_mistakes_are_told_with_the_protocols_code(
    triton: Any, model: Any, array: Any, told: Any, status: Any
) -> None:
    module, client = triton
    with pytest.raises(tritonclient.utils.InferenceServerException) as caught:
        client.infer(model, asked(module, array))
    assert told in caught.value.message()
    assert any(each in str(caught.value.status()) for each in status)


def test_a_version_that_is_not_there_is_404(triton: Any) -> None:
    module, client = triton
    with pytest.raises(tritonclient.utils.InferenceServerException, match="version '9'"):
        client.infer("double", asked(module), model_version="9")


def _told(found: Any) -> Any:
    return found if isinstance(found, dict | list) else _plain(found)


def _counted(node: Any) -> Any:
    """Protobuf's JSON, whose long numbers are texts, as Triton's over HTTP, where they are not."""
    if isinstance(node, dict):
        return {key: _counted(each) for key, each in node.items()}
    if isinstance(node, list):
        return [_counted(each) for each in node]
    return int(node) if isinstance(node, str) and node.isdigit() else node


def _plain(found: Any) -> Any:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    return MessageToDict(found, preserving_proto_field_name=True)
