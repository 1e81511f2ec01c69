"""Which question a workflow asks: its presence steps', or one made of a target and a region."""

from dataclasses import replace
from typing import Any

import pytest

from vedette.errors import InputError
from vedette.learning.asking import Asked, asked, labelling
from vedette.models.zoo import variants
from vedette.types.graph import Source, Step, Stream, Value, Workflow

TILED, PASS = "yolox-nano-416-tiled", "yolox-nano-416"
ZONE: Value = [[10, 10], [60, 10], [60, 40]]
GATE = Step(
    "gate",
    "presence",
    ("sample",),
    {"classes": {"vehicle": ["car", "bus"]}, "zone": ZONE, "confidence": 0.6},
    {"model": (TILED, PASS)},
)
SAMPLE = Step("sample", "sample", ("street",), choices={"rate_fps": ("source", 5)})
DETECT = Step(
    "detect", "detect", ("street",), {"classes": {"person": ["person"]}}, {"model": (TILED, PASS)}
)
ZONES = Step("zones", "zone", ("detect",), {"zones": {"door": ZONE}})


def flow(*steps: Step, streams: tuple[str, ...] = ("road",)) -> Workflow:
    cameras = tuple(Stream(name, f"{name}.mkv") for name in streams)
    return Workflow("w", (Source("street", cameras),), steps)


def ask(workflow: Workflow, **words: str) -> Asked:
    return asked(workflow, variants(larger=True), **words)


def test_the_only_presence_step_is_what_is_asked() -> None:
    found = ask(flow(SAMPLE, GATE))
    assert found.step is GATE
    assert found.question.confidence == 0.6
    assert found.question.zone == ((10, 10), (60, 10), (60, 40))
    assert (found.reference, found.cheaper) == (TILED, (PASS,))


def test_a_confidence_that_may_be_chosen_is_asked_at_its_golden_value() -> None:
    settings = {name: each for name, each in GATE.settings.items() if name != "confidence"}
    gate = replace(GATE, settings=settings, choices={**GATE.choices, "confidence": (0.7, 0.5)})
    assert ask(flow(SAMPLE, gate)).question.confidence == 0.7


@pytest.mark.parametrize("target", ["vehicle", "car"])
def test_a_target_is_a_group_or_one_of_its_classes(target: str) -> None:
    assert ask(flow(SAMPLE, GATE), target=target, region="gate").step is GATE


def test_a_target_that_the_step_does_not_ask_for_is_refused_with_what_it_does() -> None:
    with pytest.raises(InputError, match=r"'person', which the step gate(.|\n)*vehicle"):
        ask(flow(SAMPLE, GATE), target="person", region="gate")


@pytest.mark.parametrize("region", ["door", "10,10 60,10 60,40"])
def test_a_question_is_made_of_a_detecting_step_and_a_region(region: str) -> None:
    found = ask(flow(DETECT, ZONES), target="person", region=region)
    assert not found.is_declared
    assert found.step.operator == "presence"
    assert found.question.classes == {"person": ("person",)}
    assert found.question.zone == ((10, 10), (60, 10), (60, 40))


def test_a_region_that_nobody_named_is_refused() -> None:
    with pytest.raises(InputError, match="at least three corners"):
        ask(flow(DETECT, ZONES), target="person", region="window")


@pytest.mark.parametrize(
    "region", [((1, 2, 3),) * 3, ((1, 2), (3, 4)), ("ab", "cd", "ef")], ids=str
)
def test_corners_that_are_none_are_refused_alike(region: Any) -> None:
    with pytest.raises(InputError, match="at least three corners"):
        ask(flow(DETECT, ZONES), target="person", region=region)


def test_a_step_and_another_region_beside_it_are_refused() -> None:
    assert ask(flow(SAMPLE, GATE), step="gate", region="gate").step.name == "gate"
    with pytest.raises(InputError, match="a region beside it"):
        ask(flow(SAMPLE, GATE), step="gate", region="10,10 60,10 60,40")


def test_of_several_cameras_one_has_to_be_named() -> None:
    several = flow(SAMPLE, GATE, streams=("road", "yard"))
    with pytest.raises(InputError, match="--stream road"):
        ask(several)
    assert ask(several, stream="yard").stream.name == "yard"


def test_labelling_asks_each_variant_how_sure_it_is_with_all_else_golden() -> None:
    asking = ask(flow(SAMPLE, GATE))
    found = labelling(flow(SAMPLE, GATE), asking, TILED, PASS)
    assert [each.name for each in found.steps] == ["sample", TILED, PASS]
    assert found.step("sample").settings == {"rate_fps": "source"}
    assert found.step(PASS).settings["confidence"] == 0.05
    assert found.step(PASS).settings["model"] == PASS
