"""Plans in each other's place: whose run goes on, what the store keeps, and a file read again."""

import os
import signal
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.session.test_running import begun, film, plan_for

from vedette.errors import InputError, RecordError
from vedette.session import run, save
from vedette.session.reloading import Reloading
from vedette.session.workers import ensure_told
from vedette.store import Store
from vedette.types.commit import Commit, SavedState, Swap
from vedette.types.graph import Step
from vedette.types.media import Checkpoint
from vedette.types.plan import Deployment, Plan

__all__ = ["begun"]


def slower(plan: Deployment, rate_fps: int = 5) -> Deployment:
    steps = (Step("keep", "sample", ("street",), {"rate_fps": rate_fps}),)
    return replace(plan, workflow=replace(plan.workflow, steps=steps))


def test_another_plan_goes_on_where_the_first_was_stopped(begun: Path) -> None:
    plan = plan_for("gate.mkv")
    with pytest.raises(RecordError, match="another plan began"):
        run(slower(plan), store=begun)
    ran = run(slower(plan), store=begun, after=plan)
    assert (ran.run, ran.figures.frames, ran.finished) == (1, 10, True)
    (incident,) = ran.incidents
    assert (incident.kind, incident.detail) == ("plan swap", "begun anew: keep")
    with Store(begun) as store:
        assert store.incidents(plan.workflow.name, 1) == [incident]


def test_a_swap_that_was_interrupted_goes_on_and_is_told_once(begun: Path) -> None:
    plan, stop = plan_for("gate.mkv"), threading.Event()
    stop.set()
    assert not run(slower(plan), store=begun, after=plan, stop=stop).finished
    again = run(slower(plan), store=begun, after=plan)
    assert (again.run, again.finished, again.incidents) == (1, True, ())


def test_only_the_plan_at_work_gives_way(begun: Path) -> None:
    plan = plan_for("gate.mkv")
    with pytest.raises(RecordError, match="another plan began"):
        run(slower(plan, 2), store=begun, after=slower(plan))
    assert run(plan, store=begun).figures.frames == 10


def test_a_plan_of_other_streams_takes_no_place(begun: Path) -> None:
    film(begun.parent / "park.mkv", 120)
    with pytest.raises(InputError, match="whose streams are others"):
        run(plan_for("park.mkv"), store=begun, after=plan_for("gate.mkv"))


def test_where_nothing_is_under_way_nothing_gives_way(begun: Path) -> None:
    plan = plan_for("gate.mkv")
    for is_fresh in (True, False):
        store = begun if is_fresh else begun.parent / "other.db"
        with pytest.raises(InputError, match="no run of scripted that is under way"):
            run(slower(plan), store=store, after=plan, is_fresh=is_fresh)


def test_a_store_forgets_what_is_not_kept(tmp_path: Path) -> None:
    with Store(tmp_path / "events.db") as store:
        sink = store.begin_run("street", plan="old")
        states = {name: SavedState(name) for name in ("track", "count")}
        sink.commit([_commit(states)])
        sink.release()
        swap = Swap("old", frozenset({"track"}))
        again = store.begin_run("street", 1, plan="new", swap=swap)
        assert again.is_swapped
        assert set(again.resume()["a"].states) == {"track"}
        again.release()
        assert not store.begin_run("street", 1, plan="new", swap=swap).is_swapped


def test_a_signal_reads_the_plan_again(plan: Plan, street: Path) -> None:
    file, told = street / "swapped.yaml", list[str]()
    before = signal.getsignal(signal.SIGUSR1)
    reloading = Reloading(file, plan, told.append)
    with reloading.listening():
        first = reloading.stop
        file.write_text("name: nothing", "utf-8")
        os.kill(os.getpid(), signal.SIGUSR1)
        assert (first.is_set(), reloading.following()) == (False, None)
        assert "the plan stays as it is" in told[0]
        save(replace(plan, name="the next one"), file)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert first.is_set(), told
        following = reloading.following()
        assert following is not None
        assert following.name == "the next one"
        assert (reloading.stop.is_set(), reloading.following()) == (False, None)
    assert signal.getsignal(signal.SIGUSR1) == before


def test_a_plan_that_the_workers_do_not_fit_changes_nothing(plan: Plan, street: Path) -> None:
    file, told = street / "elsewhere.yaml", list[str]()
    save(plan, file)
    workers = ["moon=http://10.0.0.7:8000"]
    reloading = Reloading(file, plan, told.append, lambda found: ensure_told(found, workers))
    with reloading.listening():
        os.kill(os.getpid(), signal.SIGUSR1)
    assert (reloading.stop.is_set(), reloading.following()) == (False, None)
    assert "workers of the device 'moon'" in told[0]


def _commit(states: dict[str, SavedState]) -> Commit:
    return Commit(Checkpoint("a", 1, Fraction(1)), states=states)
