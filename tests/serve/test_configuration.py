"""How models say that they are served, in a form that Triton's message takes as it is."""

import json
from typing import Any
from urllib.request import urlopen

import pytest
from tests.serve.running import listening
from tests.serve.test_segment_model import model

from vedette.models.rows import Batching
from vedette.models.wire import DTYPES, ModelMetadata, TensorMetadata
from vedette.models.wire.rpc_schema import message, methods
from vedette.serve.configuration import of_rows, of_sequences
from vedette.serve.segment_model import SegmentModel
from vedette.serve.server import Settings

json_format = pytest.importorskip("google.protobuf.json_format", reason="needs the serve extra")
TENSORS = tuple(TensorMetadata(name.lower(), name, (-1, 2, -1)) for name in DTYPES)
METADATA = ModelMetadata("all", ("1", "2"), "onnxruntime_onnx", TENSORS, TENSORS[:1])


def as_message(configuration: Any) -> Any:
    """Raises where the message has no such field or value."""
    return json_format.ParseDict(configuration, message("ModelConfig")())


@pytest.mark.parametrize(
    "configuration", [of_rows(METADATA, Batching()), of_sequences(METADATA, 30.0)]
)
def test_every_datatype_has_a_name_that_the_message_knows(configuration: Any) -> None:
    made = as_message(configuration)
    kinds = made.DESCRIPTOR.fields_by_name["input"].message_type.fields_by_name["data_type"]
    names = kinds.enum_type.values_by_number
    assert [names[each.data_type].name.removeprefix("TYPE_") for each in made.input] == [
        "STRING" if each.datatype == "BYTES" else each.datatype for each in TENSORS
    ]


def test_rows_are_no_part_of_the_shape_and_batches_are_as_they_were_told() -> None:
    made = as_message(of_rows(METADATA, Batching(max_rows=6, max_wait_s=0.0015)))
    assert made.max_batch_size == 6
    assert {tuple(each.dims) for each in (*made.input, *made.output)} == {(2, -1)}
    assert made.dynamic_batching.preferred_batch_size == [6]
    assert made.dynamic_batching.max_queue_delay_microseconds == 1500


def test_a_segment_takes_one_message_at_a_time_of_a_sequence_that_may_be_forgotten() -> None:
    made = as_message(model(idle_s=12.5).configuration)
    assert (made.name, made.platform, made.backend) == (
        "box-0-street",
        "vedette_segment",
        "vedette",
    )
    assert made.max_batch_size == 0
    assert [(each.name, list(each.dims)) for each in made.input] == [("keys", [1]), ("items", [-1])]
    assert made.WhichOneof("scheduling_choice") == "sequence_batching"
    assert made.sequence_batching.max_sequence_idle_microseconds == 12_500_000


def test_a_worker_tells_it_over_http_and_grpc_alike() -> None:
    grpc = pytest.importorskip("grpc")
    hosted = model()

    async def opened() -> SegmentModel:
        return hosted

    asked = message("ModelConfigRequest")(name=hosted.name).SerializeToString()
    with listening({(hosted.name, "1"): opened}, Settings(port=0, grpc_port=0)) as server:
        address = f"http://127.0.0.1:{server.port}/v2/models/{hosted.name}/versions/1/config"
        with urlopen(address, timeout=20) as answer:
            assert json.load(answer) == hosted.configuration
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            answered = channel.unary_unary(methods()["ModelConfig"].path)(asked, timeout=20)
    found = message("ModelConfigResponse").FromString(answered)
    assert found.config == as_message(hosted.configuration)
