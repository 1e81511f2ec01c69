"""``--what-if``: rows of forecasts from a stored profile; nothing is written."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Vedette


@pytest.mark.model
def test_scenarios_are_rows_and_nothing_is_written(vedette: Vedette, gate: Path) -> None:
    files = (gate / "workflow.yaml", gate / "cluster.yaml", "--profile", gate / "profile.json")
    asked = ("--what-if", "device.edge.cores=x2", "--what-if", "floor.frame_f1=1,place.detect=edge")
    said = vedette("plan", *files, *asked)
    assert said.status == 0, said.err
    assert [row in said.out for row in ("as it stands", "device.edge.cores=x2")] == [True, True]
    assert list(Path().iterdir()) == []
    told = json.loads(vedette("plan", *files, *asked, "--json").out)
    assert [each["scenario"] for each in told][1:] == list(asked[1::2])
    assert told[0]["candidate"]["figures"]["label"] == "predicted"


@pytest.mark.model
def test_a_typo_is_told_with_what_was_meant(vedette: Vedette, gate: Path) -> None:
    files = (gate / "workflow.yaml", gate / "cluster.yaml", "--profile", gate / "profile.json")
    said = vedette("plan", *files, "--what-if", "device.egde.cores=4")
    assert said.status == 2
    assert "try device.edge.cores" in said.err


@pytest.mark.model
def test_without_a_profile_nothing_is_measured(vedette: Vedette, gate: Path) -> None:
    said = vedette(
        "plan", gate / "workflow.yaml", gate / "cluster.yaml", "--what-if", "device.edge.cores=4"
    )
    assert said.status == 2
    assert "profile.json: found no such file" in said.err


@pytest.mark.model
def test_an_explanation_is_written_as_a_page(vedette: Vedette, gate: Path) -> None:
    given = (gate / "plan.yaml", "--profile", gate / "profile.json", "-o", "why.html")
    said = vedette("explain", *given)
    assert said.status == 0, said.err
    assert "What binds" in said.out
    assert "Why joint of street" in Path("why.html").read_text()
