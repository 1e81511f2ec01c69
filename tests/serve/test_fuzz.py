"""Requests that schemathesis makes of the OpenAPI document, and gRPC's bytes bent at random."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.serve.running import ask

from vedette.models.wire import InferRequest, ServerMetadata, Tensor, rpc
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


def test_bent_messages_of_grpc_are_refused(server: Server) -> None:
    grpc = pytest.importorskip("grpc")
    rows = Tensor.of("x", np.ones((2, 3), np.float32))
    good, chance = rpc.encode_request(InferRequest("double", (rows,))), random.Random(7)
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        assert call(good, timeout=20)
        for _ in range(200):
            bent = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                bent[chance.randrange(len(bent))] = chance.randrange(256)
            answer = call.future(bytes(bent[: chance.randint(1, len(bent))]), timeout=20)
            assert answer.code().name in ALLOWED, answer.details()
        assert call(good, timeout=20)
