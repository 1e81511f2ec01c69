"""A profile and a plan that are small and hold a bit of everything."""

from fractions import Fraction

import numpy as np
import pytest

from vedette.types.cluster import Cluster, Device, Link
from vedette.types.figures import Figures, Score, Share
from vedette.types.graph import Choice, Scalar, Source, Span, Step, Stream, Workflow
from vedette.types.plan import Candidate, Plan, Proof
from vedette.types.profile import Alert, Profile, StepTrace, Sweep, Trace, Tracks

SCORE = Score("frame_f1", Share(3, 4, 0.5), Share(2, 2, 0.7))
SCORES = {"frame_f1": SCORE, "event_f1": SCORE}
KNOBS: tuple[tuple[str, Scalar], ...] = (
    ("sample.rate_fps", 12),
    ("sample.rate_fps", "source"),
    ("resize.half", True),
    ("sample.threshold", 0.03),
)
GOLDEN: Choice = {"detect.model": "nano"} | {knob: "source" for knob, _ in KNOBS}
FIGURES = Figures("predicted", 1.5, 0.25, 20.0, 41.5, 300.0, 900.0, 12.0, 0.04, 100, 25)


def _trace(choice: Choice, rows: int = 3) -> Trace:
    boxes = 2
    step = StepTrace(
        cpu_s=np.array([0.1, 0.2, np.nan][:rows]),
        items=np.arange(rows, dtype=np.int32),
        size_bytes=np.full(rows, 1e4),
        encode_s=np.zeros(rows),
        decode_s=np.zeros(rows),
    )
    tracks = Tracks(
        streams=("camera1", "camera2"),
        labels=("car",),
        groups=("vehicle",),
        stream=np.zeros(boxes, np.int32),
        frame=np.arange(boxes, dtype=np.int32),
        time_s=np.linspace(0, 0.1, boxes),
        track=np.ones(boxes, np.int32),
        box=np.linspace(0, 9, 8, dtype=np.float32).reshape(2, 4),
        confidence=np.full(boxes, 0.3, np.float32),
        label=np.zeros(boxes, np.int32),
        group=np.zeros(boxes, np.int32),
    )
    return Trace(
        choice=choice,
        streams=("camera1", "camera2"),
        stream=np.array([0, 0, 1][:rows], np.int32),
        frame=np.array([0, 1, 0][:rows], np.int32),
        time_s=np.arange(rows) / 30,
        analysed=np.array([True, False, True][:rows]),
        steps={"street": step, "detect": step},
        tracks=tracks,
        sizes={"camera1": (640, 360), "camera2": (320, 240)},
        rates={"camera1": Fraction(30000, 1001), "camera2": Fraction(25)},
        alerts=(Alert("alert", "camera1", 1, (0.0, 1.5, 2.0, 3.0)),),
    )


@pytest.fixture
def profile() -> Profile:
    return Profile(
        workflow="amber",
        digest="0" * 64,
        machine="a machine",
        reference_ms=7.7,
        golden=_trace(GOLDEN),
        verify_golden=_trace(GOLDEN, rows=2),
        sweeps={knob: Sweep(_trace({**GOLDEN, knob[0]: knob[1]}), SCORES) for knob in KNOBS},
        device_ratio={"edge": 1.07},
    )


@pytest.fixture
def plan() -> Plan:
    stream = Stream("camera1", "camera 1.mkv", plan_on=Span(0, 46))
    detect = Step(
        "detect",
        "detect",
        ("street",),
        {"model": "nano", "classes": {"a: b": ["yes", "1", None, 1.5, True, {}]}},
        when={"label": ("car", 1)},
    )
    workflow = Workflow("amber", (Source("street", (stream,)),), (detect,))
    cluster = Cluster(
        "city",
        (Device("camera", "camera", 1), Device("edge", "edge", 2.0, encoder="h264")),
        (Link("camera", "edge", 100.0, 50.0, 2.0),),
    )
    choice: Choice = {"detect.model": "nano", "sample.rate_fps": 12, "transport.qp": "source"}
    placement = {"street": "camera", "detect": "edge"}
    candidate = Candidate(choice, placement, 0.5, 0.9, FIGURES, {"frame_f1": SCORE}, "held: 3 of 4")
    return Plan(
        workflow=workflow,
        cluster=cluster,
        choice=choice,
        placement=placement,
        predicted=FIGURES,
        scores={"frame_f1": SCORE},
        verdict="held",
        proof=Proof(0.5, -float("inf"), "exact", 12),
        binding=("edge is full: 79%",),
        tried=(candidate,),
        frontier=(candidate, candidate),
        declared=workflow,
    )
