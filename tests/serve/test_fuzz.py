"""Requests that schemathesis makes of the OpenAPI document, and gRPC's bytes bent at random."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.serve.running import ask

from vedette.models.wire import InferRequest, ServerMetadata, Tensor, rpc
from vedette.models.wire.limits import DEFAULT
from vedette.models.wire.rpc_schema import message, methods
from vedette.serve.openapi import document
from vedette.serve.server import Server

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not here")
DOCUMENT = document(ServerMetadata("vedette", "0"))
OPERATIONS = [(path, verb) for path, item in DOCUMENT["paths"].items() for verb in item]
OPERATIONS = [(path, verb) for path, verb in OPERATIONS if verb in ("get", "post")]
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
CHECKS = [
    checks.response_schema_conformance,
    checks.content_type_conformance,
    checks.status_code_conformance,
]
ALLOWED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED", "INTERNAL"}
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.filterwarnings("ignore")  # of the libraries that schemathesis brings
@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_the_document_says(
    server: Server, path: str, verb: str
) -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)

    @given(case=schema[path][verb].as_strategy())
    @settings(max_examples=8, database=None, suppress_health_check=list(HealthCheck))
    def asks(case: Any) -> None:
        for name in case.path_parameters or {}:
            if name == "model" and random.random() < 0.5 and not path.endswith("load"):
                case.path_parameters[name] = "double"
        answer = case.call(base_url=f"http://127.0.0.1:{server.port}", timeout=20)
        assert answer.status_code < 500 or answer.status_code == 503
        case.validate_response(answer, checks=CHECKS)

    asks()
    assert b" 200 " in ask(server.port, LIVE)[:20]


ROWS = Tensor.of("x", np.ones((2, 3), np.float32))
GOOD = {
    "ModelInfer": rpc.encode_request(InferRequest("double", (ROWS,), version="2", id="7")),
    **{
        f"Model{what}": message(f"Model{what}Request")(name="double", version="2")
        for what in ("Config", "Metadata", "Ready", "Statistics")
    },
    "RepositoryIndex": message("RepositoryIndexRequest")(repository_name="all", ready=True),
}
procedures = pytest.mark.parametrize("name", GOOD)


@contextmanager
def asking(server: Server, name: str) -> Iterator[tuple[bytes, Callable[[bytes], tuple[str, str]]]]:
    """A good request of a procedure, and what asks it; which answered before and does after."""
    grpc = pytest.importorskip("grpc")
    good = GOOD[name] if isinstance(GOOD[name], bytes) else GOOD[name].SerializeToString()
    most = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", most) as channel:
        call = channel.unary_unary(methods()[name].path)

        def ask(body: bytes) -> tuple[str, str]:
            answer = call.future(body, timeout=20)
            return answer.code().name, answer.details()

        assert ask(good)[0] == "OK"
        yield good, ask
        assert ask(good)[0] == "OK"


@procedures
def test_bent_messages_of_grpc_are_refused(server: Server, name: str) -> None:
    chance = random.Random(7)
    with asking(server, name) as (good, ask):
        for _ in range(100):
            bent = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                bent[chance.randrange(len(bent))] = chance.randrange(256)
            code, told = ask(bytes(bent[: chance.randint(1, len(bent))]))
            assert code in ALLOWED, told


@procedures
def test_messages_of_grpc_that_are_cut_off_anywhere_are_refused(server: Server, name: str) -> None:
    with asking(server, name) as (good, ask):
        codes = {ask(good[:end])[0] for end in range(1, len(good))}
    assert codes <= ALLOWED
    assert "INVALID_ARGUMENT" in codes


@procedures
def test_messages_of_grpc_that_are_too_large_are_refused(server: Server, name: str) -> None:
    with asking(server, name) as (good, ask):
        code, told = ask(good + bytes(DEFAULT.body_bytes + (1 << 20)))
    assert code == "RESOURCE_EXHAUSTED"
    assert "larger than max" in told


@pytest.mark.parametrize("what", ["name", "version"])
def test_a_name_of_megabytes_is_refused_in_few_words(server: Server, what: str) -> None:
    long = message("ModelConfigRequest")(**{"name": "double", what: "d" * (8 << 20)})
    with asking(server, "ModelConfig") as (_, ask):
        code, told = ask(long.SerializeToString())
    assert code == "NOT_FOUND"
    assert len(told) < 4096
