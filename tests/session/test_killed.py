"""Exactly once, on a real file with real operators: kill a run anywhere, and resume it."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from vedette.media.render import render
from vedette.media.source import open_source
from vedette.session import load_plan, save
from vedette.types.graph import Span, Stream, Workflow

ROOT = Path(__file__).parents[2]
FRAMES = 60


def short(clip: Path, path: Path) -> Path:
    """A file of 60 frames in which the car leaves and comes in again."""
    with open_source(Stream("gate", str(clip))) as reader:
        pictures = [frame.picture for frame in reader.frames(Span(20, 20 + FRAMES))]
    assert render(pictures, path, rate=Fraction(25)) == FRAMES
    return path


def showing(workflow: Workflow, clip: Path) -> Workflow:
    (source,) = workflow.sources
    (stream,) = source.streams
    return replace(workflow, sources=(replace(source, streams=(replace(stream, url=str(clip)),)),))


def table(store: Path) -> str:
    """The events table as text, and the pictures, byte for byte."""
    with sqlite3.connect(store) as database:
        rows = [line for line in database.iterdump() if line.startswith('INSERT INTO "events"')]
    folder = store.with_name(f"{store.name}.pictures")
    pictures = [f"{each.name} {each.read_bytes()!r}" for each in sorted(folder.glob("*"))]
    return "\n".join([*sorted(rows), *pictures])


@pytest.mark.slow
@pytest.mark.model
def test_a_run_that_was_killed_at_20_moments_leaves_the_events_of_an_undisturbed_one(
    street: Path, tmp_path: Path
) -> None:
    plan = load_plan(street / "plan.yaml")
    clip = short(street / "gate.mkv", tmp_path / "gate.mkv")
    shown = replace(plan, workflow=showing(plan.workflow, clip), declared=None)
    save(shown, tmp_path / "plan.yaml")
    command = [sys.executable, "-m", "tests.session.killed_child", str(tmp_path / "plan.yaml")]
    ran = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, timeout=300, check=False, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr.decode()
    undisturbed = table(tmp_path / "undisturbed.db")
    assert 'INSERT INTO "events"' in undisturbed
    assert [table(tmp_path / f"killed-{number}.db") == undisturbed for number in range(20)] == (
        [True] * 20
    )
