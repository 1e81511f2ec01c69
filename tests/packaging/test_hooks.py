"""The hooks of pre-commit run what ``make check`` runs, and download nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / ".pre-commit-config.yaml"
PARTS = ("src", "tests", "docs", "examples", ".pre-commit-config.yaml", "pyproject.toml", "LICENSE")
LISTED = subprocess.run(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PARTS],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=False,
).stdout


def test_every_hook_is_a_command_of_this_environment() -> None:
    (own,) = YAML(typ="safe").load(CONFIG.read_text(encoding="utf-8"))["repos"]
    assert own["repo"] == "local"
    assert {hook["language"] for hook in own["hooks"]} == {"system"}


def test_a_check_that_make_runs_quickly_is_a_hook_too() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (own,) = YAML(typ="safe").load(CONFIG.read_text(encoding="utf-8"))["repos"]
    entries = " ".join(hook["entry"] for hook in own["hooks"])
    for tool in ("ruff format", "ruff check", "mypy", "lint-imports"):
        assert f"$(BIN)/{tool}" in makefile
        assert tool in entries


@pytest.mark.slow
@pytest.mark.skipif(not LISTED, reason="not a checkout")
def test_every_hook_passes_in_a_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    git = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for name in filter(None, LISTED.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            (clone / name).write_bytes((ROOT / name).read_bytes())
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], check=True)
    here = Path(sys.executable).parent
    ran = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"],
        cwd=clone,
        env={
            **os.environ,
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(clone / "src"),
            "PRE_COMMIT_HOME": str(tmp_path / "hooks"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
