"""A workflow that asks a question: what it declares, its usual floor, where its zone may lie."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import vedette as vd
from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.types.graph import EventRule, Objective, Workflow

ASKING = """\
version: 1
name: gate
sources:
  street: {road: {url: road.mkv}}
steps:
  gate:
    run: presence
    from: street
    classes: {vehicle: [car, bus]}
    zone: [[10, 10], [60, 10], [60, 40]]
    model: yolox-nano-416
  passages: {run: episodes, from: gate}
events: {tracks: gate}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    picture = ArrayPicture(np.full((48, 64, 3), 90, np.uint8))
    render([picture] * 2, tmp_path / "road.mkv", rate=Fraction(25))
    return written(tmp_path)


def written(folder: Path, old: str = "", new: str = "") -> Path:
    file = folder / "workflow.yaml"
    file.write_text(ASKING.replace(old, new) if old else ASKING, encoding="utf-8")
    return file


def test_a_question_is_held_to_its_answers_where_nobody_sets_a_floor(path: Path) -> None:
    flow = vd.load(path)
    assert vd.check(path) == ()
    assert isinstance(flow, Workflow)
    assert flow.objective.floors == {"answers": 0.95}
    assert flow.scored() == ("answers",)


def test_the_same_question_built_in_python_is_the_same(path: Path) -> None:
    flow = vd.workflow("gate")
    street = flow.source("street", road=str(path.with_name("road.mkv")))
    zone = [[10, 10], [60, 10], [60, 40]]
    gate = flow.step("gate", "presence", street, classes={"vehicle": ["car", "bus"]}, zone=zone,
                     model="yolox-nano-416")  # fmt: skip
    flow.step("passages", "episodes", gate)
    assert flow.build(events=EventRule(tracks="gate")) == vd.load(path)


def test_what_a_question_minimises_leaves_its_usual_floor(path: Path) -> None:
    objective = "objective: {minimise: {cpu_ms_per_frame: 1}}\nevents:"
    flow = vd.load(written(path.parent, "events:", objective))
    assert flow.objective == Objective({"cpu_ms_per_frame": 1}, {"answers": 0.95})  # type: ignore[union-attr]


def test_a_floor_on_events_of_a_question_is_refused(path: Path) -> None:
    floors = "objective: {floors: {event_f1: 0.9}}\nevents:"
    (problem,) = vd.check(written(path.parent, "events:", floors))
    assert problem.found.startswith("a floor of event_f1, while gate answers yes or no")
    assert problem.expected == "a floor of answers"


def test_a_floor_on_the_answers_of_objects_is_refused(path: Path) -> None:
    file = written(path.parent, "run: presence", "run: detect")
    text = file.read_text().replace("    zone: [[10, 10], [60, 10], [60, 40]]\n", "")
    file.write_text(f"{text}objective: {{floors: {{answers: 0.9}}}}\n")
    (problem,) = vd.check(file)
    assert problem.found.startswith("a floor of answers, while gate finds objects")


@pytest.mark.parametrize(
    ("zone", "found", "line"),
    [
        ("[[10, 10], [64.5, 10], [60, 40]]", "a zone with the corner (64.5, 10)", 10),
        ("[[10, 10], [60, 10], [60, 49]]", "a zone with the corner (60, 49)", 10),
        ("[[1, 1], [2, 2], [3, 3]]", "a list of 3", 10),
        ("[[1, 1], [2, 2]]", "a list of 2", 10),
        ("[[1, 1], [2], [3, 3]]", "a list of 1", 10),
        ("[[1, 1], [2, .nan], [3, 3]]", "nan", 10),
        ("[[1, 1], [-2, 1], [3, 3]]", "-2", 10),
    ],
)
def test_a_zone_that_is_none_is_refused_in_its_line(
    path: Path, zone: str, found: str, line: int
) -> None:
    (problem,) = vd.check(written(path.parent, "[[10, 10], [60, 10], [60, 40]]", zone))
    assert problem.found.startswith(found)
    assert problem.place is not None
    assert problem.place.line == line


def test_a_zone_may_reach_to_the_very_edge(path: Path) -> None:
    edge = "[[0, 0], [64, 0], [64, 48], [0, 48]]"
    assert vd.check(written(path.parent, "[[10, 10], [60, 10], [60, 40]]", edge)) == ()


def test_a_camera_turned_upright_has_another_picture(path: Path) -> None:
    """48 wide and 64 high: x = 60 lies beyond it."""
    turned = written(path.parent, "{url: road.mkv}", "{url: road.mkv, rotate: 90}")
    (problem,) = vd.check(turned)
    assert problem.expected == "corners in the picture of road, which is 48 x 64"


def test_episodes_may_read_the_frames_too_for_their_pictures(path: Path) -> None:
    assert vd.check(written(path.parent, "from: gate}", "from: [gate, street]}")) == ()
    (problem,) = vd.check(written(path.parent, "from: gate}", "from: [gate, gate]}"))
    assert problem.expected == "Frame for episodes"
