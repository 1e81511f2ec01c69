"""Which jobs are the same work."""

from dataclasses import replace
from pathlib import Path

from vedette.profiling.measure import Job, work_of
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import EventRule, Source, Span, Step, Stream, Workflow
from vedette.types.plan import Deployment

FLOW = Workflow(
    "w",
    (Source("gate", (Stream("gate", "gate.mp4"),)),),
    (Step("track", "track", ("gate",)),),
    events=EventRule(tracks="track"),
)
PLAN = Deployment(
    workflow=FLOW,
    cluster=Cluster("here", (Device("box", "edge", cores=1),), ()),
    choice={},
    placement={"gate": "box", "track": "box"},
)
JOB = Job(PLAN, {"gate": Span()})


def test_the_same_work_owes_a_machines_speed_nothing() -> None:
    fast = Cluster("there", (Device("box", "edge", cores=8, speed=4),), ())
    assert work_of(replace(JOB, deployment=replace(PLAN, cluster=fast))) == work_of(JOB)


def test_a_film_and_items_in_parallel_are_other_work() -> None:
    film = replace(JOB, annotate=Path("film.mp4"))
    parallel = replace(JOB, deployment=replace(PLAN, parallel_items=True))
    assert len({work_of(each) for each in (JOB, film, parallel)}) == 3
