from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.reporting import example

from vedette.reporting.layout import WIDTH, Box, Drawing, Point, arrange
from vedette.types.graph import Step
from vedette.types.plan import Plan


def random_plan(seed: int) -> Plan:
    """A graph of some twelve steps with one to three inputs each, anywhere on the machines."""
    random = np.random.default_rng(seed)
    names = ["street"]
    steps = []
    for number in range(12):
        inputs = random.choice(
            names, size=min(len(names), int(random.integers(1, 4))), replace=False
        )
        operator = str(random.choice(["detect", "encode", "decode"]))
        steps.append(Step(f"step{number}", operator, tuple(str(each) for each in inputs)))
        names.append(f"step{number}")
    placement = {name: str(random.choice(["camera", "edge", "cloud"])) for name in names}
    workflow = replace(example.workflow(), steps=tuple(steps))
    return replace(example.plan(), workflow=workflow, placement=placement)


PLANS = [example.plan(), example.tiled_plan(), *(random_plan(seed) for seed in range(20))]
every_plan = pytest.mark.parametrize("plan", PLANS)


def drawn(plan: Plan) -> Drawing:
    steps, sources = plan.workflow.steps, plan.workflow.sources
    names = [*(each.name for each in sources), *(each.name for each in steps)]
    return arrange(plan, {name: 42.0 + index % 3 * 14 for index, name in enumerate(names)})


def crosses(start: Point, end: Point, box: Box) -> bool:
    """If a line runs through a box's inside."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    beside = right <= box.x or left >= box.x + WIDTH
    return not (beside or bottom <= box.y or top >= box.bottom)


def lines(drawing: Drawing) -> Iterator[tuple[Point, Point]]:
    for arrow in drawing.arrows:
        yield from pairwise(arrow.points)


@every_plan
def test_boxes_do_not_overlap(plan: Plan) -> None:
    boxes = drawn(plan).boxes
    overlapping = [
        (one.name, other.name)
        for one in boxes
        for other in boxes
        if one.name < other.name
        and abs(one.x - other.x) < WIDTH
        and one.y < other.bottom
        and other.y < one.bottom
    ]
    assert overlapping == []


@every_plan
def test_each_box_lies_in_the_lane_of_its_device(plan: Plan) -> None:
    drawing = drawn(plan)
    lanes = {lane.device.name: lane for lane in drawing.lanes}
    for box in drawing.boxes:
        lane = lanes[plan.placement[box.name]]
        assert lane.x <= box.x
        assert box.x + WIDTH <= lane.x + lane.width
        assert box.bottom <= drawing.height


@every_plan
def test_every_input_has_an_arrow(plan: Plan) -> None:
    edges = {(name, step.name) for step in plan.workflow.steps for name in step.inputs}
    assert {(arrow.start, arrow.end) for arrow in drawn(plan).arrows} == edges


@every_plan
def test_lines_are_level_or_upright_and_pass_through_no_box(plan: Plan) -> None:
    drawing = drawn(plan)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in lines(drawing))
    assert not any(crosses(a, b, box) for a, b in lines(drawing) for box in drawing.boxes)


@every_plan
def test_lines_of_different_sources_never_run_along_each_other_sideways(plan: Plan) -> None:
    level = [
        (arrow.start, a[1], min(a[0], b[0]), max(a[0], b[0]))
        for arrow in drawn(plan).arrows
        for a, b in pairwise(arrow.points)
        if a[1] == b[1]
    ]
    assert not any(
        one[0] != other[0] and one[1] == other[1] and one[2] < other[3] and other[2] < one[3]
        for one in level
        for other in level
    )


def test_devices_stand_from_camera_to_cloud() -> None:
    plan = example.plan()
    cluster = replace(plan.cluster, devices=plan.cluster.devices[::-1])
    lanes = drawn(replace(plan, cluster=cluster)).lanes
    assert [lane.device.name for lane in lanes] == ["camera", "edge", "cloud"]
