"""What the settings of our operators may be is checked before anything runs."""

import pytest

from vedette.declaring.check import check_workflow
from vedette.declaring.operator import signatures
from vedette.ops.bounds import Share
from vedette.types.graph import Source, Step, Stream, Value, Workflow

CLASSES: dict[str, Value] = {"vehicle": ["car"]}
STEPS = {
    "sample": Step("sample", "sample", ("s",), choices={"rate_fps": ("source",)}),
    "still": Step("still", "skip_still", ("sample",), {"threshold": 0.1}),
    "resize": Step("resize", "resize", ("still",), {"width": 480}),
    "detect": Step("detect", "detect", ("resize",), {"classes": CLASSES, "model": "nano"}),
    "track": Step("track", "track", ("detect",)),
    "crop": Step("crop", "crop", ("resize", "track")),
    "colour": Step("colour", "match_colour", ("crop",), {"colour": "white"}),
    "alert": Step("alert", "alert", ("colour",)),
}
WRONG: list[tuple[str, str, Value, str]] = [
    ("sample", "rate_fps", 0, "a number, above 0, at most 1,000 or 'source'"),
    ("sample", "rate_fps", -5, "a number, above 0, at most 1,000 or 'source'"),
    ("still", "threshold", -0.1, "a number, at least 0, at most 1"),
    ("resize", "width", 1, "a whole number, at least 2, at most 65,536 or 'source'"),
    ("detect", "confidence", 7, "a number, at least 0, at most 1"),
    ("detect", "classes", {}, "a mapping, at least 1 in it"),
    ("detect", "classes", {"vehicle": []}, "at least 1 in it"),
    ("detect", "classes", {"vehicle": ["carr"]}, "a label that the model knows"),
    (
        "detect",
        "classes",
        {"vehicle": ["car"], "small": ["car"]},
        "each label once (found car in vehicle and in small)",
    ),
    ("track", "high_confidence", 42, "a number, at least 0, at most 1"),
    ("track", "start_confidence", -1, "a number, at least 0, at most 1"),
    ("track", "match_iou", 2, "a number, at least 0, at most 1"),
    ("track", "low_match_iou", 2, "a number, at least 0, at most 1"),
    ("track", "lost_s", -3, "a number, at least 0, at most 3,600, in seconds"),
    ("colour", "threshold", 30, "a number, at least 0, at most 1"),
    ("colour", "min_votes", 0, "a whole number, at least 1, at most 500"),
    ("colour", "min_confidence", 2, "a number, at least 0, at most 1"),
    ("colour", "min_side", 5, "a number, at least 0, at most 1"),
    ("alert", "min_duration_s", -7, "a number, at least 0, at most 3,600, in seconds"),
    ("alert", "quality", 900, "a whole number, at least 1, at most 100"),
]


def problems(name: str = "", setting: str = "", value: Value = None) -> list[str]:
    sources = (Source("s", (Stream("c", "a.mkv"),)),)
    steps = []
    for step in STEPS.values():
        given = {**step.settings, **({setting: value} if step.name == name else {})}
        choices = {key: values for key, values in step.choices.items() if key not in given}
        steps.append(Step(step.name, step.operator, step.inputs, given, choices))
    found = check_workflow(Workflow("w", sources, tuple(steps)), signatures(), ["nano"])
    return [problem.expected for problem in found]


def test_settings_within_their_bounds_pass() -> None:
    assert problems() == []


@pytest.mark.parametrize(("name", "setting", "value", "expected"), WRONG)
def test_a_setting_beyond_its_bounds_is_refused_with_them(
    name: str, setting: str, value: Value, expected: str
) -> None:
    assert problems(name, setting, value) == [expected]


def test_a_knob_keeps_the_bounds_that_stand_beside_it() -> None:
    threshold = signatures()["skip_still"].settings["threshold"]
    assert threshold.schema == Share
    assert threshold.choices == (0.0, 0.01, 0.03, 0.1)
