"""The Tab key, by the protocol that the shells speak: environment in, words out."""

import importlib
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
from tests import street as film

from vedette.cli import VERBS
from vedette.cli.tab import COMPLETERS
from vedette.models import zoo


def offered(folder: Path, line: str, shell: str = "bash") -> list[str]:
    """The words that a shell is offered for a line whose last word is being typed."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    asked |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    ended = subprocess.run(
        [sys.executable, "-c", "from vedette.cli import app; app(prog_name='vedette')"],
        env={**os.environ, **asked, "_VEDETTE_COMPLETE": f"complete_{shell}"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Declarations, a plan of a kind, a profile, and what none of them is."""
    film.declare(tmp_path)
    (tmp_path / "plan.yaml").write_text("version: 1\nplacement: {}\nworkflow:\n  steps: {}\n")
    (tmp_path / "profile.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "deep").mkdir()
    film.declare(tmp_path / "deep")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_verbs_are_offered(folder: Path) -> None:
    assert set(offered(folder, "vedette ")) == set(VERBS)
    assert offered(folder, "vedette exp") == ["explain"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("vedette plan ", ["deep/", "deep/workflow.yaml", "workflow.yaml"]),
        ("vedette plan workflow.yaml ", ["cluster.yaml", "deep/", "deep/cluster.yaml"]),
        ("vedette plan deep/", ["deep/workflow.yaml"]),
        ("vedette explain p", ["plan.yaml"]),
        ("vedette explain plan.yaml --profile p", ["profile.json"]),
        ("vedette check c", ["cluster.yaml"]),
        ("vedette plan workflow.yaml cluster.yaml --method f", ["frames"]),
        ("vedette solve pl", ["placement"]),
        ("vedette schema pr", ["profile"]),
        ("vedette rehearse plan.yaml --part v", ["verify"]),
    ],
)
def test_files_are_of_the_kind_that_is_meant_and_names_are_known_ones(
    folder: Path, line: str, words: list[str]
) -> None:
    assert offered(folder, line) == words


def test_models_and_tracks_are_those_that_there_are(folder: Path) -> None:
    assert set(offered(folder, "vedette models ")) == {*zoo.MODELS, *zoo.CLIPS}
    assert "overhead" in offered(folder, "vedette bench ")


def test_a_scenario_is_completed_from_the_files_on_the_line(folder: Path) -> None:
    line = "vedette plan workflow.yaml cluster.yaml --what-if "
    assert offered(folder, f"{line}device.edge.c") == ["device.edge.cores="]
    assert "link.edge-cloud.rate_mbps=" in offered(folder, f"{line}link.")
    assert offered(folder, f"{line}device.edge.cores=4,place.t") == [
        "device.edge.cores=4,place.track="
    ]
    assert offered(folder, "vedette plan notes.txt nowhere.yaml --what-if d") == []


@pytest.mark.parametrize("verb", COMPLETERS)
def test_what_is_completed_are_parameters_of_the_verb(verb: str) -> None:
    command = importlib.import_module(f"vedette.cli.{verb}").command
    assert COMPLETERS[verb].keys() <= signature(command).parameters.keys()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(folder: Path, shell: str) -> None:
    assert "workflow.yaml" in "\n".join(offered(folder, "vedette plan w", shell))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from vedette.cli import app; app(prog_name='vedette')"],
        env={**os.environ, "_VEDETTE_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"_VEDETTE_COMPLETE=complete_{shell}" in ended.stdout
