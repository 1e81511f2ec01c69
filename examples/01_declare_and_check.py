"""Declare what to find and on which machines, and be told everything that is wrong with it."""

from dataclasses import replace
from typing import Annotated

import vedette as vd
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Objective, Workflow
from vedette.types.media import Frame


@vd.operator
def skip_dark(
    frame: Frame, *, threshold: Annotated[float, vd.Knob(0.0, 0.1, 0.2)] = 0.0
) -> Frame | None:
    """Drop a frame whose mean brightness, from 0 to 1, is less than ``threshold``."""
    is_dark = frame.picture.luma().mean() < 255 * threshold
    return None if is_dark else frame


def declared() -> Workflow:
    """Cars at a gate. What a step leaves unsaid is for the planner to choose."""
    flow = vd.workflow("gate")
    camera = flow.source("camera", gate="rtsp://10.0.0.7/main")
    lit = flow.step("lit", skip_dark, camera)
    model = vd.choose("yolox-nano-416", "yolox-nano-320")
    cars = flow.step("detect", "detect", lit, classes={"car": ["car"]}, model=model)
    flow.step("track", "track", cars)
    return flow.build(objective=Objective({"wan_mbps": 1.0}, floors={"event_f1": 0.8}))


def machines() -> Cluster:
    camera = Device("camera", "camera", cores=1, speed=0.05, encoder="h264", per_stream=True)
    box = Device("box", "edge", cores=2, speed=0.5, price_per_hour=0.04)
    wire = Link("camera", "box", rate_mbps=100, back_mbps=100, rtt_ms=2)
    return Cluster("site", (camera, box), (wire,))


def broken(workflow: Workflow) -> Workflow:
    """The same with three mistakes: an operator, a setting's value, and a place."""
    first, second, third = workflow.steps
    steps = (
        replace(first, choices={}, settings={"threshold": "low"}),
        replace(second, operator="detct"),
        third,
    )
    return replace(workflow, steps=steps, deliver_to="cloud")


def main() -> None:
    workflow, cluster = declared(), machines()
    print("What the planner may choose, the most accurate first:")
    for knob, values in workflow.knobs().items():
        print(f"  {knob}: {', '.join(map(str, values))}")
    print("Mistakes:", len(vd.check(workflow, cluster)))

    problems = vd.check(broken(workflow), cluster)
    print("Mistakes in the broken one:", len(problems))
    for problem in problems:
        print(problem)


if __name__ == "__main__":
    main()
