"""Segments as Ray actors: one for each segment of a device, on each node that is that device.

Ray finds the place, starts the process, and starts it anew when it dies; it never sends a message
again (``max_task_retries=0``), since only a sequence knows from where to go on (see
:mod:`vedette.running.sequence`). Nothing but bytes crosses: Ray carries those as they are, without
pickle. A cluster without a token runs anybody's code (CVE-2023-48022), so none is used (see
:mod:`vedette.running.ray_head`).
"""

import asyncio
import importlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from vedette.errors import InputError, Problem
from vedette.models.endpoint import Client, Endpoint, UnansweredError
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    ServerMetadata,
    WireError,
    framed,
)
from vedette.running.ray_head import MODE, ensure_guarded, shown
from vedette.running.remote import Hosts
from vedette.running.segment import Segment

LABEL = "vedette-device"
"""A node of Ray with this label is the device that it names."""
_NODE = "ray.io/node-id"
TOKEN, TOKEN_PATH = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # an actor sees the accelerators of its node
}
_SILENT: Mapping[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
STORE_BYTES = 100 << 20
MOST_UNDER_WAY = 10_000
"""Messages to one actor; what bounds them in earnest is the capacity of each sequence."""
STARTING_S = 120.0


class Actor(Protocol):
    """What an actor's class has; all of it speaks in the bytes of ``models.wire.framed``."""

    async def ready(self) -> bytes: ...

    async def infer(self, request: bytes) -> bytes: ...


class ActorTransport:
    """The Open Inference Protocol with actors, by the names of the models that they are."""

    def __init__(self, place: str, actors: Mapping[str, Any]) -> None:
        self._place, self._actors = place, actors

    async def infer(self, request: InferRequest) -> InferResponse:
        actor = self._actor(request.model)
        return framed.answered(await self._answer(actor.infer, framed.request(request)))

    async def ready(self, model: str, _version: str, /) -> bool:
        """Of no model in particular: whether all of them are."""
        asked = [self._actor(model)] if model else self._actors.values()
        for each in await asyncio.gather(*(self._answer(actor.ready) for actor in asked)):
            framed.ensure_fine(each)
        return True

    async def server(self) -> ServerMetadata:
        return ServerMetadata("ray", ray().__version__)

    async def model(self, name: str, _version: str, /) -> ModelMetadata:
        self._actor(name)
        return ModelMetadata(name, ("1",), "vedette_segment", (), ())

    async def close(self) -> None:
        """Nothing: whoever made the actors ends them."""

    def _actor(self, model: str) -> Any:
        if model not in self._actors:
            raise WireError(404, Problem(f"the model {model}", ", ".join(sorted(self._actors))))
        return self._actors[model]

    async def _answer(self, method: Any, *given: bytes) -> bytes:
        reference = None
        try:
            reference = method.remote(*given)
            answer = await reference
        except asyncio.CancelledError:
            with suppress(Exception):  # whether it can be taken back is not known
                ray().cancel(reference)
            raise
        except ray().exceptions.RayError as error:
            found = f"no answer from {self._place} ({type(error).__name__})"
            problem = Problem(found, "an actor that answers", "ray status")
            raise UnansweredError(503, problem, sent=reference is not None) from None
        if not isinstance(answer, bytes):
            raise UnansweredError(502, Problem("an answer that is no bytes", "bytes"), sent=True)
        return answer


class OnRay:
    """The actors of a plan's segments, as the hosts of a run; a context, which ends them.

    ``segments`` are those to host; ``actor`` is the class of each actor, made of what ``given``
    says of its segment. ``address`` is the head's, and a device has an actor on each of its nodes,
    of which there must be as many as ``replicas`` says. Without an address a Ray of this run's own
    is started on this machine's loopback, and is all of every device. Raises InputError.
    """

    def __init__(
        self,
        segments: Iterable[Segment],
        actor: type[Actor],
        given: Callable[[Segment], tuple[bytes, ...]],
        *,
        address: str = "",
        digest: str = "",
        replicas: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._segments, self._actor, self._given = tuple(segments), actor, given
        self._address, self._digest, self._counts = address, digest, replicas
        self._replicas: dict[str, list[dict[str, Any]]] = {}
        self._scope = ExitStack()

    def __enter__(self) -> Hosts:
        with ExitStack() as scope:
            if self._address:
                join(self._address)
            else:
                start()
            scope.callback(leave)
            for device in sorted({each.device for each in self._segments}):
                self._replicas[device] = self._started(device)
                for actors in self._replicas[device]:
                    scope.callback(_end, actors.values())
            asyncio.run(self._until_ready())
            self._scope = scope.pop_all()
        return Hosts(frozenset(self._replicas), self.connect, self._digest)

    def __exit__(self, *_: object) -> None:
        self._scope.close()

    def connect(self, device: str) -> list[Endpoint]:
        """An endpoint for each node that is the device."""
        return [
            Client(f"{device} on Ray", ActorTransport(f"{device} on Ray", actors), MOST_UNDER_WAY)
            for actors in self._replicas[device]
        ]

    def _started(self, device: str) -> list[dict[str, Any]]:
        segments = [each for each in self._segments if each.device == device]
        count = self._counts.get(device, 1)
        pins = pinned_to(device, count) if self._address else [anywhere()] * count
        made = ray().remote(self._actor)
        return [
            {each.name: made.options(**pin).remote(*self._given(each)) for each in segments}
            for pin in pins
        ]

    async def _until_ready(self) -> None:
        """Raises the ModelError of what a segment's actor found wrong."""
        endpoints = [each for device in self._replicas for each in self.connect(device)]
        await asyncio.gather(*(each.ready(STARTING_S) for each in endpoints))


def ray() -> Any:
    """Ray, where it is installed. Raises InputError.

    It reads once, when it is imported, whether tokens are demanded.
    """
    os.environ.update(_QUIET)
    os.environ.setdefault(MODE, "token")
    try:
        return importlib.import_module("ray")
    except ImportError:
        found, expected = "a run on Ray, and no Ray here", "the extra ray"
        raise InputError(Problem(found, expected, "pip install 'vedette[ray]'")) from None


def start() -> None:
    """A Ray of one node on this machine's loopback, with a token that is made up here."""
    _demand_token()
    shown()  # which says what is missing, if TLS is asked for; Ray does all else
    os.environ.setdefault(TOKEN, secrets.token_urlsafe(32))
    library = _demanding_ray()
    with loopback_only():
        library.init(
            address="local",
            include_dashboard=False,
            num_cpus=0,
            object_store_memory=STORE_BYTES,
            **_SILENT,
        )


def join(address: str) -> None:
    """Be a driver of the cluster at ``HOST:PORT``; this machine must be one of its nodes."""
    _demand_token()
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or "/" in host:
        expected = "HOST:PORT of the head of a Ray cluster"
        raise InputError(Problem(f"the address {address!r}", expected, "--address 10.0.0.7:6379"))
    if not _has_token():
        raise InputError(
            Problem(
                "no token for the Ray cluster",
                f"{TOKEN}, {TOKEN_PATH} or ~/.ray/auth_token, the same on all its nodes",
                "ray get-auth-token --generate",
            )
        )
    library = _demanding_ray()
    ensure_guarded(address)
    try:
        library.init(address=address, **_SILENT)
    except (ConnectionError, RuntimeError, ValueError, library.exceptions.RayError) as error:
        found = f"no way into the Ray cluster at {address}: {str(error).splitlines()[0]}"
        hint = f"ray start --address={address} on this machine, with the same token and Ray"
        raise InputError(Problem(found, "a node of it, here", hint)) from None


def leave() -> None:
    """End a Ray of this run's own, or be no driver of a cluster any longer."""
    ray().shutdown()


def pinned_to(device: str, count: int = 1) -> list[dict[str, Any]]:
    """How to start an actor on each node that is the device; InputError for fewer than ``count``.

    One whose node is gone is started on another of them.
    """
    found = [(str(n["NodeID"]), n["Labels"]) for n in ray().nodes() if n["Alive"]]
    mine = [node for node, labels in found if labels.get(LABEL) == device]
    if len(mine) < count:
        others = sorted({labels[LABEL] for _, labels in found if LABEL in labels})
        told = f"{len(mine)} nodes of Ray that are {device!r}, and some that are {others}"
        expected = f"{count} or more with the label {LABEL}={device}"
        hint = f'ray start --address=HEAD:PORT --labels="{LABEL}={device}"'
        raise InputError(Problem(told, expected, hint))
    others_too = [{"label_selector": {LABEL: device}}]
    return [
        anywhere() | {"label_selector": {_NODE: node}, "fallback_strategy": others_too}
        for node in mine
    ]


def anywhere() -> dict[str, Any]:
    """How every actor is started: the plan, not Ray, says what a machine can bear."""
    return {
        "num_cpus": 0,
        "max_restarts": -1,
        "max_task_retries": 0,
        "max_concurrency": MOST_UNDER_WAY,
    }


def _demand_token() -> None:
    mode = os.environ.setdefault(MODE, "token")
    if mode.lower() != "token":
        expected = f"{MODE}=token: whoever reaches a Ray without one runs what they like there"
        raise InputError(Problem(f"{MODE}={mode}", expected, f"unset {MODE}"))


def _demanding_ray() -> Any:
    """Ray, imported while tokens were demanded. Raises InputError."""
    library = ray()
    utilities = importlib.import_module("ray._private.authentication.authentication_utils")
    if not utilities.is_token_auth_enabled():
        found = "a Ray in this process that demands no token"
        expected = f"{MODE}=token from before it was imported, since it looks only then"
        hint = "set it in the environment, or import ray after this run"
        raise InputError(Problem(found, expected, hint))
    return library


@contextmanager
def loopback_only() -> Iterator[None]:
    """What is started here listens on loopback alone.

    That is what Ray does where clusters are switched off, for which it has no public word.
    """
    constants: Any = importlib.import_module("ray._private.ray_constants")
    before, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


def _has_token() -> bool:
    """Where Ray itself looks for one."""
    if os.environ.get(TOKEN):
        return True
    path = os.environ.get(TOKEN_PATH)
    return (Path(path) if path else Path.home() / ".ray" / "auth_token").is_file()


def _end(actors: Iterable[Any]) -> None:
    for actor in actors:
        ray().kill(actor)
