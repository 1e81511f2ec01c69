"""Links that are really cut, between real processes: nothing lost or doubled, and others go on.

A connection over a cut link is never refused, it only hangs: the clock is all that tells.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from asyncio import TaskGroup
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from tests.models.test_backend import means_model
from tests.network import Machine, Site, site
from tests.serve.test_worker import FRAMES, at, events, noticing, place, run
from tests.session.test_remote import VARIANT, plan_for
from tests.street import film

from vedette import session
from vedette.models.endpoint import Access, Endpoint, connect
from vedette.models.remote import Remote
from vedette.models.remote_backend import TOKEN
from vedette.models.replica_client import ReplicaClient
from vedette.models.wire import InferRequest, Tensor
from vedette.running.remote import Hosts
from vedette.session.workers import hosts
from vedette.types.plan import Deployment

__all__ = ["place"]
pytestmark = pytest.mark.slow
SECRET = "of-no-use-outside-of-these-tests"
LIVE_TIMES = 5
CUTS = 3
TURN_S = 0.01
PATIENCE_S = 60.0
SCHEMES = pytest.mark.parametrize("scheme", ["http", "grpc"])


@contextmanager
def listening(machine: Machine, *words: str, folder: Path) -> Iterator[dict[str, str]]:
    """A command of Vedette's that listens on a machine, and its addresses by their schemes."""
    where = ("--host", machine.address, "--port", "0", "--grpc-port", "0", "--json")
    process = subprocess.Popen(
        machine.command(sys.executable, "-m", "vedette", *words, *where),
        cwd=folder,
        env={**os.environ, TOKEN: SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads("".join(takewhile(lambda line: line != "}\n", process.stdout)) + "}")
        ports = {"http": told["port"], "grpc": told["grpc_port"]}
        yield {name: f"{name}://{machine.address}:{port}" for name, port in ports.items()}
    finally:
        process.kill()
        process.communicate()


@contextmanager
def clouds(folder: Path, count: int, scheme: str) -> Iterator[tuple[list[Site], Hosts]]:
    """Workers of the plan's cloud, each at a site of its own."""
    with ExitStack() as scope:
        sites = [scope.enter_context(site()) for _ in range(count)]
        words = ("worker", "plan.yaml", "--device", "cloud")
        addresses = [
            scope.enter_context(listening(each, *words, folder=folder))[scheme] for each in sites
        ]
        plan = session.load_plan(folder / "plan.yaml")
        yield sites, hosts(plan, {"cloud": addresses}, SECRET)


def befell(ran: session.Ran) -> set[str]:
    """What befell a run, but that its films do not tell their time."""
    return {each.kind for each in ran.incidents} - {"time"}


@pytest.mark.model
@SCHEMES
def test_a_link_that_is_cut_and_comes_back_leaves_the_events_of_a_local_run(
    place: Path, scheme: str
) -> None:
    with clouds(place, 1, scheme) as ((cloud,), there):
        healing = noticing(there, cloud.heal)
        ran = run(place, f"{scheme}-cut.db", healing, at(FRAMES // 2, cloud.cut))
    assert befell(ran) == {"lost worker"}
    assert events(place / f"{scheme}-cut.db") == events(place / "local.db") != []


@pytest.mark.model
@SCHEMES
def test_while_a_link_is_cut_the_work_goes_on_at_the_other(place: Path, scheme: str) -> None:
    with clouds(place, 2, scheme) as (sites, there):
        ran = run(place, f"{scheme}-other.db", there, at(FRAMES // 2, sites[0].cut))
    assert befell(ran) == {"lost worker"}
    assert events(place / f"{scheme}-other.db") == events(place / "local.db") != []


class CutWhenReady:
    """An endpoint whose link is cut when it first says that it lives, so before it is asked."""

    def __init__(self, endpoint: Endpoint, cut: Callable[[], None]) -> None:
        self._ready, self._cut, self._is_first = endpoint.ready, cut, True
        self.address = endpoint.address
        self.infer, self.close = endpoint.infer, endpoint.close
        self.server, self.model = endpoint.server, endpoint.model

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        is_ready = await self._ready(deadline_s, model, version)
        if self._is_first:
            self._is_first = False
            self._cut()
        return is_ready


@pytest.mark.model
@SCHEMES
def test_a_link_that_is_cut_as_a_sequence_begins_is_no_answer_to_wait_for(
    place: Path, scheme: str
) -> None:
    with clouds(place, 1, scheme) as ((cloud,), there):

        def connect(device: str) -> list[Endpoint]:
            return [CutWhenReady(each, cloud.cut) for each in there.connect(device)]

        patience = replace(there.patience, deadline_s=3600.0)
        cutting = replace(there, connect=connect, patience=patience)
        ran = run(place, f"{scheme}-begun.db", noticing(cutting, cloud.heal), lambda *_: None)
    assert befell(ran) == set()
    assert events(place / f"{scheme}-begun.db") == events(place / "local.db") != []


@pytest.mark.model
@SCHEMES
def test_a_run_that_is_stopped_while_its_link_is_cut_ends_and_goes_on_later(
    place: Path, scheme: str
) -> None:
    stop, store = threading.Event(), place / f"{scheme}-stopped.db"
    plan = session.load_plan(place / "plan.yaml")
    with clouds(place, 1, scheme) as ((cloud,), there):
        stopping = noticing(there, stop.set)
        cutting = at(FRAMES // 2, cloud.cut)
        ran = session.run(plan, store=store, hosts=stopping, stop=stop, progress=cutting)
        assert not ran.finished
        cloud.heal()
        run(place, store.name, there, lambda *_: None)
    assert events(store) == events(place / "local.db") != []


def live(folder: Path) -> Deployment:
    """The plan, of cameras: its films as they come, each several times."""
    plan = session.load_plan(folder / "plan.yaml")
    shown = []
    for stream in plan.workflow.sources[0].streams:
        film = folder / f"{stream.name}-live.h264"
        film.write_bytes(Path(stream.url).read_bytes() * LIVE_TIMES)
        shown.append(replace(stream, url=str(film), pace="live"))
    sources = (replace(plan.workflow.sources[0], streams=tuple(shown)),)
    return replace(plan, workflow=replace(plan.workflow, sources=sources))


@pytest.mark.model
def test_what_cameras_show_while_a_link_is_cut_is_dropped_and_counted(place: Path) -> None:
    with clouds(place, 1, "http") as ((cloud,), there):
        healing, cutting = noticing(there, cloud.heal), at(FRAMES, cloud.cut)
        ran = session.run(live(place), store=place / "live.db", hosts=healing, progress=cutting)
    dropped = [each for each in ran.incidents if each.kind == "dropped"]
    assert {(each.stream, each.detail) for each in dropped} == {
        (name, "the oldest waiting frame was dropped") for name in ("a", "b")
    }
    assert ran.figures.frames == 2 * LIVE_TIMES * FRAMES
    assert ran.figures.dropped == sum(each.count for each in dropped) > 0
    assert ran.figures.analysed == ran.figures.frames - ran.figures.dropped


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"means={means_model(tmp_path_factory.mktemp('served') / 'means.onnx')}"


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    """By turns of this loop and not by the clock: while it stands still nobody else is late."""
    for _ in range(round(seconds / TURN_S)):
        if condition():
            return
        await asyncio.sleep(TURN_S)
    pytest.fail(f"not within {seconds:g} s")


async def ask(client: ReplicaClient, answered: Counter[str]) -> None:
    """All the time; no answer may be missing."""
    picture = Tensor.of("images", np.ones((1, 3, 8, 8), np.float32))
    while True:
        response = await client.infer(InferRequest("means", (picture,)))
        assert response.outputs[0].array.ravel().tolist() == [1.0] * 3
        answered["all"] += 1


@SCHEMES
def test_a_replica_leaves_within_two_seconds_of_a_cut_and_returns_with_its_link(
    model: str, scheme: str, tmp_path: Path
) -> None:
    async def check(first: Site, addresses: Sequence[str]) -> None:
        answered: Counter[str] = Counter()
        endpoints = [connect(each, Access(SECRET)) for each in addresses]
        async with closed(ReplicaClient("means", endpoints)) as client, TaskGroup() as group:
            asking = [group.create_task(ask(client, answered)) for _ in range(4)]
            for _ in range(CUTS):
                await more(answered)
                await asyncio.to_thread(first.cut)
                await within(2.0, lambda: client.available == tuple(addresses[1:]))
                await more(answered)
                await asyncio.to_thread(first.heal)
                await within(PATIENCE_S, lambda: client.available == tuple(addresses))
            assert sum(client.absences.values()) == CUTS
            for each in asking:
                each.cancel()

    with site() as first, site() as second:
        serving = partial(listening, folder=tmp_path)
        with serving(first, "serve", model) as one, serving(second, "serve", model) as two:
            asyncio.run(check(first, (one[scheme], two[scheme])))


async def more(answered: Counter[str]) -> None:
    """Wait for more answers."""
    before = answered["all"]
    await within(PATIENCE_S, lambda: answered["all"] > before + 50)


@asynccontextmanager
async def closed(client: ReplicaClient) -> AsyncIterator[ReplicaClient]:
    try:
        yield client
    finally:
        await client.close()


class Healing(logging.Handler):
    """Heals a link when a client says that a replica leaves."""

    def __init__(self, heal: Callable[[], None]) -> None:
        super().__init__()
        self._heal = heal

    def emit(self, record: logging.LogRecord) -> None:
        if "leaves" in record.getMessage():
            self._heal()


@pytest.mark.model
@SCHEMES
def test_a_run_whose_only_model_server_is_cut_off_waits_for_it(
    bikes: Path, yolox_nano: Path, tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "gate.mkv"
    film(bikes, clip)
    alone = session.run(plan_for(clip), store=tmp_path / "alone.db")
    monkeypatch.setenv(TOKEN, SECRET)
    log = logging.getLogger("vedette.models.replica_client")
    with site() as far, listening(far, "serve", VARIANT, folder=tmp_path) as served:
        healing = Healing(far.heal)
        log.addHandler(healing)
        try:
            remote = {VARIANT: Remote(VARIANT, (served[scheme],))}
            store, cutting = tmp_path / "far.db", at(40, far.cut)
            there = session.run(plan_for(clip), store=store, remote=remote, progress=cutting)
        finally:
            log.removeHandler(healing)
    assert befell(there) == {"lost replica"}
    assert [each.event for each in there.events] == [each.event for each in alone.events] != []
