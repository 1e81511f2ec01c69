"""A workflow that names a cascade: read, written, checked, planned by hand, and run."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.cascades import PLAIN, learned

from vedette import session
from vedette.declaring.deployed import check_deployment
from vedette.declaring.operator import operators, signatures
from vedette.declaring.writing import workflow_text
from vedette.errors import DeclarationError
from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.media.source import open_source
from vedette.models import loader, variants
from vedette.planning.expand import expand
from vedette.records.cascade import npz_arrays, read_cascade
from vedette.running.executor import MemorySink
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor
from vedette.types.cascade import Cascade, ScoreStage
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import Workflow
from vedette.types.plan import Deployment

BOX = Cluster("site", (Device("box", "edge", cores=2),), ())
REFERENCE = "yolox-nano-416-tiled"
CASCADE = replace(
    PLAIN,
    reference=REFERENCE,
    scores=(ScoreStage("special", 0.3, 0.7), ScoreStage("yolox-nano-416", 0.3, 0.8)),
)
WORKFLOW = """\
version: 1
name: gate
sources: {street: {gate: gate.mkv}}
cascades: {gate-2pct: learned}
steps:
  gate:
    run: presence
    from: street
    classes: {vehicle: [car, truck]}
    zone: [[16, 8], [48, 8], [48, 40], [16, 40]]
    model: {choose: [yolox-nano-416-tiled, gate-2pct]}
objective: {minimise: {cpu_ms_per_frame: 1}, floors: {answers: 0.9}}
events: {tracks: gate}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    learned(tmp_path / "learned", CASCADE)
    shown = [ArrayPicture(np.full((48, 64, 3), 30, np.uint8))] * 10
    render(shown, tmp_path / "gate.mkv", rate=Fraction(10))
    (tmp_path / "workflow.yaml").write_text(WORKFLOW)
    return tmp_path


def read(folder: Path) -> Workflow:
    found = session.load(folder / "workflow.yaml")
    assert isinstance(found, Workflow)
    return found


def complaints(folder: Path, text: str = WORKFLOW) -> list[str]:
    (folder / "workflow.yaml").write_text(text)
    return [str(each) for each in session.check(folder / "workflow.yaml")]


def test_a_cascade_is_read_from_its_folder_under_the_name_it_is_given(folder: Path) -> None:
    (found,) = read(folder).cascades
    assert found.name == "gate-2pct"
    assert found.question == CASCADE.question
    assert Path(found.file) == folder / "learned"
    assert session.check(folder / "workflow.yaml") == ()


def test_what_is_written_reads_back_equal(folder: Path) -> None:
    flow = read(folder)
    assert "cascades: {gate-2pct:" in workflow_text(flow)
    session.save(flow, folder / "again.yaml")
    assert session.load(folder / "again.yaml") == flow


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("[car, truck]", "[car, bus]"), "which was learned for classes vehicle: car, truck"),
        (("[16, 8]", "[17, 8]"), "which was learned for zone (16, 8) (48, 8) (48, 40) (16, 40)"),
        (("    zone:", "    confidence: 0.6\n    zone:"), "which was learned for confidence 0.5"),
        (("yolox-nano-416-tiled,", "yolox-nano-416,"), "without its reference"),
        (("yolox-nano-416-tiled, gate-2pct", "gate-2pct, yolox-nano-416-tiled"), "as the most"),
        (("gate-2pct]", "gate-2pct, gate-2pct/special]"), "gate-2pct/special, a part of a cascade"),
        (("{gate-2pct: learned}", "{yolox-nano-416: learned}"), "'yolox-nano-416' a second time"),
        (("{gate-2pct: learned}", "{gate-2pct: nowhere}"), "no such file"),
    ],
)
def test_a_cascade_that_does_not_fit_is_refused(
    folder: Path, changed: tuple[str, str], told: str
) -> None:
    assert any(told in each for each in complaints(folder, WORKFLOW.replace(*changed)))


def test_a_cascade_answers_presence_only(folder: Path) -> None:
    text = WORKFLOW.replace("run: presence", "run: detect").replace("    zone", "    # zone")
    assert any("in a step that runs detect" in each for each in complaints(folder, text))


def test_a_camera_whose_size_changed_is_refused(folder: Path) -> None:
    shown = [ArrayPicture(np.full((96, 128, 3), 30, np.uint8))] * 10
    render(shown, folder / "gate.mkv", rate=Fraction(10))
    (complaint,) = complaints(folder)
    assert "a picture of 128 x 96 for the cascade gate-2pct" in complaint
    assert "64 x 48, which it was learned on" in complaint


@pytest.mark.parametrize("file", ["special.onnx", "difference.npz"])
def test_a_file_that_is_not_the_one_learned_is_refused(folder: Path, file: str) -> None:
    path = folder / "learned" / file
    path.write_bytes(path.read_bytes() + b"more")
    assert any("a file that is not the one" in each for each in complaints(folder))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("frame_step", 0),
        ("audit", 2.0),
        ("size", [0, 48]),
        ("scores", [{"model": "special", "low": 0.5, "high": 0.2}]),
        ("scores", [{"model": REFERENCE, "low": 0.5, "high": 0.6}]),
        ("digests", {}),
        ("reference", "unheard-of"),
        ("reference", "gate-2pct"),
        ("version", 2),
        ("question", {"classes": {}}),
        ("question", {"classes": {"car": ["car"]}, "zone": [[0, 0], [1, 1]]}),
        ("more", 1),
    ],
)
def test_a_record_that_no_cascade_has_is_refused(folder: Path, part: str, value: object) -> None:
    path = folder / "learned" / "cascade.json"
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {part: value}))
    assert complaints(folder)


def test_arrays_are_never_objects(folder: Path) -> None:
    path = folder / "objects.npz"
    np.savez(path, region=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DeclarationError, match="Object arrays cannot be loaded"):
        npz_arrays(path.read_bytes(), path, DeclarationError)


def test_a_cascade_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = learned(tmp_path / "learned", CASCADE)
    assert read_cascade(tmp_path / "learned") == written
    assert isinstance(written, Cascade)


@pytest.mark.model
@pytest.mark.usefixtures("yolox_nano")
def test_a_run_and_a_rehearsal_answer_alike_with_it(folder: Path) -> None:
    levels = [30, 30, 220, 220, 120, 120, 120, 30, 220, 220]
    shown = [ArrayPicture(np.full((48, 64, 3), level, np.uint8)) for level in levels]
    render(shown, folder / "gate.mkv", rate=Fraction(10))
    flow = read(folder)
    expanded = expand(flow, {"gate.model": "gate-2pct"}, variants(flow.own, larger=True))
    names = [*(s.name for s in expanded.sources), *(step.name for step in expanded.steps)]
    plan = Deployment(
        workflow=expanded, cluster=BOX, choice={}, placement=dict.fromkeys(names, "box")
    )
    ((_, stream),) = flow.streams()
    said = []
    for executor in (
        LocalExecutor(operators(), loader(flow.own)),
        VirtualExecutor(operators(), loader(flow.own)),
    ):
        sink = MemorySink()
        with open_source(stream) as source:
            report = executor.run(plan, {"gate": source}, sink)
        said.append([len(bundle.items[0][1]) for _, bundle in sink.answers])
        assert report.steps["gate.special"].calls == 5
    assert said[0] == said[1] == [0, 0, 1, 1, 0, 0, 0, 0, 1, 1]
    assert (
        check_deployment(plan, signatures(), variants()) == ()
    )  # as it is when it is read from a file
    ran = session.run(plan, store=folder / "events.db")
    assert ran.finished
    assert ran.figures.analysed == 10
