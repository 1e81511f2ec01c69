"""Whose run it is that goes on, and whose events are exported."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.running.scripted import plan_of
from tests.session.test_telling import event

from vedette.errors import RecordError
from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.session import export_events, run
from vedette.store import Store
from vedette.types.commit import Commit
from vedette.types.graph import Source, Step, Stream
from vedette.types.media import Checkpoint
from vedette.types.plan import Deployment


def film(path: Path, shade: int) -> None:
    pixels = np.full((48, 64, 3), shade, np.uint8)
    render([ArrayPicture(pixels)] * 20, path, rate=Fraction(10))


def plan_for(url: Path | str) -> Deployment:
    plan = plan_of([Step("keep", "sample", ("street",), {"rate_fps": "source"})])
    sources = (Source("street", (Stream("gate", str(url)),)),)
    return replace(plan, workflow=replace(plan.workflow, sources=sources))


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a run of ``gate.mkv`` that was interrupted, begun beside it."""

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    film(tmp_path / "gate.mkv", 90)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(plan_for("gate.mkv"), store=tmp_path / "events.db", progress=interrupt)
    return tmp_path / "events.db"


def test_a_run_goes_on_from_any_folder(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = begun.parent / "elsewhere"
    moved.mkdir()
    (begun.parent / "gate.mkv").rename(moved / "gate.mkv")
    monkeypatch.chdir(moved)
    ran = run(plan_for(moved / "gate.mkv"), store=begun)
    assert (ran.run, ran.figures.frames) == (1, 10)


def test_a_run_does_not_go_on_with_another_video(begun: Path) -> None:
    film(begun.parent / "gate.mkv", 120)
    with pytest.raises(RecordError, match="another plan"):
        run(plan_for("gate.mkv"), store=begun)


def test_the_events_of_one_run_are_exported_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "events.db") as store:
        for name in ("street", "street", "park"):
            commit = Commit(Checkpoint("a", 1, Fraction(1)), (("tell", event("a", 1)),))
            store.begin_run(name).commit([commit])
    path = tmp_path / "events.jsonl"
    assert export_events(tmp_path / "events.db", path, workflow="street", run=2) == 1
    assert export_events(tmp_path / "events.db", path, workflow="street") == 2
    assert export_events(tmp_path / "events.db", path) == 3
