"""How a model is served, in the words of Triton's model configuration extension.

Of ModelConfig (model_config.proto of github.com/triton-inference-server/common) it has what is so
of a server of ours, in Triton's JSON; gRPC's message is made of the same. Triton's rules hold:
``backend`` is the platform's first part, and where ``max_batch_size`` is not 0 ``dims`` leaves out
the axis that counts the rows.
"""

from collections.abc import Iterable
from typing import Any

from vedette.models.rows import Batching
from vedette.models.wire import ModelMetadata, TensorMetadata

EXTENSION = "model_configuration"
"""What the server's metadata says of it."""


def of_rows(metadata: ModelMetadata, batching: Batching) -> dict[str, Any]:
    """A model that rows of many callers share: its batches, and how long the oldest row waits."""
    dynamic = {
        "preferred_batch_size": [batching.max_rows],
        "max_queue_delay_microseconds": round(1e6 * batching.max_wait_s),
    }
    return _told(metadata, batching.max_rows) | {"dynamic_batching": dynamic}


def of_sequences(metadata: ModelMetadata, idle_s: float) -> dict[str, Any]:
    """A model with state: requests name their sequence, which may be forgotten when idle so long.

    One request is one message, never a batch of them.
    """
    sequences = {"max_sequence_idle_microseconds": round(1e6 * idle_s)}
    return _told(metadata, 0) | {"sequence_batching": sequences}


def _told(metadata: ModelMetadata, max_rows: int) -> dict[str, Any]:
    first = 1 if max_rows else 0
    return {
        "name": metadata.name,
        "platform": metadata.platform,
        "backend": metadata.platform.partition("_")[0],
        "version_policy": {"all": {}},  # a repository loads all versions that it has
        "max_batch_size": max_rows,
        "input": _tensors(metadata.inputs, first),
        "output": _tensors(metadata.outputs, first),
    }


def _tensors(tensors: Iterable[TensorMetadata], first: int) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "data_type": _type(each.datatype), "dims": list(each.shape[first:])}
        for each in tensors
    ]


def _type(datatype: str) -> str:
    return "TYPE_STRING" if datatype == "BYTES" else f"TYPE_{datatype}"
