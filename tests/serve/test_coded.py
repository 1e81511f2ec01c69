"""A server that takes coded inputs and gives coded outputs, and refuses what it does not know."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette.media.codecs import CODECS
from vedette.models.payload import ACCEPT, CODING, coded, codings, plain
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    ModelMetadata,
    RequestedOutput,
    Tensor,
    TensorMetadata,
    WireError,
)
from vedette.serve.batching import BatchedModel
from vedette.serve.coded import EXTENSIONS, Coded
from vedette.serve.room import Room
from vedette.serve.served import Served

KNOWN = codings(CODECS)
METADATA = ModelMetadata(
    "means",
    ("1",),
    "fake",
    (TensorMetadata("x", "FP32", (-1, 3, 32, 32)),),
    (TensorMetadata("means", "FP32", (-1, 3)), TensorMetadata("same", "FP32", (-1, 3, 32, 32))),
)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 3, 1, 1)) + np.zeros((2, 3, 32, 32))
PICTURES = Tensor.of("x", PIXELS.astype(np.float32))
PLAIN = InferRequest("means", (PICTURES,))


def asked(request: InferRequest, room: Room | None = None) -> InferResponse:
    async def story() -> InferResponse:
        backend = FakeBackend(lambda batch: {"means": batch["x"].mean((2, 3)), "same": batch["x"]})
        model = Coded(Served(METADATA, BatchedModel(backend)), room or Room())
        try:
            return await model.infer(request)
        finally:
            await model.aclose()

    return asyncio.run(story())


@pytest.mark.parametrize("name", KNOWN)
def test_coded_inputs_are_answered_much_as_plain_ones(name: str) -> None:
    coded_too = replace(PLAIN, inputs=(coded(PICTURES, name, KNOWN),))
    for one, other in zip(asked(PLAIN).outputs, asked(coded_too).outputs, strict=True):
        np.testing.assert_allclose(one.array, other.array, atol=8)


def test_what_requests_unfold_to_together_is_bounded_and_given_back() -> None:
    large = replace(PLAIN, inputs=(coded(PICTURES, "int8", KNOWN),))
    room = Room(PICTURES.array.nbytes)
    assert asked(large, room).outputs
    assert room.taken_bytes == 0
    with room.held(1), pytest.raises(WireError) as refused:
        asked(large, room)
    assert refused.value.status == 503
    assert asked(large, room).outputs


def test_outputs_come_coded_to_those_who_ask_for_all_or_for_one() -> None:
    means, same = asked(replace(PLAIN, parameters={ACCEPT: "new, int8+zstd"})).outputs
    assert (means.parameters[CODING], same.parameters[CODING]) == ("int8+zstd", "int8+zstd")
    np.testing.assert_array_equal(plain([same], KNOWN)[0].array, PIXELS)
    one = RequestedOutput("same", {ACCEPT: "jpeg"})
    found = asked(replace(PLAIN, outputs=(RequestedOutput("means"), one)))
    assert [each.parameters.get(CODING) for each in found.outputs] == [None, "jpeg"]


@pytest.mark.parametrize(
    "request_",
    [
        replace(PLAIN, parameters={ACCEPT: "new"}),
        replace(PLAIN, inputs=(replace(PICTURES, parameters={CODING: "new"}),)),
        replace(PLAIN, inputs=(replace(PICTURES, parameters={CODING: "jpeg"}),)),
    ],
)
def test_unknown_and_broken_codings_are_refused(request_: InferRequest) -> None:
    with pytest.raises(WireError) as refused:
        asked(request_)
    assert refused.value.status == 400


def test_a_model_that_is_closed_answers_what_is_being_undone() -> None:
    async def story() -> InferResponse:
        backend = FakeBackend(lambda batch: {"means": batch["x"].mean((2, 3)), "same": batch["x"]})
        model = Coded(Served(METADATA, BatchedModel(backend)), Room())
        inputs = (coded(PICTURES, "int8", KNOWN),)
        asking = asyncio.create_task(model.infer(replace(PLAIN, inputs=inputs)))
        await asyncio.sleep(0)
        await model.aclose()
        return await asking

    assert len(asyncio.run(story()).outputs) == 2


def test_the_server_announces_what_it_knows() -> None:
    assert "content-coding:jpeg" in EXTENSIONS
    assert "content-coding:int8+zstd" in EXTENSIONS
