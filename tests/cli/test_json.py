"""``--json``: one document on standard output, whatever the command came to."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests import street as film
from tests.cli.conftest import Said, Vedette

from vedette.store import Store


def document(said: Said) -> Any:
    assert said.status == 0, said.err
    return json.loads(said.out)


def test_check_of_nothing_wrong_lists_no_problems(vedette: Vedette, tmp_path: Path) -> None:
    (tmp_path / "gate.mkv").touch()
    assert document(vedette("check", *film.declare(tmp_path), "--json")) == {"problems": []}


def test_problems_come_with_their_places(vedette: Vedette, tmp_path: Path) -> None:
    workflow, _ = film.declare(tmp_path)
    (tmp_path / "gate.mkv").touch()
    workflow.write_text(film.WORKFLOW.replace("run: track", "run: trak"))
    said = vedette("check", workflow, "--json")
    (problem,) = json.loads(said.out)["problems"]
    assert said.status == 2
    assert problem["place"] == {"file": str(workflow), "line": 13, "column": 16}
    assert problem["hint"].startswith("track ")


def test_an_error_is_a_document_and_a_message(vedette: Vedette) -> None:
    said = vedette("rehearse", "nowhere.yaml", "--json")
    told = json.loads(said.out)
    assert (said.status, told["error"]) == (2, "input")
    assert told["problems"][0]["found"] in said.err


def test_models_lists_the_zoo_with_licences(vedette: Vedette) -> None:
    told = document(vedette("models", "--json"))
    assert {each["name"] for each in told["models"]} >= {"yolox-nano"}
    assert all(each["licence"] for each in told["models"])


@pytest.mark.parametrize("name", ["workflow", "cluster", "plan", "profile", "events"])
def test_schemas_are_documents_with_or_without_json(vedette: Vedette, name: str) -> None:
    assert document(vedette("schema", name)) == document(vedette("schema", name, "--json"))


@pytest.mark.parametrize("planner", ["knobs", "placement", "cascade"])
def test_a_planner_solves_its_own_example(vedette: Vedette, tmp_path: Path, planner: str) -> None:
    table = tmp_path / "table.json"
    table.write_text(vedette("solve", planner, "--example").out)
    answer = document(vedette("solve", planner, table, "--method", "exact", "--json"))
    assert answer.keys() >= {"objective", "bound", "gap", "method", "evaluated"}
    assert answer["gap"] == pytest.approx(0)


@pytest.mark.model
def test_profiling_and_planning_say_what_they_wrote(vedette: Vedette, gate: Path) -> None:
    declared = gate / "workflow.yaml"
    told = document(vedette("profile", declared, "--json"))
    assert Path(told["profile"]).is_file()
    assert len(told["sweeps"]) == 3
    planned = document(
        vedette("plan", declared, gate / "cluster.yaml", "--profile", "profile.json", "--json")
    )
    assert planned["choice"].keys() == {"sample.rate_fps", "detect.model", "transport.qp"}
    assert planned["predicted"]["label"] == "simulated"
    assert Path("plan.yaml").is_file()


@pytest.mark.model
def test_a_plan_is_simulated_and_explained_from_files(vedette: Vedette, gate: Path) -> None:
    made_of = (gate / "plan.yaml", "--profile", gate / "profile.json", "--json")
    assert document(vedette("simulate", *made_of))["label"] == "simulated"
    assert document(vedette("explain", *made_of)).keys() >= {"binding", "shadow_prices"}


@pytest.mark.model
def test_a_rehearsal_tells_figures_scores_and_events(vedette: Vedette, gate: Path) -> None:
    told = document(
        vedette("rehearse", gate / "plan.yaml", "--part", "all", "--report", "r.html", "--json")
    )
    assert told["figures"]["label"] == "rehearsed"
    assert told["scores"]["frame_f1"]["recall"]["total"] > 0
    assert [event["label"] for event in told["events"]] == ["car", "car"]
    assert "<html" in Path("r.html").read_text()


@pytest.mark.model
def test_a_run_fills_the_store_and_the_lines(vedette: Vedette, gate: Path) -> None:
    told = document(vedette("run", gate / "plan.yaml", "--events", "events.jsonl", "--json"))
    assert told["is_finished"]
    assert told["figures"]["label"] == "measured"
    lines = [json.loads(line) for line in Path("events.jsonl").read_text().splitlines()]
    with Store("events.db") as store:
        assert len(lines) == len(told["events"]) == len(store.events()) == 2


@pytest.mark.model
@pytest.mark.parametrize("verb", ["simulate", "explain"])
def test_without_json_there_is_text_to_read(vedette: Vedette, gate: Path, verb: str) -> None:
    said = vedette(verb, gate / "plan.yaml", "--profile", gate / "profile.json")
    assert said.status == 0
    assert len(said.out.splitlines()) > 3


@pytest.mark.model
def test_a_run_says_beside_what_was_predicted(vedette: Vedette, gate: Path) -> None:
    said = vedette("run", gate / "plan.yaml")
    assert (said.status, "measured" in said.out) == (0, True)
    assert "2 events in events.db" in said.err
