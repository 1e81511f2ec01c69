"""What the ep track asks of which clips: five cameras a scene, two workloads, one target."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from vedette.errors import InputError, Problem
from vedette.image import box_of, cut
from vedette.media.source import open_source
from vedette.ops.colour import Colour, body_shares
from vedette.records.files import write_bytes
from vedette.scoring import Target
from vedette.scoring.events import sightings
from vedette.session import load_declaration
from vedette.types.cluster import Cluster
from vedette.types.graph import Span, Stream, Workflow
from vedette.types.media import Frame, Region
from vedette.types.profile import Trace

CLIPS = ("highway_02", "road_counting", "ua_detrac")
"""The clips that the track was made for; where none of them is there, every video is taken."""
SUFFIXES = {".avi", ".mp4", ".mkv", ".mov", ".webm"}
CAMERAS = 5
SHOWS, MOST_OF_IT = 0.3, 0.5
"""A crop shows a colour with this share of its body; a track has it with this share of crops."""

TAILS = {
    "find the target": "  crop: {run: crop, from: [resize, track], groups: [vehicle]}\n"
    "  type: {run: classify, from: crop}\n"
    "  match: {run: match_colour, from: type, colour: $colour, min_side: 0.0}\n"
    "  alert: {run: alert, from: match}\n",
    "every vehicle": "  crop: {run: crop, from: [resize, track], groups: [vehicle]}\n"
    "  match: {run: match_moving, from: crop}\n"
    "  alert: {run: alert, from: match}\n",
}
FLOORS = {
    "find the target": "{event_f1: 0.9, alert_recall: 0.9}",
    "every vehicle": "{event_f1: 0.9}",
}
WORKLOADS = tuple(TAILS)


@dataclass(frozen=True, slots=True)
class Scene:
    """Five cameras of one clip, or of several: the first of each clip is measured.

    The others are copies of it, each a further fifth of the clip ahead; what is seen in copies is
    the same and counts once. ``spans`` are what is planned and reported on, by clip.
    """

    name: str
    clips: tuple[Path, ...]
    spans: Mapping[Path, tuple[Span, Span]]

    def streams(self) -> str:
        """The streams as a workflow file has them."""
        lines = []
        for number in range(CAMERAS):
            clip = self.clips[number % len(self.clips)].resolve()
            url = json.dumps(str(clip))  # a name may hold commas and braces
            plan, report = self.spans[clip] if number < len(self.clips) else (Span(), Span())
            lines.append(
                f"    camera{number + 1}: {{url: {url}, plan_on: {_written(plan, number, self)}, "
                f"report_on: {_written(report, number, self)}}}"
            )
        return "\n".join(lines)


def _written(span: Span, number: int, scene: Scene) -> str:
    return f"[{span.start}, {span.end}]" if number < len(scene.clips) else "[]"


def scenes(folder: Path, *, is_quick: bool) -> tuple[Scene, ...]:
    """A scene a clip, and one of all of them; the first clip alone where it should be quick.

    Planned is on the first half of a clip, reported on the second; on a quarter each if quick.
    """
    found = _videos(folder)
    if is_quick:
        found = found[:1]
    spans = {clip: _halves(clip, is_quick=is_quick) for clip in found}
    alone = [Scene(clip.stem, (clip,), spans) for clip in found]
    mixed = [Scene("mixed", tuple(found[:CAMERAS]), spans)] if len(found) > 1 else []
    return (*alone, *mixed)


def _videos(folder: Path) -> list[Path]:
    every = sorted(each.resolve() for each in folder.iterdir() if each.suffix.lower() in SUFFIXES)
    known = [each for each in every if each.stem in CLIPS]
    if not every:
        found = f"no video in {folder}"
        raise InputError(Problem(found, "clips of traffic, from fixed cameras", "--clips FOLDER"))
    return known or every


def _halves(clip: Path, *, is_quick: bool) -> tuple[Span, Span]:
    with open_source(Stream("clip", str(clip))) as reader:
        frames = sum(1 for _ in reader.frames())
    half = frames // 2
    length = half // 2 if is_quick else half
    return Span(0, length), Span(half, half + length if is_quick else frames)


def declared(scene: Scene, workload: str, colour: str, folder: Path) -> tuple[Workflow, Cluster]:
    """The scene's files, written to ``folder`` for whoever wants to repeat one cell, and read."""
    folder.mkdir(parents=True, exist_ok=True)
    tail = Template(TAILS[workload]).substitute(colour=colour)
    home = files("vedette.bench")
    text = Template((home / "ep_workflow.yaml").read_text(encoding="utf-8"))
    name = f"{scene.name}-{workload}".replace(" ", "-")
    workflow = text.substitute(
        name=name, streams=scene.streams(), tail=tail, floors=FLOORS[workload]
    )
    write_bytes(folder / "workflow.yaml", workflow.encode())
    write_bytes(folder / "cluster.yaml", (home / "ep_cluster.yaml").read_bytes())
    return load_declaration(folder / "workflow.yaml", folder / "cluster.yaml")


def find_target(workflow: Workflow, golden: Trace) -> tuple[Target, Colour] | None:
    """The first event of the reported part of whose golden crops at least half show one colour.

    Somebody who looks for it would name that colour; it is the question, and nothing is tuned on
    it. None where no event has one.
    """
    frames: dict[str, dict[int, Frame]] = {}
    found, _ = sightings(golden, workflow.events)
    for each in sorted(found, key=lambda each: int(each.frame[0])):
        known = frames.setdefault(each.stream, _read(workflow, golden, each.stream))
        boxes = dict(zip(each.frame.tolist(), each.box.tolist(), strict=True))
        colour = _colour_of([(known[frame], tuple(box)) for frame, box in boxes.items()])
        if colour is not None:
            return Target(each.stream, boxes, float(known[min(boxes)].time_s)), colour
    return None


def _read(workflow: Workflow, golden: Trace, name: str) -> dict[int, Frame]:
    stream = next(each for _, each in workflow.streams() if each.name == name)
    numbers = golden.frame[golden.stream == golden.streams.index(name)]
    with open_source(stream) as reader:
        whole = reader.frames(Span(int(numbers.min()), int(numbers.max()) + 1))
        return {frame.key.frame: frame for frame in whole}


def _colour_of(crops: Sequence[tuple[Frame, Region]]) -> Colour | None:
    shares = [
        body_shares(cut(frame, pixels).picture)
        for frame, box in crops
        if (pixels := box_of(frame, box)) is not None
    ]
    if not shares:
        return None
    shown = {name: np.mean([each[name] >= SHOWS for each in shares]) for name in shares[0]}
    best = max(shown, key=lambda name: float(shown[name]))
    return best if shown[best] >= MOST_OF_IT else None
