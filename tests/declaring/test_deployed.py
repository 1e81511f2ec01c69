"""What a plan deploys is held to the rules of what is declared, under the planner's names."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from vedette import ops
from vedette.declaring.deployed import check_deployment
from vedette.declaring.operator import signatures
from vedette.declaring.reading import parse_cluster, parse_workflow
from vedette.planning.expand import expand
from vedette.planning.placement import transport
from vedette.types.graph import Step
from vedette.types.plan import Deployment

_ = ops
VARIANTS = ("yolox-nano-416",)
WORKFLOW = """\
name: gate
sources: {street: {gate: gate.mkv}}
steps:
  sample: {run: sample, from: street, rate_fps: 5}
  detect: {run: detect, from: sample, classes: {car: [car]}, model: yolox-nano-416}
  track: {run: track, from: detect}
"""
CLUSTER = """\
name: site
devices: {camera: {tier: camera, cores: 1}, edge: {tier: edge, cores: 2}}
links: [{from: camera, to: edge, rate_mbps: 10, rtt_ms: 1}]
"""
PLACEMENT = {"street": "camera", "sample": "camera", "detect": "edge", "track": "edge"}
Edit = Callable[[Step], Step]


@pytest.fixture
def deployment() -> Deployment:
    known, cluster = signatures(), parse_cluster(CLUSTER)
    declared = expand(parse_workflow(WORKFLOW, known, VARIANTS), {}, {})
    workflow, placement = transport(declared, PLACEMENT, cluster, known, qp=26)
    return Deployment(workflow=workflow, cluster=cluster, choice={}, placement=placement)


def told(deployment: Deployment) -> str:
    return "\n".join(map(str, check_deployment(deployment, signatures(), VARIANTS)))


def edited(deployment: Deployment, name: str, edit: Edit) -> Deployment:
    steps = tuple(edit(s) if s.name == name else s for s in deployment.workflow.steps)
    return replace(deployment, workflow=replace(deployment.workflow, steps=steps))


def test_what_the_planner_writes_is_right(deployment: Deployment) -> None:
    assert "sample.decode@edge" in {step.name for step in deployment.workflow.steps}
    assert told(deployment) == ""


@pytest.mark.parametrize(
    ("name", "edit", "part"),
    [
        ("detect", lambda s: replace(s, inputs=("smaple",)), "the name 'smaple' in steps.detect"),
        ("detect", lambda s: replace(s, inputs=()), "an empty list in steps.detect.from"),
        ("detect", lambda s: replace(s, inputs=("track",)), "the cycle detect -> track -> detect"),
        ("detect", lambda s: replace(s, settings={}), "no 'classes' in steps.detect"),
        ("detect", lambda s: replace(s, name="../../x"), "the name '../../x'"),
        ("track", lambda s: replace(s, name="detect"), "the name 'detect' a second time"),
        ("sample", lambda s: replace(s, choices={"rate_fps": (5,)}), "still to be chosen"),
        ("detect", lambda s: replace(s, inputs=("sample",)), "detect on edge for sample on camera"),
        (
            "sample.encode",
            lambda s: replace(s, settings={"kind": "x"}),
            "one of frame, item, event",
        ),
    ],
)
def test_a_step_that_somebody_edited_is_told(
    deployment: Deployment, name: str, edit: Edit, part: str
) -> None:
    assert part in told(edited(deployment, name, edit))


def test_answers_are_wanted_at_a_place_of_its_cluster(deployment: Deployment) -> None:
    workflow = replace(deployment.workflow, deliver_to="moon")
    assert "the place 'moon'" in told(replace(deployment, workflow=workflow))
