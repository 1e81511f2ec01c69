"""One camera on a street where a white car passes: a clip, and what is asked of it."""

from fractions import Fraction
from pathlib import Path

from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.media.source import open_source
from vedette.types.graph import Span, Stream

SHOT = Span(137, 187)
SIZE = 480, 270
WORKFLOW = """\
version: 1
name: street
sources:
  street:
    gate: {url: gate.mkv}
steps:
  sample: {run: sample, from: street, rate_fps: {choose: [source, 12.5]}}
  detect:
    run: detect
    from: sample
    classes: {person: [person], vehicle: [car, bus, truck]}
    model: {choose: [yolox-nano-416-wide, yolox-nano-256-wide]}
  track: {run: track, from: detect}
  crop: {run: crop, from: [sample, track], groups: [vehicle]}
  colour: {run: match_colour, from: crop, colour: white}
  alert: {run: alert, from: colour, min_duration_s: 0.2}
objective:
  minimise: {camera_mbps: 1.0, latency_p50_ms: 0.002}
  floors: {frame_f1: 0.5}
events: {min_duration_s: 0.2}
transport: {qp: [26], gop_s: 0.4}
"""
CLUSTER = """\
version: 1
name: site
devices:
  camera: {tier: camera, per_stream: true, cores: 1, speed: 0.05, encoder: h264}
  edge: {tier: edge, cores: 2, speed: 0.5, price_per_hour: 0.04}
  cloud: {tier: cloud, cores: 8, speed: 1, price_per_hour: 0.4}
links:
  - {from: camera, to: edge, rate_mbps: 100, rtt_ms: 2}
  - {from: edge, to: cloud, rate_mbps: 10, rtt_ms: 40, price_per_gb: 0.09}
"""


def film(video: Path, path: Path, *, times: int = 1) -> None:
    """The shot, backward and forward: the car leaves and comes in again."""
    with open_source(Stream("gate", str(video))) as reader:
        shown = [ArrayPicture(frame.picture.bgr(*SIZE)) for frame in reader.frames(SHOT)]
    render([*reversed(shown), *shown] * times, path, rate=Fraction(25))


def declare(folder: Path) -> tuple[Path, Path]:
    """workflow.yaml and cluster.yaml in a folder."""
    paths = folder / "workflow.yaml", folder / "cluster.yaml"
    for path, text in zip(paths, (WORKFLOW, CLUSTER), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths
