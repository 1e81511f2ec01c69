"""A story as a run of the bundled application would tell it, with invented figures."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from vedette.reporting.story import Row, Sighting, Story, TargetResult
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.events import Event
from vedette.types.figures import Figures, Label, Score, Share
from vedette.types.graph import Choice, Objective, Source, Step, Stream, Value, Workflow
from vedette.types.plan import Candidate, Plan, Proof

CLUSTER = Cluster(
    "city",
    (
        Device("camera", "camera", 0.5, 0.2, 0.25, encoder="h264", per_stream=True),
        Device("edge", "edge", 2, 0.5, 4, 0.04),
        Device("cloud", "cloud", 12, 1, 32, 0.40),
    ),
    (Link("camera", "edge", 100, 100, 2), Link("edge", "cloud", 10, 10, 40, 0.09)),
)
CHOICE: Choice = {
    "sample.rate_fps": 8,
    "resize.width": 480,
    "detect.model": "yolox-nano-416-wide",
    "transport.qp": 26,
}
GOLDEN: Choice = {
    "sample.rate_fps": "source",
    "resize.width": "source",
    "detect.model": "yolox-nano-416-tiled",
    "transport.qp": 18,
}
PLACEMENT = {
    "street": "camera",
    "sample": "camera",
    "resize": "camera",
    "resize.encode": "camera",
    "resize.decode@edge": "edge",
    "detect": "edge",
    "track": "edge",
    "crop": "edge",
    "type": "edge",
    "colour": "edge",
    "alert": "edge",
    "alert.evidence": "edge",
    "alert.evidence@cloud": "cloud",
}
GROUPS: dict[str, Value] = {
    "person": ["person"],
    "bicycle": ["bicycle"],
    "vehicle": ["car", "bus", "truck"],
}


def steps() -> tuple[Step, ...]:
    qp: dict[str, Value] = {"kind": "frame", "qp": 26}
    return (
        Step("sample", "sample", ("street",), {"rate_fps": 8}),
        Step("resize", "resize", ("sample",), {"width": 480}),
        Step("resize.encode", "encode", ("resize",), qp, part_of="resize"),
        Step(
            "resize.decode@edge", "decode", ("resize.encode",), {"kind": "frame"}, part_of="resize"
        ),
        Step(
            "detect",
            "detect",
            ("resize.decode@edge",),
            {"model": "yolox-nano-416-wide", "confidence": 0.3, "classes": GROUPS},
        ),
        Step("track", "track", ("detect",)),
        Step("crop", "crop", ("resize.decode@edge", "track"), {"groups": ["vehicle"]}),
        Step("type", "classify", ("crop",)),
        Step("colour", "match_colour", ("type",), {"colour": "white"}, when={"label": ("car",)}),
        Step("alert", "alert", ("colour",), {"min_duration_s": 0.4}),
        Step("alert.evidence", "encode", ("alert",), {"kind": "event"}, part_of="alert"),
        Step(
            "alert.evidence@cloud",
            "decode",
            ("alert.evidence",),
            {"kind": "event"},
            part_of="alert",
        ),
    )


def workflow() -> Workflow:
    streams = tuple(Stream(f"camera{number}", f"camera{number}.mkv") for number in range(1, 6))
    objective = Objective(
        {"wan_mbps": 1.0, "latency_p95_ms": 0.01}, {"frame_f1": 0.7}, {"age_max_ms": 1000}
    )
    return Workflow("amber", (Source("street", streams),), steps(), objective, evidence_to="cloud")


def figures(
    label: Label, *, wan: float = 0.021, p95: float = 131.0, factor: float = 1.0
) -> Figures:
    return Figures(
        label,
        camera_mbps=2.31 * factor,
        wan_mbps=wan,
        latency_p50_ms=0.71 * p95,
        latency_p95_ms=p95,
        age_p95_ms=p95 + 120,
        age_max_ms=p95 + 180,
        cpu_ms_per_frame=5.4 * factor,
        price_per_hour=0.04 if wan < 0.5 else 0.53,
        frames=486,
        analysed=312,
        load={
            "camera": 0.07,
            "edge": 0.63 * factor,
            "cloud": 0.001,
            "edge memory": 0.06,
            "camera->edge": 0.005,
            "edge->cloud": 0.1 * wan,
        },
        step_ms={
            "sample": 0.1,
            "resize": 6.2,
            "resize.encode": 11.4 * factor,
            "camera->edge": 2.8,
            "resize.decode@edge": 5.3,
            "wait edge": 17.0 * factor,
            "detect": 38.5 * factor,
            "track": 3.1,
            "crop": 0.4,
            "type": 0.02,
            "colour": 0.9,
            "alert": 0.3,
        },
        step_mbps={"resize.encode": 2.31 * factor, "alert.evidence": wan},
    )


def baseline_figures(label: Label = "rehearsed") -> Figures:
    return replace(
        figures(label, wan=3.87, p95=334.0, factor=1.7),
        analysed=486,
        load={
            "camera": 0.1,
            "edge": 0.02,
            "cloud": 0.71,
            "camera->edge": 0.04,
            "edge->cloud": 0.39,
        },
        step_ms={
            "street.encode": 19.2,
            "camera->edge": 3.1,
            "edge->cloud": 58.0,
            "street.decode@cloud": 8.1,
            "wait cloud": 61.0,
            "detect": 77.5,
            "track": 1.5,
            "colour": 0.5,
            "alert.encode": 0.1,
        },
        step_mbps={"street.encode": 3.86, "alert.encode": 0.01},
    )


def score(metric: str, precision: float, recall: float, total: int = 400) -> Score:
    return Score(metric, _share(precision, total), _share(recall, total))


def _share(value: float, total: int) -> Share:
    return Share(round(value * total), total, max(value - 0.02, 0.0))


def candidate(cost: float, accuracy: float, choice: Choice, outcome: str = "") -> Candidate:
    placement: Mapping[str, str] = PLACEMENT
    return Candidate(
        {**CHOICE, **choice},
        placement,
        cost,
        accuracy,
        figures("predicted", wan=0.02, p95=100 * cost - 2),
        {},
        outcome,
    )


def weighed() -> Iterator[Candidate]:
    """A cloud of candidates under the frontier, the same on every call."""
    random = np.random.default_rng(7)
    for index in range(400):
        cost = float(0.7 + 6.5 * random.random() ** 2)
        top = 0.95 - 0.5 / (1 + 2 * cost)
        choice: Choice = {"sample.rate_fps": index, "resize.width": 320}
        yield candidate(cost, float(top * (1 - 0.5 * random.random() ** 2) - 0.06), choice)


def plan() -> Plan:
    chosen = candidate(1.33, 0.81, {}, "held, and the cheapest that did")
    dearer = candidate(1.72, 0.86, {"sample.rate_fps": 12}, "held")
    cheaper = candidate(1.02, 0.75, {"detect.model": "yolox-nano-320-wide"}, "frame F1 below 0.7")
    tried = (
        replace(dearer, scores={"frame_f1": score("frame_f1", 0.88, 0.82)}),
        replace(chosen, scores={"frame_f1": score("frame_f1", 0.84, 0.75)}),
        replace(cheaper, scores={"frame_f1": score("frame_f1", 0.79, 0.68)}),
    )
    front = (
        candidate(0.74, 0.62, {"resize.width": 320, "sample.rate_fps": 5}),
        candidate(0.88, 0.69, {"resize.width": 320}),
        cheaper,
        chosen,
        dearer,
        candidate(2.7, 0.92, {"sample.rate_fps": "source", "transport.qp": 18}),
        candidate(5.9, 1.0, GOLDEN),
    )
    elsewhere = replace(
        candidate(1.9, 0.81, {}, "0.57 dearer: frames would cross the WAN"),
        placement=PLACEMENT | {"detect": "cloud", "track": "cloud"},
    )
    return Plan(
        name="chosen",
        workflow=workflow(),
        cluster=CLUSTER,
        choice=CHOICE,
        placement=PLACEMENT,
        predicted=figures("predicted", wan=0.019, p95=122, factor=0.93),
        scores={
            "frame_f1": score("frame_f1", 0.84, 0.75),
            "event_f1": score("event_f1", 1.0, 0.67, total=3),
        },
        verdict="held",
        proof=Proof(1.33, 1.33, "exact", 4096),
        binding=("frame F1 at least 0.7: the next cheaper choice reaches 0.66",),
        tried=tried,
        frontier=front,
        runners_up=(elsewhere,),
    )


def tiled_plan() -> Plan:
    """Two sources, tiles, and detection in the cloud: lines must pass beside boxes."""
    frame: dict[str, Value] = {"kind": "frame", "qp": 22}
    item: dict[str, Value] = {"kind": "item"}
    steps = (
        Step("sample", "sample", ("street",), {"rate_fps": "source"}),
        Step("sample.encode", "encode", ("sample",), frame, part_of="sample"),
        Step("sample.decode@edge", "decode", ("sample.encode",), frame, part_of="sample"),
        Step("sample.decode@cloud", "decode", ("sample.encode",), frame, part_of="sample"),
        Step("detect.tile", "tile", ("sample.decode@cloud",), part_of="detect"),
        Step("detect.pass", "detect", ("detect.tile",), {"model": "yolox-nano-416"}),
        Step("detect", "merge", ("detect.pass",)),
        Step("detect.encode", "encode", ("detect",), item, part_of="detect"),
        Step("detect.decode@edge", "decode", ("detect.encode",), item, part_of="detect"),
        Step("still", "skip_still", ("gate",), {"threshold": 0.01}),
        Step("plate", "detect", ("still",)),
        Step("track", "track", ("detect.decode@edge", "plate")),
        Step("crop", "crop", ("sample.decode@edge", "track")),
        Step("people", "match_colour", ("crop",), {"colour": "red"}),
        Step("cars", "match_colour", ("crop",), {"colour": "white"}),
        Step("alert", "alert", ("people", "cars", "crop")),
    )
    cloud = {"sample.decode@cloud", "detect.tile", "detect.pass", "detect", "detect.encode"}
    camera = {"street", "gate", "sample", "sample.encode"}
    names = {"street", "gate", *(step.name for step in steps)}
    placement = {
        name: "cloud" if name in cloud else "camera" if name in camera else "edge" for name in names
    }
    flow = workflow()
    sources = (*flow.sources, Source("gate", (Stream("gate1", "gate1.mkv"),)))
    expanded = replace(flow, sources=sources, steps=steps)
    return replace(plan(), workflow=expanded, placement=placement, name="tiled")


def picture() -> bytes:
    """A street at dusk with a white car in its box."""
    pixels = np.full((360, 640, 3), (118, 112, 104), np.uint8)
    pixels[:150] = (196, 182, 168)
    cv2.rectangle(pixels, (0, 110), (170, 210), (88, 98, 122), -1)
    cv2.fillPoly(pixels, [np.array([[0, 360], [640, 360], [400, 170], [260, 170]])], (84, 82, 80))
    cv2.rectangle(pixels, (330, 205), (452, 262), (238, 240, 240), -1)
    cv2.rectangle(pixels, (352, 184), (430, 208), (210, 214, 216), -1)
    for x in (352, 430):
        cv2.circle(pixels, (x, 262), 13, (40, 40, 40), -1)
    cv2.rectangle(pixels, (322, 178), (460, 280), (40, 190, 250), 2)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def sighting(stream: str = "camera4") -> Sighting:
    event = Event(
        stream=stream,
        kind="alert",
        label="car",
        start_frame=17,
        end_frame=31,
        start_s=Fraction(17, 25),
        end_s=Fraction(31, 25),
        frame=27,
        time_s=Fraction(27, 25),
        box=(322, 178, 460, 280),
        confidence=0.83,
        ordinal=1,
        attributes={"colour": "white", "share": 0.71},
    )
    return Sighting(event, picture(), is_right=True)


def story() -> Story:
    ran = figures("rehearsed")
    found = TargetResult(1, 1, (0.4,), 0)
    scores = {"frame_f1": score("frame_f1", 0.83, 0.74)}
    return Story(
        title="AMBER Alert on five city cameras",
        question="Find the white car",
        plan=plan(),
        ran=ran,
        rows=(
            Row(
                "baseline",
                "golden setting in the cloud, H.264 at QP 22",
                baseline_figures(),
                {"frame_f1": score("frame_f1", 0.98, 0.98)},
                TargetResult(1, 1, (0.36,), 0),
            ),
            Row(
                "frame knobs only",
                "same codec and model, rate and width chosen",
                figures("rehearsed", wan=1.2, p95=301, factor=1.2),
                {"frame_f1": score("frame_f1", 0.9, 0.8)},
                found,
            ),
            Row(
                "all on the edge",
                "five passes a frame on the edge box",
                figures("predicted", wan=0.02, p95=float("inf"), factor=4.1),
                {},
                None,
                feasible=False,
            ),
            Row("chosen plan", "detects on the edge", ran, scores, found),
        ),
        sightings=(sighting(),),
        timings=(
            ("prepare clips", 3.1),
            ("profile", 71.4),
            ("plan", 2.2),
            ("verify", 21.0),
            ("rehearse", 30.8),
        ),
        notes=(
            "The five cameras are shots of one film, each played forward and back: 486 frames.",
            "There are 3 moving vehicles, too few to hold a floor on event F1: it is only shown.",
        ),
        command="vedette demo --output report.html",
        machine="2 cores, 8 GB, Linux; reference pass 7.9 ms",
        weighed=tuple(weighed()),
    )
