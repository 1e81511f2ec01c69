"""Operators that are not ours, from the command line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Vedette
from tests.packages import BLUR, install

from vedette.declaring import registry
from vedette.declaring.registry import registered

WORKFLOW = """\
name: plates
sources: {gate: "rtsp://gate.local/1"}
steps:
  blurred: {run: blur, from: gate, strength: 2}
  found: {run: detect, from: blurred, classes: {vehicle: [car]}}
  track: {run: track, from: found}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(registry, "_HERE", dict(registered()))
    monkeypatch.setattr(registry, "_FILES", [])
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "workflow.yaml").write_text(WORKFLOW)
    (tmp_path / "my_ops.py").write_text(BLUR)
    yield tmp_path
    sys.modules.pop("plates_ops", None)


def test_an_unknown_operator_is_told_where_others_come_from(vedette: Vedette) -> None:
    said = vedette("check", "workflow.yaml")
    assert said.status == 2
    assert "workflow.yaml:4" in said.err
    assert "--operators FILE" in said.err


def test_a_file_of_operators_makes_a_workflow_right(vedette: Vedette) -> None:
    assert vedette("check", "workflow.yaml", "--operators", "my_ops.py").status == 0


def test_a_file_that_cannot_be_run_is_the_users_to_mend(vedette: Vedette, folder: Path) -> None:
    (folder / "my_ops.py").write_text("import no_such_library")
    said = vedette("check", "workflow.yaml", "--operators", "my_ops.py")
    assert said.status == 2
    assert "my_ops.py:1: found" in said.err
    assert "Traceback" not in said.err


def test_a_file_that_ends_itself_is_told(vedette: Vedette, folder: Path) -> None:
    (folder / "my_ops.py").write_text("raise SystemExit(0)")
    said = vedette("check", "workflow.yaml", "--operators", "my_ops.py")
    assert said.status == 2
    assert "my_ops.py:1: found" in said.err


def test_an_installed_operator_makes_a_workflow_right(vedette: Vedette, folder: Path) -> None:
    install(folder / "site", "plates", BLUR, {"blur": "plates_ops"})
    assert vedette("check", "workflow.yaml").status == 0


def test_a_broken_package_is_named_with_the_line_that_wants_it(
    vedette: Vedette, folder: Path
) -> None:
    install(folder / "site", "plates", "import no_such_library", {"blur": "plates_ops"})
    said = vedette("check", "workflow.yaml")
    assert said.status == 2
    assert "workflow.yaml:4" in said.err
    assert "plates 1.0" in said.err


def test_a_broken_package_does_not_harm_who_does_not_use_it(vedette: Vedette, folder: Path) -> None:
    install(folder / "site", "plates", "import no_such_library", {"smear": "plates_ops"})
    assert vedette("check", "workflow.yaml", "--operators", "my_ops.py").status == 0


def test_the_workflows_schema_knows_all_operators_and_their_settings(vedette: Vedette) -> None:
    said = vedette("schema", "workflow", "--operators", "my_ops.py")
    step = json.loads(said.out)["$defs"]["StepSyntax"]
    assert {"blur", "detect"} <= set(step["properties"]["run"]["enum"])
    assert "tile" not in step["properties"]["run"]["enum"]
    (rule,) = (each for each in step["allOf"] if each["if"]["properties"]["run"]["const"] == "blur")
    assert rule["then"]["properties"]["strength"]["anyOf"][0] == {"type": "integer"}
    assert rule["then"]["propertyNames"]["enum"] == ["run", "from", "when", "strength"]
