"""A server with batches against a direct call: pictures a second of YOLOX-Nano on the same cores.

The direct call is ``session.run`` in as many threads as there are cores, nothing else. The server
has as many threads, puts what waits into batches of up to eight, and is asked over eight
connections by a client on the same cores, so that reading and writing 2.1 MB there and 1.2 MB
back are taken off what is left for the model. Both in turn, within a repetition.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median

import numpy as np

from vedette.bench.claims import Claim, Row, median_claim
from vedette.bench.distributed_client import Question, asked
from vedette.bench.kept import Kept
from vedette.bench.servers import Command, serving
from vedette.models import fetch_model
from vedette.models.backend import Arrays
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.wire import InferRequest, Tensor
from vedette.models.wire.rest import encode_request
from vedette.models.zoo import MODELS, variant
from vedette.session.common import Progress

VARIANT, CONNECTIONS = "yolox-nano-416", 8
PICTURES, QUICK_PICTURES = 400, 40
REPETITIONS, QUICK_REPETITIONS = 5, 2


def rows(kept: Kept, progress: Progress, *, is_quick: bool) -> Iterator[Row]:
    """A row a repetition; what is kept is not run again."""
    pictures = QUICK_PICTURES if is_quick else PICTURES
    repetitions = QUICK_REPETITIONS if is_quick else REPETITIONS
    for turn in range(repetitions):
        progress("throughput", turn, repetitions)
        yield kept.row(f"throughput {turn}", partial(_turn, turn, pictures))


def claim(found: Sequence[Row]) -> Claim:
    ratios = [row["a second"] / row["direct a second"] for row in found]
    name = f"{VARIANT}: throughput of the server with batches, over the direct call"
    reason = f"the direct call: {median(row['direct a second'] for row in found):.1f} a second"
    return median_claim(name, 0.8, ">=", ratios, "x", "measured", reason=reason if found else "")


def picture() -> Arrays:
    """What the model takes; its pixels are drawn, since they change nothing of its time."""
    known = variant(VARIANT)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 3, known.size, known.size))
    return {MODELS[known.model].input: pixels.astype(np.float32)}


def command(threads: int) -> Command:
    """Serves the variant."""
    words = [sys.executable, "-m", "vedette", "serve", VARIANT, "--threads", str(threads)]
    return Command([*words, "--port", "{port}"], f"/v2/models/{VARIANT}/ready")


def _turn(turn: int, pictures: int) -> Row:
    threads = len(os.sched_getaffinity(0))
    if turn % 2:
        served, direct = _served(threads, pictures), _direct(threads, pictures)
    else:
        direct, served = _direct(threads, pictures), _served(threads, pictures)
    return {
        "part": "throughput",
        "what": f"{VARIANT} in {threads} threads, repetition {turn + 1}",
        "requests": pictures,
        "direct a second": direct,
        "a second": served,
    }


def _direct(threads: int, pictures: int) -> float:
    backend, batch = OnnxBackend(fetch_model(VARIANT)), picture()

    def call(_: int) -> None:
        backend.submit(batch).result()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(call, range(2 * threads)))
        begun_s = time.perf_counter()
        list(pool.map(call, range(pictures)))
        return pictures / (time.perf_counter() - begun_s)


def _served(threads: int, pictures: int) -> float:
    tensors = tuple(Tensor.of(name, array) for name, array in picture().items())
    body = encode_request(InferRequest(VARIANT, tensors))
    headers = {name: told for name, told in body.headers().items() if name != "Content-Length"}
    question = Question(f"/v2/models/{VARIANT}/infer", bytes(body), headers)
    with serving([command(threads)]) as (server,):
        asked(server.address, question, 2 * CONNECTIONS, CONNECTIONS)
        return asked(server.address, question, pictures, CONNECTIONS).rate
