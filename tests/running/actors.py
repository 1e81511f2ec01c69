"""Scripted segments as actors of a real Ray of several nodes, all of them on this machine."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.running.hosted import SCRIPTED, cut
from tests.running.scripted import OPERATORS, Number, no_models

from vedette.models.endpoint import Client, Endpoint
from vedette.models.wire import framed
from vedette.records.codec import from_json, to_json
from vedette.running import on_ray, ray_head
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.running.segment import Segment
from vedette.running.sequence import Patience
from vedette.serve.segment_actor import SegmentActor
from vedette.serve.segment_model import SegmentModel
from vedette.serve.served import Model
from vedette.types.plan import Deployment

ROOT = Path(__file__).parents[2]
PATIENT = Patience(deadline_s=60.0, silence_s=5.0, lasting_s=120.0)
STARTING_S = 600.0
SMALL: Mapping[str, Any] = {
    "num_cpus": 0,
    "object_store_memory": 80 << 20,
    "include_dashboard": False,
}


def tls(certificate: tuple[Path, Path], authority: Path) -> dict[str, str]:
    """The environment of a Ray that speaks TLS."""
    shown = {ray_head.CERTIFICATE: str(certificate[0]), ray_head.KEY: str(certificate[1])}
    return {ray_head.TLS: "1", ray_head.AUTHORITY: str(authority), **shown}


def die_once(number: Number, *, at: int, marker: str) -> Number:
    """Ends its process at one frame; not again once the file is there."""
    if number.key.frame == at and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


ALL_OPERATORS = {**OPERATORS, "die_once": die_once}


class ScriptedActor(SegmentActor):
    """A segment of a scripted plan; it may be told to be another, since its start takes seconds."""

    async def host(self, *given: bytes) -> bytes:
        async with self._opening:
            if self._model is not None:
                await self._model.aclose()
            self._given, self._model = given, None
        return await self.ready()

    async def open(self) -> Model:
        plan = from_json(Deployment, self._given[0])
        name, *listed = from_json(list[str], self._given[1])
        named = (each.split("=") for each in listed)
        operators = {key: _imported(place) for key, place in named}
        segment = next(each for each in cut(plan, operators) if each.name == name)
        return SegmentModel(plan, segment, operators, no_models, codec=SCRIPTED)

    async def node(self) -> bytes:
        """The node that it is on."""
        context = on_ray.ray().get_runtime_context()
        return str(context.get_node_id()).encode()


def scripted(
    plan: Deployment, segment: Segment, operators: Mapping[str, Callable[..., Any]]
) -> tuple[bytes, ...]:
    """What a scripted actor is made of: operators go by where they are imported from."""
    kept = {each.name: getattr(plan, each.name) for each in fields(Deployment)}
    used = {step.operator for step in plan.workflow.steps}
    places = [f"{n}={operators[n].__module__}:{operators[n].__qualname__}" for n in used]
    named = [segment.name, *places]
    return to_json(Deployment(**kept)).encode(), to_json(named).encode()


class ActorPool:
    """Actors that are told what to host, as many as a plan has had segments at most."""

    def __init__(self) -> None:
        self._actors: list[Any] = []

    def hosting(
        self, plan: Deployment, operators: Mapping[str, Callable[..., Any]]
    ) -> dict[str, Any]:
        segments = cut(plan, operators)
        made = on_ray.ray().remote(ScriptedActor).options(**on_ray.anywhere())
        self._actors += [made.remote() for _ in segments[len(self._actors) :]]
        hosting = dict(zip((each.name for each in segments), self._actors, strict=False))
        told = [
            hosting[each.name].host.remote(*scripted(plan, each, operators)) for each in segments
        ]
        for each in on_ray.ray().get(told, timeout=STARTING_S):
            framed.ensure_fine(each)
        return hosting


class RayExecutor(LocalExecutor):
    """A local executor of which every step is done by an actor."""

    def __init__(self, pool: ActorPool) -> None:
        super().__init__(OPERATORS, no_models, workers=3)
        self._pool = pool

    def run(self, plan: Deployment, *given: Any, **named: Any) -> Any:
        actors = self._pool.hosting(plan, self._operators)

        def connect(_device: str) -> Sequence[Endpoint]:
            return [Client("ray", on_ray.ActorTransport("ray", actors), 1000)]

        devices = frozenset(plan.placement[step.name] for step in plan.workflow.steps)
        self._hosts = Hosts(devices, connect, patience=PATIENT, codec=SCRIPTED)
        return super().run(plan, *given, **named)


@contextmanager
def cluster_of(*devices: str) -> Iterator[Any]:
    """A Ray of a head and a node for each device named, which this process is a driver of."""
    if find_spec("ray") is None or find_spec("grpc") is None:
        pytest.skip("Ray is not installed (the extra ray)")
    library = on_ray.ray()
    path = os.pathsep.join((str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
    with pytest.MonkeyPatch.context() as patch, on_ray.loopback_only():
        patch.setenv("PYTHONPATH", path)
        patch.setenv(ray_head.MODE, "token")
        patch.setenv(on_ray.TOKEN, "of-no-use-outside-of-these-tests")
        cluster = import_module("ray.cluster_utils").Cluster()
        try:
            cluster.add_node(**SMALL)
            for each in devices:
                cluster.add_node(labels={on_ray.LABEL: each}, **SMALL)
            on_ray.join(cluster.address)
            yield cluster
        finally:
            library.shutdown()
            cluster.shutdown()


def _imported(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
