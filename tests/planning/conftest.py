"""A small AMBER Alert on a camera, an edge and a cloud, and a profile with round numbers."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from vedette.types.cluster import Cluster, Device, Link
from vedette.types.figures import Score, Share
from vedette.types.graph import Choice, Objective, Source, Step, Stream, Transport, Workflow
from vedette.types.operators import Port, Signature, Variant
from vedette.types.profile import Profile, StepTrace, Sweep, Trace, Tracks

FRAMES = 50


def step_trace(
    cpu_ms: object, items: object = 1, kilobytes: object = 0.0, encode_ms: float = 0.1
) -> StepTrace:
    """Constant, or one value a frame; packing costs something where the step did."""
    full = np.ones(2 * FRAMES)
    packs = full * (np.asarray(cpu_ms, float) > 0)
    return StepTrace(
        full * np.asarray(cpu_ms, float) / 1e3,
        (full * np.asarray(items, float)).astype(np.int32),
        full * np.asarray(kilobytes, float) * 1e3,
        packs * encode_ms / 1e3,
        packs * encode_ms / 1e3,
    )


def share(value: float, total: int = 100) -> Share:
    return Share(round(value * total), total, max(0.0, value - 0.03))


def scores(f1: float, total: int = 100) -> dict[str, Score]:
    return {
        metric: Score(metric, share(f1, total), share(f1, total))
        for metric in ("event_f1", "frame_f1")
    }


def no_tracks() -> Tracks:
    none = np.zeros(0, np.int32)
    return Tracks(
        ("a", "b"), (), (), none, none, np.zeros(0), none, np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32), none, none,
    )  # fmt: skip


def trace(choice: Choice) -> Trace:
    """What one choice would measure: two streams at 25 fps, 50 frames each."""
    rate, model, qp = choice["sample.rate_fps"], choice["detect.model"], choice["transport.qp"]
    number = np.tile(np.arange(FRAMES), 2)
    kept = np.ones(2 * FRAMES, bool) if rate == "source" else number % 5 == 0
    gap = 1.0 if rate == "source" else 2.0
    frame_kb = {"source": 20.0, 18: 20.0, 30: 5.0}[qp]
    look = {"tiled": 38.5, "plain": 7.7, "small": 3.0}[model]  # type: ignore[index]
    steps = {
        "street": step_trace(0.2, 1, frame_kb, 1.0),
        "sample": step_trace(0.01, kept, kept * gap * frame_kb, 1.0),
        "detect": step_trace(kept * look, kept, kept * 0.4),
        "track": step_trace(kept * 0.5, kept, kept * 0.5),
        "alert": step_trace(kept * 0.1, number == 30, (number == 30) * 8.0),
    }
    if model == "tiled":
        steps["detect.tile"] = step_trace(kept * 0.2, kept * 5, np.nan)
        steps["detect.pass"] = step_trace(kept * 38.0, kept * 5, kept * 2.0)
        steps["detect"] = step_trace(kept * 0.3, kept, kept * 0.4)
    return Trace(
        choice, ("a", "b"), np.repeat(np.arange(2), FRAMES).astype(np.int32),
        number.astype(np.int32), number / 25.0, kept, steps, no_tracks(),
        {"a": (640, 272), "b": (640, 272)}, {"a": Fraction(25), "b": Fraction(25)},
    )  # fmt: skip


ACCURACY: dict[tuple[str, object], float] = {
    ("sample.rate_fps", 5): 0.96,
    ("detect.model", "plain"): 0.98,
    ("detect.model", "small"): 0.80,
    ("transport.qp", 18): 0.99,
    ("transport.qp", 30): 0.97,
}


def signature(name: str, given: str, made: str, *, models: tuple[str, ...] = ()) -> Signature:
    return Signature(name, (Port(given),), Port(made), models=models)


@dataclass(frozen=True)
class City:
    workflow: Workflow
    cluster: Cluster
    variants: dict[str, Variant]
    signatures: dict[str, Signature]
    profile: Profile


@pytest.fixture
def city() -> City:
    return build_city()


def build_city() -> City:
    streams = tuple(Stream(name, f"{name}.mkv") for name in ("a", "b"))
    workflow = Workflow(
        "amber",
        (Source("street", streams),),
        (
            Step("sample", "sample", ("street",), choices={"rate_fps": ("source", 5)}),
            Step("detect", "detect", ("sample",), choices={"model": ("tiled", "plain", "small")}),
            Step("track", "track", ("detect",)),
            Step("alert", "alert", ("track",)),
        ),
        Objective({"wan_mbps": 1.0, "latency_p95_ms": 0.01}, {"event_f1": 0.9}),
        transport=Transport(qp=(18, 30)),
        evidence_to="cloud",
    )
    cluster = Cluster(
        "city",
        (
            Device("camera", "camera", 0.5, 0.2, 0.25, encoder="h264", per_stream=True),
            Device("edge", "edge", 2, 0.5, 4, 0.04),
            Device("cloud", "cloud", 12, 1, 32, 0.4),
        ),
        (Link("camera", "edge", 100, 100, 2), Link("edge", "cloud", 10, 10, 40, 0.09)),
    )
    variants = {
        "tiled": Variant("tiled", "nano", 416, expansion="tiles", over="plain"),
        "plain": Variant("plain", "nano", 416),
        "small": Variant("small", "nano", 256),
    }
    signatures = {
        each.name: each
        for each in (
            signature("sample", "Frame", "Frame"),
            signature("detect", "Frame", "Detections", models=("model",)),
            Signature("tile", (Port("Frame"),), Port("Frame", "all")),
            Signature("merge", (Port("Detections", "all"),), Port("Detections")),
            signature("track", "Detections", "Detections"),
            signature("alert", "Detections", "Event"),
        )
    }
    base = {name: values[0] for name, values in workflow.knobs().items()}
    golden = trace(base)
    sweeps = {
        (knob, value): Sweep(trace({**base, knob: value}), scores(ACCURACY[knob, value]))
        for knob, values in workflow.knobs().items()
        for value in values[1:]
    }
    profile = Profile("amber", "0", "test", 7.7, golden, golden, sweeps)
    return City(workflow, cluster, variants, signatures, profile)
