"""The page on declaring says the same in YAML and in Python, and nothing is wrong with it."""

import re
from pathlib import Path
from typing import Any

import pytest

import vedette as vd


@pytest.fixture
def written(declaring: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's two files in it, as the current one."""
    workflow, cluster = re.findall(r"```yaml\n(.*?)```", declaring, re.DOTALL)
    (tmp_path / "workflow.yaml").write_text(workflow, encoding="utf-8")
    (tmp_path / "cluster.yaml").write_text(cluster, encoding="utf-8")
    (tmp_path / "bikes.mp4").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def built(declaring: str) -> dict[str, Any]:
    """The names that the page's Python leaves behind."""
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", declaring, re.DOTALL):
        exec(block, names)
    return names


@pytest.mark.usefixtures("written")
def test_both_languages_declare_the_same(built: dict[str, Any]) -> None:
    assert vd.load("workflow.yaml") == built["workflow"]
    assert vd.load("cluster.yaml") == built["cluster"]


@pytest.mark.usefixtures("written")
def test_nothing_is_wrong_with_what_the_page_declares(built: dict[str, Any]) -> None:
    assert vd.check("workflow.yaml", "cluster.yaml") == ()
    assert vd.check(built["workflow"], built["cluster"]) == ()


def test_a_knob_that_nobody_mentions_is_open_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "workflow.yaml").write_text(
        "name: gate\nsources: {s: /gate.mp4}\nsteps:\n  sample: {run: sample, from: s}\n"
        "  detect: {run: detect, from: sample, classes: {car: [car]}}\n"
        "  track: {run: track, from: detect}\n",
        encoding="utf-8",
    )
    flow = vd.workflow("gate")
    flow.step("sample", "sample", flow.source("s", s="/gate.mp4"))
    flow.step("detect", "detect", "sample", classes={"car": ["car"]})
    flow.step("track", "track", "detect")
    assert flow.build() == vd.load(tmp_path / "workflow.yaml")
