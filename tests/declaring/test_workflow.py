"""YAML and Python build the same workflow."""

from collections.abc import Mapping

from vedette.declaring.reading import parse_workflow
from vedette.declaring.workflow import choose, workflow
from vedette.types.graph import EventRule, Objective, Span, Stream, Transport
from vedette.types.media import Detections
from vedette.types.operators import Signature


def track(detections: Detections) -> Detections:
    """Stands for an operator that is passed by itself."""
    return detections


def test_python_builds_what_the_file_says(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = workflow("amber", signatures=signatures, variants=variants)
    street = flow.source(
        "street",
        Stream("camera1", "camera1.mkv", plan_on=Span(0, 0)),
        Stream("camera2", "camera2.mkv", plan_on=Span(0, 46)),
        Stream("camera3", "camera3.mkv", report_on=Span(100), pace="live", repeat=3),
    )
    sampled = flow.step("sample", "sample", street)
    frames = flow.step("resize", "resize", sampled, width=choose("source", 480, 320))
    classes = {"person": ["person"], "vehicle": ["car", "bus"]}
    found = flow.step("detect", "detect", frames, classes=classes)
    tracked = flow.step("track", track, found)
    crops = flow.step("crop", "crop", frames, tracked, groups=["vehicle"])
    typed = flow.step("type", "classify", crops)
    white = flow.step("colour", "match_colour", typed, when={"label": "car"}, colour="white")
    flow.step("alert", "alert", white, min_duration_s=0.4)
    built = flow.build(
        objective=Objective(
            minimise={"wan_mbps": 1.0, "latency_p95_ms": 0.01},
            floors={"frame_f1": 0.7},
            ceilings={"age_max_ms": 1000},
        ),
        events=EventRule(min_duration_s=0.4),
        transport=Transport(qp=(18, 22, 26)),
        evidence_to="cloud",
    )
    assert built == parse_workflow(amber, signatures, variants)


def test_what_is_not_said_is_as_the_types_say(signatures: Mapping[str, Signature]) -> None:
    flow = workflow("w", signatures=signatures)
    flow.step("sample", "sample", flow.source("s", camera1="a.mkv"), rate_fps=5)
    built = flow.build()
    assert built.sources[0].streams == (Stream("camera1", "a.mkv"),)
    assert built.step("sample").settings == {"rate_fps": 5}
    assert built.objective == Objective()
