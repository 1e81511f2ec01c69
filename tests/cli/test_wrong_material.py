"""Videos, profiles and plans that look well from outside: status 2 when they are used."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from tests import street as film
from tests.cli.conftest import Vedette
from tests.cli.test_wrong_input import assert_told, tree


def missing(_: Path) -> None:
    """No file at all."""


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


def sound(path: Path) -> None:
    """A tone without a picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        tone.sample_rate, tone.pts = 8000, 0
        container.mux(stream.encode(tone))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("make", [missing, empty, folder, text, sound])
@pytest.mark.parametrize("verb", ["profile", "plan"])
def test_a_video_that_is_none(
    vedette: Vedette, tmp_path: Path, make: Callable[[Path], None], verb: str
) -> None:
    film.declare(tmp_path)
    make(tmp_path / "gate.mkv")
    before = tree(tmp_path)
    cluster = {"profile": (), "plan": ("cluster.yaml",)}[verb]
    assert_told(vedette(verb, "workflow.yaml", *cluster), "gate.mkv")
    assert tree(tmp_path) == before


@pytest.mark.model
@pytest.mark.parametrize("make", [missing, empty, folder, text, sound])
@pytest.mark.parametrize("verb", ["rehearse", "run"])
def test_a_plan_whose_video_is_none_any_more(
    vedette: Vedette, gate: Path, tmp_path: Path, make: Callable[[Path], None], verb: str
) -> None:
    here = str(tmp_path / "gate.mkv")
    written = (gate / "plan.yaml").read_text().replace(str(gate / "gate.mkv"), here)
    (tmp_path / "plan.yaml").write_text(written)
    make(tmp_path / "gate.mkv")
    assert_told(vedette(verb, "plan.yaml"), "gate.mkv: ")


@pytest.mark.model
def test_a_cut_off_video_runs_as_far_as_it_goes(
    vedette: Vedette, gate: Path, tmp_path: Path
) -> None:
    here = tmp_path / "gate.mkv"
    written = (gate / "plan.yaml").read_text().replace(str(gate / "gate.mkv"), str(here))
    (tmp_path / "plan.yaml").write_text(written)
    whole = (gate / "gate.mkv").read_bytes()
    here.write_bytes(whole[: len(whole) // 2])
    told = json.loads(vedette("run", "plan.yaml", "--json").out)
    assert 20 < told["figures"]["frames"] < 80
    assert told["is_finished"]


@pytest.mark.model
def test_a_profile_whose_arrays_are_cut_off(vedette: Vedette, gate: Path, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_bytes((gate / "profile.json").read_bytes())
    (arrays,) = gate.glob("profile-*.npz")
    (tmp_path / arrays.name).write_bytes(arrays.read_bytes()[:-100])
    assert_told(vedette("simulate", gate / "plan.yaml"), arrays.name)


@pytest.mark.model
def test_a_profile_without_its_arrays(vedette: Vedette, gate: Path, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_bytes((gate / "profile.json").read_bytes())
    assert_told(vedette("explain", gate / "plan.yaml"), ".npz: found no such file")


@pytest.mark.model
def test_a_profile_of_another_workflow(vedette: Vedette, gate: Path, tmp_path: Path) -> None:
    workflow, cluster = film.declare(tmp_path)
    (tmp_path / "gate.mkv").write_bytes((gate / "gate.mkv").read_bytes())
    workflow.write_text(film.WORKFLOW.replace("12.5]", "5]"))
    words = ("plan", workflow, cluster, "--profile", gate / "profile.json")
    assert_told(vedette(*words), "a profile of another workflow", "vedette profile")
    assert not (tmp_path / "plan.yaml").exists()


@pytest.mark.model
@pytest.mark.parametrize(
    "change",
    [
        ("detect: edge", "detect: attic", "attic for detect"),
        ("version: 1", "version: 99", "version 99"),
        ("operator: match_colour", "operator: match_color", "match_colour"),
        ("yolox-nano-416-wide", "yolox-nanno", "yolox-nano"),
        ("yolox-nano-256-wide", "yolox-nanno", "yolox-nano-256"),
        ("deliver_to: edge", "deliver_to: attic", "attic"),
        ("colour: white", "colour: beige", "beige"),
        ("cores: 2\n", "cores: -2\n", "cores"),
        ("inputs:", "outputs:", "outputs"),
    ],
)
def test_a_plan_that_somebody_edited(
    vedette: Vedette, gate: Path, tmp_path: Path, change: tuple[str, str, str]
) -> None:
    was, wrong, part = change
    text = (gate / "plan.yaml").read_text()
    assert was in text
    (tmp_path / "plan.yaml").write_text(text.replace(was, wrong))
    assert_told(vedette("run", "plan.yaml"), part)


@pytest.mark.model
@pytest.mark.parametrize("store", ["/", "nowhere/events.db", "gate.mkv", "foo://bar"])
def test_a_store_that_cannot_be_one(
    vedette: Vedette, gate: Path, tmp_path: Path, store: str
) -> None:
    (tmp_path / "gate.mkv").write_bytes(b"\x1aE\xdf\xa3" * 300)
    before = tree(tmp_path)
    assert_told(vedette("run", gate / "plan.yaml", "--store", store), store)
    assert tree(tmp_path) == before


@pytest.mark.model
def test_what_no_plan_can_meet_exits_with_3_and_the_nearest_miss(
    vedette: Vedette, gate: Path, tmp_path: Path
) -> None:
    workflow, cluster = film.declare(tmp_path)
    (tmp_path / "gate.mkv").write_bytes((gate / "gate.mkv").read_bytes())
    ceiling = "  ceilings: {latency_p95_ms: 0.001}\nevents:"
    workflow.write_text(film.WORKFLOW.replace("events:", ceiling))
    words = ("plan", workflow, cluster, "--profile", gate / "profile.json", "--json")
    said = vedette(*words)
    assert said.status == 3
    (problem,) = json.loads(said.out)["problems"]
    assert "the nearest (" in problem["found"]
    assert problem["expected"] == "latency_p95_ms up to 0.001"
    assert problem["found"] in said.err
    assert not (tmp_path / "plan.yaml").exists()
