"""``vedette models check`` and what ``vedette check`` says of models of one's own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.made import constant_model

WORKFLOW = """\
name: own
sources: {{street: {{camera1: {clip}}}}}
models: {{mine: mine.onnx, kind: {{file: kind.onnx, labels: [a, b, c, d]}}}}
steps:
  detect: {{run: detect, from: street, classes: {{all: [x]}}, model: {model}}}
  track: {{run: track, from: detect}}
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A detector of three labels, in the folder that commands are run in."""
    output = np.zeros((1, 7, 84), np.float32)
    output[0, :4, 5], output[0, 5, 5] = (24, 16, 16, 16), 0.8
    names = "['x', 'y', 'z']"
    constant_model(tmp_path / "kind.onnx", {"o": np.zeros((1, 4), np.float32)})
    return constant_model(tmp_path / "mine.onnx", {"output0": output}, names=names)


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_a_file_is_told_in_one_document(vedette: Any, mine: Path, bikes: Path) -> None:
    said = vedette("models", "check", mine, "--on", bikes, "--picture", "seen.jpg", "--json")
    found = json.loads(said.out)
    assert said.status == 0
    assert (found["head"], found["labels"], found["size"]) == ("yolov8", ["x", "y", "z"], [64, 64])
    assert [each["found"][0][0] for each in found["seen"]] == ["y"] * len(found["seen"])
    assert len(found["seen"]) == 8
    assert found["pass_ms"] > 0
    assert (mine.parent / "seen.jpg").read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["models", "check"], "found 0 files"),
        (["models", "check", "none.onnx"], "found no such file"),
        (["models", "check", "mine.onnx", "--head", "yolov9"], "found the head 'yolov9'"),
        (["models", "check", "mine.onnx", "--picture", "a.jpg"], "--picture without --on"),
        (["models", "check", "mine.onnx", "--size", "48"], "found outputs output0 (1, 7, 84)"),
        (["models", "check", "mine.onnx", "--size", "-5"], "greater than or equal"),
        (["models", "check", "mine.onnx", "--size", "99999"], "8192"),
        (["models", "convert", "a.cfg"], "found 1 files"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_what_cannot_be_looked_at_is_told(vedette: Any, words: list[str], said: str) -> None:
    result = vedette(*words)
    assert (result.status, result.out) == (2, "")
    assert said in result.err


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("kind", "found the classifier kind in steps.detect.model"),
        ("mine", ""),
    ],
)
@pytest.mark.usefixtures("mine")
def test_check_opens_the_models_that_a_workflow_declares(
    vedette: Any, model: str, problem: str, tmp_path: Path, bikes: Path
) -> None:
    text = WORKFLOW.format(clip=bikes, model=model)
    classes = text if model == "mine" else text.replace("[x]", "[a]")
    (tmp_path / "w.yaml").write_text(classes)
    result = vedette("check", "w.yaml")
    assert problem in result.err
    assert result.status == (2 if problem else 0)


@pytest.mark.usefixtures("mine")
def test_a_broken_model_is_told_at_its_line(vedette: Any, tmp_path: Path, bikes: Path) -> None:
    (tmp_path / "kind.onnx").write_bytes(b"no model")
    (tmp_path / "w.yaml").write_text(WORKFLOW.format(clip=bikes, model="mine"))
    result = vedette("check", "w.yaml")
    assert result.status == 2
    assert "w.yaml:3:" in result.err
    assert "kind.onnx: 8 bytes that are no ONNX model" in result.err
