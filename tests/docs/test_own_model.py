"""The page on models of one's own, followed from an empty folder with files made for it."""

import shlex
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.docs.pages import DOCS, blocks
from tests.models.made import constant_model

from vedette.cli import main
from vedette.models.heads import HEADS
from vedette.records.syntax import ModelSyntax
from vedette.session import load_workflow

PAGE = DOCS / "howto" / "own-model.md"
FILTERS = (4, 4, 4, 4, 4)


def darknet(folder: Path) -> None:
    """A network with the outputs of YOLOv3-tiny and hardly any weights."""
    halving = "".join(
        f"[convolutional]\nfilters={n}\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
        for n in FILTERS
    )
    last = "[convolutional]\nfilters=255\nsize=1\nstride=1\npad=1\nactivation=linear\n"
    yolo = "[yolo]\nmask = 0,1,2\nclasses=80\nnum=6\n"
    up = "[route]\nlayers=4\n[upsample]\nstride=2\n"
    (folder / "yolov3-tiny.cfg").write_text(f"[net]\n{halving}{last}{yolo}{up}{last}{yolo}")
    count = (4 + 4 * 27) + 4 * (4 + 4 * 36) + 2 * (255 + 255 * 4)
    weights = np.full(count, -0.5, "<f4")
    header = struct.pack("<iiiq", 0, 2, 0, 0)
    (folder / "yolov3-tiny.weights").write_bytes(header + weights.tobytes())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bikes: Path, yolox_nano: Path) -> Path:
    """What the page says its reader has; the reference call's model is in the cache."""
    assert yolox_nano.is_file()
    shutil.copy(bikes, tmp_path / "street.mp4")
    darknet(tmp_path)
    scores = np.zeros((1, 1000), np.float32)
    constant_model(tmp_path / "effnet.onnx", {"logits": scores}, shape=(1, 3, 224, 224))
    (declared,) = [block.text for block in blocks(PAGE, "yaml")]
    (tmp_path / "workflow.yaml").write_text(declared)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.model
def test_every_command_of_the_page_works_as_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for block in blocks(PAGE, "sh") for line in block.text.splitlines()]
    assert len(lines) == 3
    said = []
    for line in lines:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code in (0, None), capsys.readouterr().err
        said.append(capsys.readouterr())
    assert "head    yolov3-tiny" in said[1].out
    assert (folder / "seen.jpg").stat().st_size > 1000
    assert "nothing is wrong" in said[2].err


@pytest.mark.model
@pytest.mark.usefixtures("folder")
def test_the_page_s_python_declares_what_its_file_does() -> None:
    first = next(blocks(PAGE, "python")).text
    scope: dict[str, object] = {}
    exec(compile(first, str(PAGE), "exec"), scope)  # our own page
    built = scope["flow"].build()  # type: ignore[attr-defined]
    read = load_workflow("workflow.yaml")
    assert built.models == read.models[:1]
    assert built.step("detect") == read.step("detect")


def test_the_page_lists_every_head_and_word() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in (*HEADS, *ModelSyntax.model_fields) if f"`{name}`" not in text] == []
