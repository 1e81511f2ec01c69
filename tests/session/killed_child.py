"""Runs a plan 20 times in processes that are killed at a random moment, each then resumed.

``python -m tests.session.killed_child PLAN FOLDER``: leaves ``undisturbed.db`` and the resumed
``killed-N.db`` in the folder. Each run is a fork of this process, so that imports cost nothing.
"""

import os
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

from vedette.session import load_plan, run
from vedette.store import Store
from vedette.types.plan import Plan

KILLS, MOST_TRIES = 20, 60


def in_a_fork(plan: Plan, store: Path, dies_after_s: float | None = None) -> bool:
    """Run or go on in a process of its own; whether it came to its end."""
    process = os.fork()
    if process == 0:
        if dies_after_s is not None:
            end = threading.Timer(dies_after_s, os.kill, (os.getpid(), signal.SIGKILL))
            end.daemon = True
            end.start()
        os._exit(0 if run(plan, store=store).finished else 1)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def has_ended(store: Path) -> bool:
    """Whether a run came to its end and was killed as it told what it had come to."""
    with Store(store), sqlite3.connect(store) as database:
        return database.execute("SELECT 1 FROM runs WHERE is_finished").fetchone() is not None


def main(plan: Plan, folder: Path) -> int:
    moments = random.Random(7)
    start = time.monotonic()
    if not in_a_fork(plan, folder / "undisturbed.db"):
        return 1
    lasts_s, kills = time.monotonic() - start, 0
    for _ in range(MOST_TRIES):
        store = folder / f"killed-{kills}.db"
        start = time.monotonic()
        if in_a_fork(plan, store, moments.uniform(0.1, 0.95) * lasts_s) or has_ended(store):
            lasts_s = min(lasts_s, time.monotonic() - start)  # it was faster than its end
            store.unlink()
            continue
        if not in_a_fork(plan, store):
            return 2
        kills += 1
        if kills == KILLS:
            return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(load_plan(sys.argv[1]), Path(sys.argv[2])))
