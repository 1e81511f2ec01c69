"""Real workers, on loopback, with real operators: the event table of a local run, whoever dies."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.running.scripted import plan_of
from tests.running.test_real_operators import STEPS
from tests.running.test_virtual import CITY, PLACES, THERE_AND_BACK

from vedette import ops as _registered  # noqa: F401  # importing it is what registers them
from vedette import session
from vedette.cli.output import Progress
from vedette.declaring.operator import signatures
from vedette.errors import InputError
from vedette.media.encode import H264Encoder
from vedette.media.source import open_source
from vedette.models.endpoint import Endpoint
from vedette.planning.placement import transport
from vedette.running.remote import Hosts
from vedette.serve.worker import segment_openers
from vedette.session.workers import LocalWorkers, hostable, hosted, places
from vedette.types.figures import Figures
from vedette.types.graph import Source, Span, Stream, Transport, Workflow
from vedette.types.plan import Plan, Proof

FRAMES = 40


def cut_out(source: Path, target: Path, span: Span) -> None:
    """A short film of some of a clip's frames, as bare H.264."""
    encoder = H264Encoder(18)
    with open_source(Stream("x", str(source)), threads=1) as frames, target.open("wb") as film:
        for frame in frames.frames(span):
            film.write(encoder.encode(frame.picture))


def planned(folder: Path, bikes: Path) -> Plan:
    cut_out(bikes, folder / "a.h264", Span(30, 30 + FRAMES))
    cut_out(bikes, folder / "b.h264", Span(140, 140 + FRAMES))
    streams = tuple(Stream(name, str(folder / f"{name}.h264")) for name in ("a", "b"))
    workflow = Workflow(
        "amber",
        (Source("street", streams),),
        STEPS,
        transport=Transport(gop_s=0.5),
        evidence_to="cloud",
    )
    place = {step.name: "edge" if step.name in {"sample", "resize"} else "cloud" for step in STEPS}
    packed, places = transport(workflow, place, CITY, signatures(), qp=26)
    return Plan(
        workflow=packed,
        cluster=CITY,
        choice={},
        placement=places,
        predicted=Figures("predicted", *(1.0,) * 8, frames=1, analysed=1),
        scores={},
        verdict="not checked",
        proof=Proof(1.0, 1.0, "by hand", 1),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, bikes: Path, yolox_nano: Path) -> Path:
    """A folder with a plan over three machines, and the events of a local run of it."""
    folder = tmp_path_factory.mktemp("place")
    plan = planned(folder, bikes)
    session.save(plan, folder / "plan.yaml")
    session.run(session.load_plan(folder / "plan.yaml"), store=folder / "local.db")
    return folder


def events(store: Path) -> list[str]:
    path = store.with_suffix(".jsonl")
    session.export_events(store, path)
    return path.read_text().splitlines()


def run(folder: Path, name: str, hosts: Hosts, progress: Progress) -> session.Ran:
    plan = session.load_plan(folder / "plan.yaml")
    return session.run(plan, store=folder / name, hosts=hosts, progress=progress)


def at(count: int, act: Callable[[], None]) -> Progress:
    """Does something once so many frames are through."""
    done = threading.Event()

    def progress(_what: str, through: int, _total: int) -> None:
        if through >= count and not done.is_set():
            done.set()
            act()

    return progress


class Noticing:
    """An endpoint that tells when nobody there says that the worker lives."""

    def __init__(self, endpoint: Endpoint, in_vain: Callable[[], None]) -> None:
        self._ready, self._in_vain = endpoint.ready, in_vain
        self.address = endpoint.address
        self.infer, self.close = endpoint.infer, endpoint.close
        self.server, self.model = endpoint.server, endpoint.model

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        try:
            return await self._ready(deadline_s, model, version)
        except BaseException:
            self._in_vain()
            raise


def noticing(hosts: Hosts, in_vain: Callable[[], None]) -> Hosts:
    def connect(device: str) -> list[Endpoint]:
        return [Noticing(each, in_vain) for each in hosts.connect(device)]

    return replace(hosts, connect=connect)


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_workers_write_the_event_table_of_a_local_run(place: Path, scheme: str) -> None:
    plan = session.load_plan(place / "plan.yaml")
    with LocalWorkers(plan, place / "plan.yaml", scheme=scheme) as workers:
        ran = run(place, f"{scheme}.db", workers.hosts, at(10**6, lambda: None))
    assert ran.finished
    assert events(place / f"{scheme}.db") == events(place / "local.db") != []


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.parametrize(
    ("device", "scheme"), [("edge", "http"), ("cloud", "http"), ("cloud", "grpc")]
)
def test_a_worker_that_is_killed_leaves_that_table(place: Path, device: str, scheme: str) -> None:
    plan, name = session.load_plan(place / "plan.yaml"), f"{device}-{scheme}-killed.db"
    with LocalWorkers(plan, place / "plan.yaml", scheme=scheme) as workers:
        killing = at(FRAMES // 2, lambda: os.kill(workers.pid(device), signal.SIGKILL))
        ran = run(place, name, workers.hosts, killing)
    assert "lost worker" in {each.kind for each in ran.incidents}
    assert events(place / name) == events(place / "local.db")


@pytest.mark.slow
@pytest.mark.model
def test_a_worker_that_hangs_and_comes_back_leaves_that_table(place: Path) -> None:
    plan = session.load_plan(place / "plan.yaml")
    with LocalWorkers(plan, place / "plan.yaml") as workers:
        pid = workers.pid("cloud")
        hosts = noticing(workers.hosts, lambda: os.kill(pid, signal.SIGCONT))
        stopping = at(FRAMES // 2, lambda: os.kill(pid, signal.SIGSTOP))
        ran = run(place, "hung.db", hosts, stopping)
    assert "lost worker" in {each.kind for each in ran.incidents}
    assert events(place / "hung.db") == events(place / "local.db")


@pytest.mark.slow
@pytest.mark.model
def test_ctrl_c_is_for_the_run_and_not_for_its_workers(place: Path) -> None:
    plan = session.load_plan(place / "plan.yaml")
    with LocalWorkers(plan, place / "plan.yaml") as workers:
        groups = {os.getpgid(workers.pid(device)) for device in hostable(plan)}
        assert os.getpgrp() not in groups


def test_sources_have_no_workers(tmp_path: Path) -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    assert hostable(plan) == ["cloud", "edge"]
    with pytest.raises(InputError, match="other than its sources"):
        segment_openers(plan, "camera")


def test_workers_are_told_by_device() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    told = ["cloud=http://a:1,grpcs://b:2"]
    assert places(plan, told) == {"cloud": ["http://a:1", "grpcs://b:2"]}
    with hosted(plan, Path("plan.yaml"), told) as hosts:
        assert hosts is not None
        assert [each.address for each in hosts.connect("cloud")] == ["http://a:1", "grpcs://b:2"]
    with pytest.raises(InputError, match="each device once"):
        places(plan, ["cloud"])


def test_a_run_needs_as_many_workers_as_its_plan_counts_on() -> None:
    plan = plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)
    plan = replace(plan, replicas={"cloud": 2})
    assert places(plan, ["cloud=http://a:1,http://b:2,http://spare:3"])
    with pytest.raises(InputError, match="1 of the 2 workers of cloud"):
        places(plan, ["cloud=http://a:1"])
