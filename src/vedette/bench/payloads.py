"""What a model's inputs and outputs weigh on their way, what coding them costs, and what is lost.

YOLOX-Nano 416 on frames of the second half of each clip, every fifth, in batches of eight. Its
detections are held against those of the same frames sent as they are.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from vedette.bench.claims import Claim, Result, Setting
from vedette.boxes import pairwise_iou
from vedette.media.codecs import Run, Still
from vedette.media.source import open_source
from vedette.models import fetch_model
from vedette.models.backend import Arrays, Backend, completed
from vedette.models.detector import HeadDetector, Usage
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.payload import TENSORS, Coding, coded, plain
from vedette.models.pictured import Pictured
from vedette.models.wire.tensor import Tensor
from vedette.models.zoo import variant
from vedette.scoring.matching import most_pairs
from vedette.session.common import Progress, quiet
from vedette.types.graph import Stream
from vedette.types.media import Detections, Frame

CLIPS = ("highway_02.avi", "road_counting.mp4", "ua_detrac.mp4", "one_by_one_person.mp4")
VARIANT = "yolox-nano-416"
ROWS, EVERY, FRAMES = 8, 5, 32
CONFIDENCE, OVERLAP = 0.3, 0.5
INPUTS: Mapping[str, Coding] = {
    **TENSORS,
    **{f"jpeg {q}": Pictured(Still("jpeg", q)) for q in (95, 90, 75, 50)},
    **{f"webp {q}": Pictured(Still("webp", q)) for q in (90, 80)},
    **{f"h264 {qp}": Pictured(Run(qp)) for qp in (18, 26, 34)},
}


@dataclass(slots=True)
class Travelling:
    """A backend whose inputs and outputs are coded and undone on the way; it counts what that is.

    Seconds are CPU seconds of this process.
    """

    backend: Backend
    inputs: Coding | None = None
    outputs: Coding | None = None
    input_bytes: int = 0
    output_bytes: int = 0
    rows: int = 0
    coding_s: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """To code, and to undo."""

    def submit(self, batch: Arrays) -> Future[Arrays]:
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        self.rows += len(next(iter(batch.values())))
        given, size = self._sent(batch, self.inputs)
        self.input_bytes += size
        answer, size = self._sent(self.backend.submit(given).result(), self.outputs)
        self.output_bytes += size
        return answer

    def _sent(self, arrays: Arrays, coding: Coding | None) -> tuple[Arrays, int]:
        if coding is None:
            return arrays, sum(array.nbytes for array in arrays.values())
        known = {"coding": coding}
        tensors = [Tensor.of(name, array) for name, array in arrays.items()]
        sent = self._timed(0, lambda: [coded(each, "coding", known) for each in tensors])
        back = self._timed(1, lambda: plain(sent, known))
        size = sum(len(part) for each in sent for part in each.array)
        return {each.name: each.array for each in back}, size

    def _timed(self, which: int, work: Callable[[], Any]) -> Any:
        start_s = time.process_time()
        done = work()
        self.coding_s[which] += time.process_time() - start_s
        return done


def run(setting: Setting, progress: Progress = quiet) -> Result:
    """Each coding on each clip that is there."""
    count = 16 if setting.is_quick else FRAMES
    clips = [setting.clips / name for name in CLIPS] if setting.clips else []
    found = {clip.stem: clip for clip in clips if clip.is_file()}
    rows: list[dict[str, Any]] = []
    for clip, path in found.items():
        rows += _of_clip(clip, list(sampled(path, count)))
        progress("code payloads", len(rows), len(found) * (len(INPUTS) + len(TENSORS) + 2))
    rows += [{"clip": name, "what": "not run"} for name in CLIPS if Path(name).stem not in found]
    return Result(
        track="payloads",
        setup={"model": VARIANT, "frames": count, "rows": ROWS, "every": EVERY},
        quick=setting.is_quick,
        claims=tuple(_claims(rows)),
        rows=tuple(rows),
    )


def _of_clip(clip: str, frames: Sequence[Frame]) -> Iterator[dict[str, Any]]:
    """What travels as it is first; all others are held against it."""
    backend = OnnxBackend(fetch_model(VARIANT))
    reference = detections(backend, frames)
    ways: list[tuple[str, str, Coding | None]] = [("input", "", None), ("output", "", None)]
    ways += [("input", name, way) for name, way in INPUTS.items()]
    ways += [("output", name, way) for name, way in TENSORS.items()]
    for what, name, way in ways:
        given, taken = (way, None) if what == "input" else (None, way)
        travelling = Travelling(backend, given, taken)
        said = detections(travelling, frames)
        score = {"frame F1": agreement(reference, said)}
        yield {"clip": clip, "what": what, "coding": name, **figures(travelling, what), **score}


def sampled(clip: Path, count: int) -> Iterator[Frame]:
    """Every fifth frame of the second half, at most ``count``."""
    with open_source(Stream(clip.stem, str(clip))) as source:
        half = (source.frames_declared or 0) // 2
        kept = (
            frame
            for frame in source.frames()
            if frame.key.frame >= half and frame.key.frame % EVERY == 0
        )
        yield from islice(kept, count)


def detections(backend: Backend, frames: Sequence[Frame]) -> list[Detections]:
    usage = Usage()
    detector = HeadDetector(backend, variant(VARIANT), usage, rows_at_once=ROWS)
    return detector.detect(frames, confidence=CONFIDENCE)


def figures(travelling: Travelling, what: str) -> dict[str, float]:
    """Per picture: kilobytes of what was coded, CPU milliseconds at each end."""
    size = travelling.output_bytes if what == "output" else travelling.input_bytes
    to_code, to_undo = travelling.coding_s
    return {
        "KB": size / travelling.rows / 1000,
        "code ms": to_code / travelling.rows * 1000,
        "undo ms": to_undo / travelling.rows * 1000,
    }


def agreement(reference: Sequence[Detections], answer: Sequence[Detections]) -> float:
    """Frame F1: boxes of one label that overlap by half, over all boxes of both sides."""
    pairs = sum(_paired(one, other) for one, other in zip(reference, answer, strict=True))
    boxes = sum(len(each) for each in (*reference, *answer))
    return 2 * pairs / boxes if boxes else 1.0


def _paired(one: Detections, other: Detections) -> int:
    if not (len(one) and len(other)):
        return 0
    overlap = pairwise_iou(one.boxes, other.boxes)
    allowed = (overlap >= OVERLAP) & (one.label[:, None] == other.label[None, :])
    rows, _ = most_pairs(overlap, np.asarray(allowed))
    return len(rows)


def _claims(rows: Sequence[Mapping[str, Any]]) -> Iterator[Claim]:
    """Pixels as bytes lose nothing; a good JPEG and a good run of H.264 lose little."""
    for name, least in (("int8+zstd", 1.0), ("jpeg 90", 0.9), ("h264 18", 0.9)):
        column = "frame F1"
        found = [row[column] for row in rows if (row["what"], row.get("coding")) == ("input", name)]
        value = min(found) if found else None
        reason = "" if found else "no clips"
        spread = (min(found), max(found)) if found else None
        title = f"input as {name}, the worst clip: {column}"
        yield Claim(title, least, ">=", value, "", "measured", spread=spread, reason=reason)
