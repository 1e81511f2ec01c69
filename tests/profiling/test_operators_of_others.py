"""Operators that are not ours reach worker processes, and their source reaches the cache's key."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.packages import BLUR, install

from vedette.image import ArrayPicture
from vedette.media.render import render

MEASURE = """
import sys
from pathlib import Path

from vedette.declaring.registry import load_file
from vedette.profiling.measure import Job, workers
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import EventRule, Source, Span, Step, Stream, Workflow
from vedette.types.plan import Deployment

if __name__ == "__main__":
    for file in sys.argv[2:]:
        load_file(Path(file))
    stream = Stream("gate", sys.argv[1])
    step = Step("smear", "blur", ("gate",), {"strength": 2})
    flow = Workflow("w", (Source("gate", (stream,)),), (step,), events=EventRule(tracks="smear"))
    here = Cluster("here", (Device("box", "edge", cores=1),), ())
    plan = Deployment(
        workflow=flow, cluster=here, choice={}, placement={"gate": "box", "smear": "box"}
    )
    with workers(1) as pool:
        (done,) = pool.in_order([Job(plan, {"gate": Span()}, is_normalised=False)])
    print(done.report.steps["smear"].calls, done.report.steps["smear"].items)
"""


def measured(folder: Path, site: Path, *files: Path) -> str:
    film, script = folder / "gate.mkv", folder / "measure.py"
    render([ArrayPicture(np.full((48, 64, 3), 90, np.uint8))] * 4, film)
    script.write_text(MEASURE)
    return subprocess.run(
        [sys.executable, str(script), str(film), *map(str, files)],
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.mark.slow
def test_a_worker_runs_the_operator_of_an_installed_package(tmp_path: Path) -> None:
    site = install(tmp_path / "site", "plates", BLUR, {"blur": "plates_ops"})
    assert measured(tmp_path, site) == "4 2\n"


@pytest.mark.slow
def test_a_worker_runs_the_operator_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "my_ops.py").write_text(BLUR)
    assert measured(tmp_path, tmp_path / "none", tmp_path / "my_ops.py") == "4 2\n"
