"""One contract for both protocols, then what is HTTP's alone."""

import asyncio
import pickle
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.errors import ModelError
from vedette.models.endpoint import Access, Endpoint, UnansweredError, connect, timings
from vedette.models.wire import InferRequest, InferResponse, Limits, Tensor, WireError, wrong

web = pytest.importorskip("aiohttp.web", reason="the extra serve is not installed")
grpc = pytest.importorskip("grpc", reason="the extra serve is not installed")
servers = pytest.importorskip("tests.models.servers")

ASKED = InferRequest("m", (Tensor.of("x", np.arange(6, dtype=np.float32).reshape(2, 3)),), id="7")
WAIT_S = 20.0
Certificate = tuple[Path, Path]


async def echo(request: Any) -> InferResponse:
    outputs = tuple(replace(each, name="y") for each in request.inputs)
    return InferResponse("m", outputs, "1", request.id, {"queue_us": 200, "compute_us": 100})


def served(scheme: str, model: Any, token: str = "") -> Any:
    if scheme == "grpc":
        return servers.over_grpc(model, token)
    return servers.raw(servers.over_http(model, token))


@asynccontextmanager
async def opened(scheme: str, place: str, access: Access | None = None) -> AsyncIterator[Endpoint]:
    endpoint = connect(f"{scheme}://{place}", access)
    try:
        yield endpoint
    finally:
        await endpoint.close()


@asynccontextmanager
async def asked(
    scheme: str, model: Any = echo, token: str = "", access: Access | None = None
) -> AsyncIterator[Endpoint]:
    async with served(scheme, model, token) as place, opened(scheme, place, access) as endpoint:
        yield endpoint


BOTH = pytest.mark.parametrize("scheme", ["http", "grpc"])


@BOTH
def test_a_model_answers_and_the_four_parts_add_up(scheme: str) -> None:
    async def check() -> Any:
        async with asked(scheme) as endpoint:
            return await endpoint.infer(ASKED, WAIT_S)

    answer = asyncio.run(check())
    assert answer.outputs[0].array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (answer.model, answer.id, answer.outputs[0].name) == ("m", "7", "y")
    assert (answer.timings.server_queue_s, answer.timings.compute_s) == (2e-4, 1e-4)
    assert answer.timings.transmission_s >= 0


@BOTH
def test_a_connection_that_fell_silent_is_not_asked_again(scheme: str) -> None:
    async def check() -> bool:
        async with (
            served(scheme, echo) as place,
            servers.relayed(place) as (way, fall_silent),
            opened(scheme, way) as endpoint,
        ):
            assert await endpoint.ready(WAIT_S)
            fall_silent()
            with pytest.raises(UnansweredError, match="no answer from"):
                await endpoint.ready(0.05)
            return await endpoint.ready(WAIT_S)

    assert asyncio.run(check())


@BOTH
def test_what_is_under_way_is_answered_though_nobody_tells_of_the_server(scheme: str) -> None:
    async def check() -> InferResponse:
        taken, told = asyncio.Event(), asyncio.Event()

        async def slow(request: Any) -> InferResponse:
            taken.set()
            await told.wait()
            return await echo(request)

        async with asked(scheme, slow) as endpoint:
            answer = asyncio.create_task(endpoint.infer(ASKED, WAIT_S))
            await taken.wait()
            with pytest.raises(UnansweredError):
                await endpoint.ready(0.0)
            assert await endpoint.ready(WAIT_S)
            told.set()
            return await answer

    assert asyncio.run(check()).id == "7"


@BOTH
def test_health_and_metadata_are_told(scheme: str) -> None:
    async def check() -> Any:
        async with asked(scheme) as endpoint:
            return (
                await endpoint.ready(WAIT_S),
                await endpoint.ready(WAIT_S, "m"),
                await endpoint.ready(WAIT_S, "other"),
                await endpoint.server(WAIT_S),
                await endpoint.model(WAIT_S, "m"),
            )

    told = (True, True, False, servers.ABOUT_SERVER, servers.ABOUT_MODEL)
    assert asyncio.run(check()) == told


@BOTH
def test_a_refusal_has_the_servers_status_and_words(scheme: str) -> None:
    async def refuse(_request: Any) -> Any:
        raise wrong("a cat", "a dog", status=404)

    async def check() -> Any:
        async with asked(scheme, refuse) as endpoint:
            await endpoint.infer(ASKED, WAIT_S)

    with pytest.raises(WireError, match="found a cat; expected a dog") as caught:
        asyncio.run(check())
    assert caught.value.status == 404
    assert not isinstance(caught.value, UnansweredError)


@BOTH
def test_a_server_that_hangs_is_given_up_at_the_deadline_and_hears_of_it(scheme: str) -> None:
    async def check() -> Any:
        gone = asyncio.Event()

        async def hang(_request: Any) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                gone.set()

        async with asked(scheme, hang) as endpoint:
            with pytest.raises(UnansweredError, match=r"within 0\.05 s") as caught:
                await endpoint.infer(ASKED, 0.05)
            async with asyncio.timeout(WAIT_S if scheme == "grpc" else None):
                await (gone.wait() if scheme == "grpc" else asyncio.sleep(0))
        return caught.value

    error = asyncio.run(check())
    assert (error.status, error.sent) == (504, True)


@BOTH
def test_no_more_requests_are_out_than_allowed_and_waiting_counts_as_client_queue(
    scheme: str,
) -> None:
    async def check() -> Any:
        out, most = 0, 0
        both = asyncio.Event()

        async def count(request: Any) -> Any:
            nonlocal out, most
            out += 1
            most = max(most, out)
            if out == 2:
                both.set()
            await both.wait()
            out -= 1
            return await echo(request)

        async with asked(scheme, count, access=Access(in_flight=2)) as endpoint:
            answers = await asyncio.gather(*(endpoint.infer(ASKED, WAIT_S) for _ in range(6)))
        return most, [each.timings.client_queue_s for each in answers if each.timings]

    most, queued_s = asyncio.run(check())
    assert most == 2
    assert max(queued_s[2:]) > max(queued_s[:2])


@BOTH
def test_a_request_that_never_got_its_turn_was_not_sent(scheme: str) -> None:
    async def check() -> Any:
        arrived = asyncio.Event()

        async def hang(_request: Any) -> Any:
            arrived.set()
            await asyncio.Event().wait()

        async with asked(scheme, hang, access=Access(in_flight=1)) as endpoint:
            first = asyncio.create_task(endpoint.infer(ASKED, WAIT_S))
            await asyncio.wait_for(arrived.wait(), WAIT_S)
            with pytest.raises(UnansweredError, match="waiting for its turn") as caught:
                await endpoint.infer(ASKED, 0.01)
            first.cancel()
            await asyncio.wait([first])
        return caught.value

    error = asyncio.run(check())
    assert (error.status, error.sent) == (504, False)


@BOTH
def test_where_nobody_listens_nothing_was_sent(scheme: str, unused_port: int) -> None:
    async def check() -> Any:
        endpoint = connect(f"{scheme}://127.0.0.1:{unused_port}")
        try:
            await endpoint.infer(ASKED, WAIT_S)
        finally:
            await endpoint.close()

    with pytest.raises(UnansweredError) as caught:
        asyncio.run(check())
    assert (caught.value.status, caught.value.sent) == (503, False)


@BOTH
@pytest.mark.parametrize(("token", "status"), [("secret", 200), ("wrong", 401)])
def test_the_token_is_sent(scheme: str, token: str, status: int) -> None:
    async def check() -> Any:
        async with asked(scheme, token="secret", access=Access(token=token)) as endpoint:
            try:
                await endpoint.infer(ASKED, WAIT_S)
            except WireError as error:
                return error.status
            return 200

    assert asyncio.run(check()) == status


@BOTH
def test_a_large_picture_crosses(scheme: str) -> None:
    large = InferRequest("m", (Tensor.of("x", np.zeros((3, 1 << 20), np.float32)),))

    async def check() -> Any:
        async with asked(scheme) as endpoint:
            return await endpoint.infer(large, WAIT_S)

    assert asyncio.run(check()).outputs[0].shape == (3, 1 << 20)


@BOTH
def test_an_answer_over_the_limit_is_not_read(scheme: str) -> None:
    async def flood(_request: Any) -> Any:
        return InferResponse("m", (Tensor.of("y", np.zeros(1 << 19)),))

    async def check() -> Any:
        access = Access(limits=Limits(body_bytes=1 << 20))
        async with asked(scheme, flood, access=access) as endpoint:
            await endpoint.infer(ASKED, WAIT_S)

    with pytest.raises(WireError) as caught:
        asyncio.run(check())
    assert caught.value.status == 502


def over_tls(scheme: str, certificate: Certificate) -> Any:
    made, key = certificate
    if scheme == "grpcs":
        pairs = [(key.read_bytes(), made.read_bytes())]
        return servers.over_grpc(echo, credentials=grpc.ssl_server_credentials(pairs))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return servers.raw(servers.over_http(echo), context)


async def ask_over_tls(
    scheme: str, certificate: Certificate, authority: Path | None
) -> InferResponse:
    async with over_tls(scheme, certificate) as place:
        endpoint = connect(f"{scheme}://{place}", Access(authority=authority))
        try:
            return await endpoint.infer(ASKED, WAIT_S)
        finally:
            await endpoint.close()


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_a_server_is_believed_where_the_authority_vouches_for_it(
    scheme: str, certificate: Certificate
) -> None:
    answer = asyncio.run(ask_over_tls(scheme, certificate, certificate[0]))
    assert answer.outputs[0].shape == (2, 3)


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_a_server_nobody_vouches_for_gets_no_request(scheme: str, certificate: Certificate) -> None:
    with pytest.raises(UnansweredError) as caught:
        asyncio.run(ask_over_tls(scheme, certificate, None))
    assert (caught.value.status, caught.value.sent) == (503, False)


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_an_authority_that_is_no_file_is_told(scheme: str, tmp_path: Path) -> None:
    endpoint = connect(f"{scheme}://localhost:1", Access(authority=tmp_path / "none.pem"))
    with pytest.raises(ModelError, match="found the authority"):
        asyncio.run(endpoint.infer(ASKED, WAIT_S))


async def ask(handler: Any, scheme: str = "http", call: Any = None) -> Any:
    async with servers.raw(handler) as place:
        endpoint = connect(f"{scheme}://{place}")
        try:
            return await (call(endpoint) if call else endpoint.infer(ASKED, WAIT_S))
        finally:
            await endpoint.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"body": b"garbage"}, "no JSON"),
        (
            {"body": b"{}", "headers": {"Inference-Header-Content-Length": "9"}},
            "with a body of 2 bytes",
        ),
        ({"body": b"{}", "headers": {"Inference-Header-Content-Length": "-1"}}, "no number"),
        ({"body": b"x", "headers": {"Content-Encoding": "gzip"}}, "compressed"),
        ({"status": 302, "headers": {"Location": "http://192.0.2.1/"}}, "the status 302"),
        ({"status": 204}, "the status 204"),
    ],
)
def test_an_answer_that_cannot_be_read_is_garbage(answer: dict[str, Any], told: Any) -> None:
    async def handle(_request: Any) -> Any:
        return web.Response(**answer)

    with pytest.raises(UnansweredError, match=told) as caught:
        asyncio.run(ask(handle))
    assert caught.value.status == 502


def test_a_connection_cut_in_an_answer_is_no_answer() -> None:
    async def handle(request: Any) -> Any:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    with pytest.raises(UnansweredError) as caught:
        asyncio.run(ask(handle))
    assert (caught.value.status, caught.value.sent) == (503, True)


def test_an_endless_answer_ends_at_the_limit() -> None:
    async def handle(request: Any) -> Any:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(1 << 16))
        except ConnectionError:
            return response

    async def check() -> Any:
        async with servers.raw(handle) as place:
            endpoint = connect(f"http://{place}", Access(limits=Limits(body_bytes=1 << 20)))
            try:
                await endpoint.infer(ASKED, WAIT_S)
            finally:
                await endpoint.close()

    with pytest.raises(UnansweredError, match="more than 1048576 bytes"):
        asyncio.run(check())


def test_connections_are_used_again() -> None:
    async def check() -> Any:
        seen = set()
        answer = servers.over_http(echo)

        async def handle(request: Any) -> Any:
            seen.add(request.transport.get_extra_info("peername"))
            return await answer(request)

        async def thrice(endpoint: Endpoint) -> None:
            for _ in range(3):
                await endpoint.infer(ASKED, WAIT_S)

        await ask(handle, call=thrice)
        return seen

    assert len(asyncio.run(check())) == 1


def test_a_models_name_cannot_leave_its_path() -> None:
    paths = []

    async def handle(request: Any) -> Any:
        paths.append(request.raw_path)
        return web.json_response({"error": "no"}, status=404)

    with pytest.raises(WireError):
        asyncio.run(
            ask(handle, call=lambda endpoint: endpoint.infer(InferRequest("../a?b", ()), WAIT_S))
        )
    assert paths == ["/v2/models/..%2Fa%3Fb/infer"]


def test_the_predict_call_is_understood() -> None:
    async def handle(request: Any) -> Any:
        if request.method == "GET":
            return web.json_response({"model_version_status": [{"state": "AVAILABLE"}]})
        assert request.path == "/v1/models/m:predict"
        sent = await request.json()
        return web.json_response(
            {"predictions": [[2 * each for each in row] for row in sent["instances"]]}
        )

    async def both(endpoint: Endpoint) -> Any:
        return await endpoint.ready(WAIT_S, "m"), await endpoint.infer(ASKED, WAIT_S)

    ready, answer = asyncio.run(ask(handle, "predict+http", both))
    assert ready
    assert answer.outputs[0].array.tolist() == [[0, 2, 4], [6, 8, 10]]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:8000",
        "ftp://a",
        "http://",
        "http://me:secret@a:1",
        "http://a:1/?token=secret",
        "http://me:secret@[::1",
        "http://a:99999",
        "grpc://a:99999",
        f"http://{64 * 'a'}:1",
    ],
)
def test_an_address_that_is_none_is_told_without_its_secrets(address: str) -> None:
    with pytest.raises(ModelError, match="found the server's address") as caught:
        connect(address)
    assert "secret" not in str(caught.value)


def test_a_server_that_claims_more_time_than_passed_is_cut() -> None:
    answer = InferResponse("m", (), parameters={"queue_us": 4e6, "compute_us": 9e6})
    parts = timings(answer, 10.0, 11.0, 16.0)
    assert (parts.client_queue_s, parts.server_queue_s, parts.compute_s) == (1.0, 4.0, 1.0)
    assert (parts.transmission_s, parts.total_s) == (0.0, 6.0)


@pytest.mark.parametrize("claim", [-1, "x", float("nan"), True, 10**400])
def test_a_server_that_claims_nonsense_is_not_believed(claim: Any) -> None:
    parts = timings(InferResponse("m", (), parameters={"queue_us": claim}), 0.0, 0.0, 1.0)
    assert parts.total_s == pytest.approx(1.0)


def test_an_unanswered_request_survives_pickling() -> None:
    with pytest.raises(UnansweredError) as caught:
        asyncio.run(ask(lambda _request: asyncio.sleep(0, web.Response(status=204))))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.status, again.sent, str(again)) == (502, True, str(caught.value))


@pytest.fixture
def unused_port() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()[1]
