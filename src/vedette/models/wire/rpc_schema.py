"""The protocol's protobuf classes, out of the compiled ``open_inference.proto``.

They live in a pool of their own: tritonclient and other packages define the same names in the
process's default pool, which takes each name once. Needs the extra ``serve``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vedette.errors import ModelError, Problem

SERVICE = "inference.GRPCInferenceService"


@dataclass(frozen=True, slots=True)
class Method:
    """One remote procedure, the classes of its messages, and whether both sides stream."""

    name: str
    path: str
    request: Any
    response: Any
    streams: bool


def message(name: str) -> Any:
    """The class of a message, ``ModelReadyRequest`` for one. Raises ModelError without protobuf."""
    return _schema()[0][name]


def methods() -> Mapping[str, Method]:
    """Every remote procedure of the service, by name."""
    return _schema()[1]


@cache
def _schema() -> tuple[Mapping[str, Any], Mapping[str, Method]]:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415
    except ImportError:
        raise ModelError(
            Problem("gRPC, and no protobuf here", "the extra serve", "pip install 'vedette[serve]'")
        ) from None
    compiled = files(__package__).joinpath("rpc_schema.bin").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for each in descriptor_pb2.FileDescriptorSet.FromString(compiled).file:
        pool.Add(each)
    service = pool.FindServiceByName(SERVICE)
    file = pool.FindFileByName(service.file.name)
    made = {
        name: message_factory.GetMessageClass(found)
        for name, found in file.message_types_by_name.items()
    }
    procedures = {
        each.name: Method(
            each.name,
            f"/{SERVICE}/{each.name}",
            made[each.input_type.name],
            made[each.output_type.name],
            each.server_streaming,
        )
        for each in service.methods
    }
    return MappingProxyType(made), MappingProxyType(procedures)
