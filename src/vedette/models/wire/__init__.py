"""The Open Inference Protocol V2 without I/O: messages as values, in JSON and in protobuf.

``rest`` writes and reads HTTP's bodies, ``rpc`` gRPC's messages (extra ``serve``), ``predict``
those of TensorFlow Serving's predict call. Nothing of a stranger is believed: bounds are
checked before anything is made, and what does not fit raises :class:`WireError`.
"""

from vedette.models.wire.errors import GRPC_CODES, WireError, wrong
from vedette.models.wire.limits import Limits
from vedette.models.wire.messages import (
    COMPUTE_US,
    QUEUE_US,
    InferRequest,
    InferResponse,
    ModelMetadata,
    ModelState,
    RequestedOutput,
    ServerMetadata,
    TensorMetadata,
    Timings,
)
from vedette.models.wire.tensor import DTYPES, Parameter, Parameters, Tensor

__all__ = [
    "COMPUTE_US",
    "DTYPES",
    "GRPC_CODES",
    "QUEUE_US",
    "InferRequest",
    "InferResponse",
    "Limits",
    "ModelMetadata",
    "ModelState",
    "Parameter",
    "Parameters",
    "RequestedOutput",
    "ServerMetadata",
    "Tensor",
    "TensorMetadata",
    "Timings",
    "WireError",
    "wrong",
]
