"""The recipes of CONTRIBUTING, followed: their files are written, and their tests pass."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tests.docs.pages import ROOT, Block

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PROJECT = ROOT / "pyproject.toml"
OPTIONS = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider")
BESIDE = '''
"""Packages of Vedette and of its tests go on in this folder."""
import sys
from importlib import import_module
from pathlib import Path

here = Path(__file__).parent
sys.path.insert(0, {root!r})
import_module("tests.models.test_backend")
for folder in here.joinpath("src", "vedette").iterdir():
    import_module(f"vedette.{{folder.name}}").__path__.append(str(folder))
'''


def files() -> dict[str, str]:
    """What the recipes have one write, by path."""
    found = {}
    for block in indented():
        (path,) = block.words
        found[path] = block.text
    return found


def indented() -> list[Block]:
    """The blocks of Python, which stand in the steps of a list."""
    lines = CONTRIBUTING.read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line.strip().startswith("```python")]
    ends = [lines.index("   ```", start) for start in starts]
    return [
        Block(
            CONTRIBUTING,
            start + 1,
            "python",
            tuple(lines[start].split()[1:]),
            dedent("\n".join(lines[start + 1 : end])) + "\n",
        )
        for start, end in zip(starts, ends, strict=True)
    ]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every recipe was followed."""
    folder = tmp_path_factory.mktemp("followed")
    for path, text in files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    (folder / "conftest.py").write_text(BESIDE.format(root=str(ROOT)), encoding="utf-8")
    return folder


@pytest.mark.parametrize("test", [path for path in files() if path.startswith("tests/")])
def test_a_recipe_can_be_followed(test: str, followed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, f"--rootdir={followed}", followed / test],
        cwd=followed,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_planners_doctest_holds(followed: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "doctest", str(followed / "src/vedette/planning/admit.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def test_what_the_recipes_write_is_formatted_and_has_no_fault(followed: Path) -> None:
    for command in (["format", "--check"], ["check", "--ignore=INP001,D,ANN,S,I001"]):
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                *command,
                "--no-cache",
                f"--config={PROJECT}",
                "src",
                "tests",
            ],
            cwd=followed,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
