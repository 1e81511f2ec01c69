"""Workers of a plan's segments: where they are, and a set of them on this machine for a trial."""

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from vedette.declaring.registry import files
from vedette.errors import InputError, Problem, nearest
from vedette.models.endpoint import Access, Endpoint, connect
from vedette.models.own import identified
from vedette.models.remote_backend import TOKEN
from vedette.records.codec import digest
from vedette.running.remote import Hosts
from vedette.types.plan import Deployment

Places = Mapping[str, Sequence[str]]
"""A device's workers, by their addresses."""
LOCAL = "local"
MOST_RESTARTS = 20
ENDING_S = 10.0
_PORTS = {"http": "port", "grpc": "grpc-port"}


def plan_digest(plan: Deployment) -> str:
    """What a plan's workers and whoever runs it must have in common, wherever files lie."""
    flow = plan.workflow
    streams = [(source, stream.name) for source, stream in flow.streams()]
    own = [identified(flow.models), [replace(each, file="") for each in flow.cascades]]
    return digest([streams, flow.steps, flow.transport, plan.placement, own])


def hostable(plan: Deployment) -> list[str]:
    """The devices whose steps workers may do: all but those where sources are.

    A frame is encoded before it leaves its camera's machine, and that is where a plan is run.
    """
    sources = {plan.placement[source.name] for source in plan.workflow.sources}
    return sorted({plan.placement[step.name] for step in plan.workflow.steps} - sources)


def places(plan: Deployment, texts: Iterable[str]) -> dict[str, list[str]]:
    """Reads ``DEVICE=ADDRESS[,ADDRESS...]``. Raises InputError."""
    found: dict[str, list[str]] = {}
    for text in texts:
        device, equals, listed = text.partition("=")
        if not equals or not all(listed.split(",")) or device in found:
            expected = "DEVICE=ADDRESS[,ADDRESS...], each device once"
            raise InputError(Problem(f"the workers {text!r}", expected, "cloud=http://host:8000"))
        ensure_hostable(plan, device)
        found[device] = listed.split(",")
        ensure_enough(plan, device, found[device])
    return found


def ensure_told(plan: Deployment, texts: Sequence[str]) -> None:
    """Raises InputError where ``vedette run --workers`` says what does not fit a plan."""
    if LOCAL not in texts:
        places(plan, texts)


def ensure_hostable(plan: Deployment, device: str) -> None:
    """Raises InputError where a plan has nothing for a worker of ``device`` to do."""
    known = hostable(plan)
    if device not in known:
        found = f"workers of the device {device!r}"
        expected = "a device that the plan runs steps on, other than its sources'"
        raise InputError(Problem(found, expected, nearest(device, known)))


def ensure_enough(plan: Deployment, device: str, addresses: Sequence[str]) -> None:
    """Raises InputError where a device has fewer workers than the plan counts on."""
    asked = plan.replicas.get(device, 1)
    if len(addresses) < asked:
        found = f"{len(addresses)} of the {asked} workers of {device}"
        hint = f"vedette worker --device {device} on each, or planning with fewer (max_replicas)"
        raise InputError(Problem(found, "an address for each; more stand by", hint))


def hosts(
    plan: Deployment, places: Places, token: str = "", authority: Path | None = None
) -> Hosts:
    """Who does which segments. ``token`` is by default the environment's VEDETTE_TOKEN.

    ``authority`` is a PEM file, to trust in place of the system's with https and grpcs.
    """
    access = Access(token or os.environ.get(TOKEN, ""), authority)
    to = partial(_connected, places, access)
    for listed in places.values():
        for address in listed:
            connect(address, access)  # which says at once if it is none
    return Hosts(frozenset(places), to, plan_digest(plan))


def _connected(places: Places, access: Access, device: str) -> list[Endpoint]:
    return [connect(each, access) for each in places[device]]


class LocalWorkers:
    """Workers on this machine for each device that can have any, as many as the plan says.

    They end with the context.

    They listen on loopback, for whoever has a token that is made up here. One that dies is
    started again at its address. ``hosts`` is what a run needs of them; it asks them by
    ``scheme``, http or grpc.
    """

    hosts: Hosts

    def __init__(self, plan: Deployment, path: Path, *, scheme: str = "http") -> None:
        self._plan, self._path, self._scope = plan, path, ExitStack()
        self._scheme = scheme
        self._workers: dict[str, list[_Worker]] = {}

    def __enter__(self) -> Self:
        token = secrets.token_urlsafe()
        with ExitStack() as scope:
            for device in hostable(self._plan):
                self._workers[device] = []
                for _ in range(self._plan.replicas.get(device, 1)):
                    worker = _Worker(self._path, device, token, self._scheme)
                    scope.callback(worker.close)
                    self._workers[device].append(worker)
            found = {
                device: [each.address() for each in workers]
                for device, workers in self._workers.items()
            }
            self.hosts = hosts(self._plan, found, token)
            self._scope = scope.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._scope.close()

    def pid(self, device: str, replica: int = 0) -> int:
        """The process that is a device's worker now."""
        return self._workers[device][replica].pid


@contextmanager
def hosted(
    plan: Deployment, path: Path, texts: Sequence[str], authority: Path | None = None
) -> Iterator[Hosts | None]:
    """What ``vedette run --workers`` says: nothing, ``local``, or devices' addresses."""
    if not texts:
        yield None
    elif LOCAL in texts:
        if len(texts) > 1:
            found = f"--workers {' and '.join(texts)}"
            expected = "local for all devices, or the address of each"
            raise InputError(Problem(found, expected, "vedette worker here, and its address"))
        with LocalWorkers(plan, path) as workers:
            yield workers.hosts
    else:
        yield hosts(plan, places(plan, texts), authority=authority)


class _Worker:
    """A worker's process, watched. It ends when its standard input does, so with this process."""

    def __init__(self, path: Path, device: str, token: str, scheme: str) -> None:
        self._words = [sys.executable, "-m", "vedette", "worker", str(path), "--device", device]
        self._words += ["--json", "--until-input-ends", "--port", "0"]
        self._words += [word for file in files() for word in ("--operators", str(file))]
        self._environment = {**os.environ, TOKEN: token}
        self._device, self._scheme, self._is_over = device, scheme, False
        self._lock = threading.Lock()
        self._port = 0
        self._process = self._started()
        self._watch: threading.Thread | None = None

    def address(self) -> str:
        """Where it listens, once it does. Raises InputError where it ended instead."""
        told = _first_document(self._process)
        port = (told or {}).get(_PORTS[self._scheme].replace("-", "_"))
        if not isinstance(port, int):
            hint = "what it said above, or running without --workers"
            raise InputError(
                Problem(f"no worker of {self._device} that listens", "one that does", hint)
            )
        self._port = port
        self._watch = threading.Thread(target=self._restart, name="worker", daemon=True)
        self._watch.start()
        return f"{self._scheme}://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        with self._lock:
            self._is_over = True
            process = self._process
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._watch is not None:
            self._watch.join()
        if process.stdout is not None:
            process.stdout.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  # this program, with a plan that was read
            [*self._words, f"--{_PORTS[self._scheme]}", str(self._port)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the run, which still needs them then
        )

    def _restart(self) -> None:
        for _ in range(MOST_RESTARTS):
            process = self._process
            process.wait()
            with self._lock:
                if self._is_over:
                    return
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        pipe.close()
                self._process = self._started()


def _first_document(process: "subprocess.Popen[bytes]") -> dict[str, object] | None:
    text = b""
    for line in process.stdout or ():
        text += line
        if line.startswith(b"}"):
            found = json.loads(text)
            return found if isinstance(found, dict) else None
    return None
