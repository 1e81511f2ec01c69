"""Segments as Ray actors: where they are, what they are told, and who is not let near them.

That they keep the contract of executors is in :mod:`tests.running.test_executor`.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import certified
from tests.running.actors import (
    ALL_OPERATORS,
    PATIENT,
    SMALL,
    ScriptedActor,
    scripted,
    tls,
)
from tests.running.hosted import SCRIPTED, cut
from tests.running.scripted import no_models, plan_of, sources_for
from tests.running.test_remote import STATELESS, TWO_BOXES, kept

from vedette.errors import InputError
from vedette.models.endpoint import UnansweredError
from vedette.models.wire import InferRequest, InferResponse, WireError, framed, wrong
from vedette.running import on_ray, ray_head
from vedette.running.executor import MemorySink, Progress, Report
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.types.graph import Step
from vedette.types.plan import Deployment

FRAMES = 60
ASKED = InferRequest("there", ())
FOLLOWED = [
    Step("look", "look", ("street",)),
    Step("far", "die_once", ("look",)),
    Step("sum", "accumulate", ("far",)),
    Step("tell", "announce", ("sum",)),
]


class Method:
    """An actor's method without an actor: notes what it is given, and answers at once."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.given: list[Any] = []

    def remote(self, *given: Any) -> Any:
        self.given += given
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_result(self.answer)
        return future


class Told:
    def __init__(self, answer: Any) -> None:
        self.infer = self.ready = Method(answer)


def asked(actor: Told, model: str = "there") -> InferResponse:
    transport = on_ray.ActorTransport("cloud", {"there": actor})
    return asyncio.run(transport.infer(InferRequest(model, ())))


def test_an_actor_is_told_bytes_and_nothing_else() -> None:
    actor = Told(framed.response(InferResponse("there", ()), ASKED))
    assert asked(actor).model == "there"
    assert [type(each) for each in actor.infer.given] == [bytes]


def test_what_an_actor_refuses_is_raised_here() -> None:
    actor = Told(framed.refusal(wrong("one message too many", "fewer", status=429)))
    with pytest.raises(WireError, match="too many") as raised:
        asked(actor)
    assert raised.value.status == 429


def test_what_is_no_bytes_is_no_answer() -> None:
    with pytest.raises(UnansweredError, match="no bytes"):
        asked(Told({"a": "thing"}))


def test_a_segment_that_no_actor_is_is_not_there() -> None:
    with pytest.raises(WireError, match="elsewhere"):
        asked(Told(b""), "elsewhere")


def test_a_ray_without_tokens_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ray_head.MODE, "disabled")
    for begin in (on_ray.start, lambda: on_ray.join("10.0.0.7:6379")):
        with pytest.raises(InputError, match="RAY_AUTH_MODE=token"):
            begin()


@pytest.mark.parametrize("address", ["", "head", "ray://head:10001", "head:port", ":6379"])
def test_what_is_no_address_of_a_head_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ray_head.MODE, "token")
    with pytest.raises(InputError, match="HOST:PORT"):
        on_ray.join(address)


def test_a_cluster_is_not_joined_without_a_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(ray_head.MODE, "token")
    monkeypatch.delenv(on_ray.TOKEN, raising=False)
    monkeypatch.setenv(on_ray.TOKEN_PATH, str(tmp_path / "none"))
    with pytest.raises(InputError, match="no token"):
        on_ray.join("127.0.0.1:6379")


Certificate = tuple[Path, Path]


@contextmanager
def head(*, is_open: bool, certificate: Certificate | None = None) -> Iterator[str]:
    """Where a cluster's head would answer; a guarded one wants a token of everybody.

    With a ``certificate`` it speaks TLS, as Ray does, and wants to see one of the same authority.
    """
    grpc = pytest.importorskip("grpc", reason="grpcio is not installed (the extras serve, ray)")

    def alive(_asked: bytes, context: Any) -> bytes:
        if not is_open:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is missing")
        return b""

    service, _, method = ray_head.ANYTHING.strip("/").partition("/")
    answers = {method: grpc.unary_unary_rpc_method_handler(alive)}
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, answers),))
        if certificate is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            chain, key = (each.read_bytes() for each in certificate)
            proof = grpc.ssl_server_credentials([(key, chain)], chain, require_client_auth=True)
            port = server.add_secure_port("127.0.0.1:0", proof)
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


@pytest.fixture
def showing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has this machine show a certificate, and believe an authority, as Ray is told to."""

    def show(certificate: Certificate, authority: Path) -> None:
        for name, value in tls(certificate, authority).items():
            monkeypatch.setenv(name, value)

    return show


def test_a_cluster_that_asks_for_no_token_is_refused() -> None:
    with head(is_open=True) as address, pytest.raises(InputError, match="asks for no token"):
        ray_head.ensure_guarded(address)
    with head(is_open=False) as address:
        ray_head.ensure_guarded(address)


def test_so_is_one_that_speaks_tls(certificate: Certificate, showing: Callable[..., None]) -> None:
    showing(certificate, certificate[0])
    with head(is_open=False, certificate=certificate) as address:
        ray_head.ensure_guarded(address)
    with (
        head(is_open=True, certificate=certificate) as address,
        pytest.raises(InputError, match="asks for no token"),
    ):
        ray_head.ensure_guarded(address)


def test_a_cluster_that_is_not_there_is_told_so() -> None:
    with head(is_open=False) as address:
        pass
    with pytest.raises(InputError, match="no Ray cluster at"):
        ray_head.ensure_guarded(address)


def test_a_cluster_that_speaks_otherwise_is_told_so(
    certificate: Certificate, showing: Callable[..., None]
) -> None:
    with (
        head(is_open=False, certificate=certificate) as address,
        pytest.raises(InputError, match="which speaks TLS"),
    ):
        ray_head.ensure_guarded(address)
    showing(certificate, certificate[0])
    with head(is_open=False) as address, pytest.raises(InputError, match="speaks no TLS"):
        ray_head.ensure_guarded(address)


def test_each_side_must_believe_the_other(
    certificate: Certificate, showing: Callable[..., None], tmp_path: Path
) -> None:
    other = certified(tmp_path)
    with head(is_open=False, certificate=certificate) as address:
        showing(certificate, other[0])
        with pytest.raises(InputError, match="the certificate of the Ray cluster"):
            ray_head.ensure_guarded(address)
        showing(other, certificate[0])
        with pytest.raises(InputError, match="no trust between"):
            ray_head.ensure_guarded(address)


def test_what_is_to_be_shown_must_be_there(
    certificate: Certificate,
    showing: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    showing(certificate, tmp_path / "none.pem")
    with pytest.raises(InputError, match="RAY_TLS_CA_CERT="):
        ray_head.shown()
    monkeypatch.delenv(ray_head.KEY)
    with pytest.raises(InputError, match="no RAY_TLS_SERVER_KEY"):
        ray_head.shown()


def test_what_is_to_be_shown_must_be_a_certificate_and_its_key(
    certificate: Certificate, showing: Callable[..., None], tmp_path: Path
) -> None:
    other = certified(tmp_path)
    for certificate_file, key in ((certificate[0], other[1]), (certificate[1], certificate[1])):
        showing((certificate_file, key), certificate[0])
        with pytest.raises(InputError, match="cannot be used"):
            ray_head.shown()


def plan_for(steps: list[Step], marker: Path, *, at: int = -1) -> Deployment:
    """One stream; the step ``far``, and ``sum`` where it has one, are the cloud's."""
    settled = [
        Step(each.name, each.operator, each.inputs, {"at": at, "marker": str(marker)})
        if each.operator == "die_once"
        else each
        for each in steps
    ]
    placement = {"far": "cloud", "farther": "cloud"}
    if steps is FOLLOWED:
        placement = {"far": "cloud", "sum": "cloud"}
    return plan_of(settled, streams={"street": ("a",)}, cluster=TWO_BOXES, placement=placement)


def ran(
    plan: Deployment, hosts: Hosts | None = None, progress: Progress | None = None
) -> tuple[MemorySink, Report]:
    sink = MemorySink()
    if hosts is not None:
        hosts = Hosts(hosts.devices, hosts.connect, patience=PATIENT, codec=SCRIPTED)
    executor = LocalExecutor(ALL_OPERATORS, no_models, workers=2, hosts=hosts)
    return sink, executor.run(plan, sources_for(plan, FRAMES), sink, progress=progress)


def in_the_cloud(plan: Deployment, address: str, **settings: Any) -> on_ray.OnRay:
    segments = [each for each in cut(plan, ALL_OPERATORS) if each.device == "cloud"]
    return on_ray.OnRay(
        segments,
        ScriptedActor,
        lambda segment: scripted(plan, segment, ALL_OPERATORS),
        address=address,
        **settings,
    )


@pytest.fixture
def joined(ray_nodes: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a cluster that is joined already, and is not left at the end of a run."""
    monkeypatch.setattr(on_ray, "join", lambda _: None)
    monkeypatch.setattr(on_ray, "leave", lambda: None)
    return str(ray_nodes.address)


@pytest.mark.slow
def test_each_node_of_a_device_has_an_actor_and_no_other_has(joined: str, tmp_path: Path) -> None:
    ray = on_ray.ray()
    labels = {each["NodeID"]: each["Labels"].get(on_ray.LABEL) for each in ray.nodes()}
    with in_the_cloud(plan_for(STATELESS, tmp_path), joined) as hosts:
        transports = [each._transport for each in hosts.connect("cloud")]  # type: ignore[attr-defined]
        actors = [actor for each in transports for actor in each._actors.values()]
        nodes = [each.decode() for each in ray.get([each.node.remote() for each in actors])]
    assert len(set(nodes)) == len(nodes) == 2
    assert {labels[each] for each in nodes} == {"cloud"}


@pytest.mark.slow
def test_a_device_that_no_node_is_is_told(joined: str, tmp_path: Path) -> None:
    plan = plan_for(STATELESS, tmp_path)
    with pytest.raises(InputError, match="9 or more with the label vedette-device=cloud"):
        in_the_cloud(plan, joined, replicas={"cloud": 9}).__enter__()


@pytest.mark.slow
def test_an_actor_that_is_killed_loses_and_doubles_nothing(joined: str, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    plan = plan_for(FOLLOWED, marker, at=33)
    with in_the_cloud(plan, joined) as hosts:
        there, report = ran(plan, hosts)
    assert marker.exists()
    here, _ = ran(plan)
    assert kept(there) == kept(here)
    assert [each.kind for each in report.incidents] == ["lost worker"]


@pytest.mark.slow
def test_a_node_that_is_lost_loses_and_doubles_nothing(
    joined: str, ray_nodes: Any, tmp_path: Path
) -> None:
    plan = plan_for(STATELESS, tmp_path)
    lost = ray_nodes.add_node(labels={on_ray.LABEL: "cloud"}, **SMALL)
    gone = threading.Event()

    def lose(_stream: str, frame: int) -> None:
        if frame == 20 and not gone.is_set():
            gone.set()
            ray_nodes.remove_node(lost, allow_graceful=False)

    with in_the_cloud(plan, joined) as hosts:
        there, _ = ran(plan, hosts, lose)
    assert gone.is_set()
    here, _ = ran(plan)
    assert kept(there) == kept(here)
