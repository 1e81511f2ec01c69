"""Every example prints what lies beside it, when it is started in an empty folder."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("[0-9]*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_its_golden_output(example: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == example.with_suffix(".out").read_text(encoding="utf-8")


def test_examples_are_numbered_from_1() -> None:
    assert [path.name[:2] for path in EXAMPLES] == [
        f"{number:02}" for number in range(1, len(EXAMPLES) + 1)
    ]
