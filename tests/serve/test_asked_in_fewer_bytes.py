"""A backend whose model is served: tensors travel coded where a server knows it, and together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.models.test_backend import means_model
from tests.serve.running import running

from vedette.errors import ModelError
from vedette.media.codecs import CODECS
from vedette.models.backend import Arrays
from vedette.models.endpoint_coded import Wanted
from vedette.models.payload import codings
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend
from vedette.models.rows import Batching
from vedette.models.wire import WireError
from vedette.serve.server import Server, Settings

for extra in ("aiohttp", "httptools", "zstandard"):
    pytest.importorskip(extra)
KNOWN = codings(CODECS)


def asked(server: Server, batches: list[Arrays], **how: object) -> list[Arrays]:
    remote = Remote("means", (f"http://127.0.0.1:{server.port}",), known=KNOWN, **how)  # type: ignore[arg-type]
    backend = RemoteBackend(remote, input="images")
    try:
        with ThreadPoolExecutor(8) as pool:
            futures = list(pool.map(backend.submit, batches))
            return [each.result() for each in futures]
    finally:
        backend.close()


def pictures(count: int) -> list[Arrays]:
    draw = np.random.default_rng(3)
    shape = (1, 3, 8, 8)
    return [{"images": draw.integers(0, 256, shape).astype(np.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def means(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"means={means_model(tmp_path_factory.mktemp('coded') / 'means.onnx')}"


@pytest.mark.parametrize("inputs", ["int8+zstd", "zstd", "fp16"])
def test_codings_that_lose_nothing_of_pixels_change_no_answer(means: str, inputs: str) -> None:
    with running([means], Settings(port=0, grpc_port=None)) as server:
        plain = asked(server, pictures(6))
        coded = asked(server, pictures(6), wanted=Wanted((inputs,), ("zstd",)))
    for one, other in zip(plain, coded, strict=True):
        np.testing.assert_array_equal(one["means"], other["means"])


def test_a_picture_is_sent_as_one_and_loses_little(means: str) -> None:
    batch = {"images": np.full((1, 3, 8, 8), 80, np.float32)}
    with running([means], Settings(port=0, grpc_port=None)) as server:
        (answer,) = asked(server, [batch], wanted=Wanted(("jpeg", "zstd")))
    assert answer["means"].ravel() == pytest.approx([80, 80, 80], abs=3)


def test_a_coding_that_nobody_here_knows_is_told_with_those_that_are() -> None:
    remote = Remote("means", ("http://localhost:1",), wanted=Wanted(("jpg",)), known=KNOWN)
    with pytest.raises(ModelError, match="'jpg'") as caught:
        RemoteBackend(remote)
    assert "jpeg" in caught.value.problems[0].expected


def test_frames_of_many_threads_travel_together_and_each_gets_its_own(means: str) -> None:
    batches = pictures(24)
    how = Batching(max_rows=4, max_wait_s=0.05)
    with running([means], Settings(port=0, grpc_port=None)) as server:
        answers = asked(server, batches, batching=how, wanted=Wanted(("int8+zstd",)))
        ((_, model),) = server.repository.models()
        counted = model.statistics
        assert counted.inferences == 24
        assert counted.success.count < 24
    for batch, answer in zip(batches, answers, strict=True):
        np.testing.assert_allclose(
            answer["means"].ravel(), batch["images"].mean(axis=(2, 3)).ravel(), rtol=1e-6
        )


def test_a_bad_request_of_a_batch_fails_alone(means: str) -> None:
    good = {"images": np.ones((1, 3, 8, 8), np.float32)}
    many = {"images": np.ones((9, 3, 8, 8), np.float32)}
    remote_rows = Batching(max_rows=4, max_wait_s=0.05)
    with running([means], Settings(port=0, grpc_port=None)) as server:
        with pytest.raises(WireError, match="at most 4 rows"):
            asked(server, [good, many], batching=remote_rows)
        assert asked(server, [good], batching=remote_rows)


def test_a_server_that_knows_no_codings_is_asked_in_plain_tensors(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.models.test_remote_backend import BATCH, Servers  # noqa: PLC0415

    remote = Remote("means", ("a",), wanted=Wanted(("int8+zstd",), ("zstd",)), known=KNOWN)
    backend = RemoteBackend(remote, connect=Servers())
    answer = backend.submit(BATCH).result()
    backend.close()
    assert answer["means"].shape == (2, 3, 1, 1)
    assert "a knows none of int8+zstd" in caplog.text
