"""Models of a user's own: declared in YAML and in Python, written back, and wrong."""

from pathlib import Path
from typing import get_args

import pytest

from vedette import ops
from vedette.declaring.check import check_workflow
from vedette.declaring.operator import signatures
from vedette.declaring.reading import parse_workflow, read_workflow
from vedette.declaring.workflow import choose, workflow
from vedette.declaring.writing import workflow_text, write_workflow
from vedette.errors import DeclarationError
from vedette.models.heads import HEADS
from vedette.models.zoo import variants
from vedette.types.graph import Workflow
from vedette.types.models import HeadName, OwnModel

_ = ops
TEXT = """\
name: own
sources: {street: {camera1: a.mp4}}
models:
  plain: plain.onnx
  mine:
    file: mine.onnx
    head: yolov3-tiny
    size: [640, 416-wide]
    labels: [person, forklift]
    range: [0, 1]
    anchors: {16: [[23, 27]], 32: [[81, 82]]}
steps:
  detect:
    run: detect
    from: street
    classes: {person: [person], machine: [forklift]}
    model: {choose: [mine-640-tiled, mine-416-wide]}
  track: {run: track, from: detect}
"""


def parsed(text: str) -> Workflow:
    return parse_workflow(text, signatures(), variants())


def said(text: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        parsed(text)
    return str(caught.value)


def test_a_model_is_declared_in_words() -> None:
    plain, mine = parsed(TEXT).models
    assert plain == OwnModel("plain", "plain.onnx")
    assert mine.sizes == (640, "416-wide")
    assert mine.anchors == {16: ((23.0, 27.0),), 32: ((81.0, 82.0),)}


def test_python_and_yaml_declare_the_same() -> None:
    flow = workflow("own", variants=variants())
    street = flow.source("street", camera1="a.mp4")
    flow.model("plain", "plain.onnx")
    flow.model(
        "mine",
        "mine.onnx",
        head="yolov3-tiny",
        size=[640, "416-wide"],
        labels=["person", "forklift"],
        range=[0, 1],
        anchors={"16": [[23, 27]], "32": [[81, 82]]},
    )
    detect = flow.step(
        "detect",
        "detect",
        street,
        classes={"person": ["person"], "machine": ["forklift"]},
        model=choose("mine-640-tiled", "mine-416-wide"),
    )
    flow.step("track", "track", detect)
    assert flow.build() == parsed(TEXT)


def test_what_is_written_reads_back_equal_from_its_folder(tmp_path: Path) -> None:
    declared = parsed(TEXT)
    assert parsed(workflow_text(declared)) == declared
    write_workflow(tmp_path / "w.yaml", declared)
    again = read_workflow(tmp_path / "w.yaml", signatures(), variants())
    assert [Path(each.file).resolve() for each in again.models] == [
        Path(each.file).resolve() for each in declared.models
    ]


def test_labels_may_stand_in_a_file_beside_the_workflow(tmp_path: Path) -> None:
    (tmp_path / "my.names").write_text("person\nforklift\n\n")
    text = TEXT.replace("[person, forklift]\n    range", "my.names\n    range")
    (tmp_path / "w.yaml").write_text(text)
    found = read_workflow(tmp_path / "w.yaml", signatures(), variants())
    assert found.models[1].labels == ("person", "forklift")


def test_a_missing_file_of_labels_is_told() -> None:
    text = TEXT.replace("[person, forklift]\n    range", "no.names\n    range")
    assert "no.names: found no such file" in said(text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("mine-416-wide]}", "mine-416]}", "workflow.yaml:17:38: found the text 'mine-416'"),
        ("[forklift]", "[forklfit]", "found the text 'forklfit' in steps.detect.classes.machine"),
        ("[forklift]", "[car]", "found the text 'car'"),
        ("  plain:", "  yolox-nano-416:", "found the model 'yolox-nano-416' a second time"),
        ("plain.onnx", "https://host/x.onnx", "found an address without sha256"),
        ("yolov3-tiny\n", "yolov33\n", "expected one of yolox, yolov5"),
        ("416-wide]", "12]", "found 12 in models.mine.size"),
        ("range: [0, 1]", "range: [0]", "found a list of 1 in models.mine.range"),
        ("[[23, 27]]", "[[23, 27], [1, 2]]", "1 and 2 anchors for different strides"),
        ("[person, forklift]", "[person, person]", "found the label 'person' a second time"),
        ("file: mine.onnx", "fiel: mine.onnx", "try file"),
    ],
)
def test_a_mistake_is_told_where_it_stands(old: str, new: str, expected: str) -> None:
    assert expected in said(TEXT.replace(old, new, 1))


def test_a_step_may_run_its_user_s_model_and_the_zoo_s_with_the_labels_of_both() -> None:
    text = TEXT.replace("[mine-640-tiled,", "[yolox-nano-416, mine-640-tiled,")
    both = parsed(text.replace("[person], machine", "[person, truck], machine"))
    assert both.step("detect").choices["model"] == (
        "yolox-nano-416",
        "mine-640-tiled",
        "mine-416-wide",
    )


def test_labels_that_only_the_file_knows_are_not_judged() -> None:
    text = TEXT.replace("[mine-640-tiled, mine-416-wide]", "[plain]")
    anything = parsed(text.replace("[forklift]", "[anything]"))
    assert anything.step("detect").choices["model"] == ("plain",)


def test_a_classifier_must_be_named() -> None:
    text = TEXT + "  kind: {run: classify_image, from: crop}\n"
    text += "  crop: {run: crop, from: [street, track]}\n"
    assert "found no 'model' in steps.kind" in said(text)


def test_a_workflow_of_values_is_checked_alike() -> None:
    assert check_workflow(parsed(TEXT), signatures(), variants(larger=True)) == ()


def test_every_head_can_be_declared() -> None:
    assert list(get_args(HeadName)) == list(HEADS)
