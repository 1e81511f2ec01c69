"""Ctrl-C, and faults of ours: one line and a status of its own; what was done is kept."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import street as film
from tests.cli.conftest import Vedette

from vedette import session
from vedette.store import RunSink, Store

DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A shell has what it runs in the background ignore Ctrl-C, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_: object, **__: object) -> None:
        raise error

    return raises


def test_ctrl_c_ends_any_verb_with_130_and_one_line(
    vedette: Vedette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow, _ = film.declare(tmp_path)
    monkeypatch.setattr(session, "profile", raising(KeyboardInterrupt()))
    said = vedette("profile", workflow)
    assert (said.status, said.out) == (130, "")
    assert said.err == "stopped by Ctrl-C; what was done is kept\n"


def test_a_fault_of_ours_is_owned_up_to_after_its_traceback(
    vedette: Vedette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow, _ = film.declare(tmp_path)
    monkeypatch.setattr(session, "check", raising(ZeroDivisionError("by zero")))
    said = vedette("check", workflow)
    assert (said.status, said.out) == (1, "")
    assert "Traceback" in said.err
    assert said.err.endswith("\na fault of ours: ZeroDivisionError: by zero\n")


def is_at_work(worker: str) -> bool:
    """Whether a process has done more than to start: a second of CPU time."""
    try:
        fields = Path(f"/proc/{worker}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= 1.0


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A command in a process group of its own, as a terminal has it."""
    return subprocess.Popen(
        [sys.executable, "-m", "vedette", *words],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(is_so: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + DEADLINE_S
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def events(store: Path) -> list[str]:
    with Store(store) as database:
        return [str(each.event) for each in database.events()]


def commits(store: Path) -> int:
    """How far the run in a store has come."""
    with Store(store) as database:
        resumed = RunSink(database, "street", 1).resume()
    return max((commit.checkpoint.frame for commit in resumed.values()), default=0)


@pytest.mark.slow
@pytest.mark.model
def test_a_run_that_ctrl_c_stopped_goes_on_to_the_same_events(
    vedette: Vedette, gate: Path, bikes: Path, tmp_path: Path
) -> None:
    film.film(bikes, tmp_path / "gate.mkv", times=4)
    here = str(tmp_path / "gate.mkv")
    text = (gate / "plan.yaml").read_text().replace(str(gate / "gate.mkv"), here)
    (tmp_path / "plan.yaml").write_text(text)
    assert vedette("run", "plan.yaml", "--store", "whole.db").status == 0

    process = started(tmp_path, "run", "plan.yaml", "--store", "parts.db")
    wait_for(lambda: commits(tmp_path / "parts.db") > 0, process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "vedette run plan.yaml --store parts.db goes on from here" in told
    assert commits(tmp_path / "parts.db") < 400

    assert vedette("run", "plan.yaml", "--store", "parts.db").status == 0
    assert events(tmp_path / "parts.db") == events(tmp_path / "whole.db") != []


def is_worker(number: str) -> bool:
    line = Path(f"/proc/{number}/cmdline")
    return line.exists() and "spawn_main" in line.read_text()


def workers_of(process: int) -> list[str]:
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [number for number in children if is_worker(number)]


@pytest.mark.slow
@pytest.mark.model
def test_a_profile_that_ctrl_c_stopped_leaves_no_process_and_no_file(
    gate: Path, tmp_path: Path, bikes: Path
) -> None:
    film.declare(tmp_path)
    film.film(bikes, tmp_path / "gate.mkv", times=8)
    before = sorted(tmp_path.iterdir())
    process = started(tmp_path, "profile", "workflow.yaml", "--processes", "1")
    wait_for(lambda: any(map(is_at_work, workers_of(process.pid))), process)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    out, told = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (130, "")
    assert told == "stopped by Ctrl-C; what was done is kept\n"
    assert [worker for worker in workers if is_worker(worker)] == []
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.model
def test_workers_do_not_outlive_a_parent_that_was_killed(gate: Path, tmp_path: Path) -> None:
    shutil.copy(gate / "gate.mkv", tmp_path / "gate.mkv")
    film.declare(tmp_path)
    process = started(tmp_path, "profile", "workflow.yaml", "--processes", "1")
    wait_for(lambda: workers_of(process.pid) != [], process)
    workers = workers_of(process.pid)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    end_s = time.monotonic() + DEADLINE_S
    while any(map(is_worker, workers)) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert [worker for worker in workers if is_worker(worker)] == []
