"""Every file and script that a page shows is one that can be used as it stands."""

import re
from pathlib import Path

import pytest
from tests.docs.pages import FRAGMENT, Block, all_blocks

import vedette as vd

YAML = [block for block in all_blocks("yaml") if FRAGMENT not in block.words]
PYTHON = all_blocks("python")


@pytest.mark.parametrize("block", YAML, ids=str)
def test_nothing_is_wrong_with_a_file(block: Block, tmp_path: Path) -> None:
    for name in re.findall(r"[\w./-]+\.(?:mp4|mkv|onnx|json|pt)\b", block.text):
        if not name.startswith("/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    file = tmp_path / "declared.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert [str(problem) for problem in vd.check(file)] == [], (
        f"{block}: a part of a file begins with ```yaml {FRAGMENT}"
    )


@pytest.mark.parametrize(
    "block", [each for each in PYTHON if "reference" not in each.page.parts], ids=str
)
def test_python_can_be_read(block: Block) -> None:
    compile(block.text, str(block), "exec")
