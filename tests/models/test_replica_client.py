"""One model on several scripted servers, in an event loop of virtual time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from tests.models.endpoints import MEANS, ScriptedEndpoint
from tests.models.loops import in_virtual_time

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays
from vedette.models.endpoint import UnansweredError
from vedette.models.replica_client import ReplicaClient, fault_of
from vedette.models.replica_terms import Fault, Terms
from vedette.models.wire import InferRequest, InferResponse, ModelMetadata, Tensor, WireError, wrong

REQUEST = InferRequest("means", (Tensor.of("images", np.ones((1, 3, 2, 2), np.float32)),))
Story = Callable[[ReplicaClient, list[ScriptedEndpoint]], Awaitable[None]]


def means(batch: Arrays) -> Arrays:
    if "images" not in batch:
        raise ModelError
    return {"means": batch["images"].mean(axis=(2, 3), keepdims=True)}


def only_means(response: InferResponse) -> None:
    if [each.name for each in response.outputs] != ["means"]:
        raise wrong("other outputs", "means", status=502)


def told(
    story: Story, *conditions: str, terms: Terms | None = None, service_s: float = 0.1
) -> None:
    """The story of a client and its servers, which begin in these conditions."""

    async def whole() -> None:
        servers = [
            ScriptedEndpoint(f"http://{number}", means, condition=each, service_s=service_s)
            for number, each in enumerate(conditions)
        ]
        client = ReplicaClient("means", servers, terms)
        try:
            await story(client, servers)
        finally:
            await client.close()
        assert all(each.is_closed for each in servers)
        assert len(asyncio.all_tasks()) == 1

    in_virtual_time(whole())


@pytest.mark.parametrize("condition", ["dead", "broken", "hung", "lying"])
def test_another_replica_answers_in_place_of_one_that_does_not(condition: str) -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        answers = await asyncio.gather(*(client.infer(REQUEST, only_means) for _ in range(40)))
        assert len(answers) == 40
        assert servers[1].asked >= 40 - servers[0].asked

    told(story, condition, "up")


@pytest.mark.parametrize("condition", ["dead", "hung", "away", "mad"])
def test_who_goes_is_told_and_counted_and_returns(
    condition: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        await asyncio.sleep(5)
        servers[1].condition = condition
        await asyncio.sleep(2)
        assert list(client.available) == ["http://0"]
        servers[1].condition = "up"
        await asyncio.sleep(1)
        assert list(client.available) == ["http://0", "http://1"]
        ((address, _),) = client.absences
        assert address == "http://1"

    with caplog.at_level(logging.INFO):
        told(story, "up", "up")
    assert "means: http://1 leaves" in caplog.text
    assert "means: http://1 is back" in caplog.text


def test_a_hung_replica_gives_up_what_it_had_and_its_late_answer_is_no_second_one() -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        servers[0].condition = "hung"
        asked = [asyncio.ensure_future(client.infer(REQUEST)) for _ in range(4)]
        await asyncio.sleep(3)
        servers[0].condition = "up"
        answers = await asyncio.gather(*asked)
        await asyncio.sleep(5)
        assert len(answers) == len(client.timings) == 4
        assert servers[0].cancelled > 0

    told(story, "up", "up")


def test_the_time_before_the_answering_attempt_is_the_clients_queue() -> None:
    async def story(client: ReplicaClient, _: list[ScriptedEndpoint]) -> None:
        await asyncio.gather(*(client.infer(REQUEST) for _ in range(3)))
        waited = [round(each.client_queue_s, 6) for each in client.timings]
        assert waited == [0.0, 0.1, 0.2]
        assert [each.compute_s for each in client.timings] == [0.1] * 3

    told(story, "up", terms=Terms(in_flight=1))


def test_a_request_that_is_refused_says_why_and_is_not_tried_again() -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        with pytest.raises(WireError, match="found a batch"):
            await client.infer(InferRequest("means", ()))
        assert sum(each.asked for each in servers) == 1

    told(story, "up", "up")


def test_whoever_waits_may_stop_waiting() -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        waiting = asyncio.ensure_future(client.infer(REQUEST))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.sleep(0.2)
        assert servers[0].cancelled == 1
        await client.infer(REQUEST)

    told(story, "up", terms=Terms(in_flight=1))


def test_nobody_there_is_explained_at_the_deadline() -> None:
    async def story(client: ReplicaClient, _: list[ScriptedEndpoint]) -> None:
        with pytest.raises(
            ModelError, match=r"no answer of means on http://0 within 9 s"
        ) as caught:
            await client.infer(REQUEST)
        assert caught.value.problems[0].hint

    told(story, "dead", terms=Terms(deadline_s=9.0))


def test_servers_that_only_fail_are_explained_with_what_they_said() -> None:
    async def story(client: ReplicaClient, _: list[ScriptedEndpoint]) -> None:
        with pytest.raises(ModelError, match=r"in 3 attempts \(a fault\)"):
            await client.infer(REQUEST)

    told(story, "broken", "broken", terms=Terms(attempts=3))


def test_metadata_does_not_wait_for_a_replica_that_is_still_loading() -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        assert await client.metadata(1.0) == MEANS
        servers[1].condition = "busy"
        with pytest.raises(WireError, match="busy"):
            await client.metadata(1.0)

    told(story, "busy", "up")


def test_metadata_is_what_those_say_who_are_there() -> None:
    async def story(client: ReplicaClient, servers: list[ScriptedEndpoint]) -> None:
        assert await client.metadata(1.0) == MEANS
        servers[1].condition = "away"
        with pytest.raises(WireError, match="found the model means"):
            await client.metadata(1.0)
        servers[1].condition = "dead"
        with pytest.raises(UnansweredError, match="no answer from http://0"):
            await client.metadata(1.0)

    told(story, "dead", "up")


def test_replicas_of_different_models_are_refused() -> None:
    async def whole() -> None:
        other = ModelMetadata("means", ("1",), "scripted", MEANS.outputs, MEANS.inputs)
        servers = [
            ScriptedEndpoint("http://0", means),
            ScriptedEndpoint("http://1", means, metadata=other),
        ]
        client = ReplicaClient("means", servers)
        with pytest.raises(ModelError, match="different models means on http://0, http://1"):
            await client.metadata(1.0)
        await client.close()

    in_virtual_time(whole())


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (UnansweredError(503, Problem("a", "b"), sent=False), Fault.REFUSED),
        (UnansweredError(503, Problem("a", "b"), sent=True), Fault.LOST),
        (UnansweredError(502, Problem("a", "b"), sent=True), Fault.FAILED),
        (UnansweredError(504, Problem("a", "b"), sent=True), Fault.FAILED),
        (WireError(503, Problem("a", "b")), Fault.BUSY),
        (WireError(429, Problem("a", "b")), Fault.BUSY),
        (WireError(400, Problem("a", "b")), Fault.WRONG),
        (WireError(401, Problem("a", "b")), Fault.WRONG),
        (WireError(404, Problem("a", "b")), Fault.FAILED),
        (WireError(500, Problem("a", "b")), Fault.FAILED),
        (ValueError("a"), Fault.FAILED),
    ],
)
def test_who_is_to_blame(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault
