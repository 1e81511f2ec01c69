"""Exactly once: a run that is killed at any moment and resumed leaves an undisturbed store."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CALLS = 117
"""How often operators are called that may kill the run, at the least."""


def run(place: Path, dies_at: int = 0) -> int:
    """Run or go on; the process's exit status, negative for the signal that killed it."""
    command = [sys.executable, "-m", "tests.running.killed_child", str(place), str(dies_at)]
    path = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.run(command, cwd=ROOT, env=path, timeout=60, check=False).returncode


def table(place: Path) -> str:
    """The events table as text, and the pictures, byte for byte."""
    with sqlite3.connect(place) as database:
        rows = [line for line in database.iterdump() if line.startswith('INSERT INTO "events"')]
    folder = place.with_name(f"{place.name}.pictures")
    pictures = [f"{each.name} {each.read_bytes()!r}" for each in sorted(folder.iterdir())]
    return "\n".join([*sorted(rows), *pictures])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("undisturbed") / "events.db"
    assert run(place) == 0
    found = table(place)
    assert found.count("INSERT") > 20
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dies_at", random.Random(60).sample(range(1, CALLS), 20))
def test_a_killed_run_leaves_the_table_of_an_undisturbed_one(
    dies_at: int, undisturbed: str, tmp_path: Path
) -> None:
    place = tmp_path / "events.db"
    assert run(place, dies_at) == -signal.SIGKILL
    assert run(place) == 0
    assert table(place) == undisturbed
