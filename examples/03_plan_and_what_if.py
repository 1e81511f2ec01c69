"""Measure a workflow once, plan it for two links, and see what each step on the way would give."""

import vedette as vd
from vedette.models.assets import fetch
from vedette.models.zoo import CLIPS
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Choice, EventRule, Objective, Span, Stream, Transport, Workflow

KNOBS = ("detect.model", "transport.qp")


def declared() -> Workflow:
    """Cars in a clip that a package delivers, answered early and with little computing."""
    video = str(fetch(CLIPS["bikes"]))
    flow = vd.workflow("street")
    street = flow.source("street", Stream("gate", video, Span(136, 186), Span(186)))
    model = vd.choose("yolox-nano-416-wide", "yolox-nano-256-wide")
    classes = {"vehicle": ["car", "bus", "truck"]}
    found = flow.step("detect", "detect", street, classes=classes, model=model)
    flow.step("track", "track", found)
    return flow.build(
        objective=Objective(
            {"latency_p95_ms": 1.0, "camera_mbps": 1000.0, "cpu_ms_per_frame": 30.0},
            floors={"frame_f1": 0.5},
        ),
        events=EventRule(min_duration_s=0.4),
        transport=Transport(qp=(18, 34)),
    )


def site(wan_mbps: float) -> Cluster:
    """A camera that encodes, a box of slow cores, and a cloud behind a link of that rate."""
    camera = Device("camera", "camera", cores=1, speed=0.01, encoder="h264", per_stream=True)
    box = Device("box", "edge", cores=8, speed=0.05)
    cloud = Device("cloud", "cloud", cores=8, speed=1)
    near = Link("camera", "box", rate_mbps=100, back_mbps=100, rtt_ms=2)
    wan = Link("box", "cloud", rate_mbps=wan_mbps, back_mbps=wan_mbps, rtt_ms=40)
    return Cluster("site", (camera, box, cloud), (near, wan))


def settings(choice: Choice) -> str:
    return ", ".join(str(choice[knob]) for knob in KNOBS)


def main() -> None:
    workflow = declared()
    measured = vd.profile(workflow)
    plans = {wan_mbps: vd.plan(workflow, site(wan_mbps), measured) for wan_mbps in (10, 0.2)}
    print("Where to detect, and how, as the link to the cloud gets narrow:")
    for wan_mbps, plan in plans.items():
        where = plan.placement["detect"]
        print(f"  {wan_mbps:>3} Mbit/s: {where:5}  {settings(plan.choice)}  ({plan.verdict})")

    print("At 10 Mbit/s, from the cheapest to the most accurate:")
    for candidate in plans[10].frontier:
        print(f"  accuracy {candidate.accuracy:.1f}: {settings(candidate.choice)}")


if __name__ == "__main__":  # measuring starts processes
    main()
