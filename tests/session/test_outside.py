"""What a check finds outside of the file: streams that are not there, labels that are wrong."""

from pathlib import Path

import pytest
from tests import street as film

import vedette as vd
from vedette.errors import Problem

ROW = "1,1,10,10,30,60,1,-1,-1,-1\n"


def declared(folder: Path, stream: str) -> Path:
    path = folder / "workflow.yaml"
    path.write_text(film.WORKFLOW.replace("{url: gate.mkv}", stream), encoding="utf-8")
    return path


def told(problem: Problem) -> tuple[str, int | None]:
    assert problem.place is not None
    return Path(problem.place.file).name, problem.place.line


def test_every_file_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    path = declared(tmp_path, "{url: gate.mkv, labels: gate.mot.txt}")
    path.write_text(path.read_text().replace("run: track", "run: trak"))
    problems = vd.check(path)
    assert [told(each) for each in problems] == [("workflow.yaml", n) for n in (5, 5, 13)]
    assert [each.found.startswith("no file ") for each in problems] == [True, True, False]


@pytest.mark.parametrize(
    "url", ["rtsp://10.0.0.7/gate", "https://example.org/gate.mp4", "${CLIPS}/gate.mkv"]
)
def test_nobody_is_asked_for_what_is_elsewhere(tmp_path: Path, url: str) -> None:
    assert vd.check(declared(tmp_path, f'{{url: "{url}"}}')) == ()


def test_every_mistake_of_labels_is_told_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "gate.mkv").touch()
    (tmp_path / "gate.mot.txt").write_text(f"{ROW}1,2,10,10,-3,60,1,-1,-1,-1\n1,2\n")
    path = declared(tmp_path, "{url: gate.mkv, labels: gate.mot.txt}")
    assert [told(each) for each in vd.check(path)] == [("gate.mot.txt", 2), ("gate.mot.txt", 3)]
    assert len(vd.check(vd.load(path))) == 2  # type: ignore[arg-type]  # a workflow


def test_labels_that_the_question_does_not_ask_for_are_told(tmp_path: Path) -> None:
    (tmp_path / "gate.mkv").touch()
    (tmp_path / "gate.mot.txt").write_text("1,1,10,10,30,60,1,4,1\n")
    (problem,) = vd.check(declared(tmp_path, "{url: gate.mkv, labels: gate.mot.txt}"))
    assert problem.found.startswith("labels of bicycle, of which the workflow asks for none")


def test_right_labels_are_no_problem(tmp_path: Path) -> None:
    (tmp_path / "gate.mkv").touch()
    (tmp_path / "gate.mot.txt").write_text(ROW)
    assert vd.check(declared(tmp_path, "{url: gate.mkv, labels: gate.mot.txt}")) == ()


def test_a_live_stream_has_no_labels(tmp_path: Path) -> None:
    (tmp_path / "gate.mot.txt").write_text(ROW)
    (problem,) = vd.check(declared(tmp_path, '{url: "rtsp://x/y", labels: gate.mot.txt}'))
    assert problem.found.startswith("labels of a live stream")


def test_where_labels_are_is_kept_when_a_workflow_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(tmp_path, "{url: gate.mkv, labels: gate.mot.txt}")
    monkeypatch.chdir(tmp_path)
    workflow = vd.load("workflow.yaml")
    elsewhere = Path("a/workflow.yaml")
    elsewhere.parent.mkdir()
    vd.save(workflow, elsewhere)
    assert "labels: ../gate.mot.txt" in elsewhere.read_text()
    assert vd.load(elsewhere) == workflow
