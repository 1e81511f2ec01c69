"""What codings and batches save on the way to a model server, over links of 1 to 100 Mbit/s.

Rehearsed: YOLOX-Nano runs on real pictures, and what it takes and gives is coded, written as a
message of the protocol, read and undone for real, once; its bytes and CPU time are then charged to
an emulated link and to two emulated machines in virtual time. Pictures come five a second; one
request is under way at a time, and those that come meanwhile wait. Without batches they go one by
one; with them all that wait go together, at most eight, as the client's batcher has it
(:func:`vedette.models.rows.decide`). So nothing waits for a batch to fill.

``json`` is Distributed NoScope's way: numbers as text. It was left as future work there to batch
and to compress.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

import numpy as np

from vedette.bench.claims import Claim, Row, median_claim
from vedette.bench.payloads import CONFIDENCE, INPUTS, VARIANT, sampled
from vedette.models import fetch_model
from vedette.models.backend import Arrays, Backend, completed
from vedette.models.detector import HeadDetector, Usage
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.payload import coded, plain
from vedette.models.rows import Batching, joined
from vedette.models.wire import InferRequest, InferResponse, Limits, Tensor
from vedette.models.wire.rest import (
    Body,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from vedette.models.zoo import variant
from vedette.running.replicas import ReplicaSet, serve
from vedette.session.common import Progress
from vedette.types.figures import Label

T = TypeVar("T")

LINKS_MBPS = (1, 2, 5, 10, 20, 50, 100)
QUICK_LINKS_MBPS = (1, 10, 100)
RTT_S, RATE, MOST_ROWS = 0.02, 5.0, 8
PICTURES, QUICK_PICTURES = 48, 16
JSON = "json"
WAYS: Mapping[str, tuple[str | None, str | None]] = {
    JSON: (None, None),
    "as it is": (None, None),
    "zstd": ("zstd", "zstd"),
    "int8+zstd": ("int8+zstd", "int8+zstd"),
    "jpeg 90": ("jpeg 90", "int8+zstd"),
    "h264 18": ("h264 18", "int8+zstd"),
}
"""Codings of what the model takes and of what it gives."""
PLAIN, SAFE, VIDEO = "as it is", "int8+zstd", "h264 18"
"""The safe one changes hardly any answer: see the track ``payloads``."""
REHEARSED: Label = "rehearsed"
LIMITS = Limits(body_bytes=1 << 30, json_bytes=1 << 30)
"""Numbers as text take more than a server usually allows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and its answer, for real: bytes each way, and CPU seconds at both ends."""

    there_bytes: int
    back_bytes: int
    coding_s: float

    def seconds(self, mbps: float) -> float:
        """Over a link that is otherwise idle, without the model."""
        return self.coding_s + RTT_S + 8e-6 * (self.there_bytes + self.back_bytes) / mbps


@dataclass(slots=True)
class Pictures:
    """What the model takes and gives, a row each, and what a row takes it."""

    taken: list[Arrays] = field(default_factory=list)
    given: list[Arrays] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.taken)


def pictures_of(clip: Path, count: int) -> Pictures:
    """The model on real frames, each by itself."""
    found, backend = Pictures(), OnnxBackend(fetch_model(VARIANT))
    detector = HeadDetector(Noting(backend, found), variant(VARIANT), Usage())
    for frame in sampled(clip, count):
        detector.detect([frame], confidence=CONFIDENCE)
    return found


class Noting:
    """A backend that notes what goes through it."""

    def __init__(self, backend: Backend, found: Pictures) -> None:
        self._backend, self._found = backend, found

    def submit(self, batch: Arrays) -> Future[Arrays]:
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        answer, took_s = timed(lambda: self._backend.submit(batch).result())
        self._found.taken.append(batch)
        self._found.given.append(answer)
        self._found.seconds.append(took_s)
        return answer


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and the CPU seconds of this process."""
    begun_s = time.process_time()
    done = work()
    return done, time.process_time() - begun_s


class Messages:
    """The messages of one way, made once for each run of pictures that some batch has."""

    def __init__(self, pictures: Pictures, way: str) -> None:
        self._pictures, self._way = pictures, way
        self._sent: dict[tuple[int, int], Sent] = {}

    def sent(self, first: int, rows: int) -> Sent:
        """Of the pictures from ``first`` on, in one request."""
        key = first, rows
        if key not in self._sent:
            which = slice(first, first + rows)
            taken, given = self._pictures.taken[which], self._pictures.given[which]
            self._sent[key] = sent(joined(taken), joined(given), self._way)
        return self._sent[key]

    def journey(self, mbps: float) -> "Journey":
        return Journey(self, mbps, median(self._pictures.seconds))


@dataclass(slots=True)
class Journey:
    """Seconds that the next batch takes over a link and through the model; it counts its bytes."""

    messages: Messages
    mbps: float
    pass_s: float
    pictures: int = 0
    there_bytes: int = 0
    back_bytes: int = 0

    def __call__(self, rows: int, _: Random) -> float:
        found = self.messages.sent(self.pictures, rows)
        self.pictures += rows
        self.there_bytes += found.there_bytes
        self.back_bytes += found.back_bytes
        return found.seconds(self.mbps) + rows * self.pass_s

    def alone_s(self, number: int) -> float:
        """Of one picture that finds everything idle."""
        return self.messages.sent(number, 1).seconds(self.mbps) + self.pass_s


def sent(taken: Arrays, given: Arrays, way: str) -> Sent:
    """One request and its answer through everything but a socket and the model."""
    of_inputs, of_outputs = WAYS[way]

    def asking() -> Body:
        request = InferRequest(VARIANT, _coded(taken, of_inputs))
        return encode_request(request, binary=way != JSON)

    def answering() -> Body:
        asked = decode_request(there, question.json_bytes, model=VARIANT, limits=LIMITS)
        plain(asked.inputs, INPUTS)
        return encode_response(InferResponse(VARIANT, _coded(given, of_outputs)), asked)

    def reading() -> None:
        plain(decode_response(back, answer.json_bytes, limits=LIMITS).outputs, INPUTS)

    question, asking_s = timed(asking)
    there = bytes(question)
    answer, answering_s = timed(answering)
    back = bytes(answer)
    _, reading_s = timed(reading)
    return Sent(len(there), len(back), asking_s + answering_s + reading_s)


def _coded(arrays: Arrays, name: str | None) -> tuple[Tensor, ...]:
    tensors = (Tensor.of(each, array) for each, array in arrays.items())
    return tuple(each if name is None else coded(each, name, INPUTS) for each in tensors)


def rows(clip: Path, progress: Progress, *, is_quick: bool) -> Iterator[Row]:
    """A row a link, way and batching."""
    pictures = pictures_of(clip, QUICK_PICTURES if is_quick else PICTURES)
    for done, way in enumerate(WAYS):
        progress("links", done, len(WAYS))
        messages = Messages(pictures, way)
        for mbps in QUICK_LINKS_MBPS if is_quick else LINKS_MBPS:
            for most in (1, MOST_ROWS):
                yield rehearsed(messages, len(pictures), way, mbps, most)


def rehearsed(messages: Messages, count: int, way: str, mbps: float, most: int) -> Row:
    """Pictures at a steady rate over one link, and as fast as they go."""
    steady, hurried = messages.journey(mbps), messages.journey(mbps)
    batching = Batching(most, max_queue=max(count, most))
    arrivals_s = [number / RATE for number in range(count)]
    found = serve(arrivals_s, ReplicaSet(1, steady, batching=batching))
    fastest = serve([0.0] * count, ReplicaSet(1, hurried, batching=batching))
    alone_s = [steady.alone_s(number) for number in range(count)]
    p50_ms, p95_ms = 1e3 * np.quantile(found.latency_s, [0.5, 0.95])
    return {
        "part": "links",
        "what": way,
        "Mbit/s": mbps,
        "most rows": most,
        "KB there": steady.there_bytes / count / 1e3,
        "KB back": steady.back_bytes / count / 1e3,
        "alone ms": 1e3 * median(alone_s),
        "p50 ms": float(p50_ms),
        "p95 ms": float(p95_ms),
        "a second": count / fastest.makespan_s,
    }


def claims(found: Sequence[Row]) -> Iterator[Claim]:
    """What the safe coding saves on every link, and what batches bring to pictures as video."""
    of = {(row["what"], row["Mbit/s"], row["most rows"]): row for row in found}
    links = sorted({mbps for _, mbps, _ in of})
    pairs = [(of[PLAIN, mbps, 1], of[SAFE, mbps, 1]) for mbps in links]
    for what, least, parts in (
        ("bytes", 0.8, ("KB there", "KB back")),
        ("latency of a picture alone", 0.5, ("alone ms",)),
    ):
        sizes = [[sum(row[part] for part in parts) for row in pair] for pair in pairs]
        saved = [1 - coded / bare for bare, coded in sizes]
        spread = (min(saved), max(saved)) if saved else None
        name = f"{SAFE}: {what} saved on the link that it saves the least on"
        yield Claim(name, least, ">=", min(saved, default=None), "share", REHEARSED, None, spread)
    gains = [
        of[VIDEO, mbps, MOST_ROWS]["a second"] / of[VIDEO, mbps, 1]["a second"] for mbps in links
    ]
    name = f"{VIDEO}: pictures a second in batches of up to {MOST_ROWS}, over one by one"
    yield median_claim(name, 1.0, ">=", gains, "x", REHEARSED)
