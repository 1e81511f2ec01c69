"""A named array as the protocol types it, and its bytes: little-endian, rows first.

Of BYTES each element is preceded by its length in four bytes. BF16, which numpy has not, is held
as float32 of which the lower half is zero.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.wire.errors import wrong
from vedette.models.wire.limits import DEFAULT, Limits

Parameter = bool | int | float | str
Parameters = Mapping[str, Parameter]
NONE: Parameters = {}
Chunk = bytes | memoryview

DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {
        "BOOL": np.dtype("?"),
        "UINT8": np.dtype("u1"),
        "UINT16": np.dtype("<u2"),
        "UINT32": np.dtype("<u4"),
        "UINT64": np.dtype("<u8"),
        "INT8": np.dtype("i1"),
        "INT16": np.dtype("<i2"),
        "INT32": np.dtype("<i4"),
        "INT64": np.dtype("<i8"),
        "FP16": np.dtype("<f2"),
        "FP32": np.dtype("<f4"),
        "FP64": np.dtype("<f8"),
        "BF16": np.dtype("<f4"),
        "BYTES": np.dtype("O"),
    }
)
"""The array that holds each datatype."""

_DATATYPES = {dtype: name for name, dtype in DTYPES.items() if name != "BF16"}
_ITEM_BYTES = {name: dtype.itemsize for name, dtype in DTYPES.items()} | {"BF16": 2}
_LENGTH = struct.Struct("<I")
MOST_BYTES = (1 << 32) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """An array with a name; its dtype is that of ``DTYPES[datatype]``.

    Elements of BYTES are ``bytes``. Raises WireError (400) where array and datatype do not agree.
    """

    name: str
    datatype: str
    array: NDArray[Any]
    parameters: Parameters = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.array.dtype != dtype_of(self.datatype):
            raise wrong(
                f"an array of {self.array.dtype} for {self.name!r}",
                f"{self.datatype} in {DTYPES[self.datatype]}",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @classmethod
    def of(cls, name: str, array: NDArray[Any], parameters: Parameters = NONE) -> "Tensor":
        """The array under the datatype that fits; text becomes UTF-8 in BYTES.

        >>> Tensor.of("x", np.zeros((2, 3), np.float32)).datatype
        'FP32'
        """
        if array.dtype.kind in "SUO":
            return cls(name, "BYTES", _objects(array), parameters)
        if array.dtype.name == "bfloat16":  # of ml_dtypes, which this need not import
            return cls(name, "BF16", array.astype("<f4"), parameters)
        plain = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if plain.dtype not in _DATATYPES:
            raise wrong(f"an array of {array.dtype} for {name!r}", "numbers, booleans or bytes")
        return cls(name, _DATATYPES[plain.dtype], plain, parameters)


def dtype_of(datatype: str) -> np.dtype[Any]:
    """Raises WireError (400) for a datatype that the protocol has not."""
    try:
        return DTYPES[datatype]
    except (KeyError, TypeError):
        raise wrong(f"the datatype {datatype!r}", f"one of {', '.join(DTYPES)}") from None


def checked_shape(name: str, shape: Any, limits: Limits = DEFAULT) -> tuple[int, ...]:
    """Dimensions that are whole, not negative, few, and whose product cannot overflow."""
    if not isinstance(shape, list | tuple) or len(shape) > limits.rank:
        raise wrong(f"no shape of {name!r}", f"a list of at most {limits.rank} whole numbers")
    if any(type(each) is not int or not 0 <= each < 1 << 63 for each in shape):
        raise wrong(f"a dimension of {name!r} that is none", "whole numbers from 0 to 2^63")
    if prod(each for each in shape if each) > limits.body_bytes:
        found = f"the shape {list(shape)} of {name!r}"
        raise wrong(found, f"at most {limits.body_bytes} elements", status=413)
    return tuple(shape)


def to_chunk(tensor: Tensor) -> Chunk:
    """The tensor's bytes; without a copy where its array lies in order."""
    if tensor.datatype == "BYTES":
        return _joined(tensor)
    array = np.ascontiguousarray(tensor.array)
    if tensor.datatype == "BF16":
        array = (array.view("<u4") >> 16).astype("<u2")
    return array.reshape(-1).view(np.uint8).data if array.size else b""


def from_chunk(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    chunk: Chunk,
    *,
    parameters: Parameters = NONE,
    limits: Limits = DEFAULT,
) -> Tensor:
    """The tensor again, read-only, over the same memory where that is aligned.

    Raises WireError (400) for bytes that are not of that shape.
    """
    dtype, count = dtype_of(datatype), prod(shape)
    if datatype == "BYTES":
        return Tensor(name, datatype, _split(name, chunk, count, limits).reshape(shape), parameters)
    if len(chunk) != count * _ITEM_BYTES[datatype]:
        raise wrong(
            f"{len(chunk)} bytes for {name!r}",
            f"{count * _ITEM_BYTES[datatype]}: {datatype} of shape {list(shape)}",
        )
    if datatype == "BF16":
        array = (np.frombuffer(chunk, "<u2").astype("<u4") << 16).view("<f4")
    elif datatype == "BOOL":
        array = _booleans(name, np.frombuffer(chunk, np.uint8))
    else:
        array = np.frombuffer(chunk, dtype)
    if not array.flags.aligned:
        array = array.copy()
    array.setflags(write=False)
    return Tensor(name, datatype, array.reshape(shape), parameters)


def objects(elements: list[bytes], shape: tuple[int, ...]) -> NDArray[Any]:
    """Byte strings as an array of that shape."""
    array = np.empty(len(elements), np.object_)
    array[:] = elements
    return array.reshape(shape)


def _objects(array: NDArray[Any]) -> NDArray[Any]:
    elements = [each.encode() if isinstance(each, str) else each for each in array.ravel().tolist()]
    return objects(elements, array.shape)


def _joined(tensor: Tensor) -> bytes:
    parts: list[bytes] = []
    for element in tensor.array.ravel().tolist():
        if not isinstance(element, bytes) or len(element) > MOST_BYTES:
            raise wrong(f"{type(element).__name__} in {tensor.name!r}", "bytes, below 4 GB each")
        parts += (_LENGTH.pack(len(element)), element)
    return b"".join(parts)


def _split(name: str, chunk: Chunk, count: int, limits: Limits) -> NDArray[Any]:
    if count > limits.items:
        raise wrong(f"{count} elements of {name!r}", f"at most {limits.items}", status=413)
    elements, place, end = [], 0, len(chunk)
    for _ in range(count):
        start = place + _LENGTH.size
        if start > end:
            break
        place = start + _LENGTH.unpack_from(chunk, place)[0]
        if place > end:
            break
        elements.append(bytes(chunk[start:place]))
    if len(elements) != count or place != end:
        raise wrong(
            f"{end} bytes for {name!r} that do not hold {count} elements exactly",
            "each element after its length in four bytes, little-endian",
        )
    return objects(elements, (count,))


def _booleans(name: str, array: NDArray[np.uint8]) -> NDArray[np.bool_]:
    if array.size and array.max() > 1:
        raise wrong(f"the byte {array.max()} in {name!r}", "0 or 1 in BOOL")
    return array.view(np.bool_)
