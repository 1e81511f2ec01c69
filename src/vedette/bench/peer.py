"""The same question to supervision and trackers, in an environment of their own.

``trackers`` brings an OpenCV that clashes with Vedette's, so it runs where this file's imports
are installed and Vedette is not: ``PACKAGES`` in the folder ``peers`` of the track's output.
Frames come from ``sv.get_video_frames_generator``, boxes go through ``sv.Detections.with_nms`` to
``ByteTrackTracker``, as both document it, at this project's thresholds; the model runs in one
thread that does not spin, as in the plain loop. (Its answers are alike and not equal: pictures are
scaled from BGR, and the tracker is another.)
"""

# ruff: noqa: PLC0415  # imported where this environment has them

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

PACKAGES = ("supervision==0.31.0", "trackers==2.6.0", "onnxruntime==1.31.1")
SIZE, PAD, CONFIDENCE, NMS_IOU = 416, 114, 0.3, 0.45
PERSON, VEHICLES = 0, (2, 5, 7)


class Detector:
    """YOLOX through ONNX Runtime, as supervision's users write it around their own models."""

    def __init__(self, model: str) -> None:
        import numpy as np
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self.session: Any = onnxruntime.InferenceSession(model, options, providers=providers)
        self.input = self.session.get_inputs()[0].name
        grids = [
            np.stack((*np.mgrid[: SIZE // s, : SIZE // s][::-1], np.full((SIZE // s,) * 2, s)), -1)
            for s in (8, 16, 32)
        ]
        self.grid: Any = np.concatenate([g.reshape(-1, 3) for g in grids]).astype(np.float32)

    def __call__(self, picture: Any) -> Any:
        import cv2
        import numpy as np
        import supervision as sv  # type: ignore[import-not-found]

        scale = min(SIZE / picture.shape[1], SIZE / picture.shape[0])
        width, height = int(picture.shape[1] * scale), int(picture.shape[0] * scale)
        boxed = np.full((SIZE, SIZE, 3), PAD, np.uint8)
        boxed[:height, :width] = cv2.resize(picture, (width, height))
        planes = np.ascontiguousarray(boxed.transpose(2, 0, 1)[None], np.float32)
        (output,) = self.session.run(None, {self.input: planes})
        above = output[0, :, 4] >= CONFIDENCE
        found, cells = output[0][above], self.grid[above]
        label = found[:, 5:].argmax(axis=1)
        sure = found[np.arange(len(found)), 5 + label] * found[:, 4]
        centre = (found[:, :2] + cells[:, :2]) * cells[:, 2:]
        half = np.exp(found[:, 2:4]) * cells[:, 2:] / 2
        every = sv.Detections(np.hstack((centre - half, centre + half)) / scale, None, sure, label)
        asked = (sure >= CONFIDENCE) & np.isin(label, (PERSON, *VEHICLES))
        return every[asked].with_nms(NMS_IOU)


def main() -> None:
    import cv2
    import supervision as sv
    from trackers import ByteTrackTracker  # type: ignore[import-not-found]

    parser = argparse.ArgumentParser(description="The peer; prints what it did as JSON.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--passes", type=int, default=1)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    detect, frames, objects, first = Detector(asked.model), 0, 0, 0.0
    for clip in asked.clips:
        rate = float(sv.VideoInfo.from_video_path(clip).fps)
        tracker = ByteTrackTracker(
            frame_rate=rate, track_activation_threshold=CONFIDENCE, high_conf_det_threshold=0.5
        )
        for _ in range(asked.passes):
            for picture in sv.get_video_frames_generator(clip):
                found = tracker.update(detect(picture))
                first = first or time.monotonic()
                frames, objects = frames + 1, objects + len(found)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    said = {"frames": frames, "objects": objects, "first": first, "peak_mb": peak_mb}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
