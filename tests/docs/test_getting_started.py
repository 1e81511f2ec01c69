"""The first page is followed word for word: its files saved, its commands typed in that order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "getting-started.md"


def test_every_file_that_the_page_promises_is_named_in_a_command() -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = "".join(block.text for block in blocks(PAGE, "sh"))
    saved = re.findall(r"(?:Save|as) [^`]*`([\w.]+\.yaml)`", text)
    assert sorted(set(saved)) == ["cluster.yaml", "workflow.yaml"]
    assert all(name in commands for name in saved)


@pytest.mark.slow
@pytest.mark.model
def test_the_page_can_be_followed(bikes: Path, yolox_nano: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    cache = home / ".cache" / "vedette"
    cache.mkdir(parents=True)
    for file in (bikes, yolox_nano):
        (cache / file.parent.name).symlink_to(file.parent)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"VEDETTE_CACHE", "XDG_CACHE_HOME"}
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-e", "-c", script()],
        cwd=tmp_path,
        env={**environment, "HOME": str(home), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = {path.name for path in (tmp_path / "crossing").iterdir()}
    assert made >= {"profile.json", "plan.yaml", "baseline.yaml", "report.html", "events.jsonl"}
    assert "nothing is wrong with workflow.yaml and cluster.yaml" in ran.stderr
    assert "Frame F1 at least 0.6  held" in ran.stdout
    assert '"colour": "white"' in (tmp_path / "crossing" / "events.jsonl").read_text()


def script() -> str:
    """The page's commands, and its files saved where they stand; installing is left out."""
    names = iter(("workflow.yaml", "cluster.yaml"))
    lines = []
    for block in blocks(PAGE):
        if block.language == "yaml":
            lines.append(f"cat > {next(names)} <<'END'\n{block.text}END\n")
        elif block.language == "sh" and "install" not in block.words:
            lines.append(block.text)
    return "\n".join(lines)
