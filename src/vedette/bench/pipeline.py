"""The pipeline whose overhead is measured: sample, resize, detect, track, placed by hand.

It asks what ``floor.py`` asks, and is run as ``vedette run`` runs any plan: from files, with a
store, to the end. ``--check`` hashes its answers instead, as the floor does.
"""

import argparse
import hashlib
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vedette import session
from vedette.bench.floor import CLASSES, CONFIDENCE, SIZE, digest, peak_mb
from vedette.declaring.operator import operators
from vedette.media.source import open_source
from vedette.models import load_detector
from vedette.running.executor import MemorySink
from vedette.running.local import LocalExecutor
from vedette.types.cluster import Cluster, Device
from vedette.types.media import Bundle
from vedette.types.plan import Deployment

VARIANT = f"yolox-nano-{SIZE}"


def deployment(clips: list[str], passes: int) -> Deployment:
    """One camera a file, every step on one machine."""
    flow = session.workflow("overhead")
    cameras = flow.source("cameras", **{f"camera{n}": clip for n, clip in enumerate(clips)})
    sampled = flow.step("sample", "sample", cameras)
    sized = flow.step("resize", "resize", sampled)
    found = flow.step(
        "detect", "detect", sized, model=VARIANT, confidence=CONFIDENCE, classes=CLASSES
    )
    flow.step("track", "track", found)
    built = flow.build()
    (source,) = built.sources
    again = tuple(replace(stream, repeat=passes) for stream in source.streams)
    built = replace(built, sources=(replace(source, streams=again),))
    here = Cluster("here", (Device("box", "edge", cores=1),), ())
    placement = {"cameras": "box"} | {step.name: "box" for step in built.steps}
    return Deployment(workflow=built, cluster=here, choice={}, placement=placement)


@dataclass(slots=True)
class Witness(MemorySink):
    """Hashes the answers of each camera as they come."""

    hashes: dict[str, Any] = field(default_factory=dict)

    def deliver(self, step: str, bundle: Bundle) -> None:  # noqa: ARG002  # there is one step
        for _, found in bundle.items:
            digest(found, self.hashes.setdefault(bundle.stream, hashlib.sha256()))


def check(plan: Deployment) -> dict[str, str]:
    """The hash of each camera's answers, of the executor that ``session.run`` uses."""
    sink = Witness()
    with ExitStack() as scope:
        streams = [stream for _, stream in plan.workflow.streams()]
        sources = {s.name: scope.enter_context(open_source(s)) for s in streams}
        LocalExecutor(operators(), load_detector).run(plan, sources, sink)
    return {name: each.hexdigest() for name, each in sink.hashes.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="The pipeline; prints what it did as JSON.")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="hash the answers of each camera")
    asked = parser.parse_args()
    plan = deployment([str(Path(clip).resolve()) for clip in asked.clips], asked.passes)
    if asked.check:
        json.dump({"seen": check(plan)}, sys.stdout)
        return
    first = 0.0

    def through(_what: str, _done: int, _total: int) -> None:
        nonlocal first
        first = first or time.monotonic()

    with TemporaryDirectory() as folder:
        ran = session.run(plan, store=Path(folder) / "events.db", progress=through)
    said = {"frames": ran.figures.frames, "first": first, "peak_mb": peak_mb()}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
