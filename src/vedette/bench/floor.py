"""The plain loop that the overhead of a running pipeline is measured against.

What one writes by hand for one question and one model: PyAV decodes and scales inside swscale
straight to what the model takes, ONNX Runtime runs it in one thread, the grid is decoded,
overlaps are removed, a tracker numbers what is left. No queues, no threads, no store, and no
going on after a kill; several files take turns. The tracker is Vedette's own, called as the
library function that it is, as the loop in anybody's notebook would call one. All else stands
here a second time, so that equal answers (``--check``) also check the pipeline's way to them.

Run it by its path, so that nothing of Vedette but its tracker is imported:
``python floor.py --model yolox_nano.onnx CLIP [CLIP ...]``.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import onnxruntime
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from vedette.ops.track import Track
from vedette.types.media import Detections, Key

SIZE = 416
PAD = 114
CONFIDENCE = 0.3
NMS_IOU = 0.45
CLASSES = {"person": ["person"], "vehicle": ["car", "bus", "truck"]}
"""What is asked for: each group with the labels that it merges."""
GROUP_OF = np.full(80, -1, np.int32)
"""The group of each of COCO's labels."""
GROUP_OF[[0]], GROUP_OF[[2, 5, 7]] = 0, 1
GRID = np.concatenate(
    [
        np.stack((*np.mgrid[: SIZE // s, : SIZE // s][::-1], np.full((SIZE // s,) * 2, s)), -1)
        .reshape(-1, 3)
        .astype(np.float32)
        for s in (8, 16, 32)
    ]
)
"""Column, row and stride of each cell of YOLOX's output."""

Stamped = tuple[Fraction, av.VideoFrame]


def decoded(clip: str, passes: int) -> Iterator[Stamped]:
    """Every frame of a file with its time in seconds, the file played several times over."""
    begin_s = Fraction(0)
    for _ in range(passes):
        with av.open(clip) as container:
            stream = container.streams.video[0]
            base, rate = Fraction(stream.time_base or 1), Fraction(stream.guessed_rate or 25)
            first, time_s = None, begin_s
            for frame in container.decode(stream):
                first = frame.pts if first is None else first
                time_s = begin_s + ((frame.pts or 0) - (first or 0)) * base
                yield time_s, frame
        begin_s = time_s + 1 / rate


class Loop:
    """One model for all files; the picture's planes and the converter are used again."""

    def __init__(self, model: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self.session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self.input = self.session.get_inputs()[0].name
        self.converter = VideoReformatter()

    def prepared(self, frame: av.VideoFrame) -> tuple[NDArray[np.float32], int, int]:
        """The frame as the model wants it, and the width and height that the picture fills."""
        scale = min(SIZE / frame.width, SIZE / frame.height)
        width, height = int(frame.width * scale + 1e-6), int(frame.height * scale + 1e-6)
        small = self.converter.reformat(
            frame, width, height, "bgr24", interpolation=Interpolation.AREA, threads=1
        )
        planes = np.full((1, 3, SIZE, SIZE), PAD, np.float32)
        for number, plane in enumerate(cv2.split(small.to_ndarray())):
            planes[0, number, :height, :width] = plane
        return planes, width, height

    def found(self, frame: av.VideoFrame, key: Key, time_s: Fraction) -> Detections:
        """The objects that are asked for, boxes in the frame's pixels, the surest first."""
        planes, width, height = self.prepared(frame)
        (output,) = self.session.run(None, {self.input: planes})
        above = output[0, :, 4] >= CONFIDENCE
        rows, cells = output[0][above], GRID[above]
        label = rows[:, 5:].argmax(axis=1)
        sure = rows[np.arange(len(rows)), 5 + label] * rows[:, 4]
        asked = (sure >= CONFIDENCE) & (GROUP_OF[label] >= 0)
        rows, cells, label, sure = rows[asked], cells[asked], label[asked], sure[asked]
        centre = (rows[:, :2] + cells[:, :2]) * cells[:, 2:]
        half = np.exp(rows[:, 2:4]) * cells[:, 2:] / 2
        boxes = np.concatenate((centre - half, centre + half), axis=1)
        kept = _survivors(boxes, sure, label)
        across, down = frame.width / width, frame.height / height
        placed = boxes[kept] * np.array([across, down, across, down])
        boxes = np.clip(placed, 0, [frame.width, frame.height] * 2).astype(np.float32)
        sure, label = sure[kept], label[kept].astype(np.int32)
        merged = _survivors(boxes, sure, GROUP_OF[label])  # one vehicle may look like two kinds
        return Detections(
            key=key,
            time_s=time_s,
            size=(frame.width, frame.height),
            boxes=boxes[merged],
            confidence=sure[merged],
            label=label[merged],
            group=GROUP_OF[label[merged]],
            track=np.full(len(merged), -1, np.int32),
            labels=(),
            groups=tuple(CLASSES),
        )


def answers(model: str, clips: list[str], passes: int) -> Iterator[Detections]:
    """The tracked objects of every frame of all files, which take turns."""
    loop = Loop(model)
    waiting = {f"camera{n}": decoded(clip, passes) for n, clip in enumerate(clips)}
    tracks = {name: Track() for name in waiting}
    number = 0
    while waiting:
        for name, frames in list(waiting.items()):
            here = next(frames, None)
            if here is None:
                del waiting[name]
                continue
            time_s, frame = here
            yield tracks[name](loop.found(frame, Key(name, number), time_s))
        number += 1


def bare_decode(clips: list[str], passes: int) -> int:
    """Decode and do nothing else; returns the number of frames."""
    return sum(1 for clip in clips for _ in decoded(clip, passes))


def bare_session(model: str, clips: list[str], passes: int) -> int:
    """Run the model and do nothing else: on every fourth frame, four times each.

    Its inputs are made beforehand, also with no ``passes``, so that they can be taken off.
    """
    loop, frames = Loop(model), [frame for clip in clips for _, frame in decoded(clip, 1)]
    inputs = [loop.prepared(frame)[0] for frame in frames[::4]]
    for planes in inputs * (4 * passes):
        loop.session.run(None, {loop.input: planes})
    return 4 * passes * len(inputs)


def digest(found: Detections, seen: Any) -> None:
    """Add an answer to a hash: where, how sure, what, and which object."""
    seen.update(f"{found.key.stream} {found.key.frame} {float(found.time_s)}".encode())
    for column in (found.boxes, found.confidence, found.label, found.track):
        seen.update(np.ascontiguousarray(column).tobytes())


def peak_mb() -> float:
    """This process's peak; of ``getrusage`` a child's is never below what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _survivors(
    boxes: NDArray[np.float32], sure: NDArray[np.float32], kind: NDArray[Any]
) -> NDArray[np.intp]:
    if len(boxes) < 2:
        return np.arange(len(boxes))
    sized = boxes.astype(np.float64)
    sized[:, 2:] -= sized[:, :2]
    nms: Any = cv2.dnn.NMSBoxesBatched  # takes arrays, though its stub asks for lists
    kept = nms(sized, sure, kind.astype(np.int32), -1.0, NMS_IOU)
    return np.asarray(kept, np.intp)


def main() -> None:
    parser = argparse.ArgumentParser(description="The plain loop; prints what it did as JSON.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--bare", choices=["decode", "session"])
    parser.add_argument("--check", action="store_true", help="hash the answers of each camera")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.bare == "decode":
        json.dump({"frames": bare_decode(asked.clips, asked.passes)}, sys.stdout)
        return
    if asked.bare == "session":
        frames = bare_session(asked.model, asked.clips, asked.passes)
        json.dump({"frames": frames}, sys.stdout)
        return
    frames, objects, first = 0, 0, 0.0
    hashes: dict[str, Any] = {}
    for found in answers(asked.model, asked.clips, asked.passes):
        first = first or time.monotonic()
        frames, objects = frames + 1, objects + len(found)
        if asked.check:
            digest(found, hashes.setdefault(found.key.stream, hashlib.sha256()))
    seen = {name: each.hexdigest() for name, each in hashes.items()}
    said = {"frames": frames, "objects": objects, "first": first, "seen": seen}
    json.dump({**said, "peak_mb": peak_mb()}, sys.stdout)


if __name__ == "__main__":
    main()
