"""The five cameras: the shots of one public clip, each played forward and then back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from vedette.media.render import render
from vedette.media.source import open_source
from vedette.models import zoo
from vedette.models.assets import fetch
from vedette.types.graph import Span, Stream
from vedette.types.media import Region

SHOTS = {
    "camera1": Span(0, 30),
    "camera2": Span(30, 76),
    "camera3": Span(76, 137),
    "camera4": Span(137, 187),
    "camera5": Span(187, 243),
}
"""Frame numbers of bikes.mp4, fixed by looking at it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the white car is: its box by frame of its camera, and where one can first see it."""

    stream: str
    boxes: dict[int, Region]


def prepare(folder: Path, progress: Callable[[int, int], None]) -> int:
    """Render the cameras' files and lay the declarations beside them; returns the frame count."""
    folder.mkdir(parents=True, exist_ok=True)
    video = fetch(zoo.CLIPS["bikes"])
    frames = 0
    for number, (name, shot) in enumerate(SHOTS.items()):
        progress(number, len(SHOTS))
        with open_source(Stream(name, str(video))) as reader:
            pictures = [frame.picture for frame in reader.frames(shot)]
        frames += render([*pictures, *reversed(pictures)], folder / f"{name}.mkv")
    for name in ("workflow.yaml", "cluster.yaml"):
        text = files(__package__).joinpath(name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
    progress(len(SHOTS), len(SHOTS))
    return frames


def truth() -> Truth:
    """The target's boxes, looked up in the clip by hand, on both ways through the shot."""
    text = files(__package__).joinpath("target.json").read_text(encoding="utf-8")
    told = json.loads(text)
    shot = SHOTS[told["camera"]]
    last = 2 * (shot.end or 0) - 2 * shot.start - 1
    boxes: dict[int, Region] = {}
    for frame, box in told["boxes"].items():
        forward = int(frame) - shot.start
        boxes[forward] = boxes[last - forward] = tuple(box)
    return Truth(told["camera"], boxes)
