"""The messages of the Open Inference Protocol V2 as values.

The protocol: https://github.com/kserve/open-inference-protocol (REST and gRPC); what exceeds it
(binary tensors, the repository) is in Triton's protocol extensions.
"""

from dataclasses import dataclass, field

from vedette.models.wire.tensor import Parameters, Tensor

QUEUE_US = "queue_us"
"""Response parameter: microseconds that a request waited in its server."""
COMPUTE_US = "compute_us"
"""Response parameter: microseconds that its model computed, the batch's as a whole."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where a request's time went, in seconds: Distributed NoScope's four parts.

    ``transmission_s`` is all that the other three do not cover: the network, and both ends'
    reading and writing of messages. The two of the server are 0 where it does not report them.
    """

    client_queue_s: float
    transmission_s: float
    server_queue_s: float = 0.0
    compute_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.client_queue_s + self.transmission_s + self.server_queue_s + self.compute_s


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """One output that is asked for by name."""

    name: str
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What one call asks of a model: all outputs and the latest version where none is named."""

    model: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[RequestedOutput, ...] = ()
    version: str = ""
    id: str = ""
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferResponse:
    """A model's answer; ``timings`` is the client's, and no part of the message."""

    model: str
    outputs: tuple[Tensor, ...]
    version: str = ""
    id: str = ""
    parameters: Parameters = field(default_factory=dict)
    timings: Timings | None = None


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """One input or output of a model; -1 in ``shape`` is any length."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelMetadata:
    """What a model takes and gives."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    name: str
    version: str
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelState:
    """A row of the repository's index; ``state`` is READY, UNAVAILABLE, LOADING or UNLOADING."""

    name: str
    version: str = ""
    state: str = ""
    reason: str = ""
