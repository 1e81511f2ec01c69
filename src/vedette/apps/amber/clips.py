"""The five cameras: the shots of one public clip, each played forward and then back."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from vedette.media.render import render
from vedette.media.source import open_source
from vedette.models import zoo
from vedette.models.assets import fetch
from vedette.records.files import make_folder
from vedette.scoring import Target
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
RATE = 25


def prepare(folder: Path, progress: Callable[[int, int], None]) -> int:
    """Render the cameras' files and lay the declarations beside them; returns the frame count."""
    make_folder(folder)
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


def target() -> Target:
    """The white car: its box by frame of its camera, as somebody saw it who looked at each frame.

    It enters at the left, goes behind a post, stops, and on the way back leaves as it came.
    """
    told = json.loads(files(__package__).joinpath("target.json").read_text(encoding="utf-8"))
    boxes: dict[int, Region] = {int(frame): tuple(box) for frame, box in told["boxes"].items()}
    return Target(told["stream"], boxes, seen_s=min(boxes) / RATE)
