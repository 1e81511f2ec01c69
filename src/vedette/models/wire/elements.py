"""A tensor's elements as JSON and protobuf list them: each kind checked, nothing rounded unseen."""

from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from vedette.models.wire.errors import wrong
from vedette.models.wire.limits import DEFAULT, Limits
from vedette.models.wire.tensor import NONE, Parameters, Tensor, dtype_of, objects

_KINDS: dict[str, tuple[frozenset[type], str]] = {
    "b": (frozenset({bool}), "true or false"),
    "i": (frozenset({int}), "whole numbers"),
    "u": (frozenset({int}), "whole numbers from 0"),
    "f": (frozenset({int, float}), "finite numbers"),
    "O": (frozenset({str}), "strings"),
}


def to_elements(tensor: Tensor) -> list[Any]:
    """Its elements, rows first, as JSON has them.

    Raises WireError (400) for what JSON cannot say: BF16, NaN and infinity, bytes that are no text.
    """
    array = tensor.array.ravel()
    if tensor.datatype == "BF16":
        raise _binary(tensor.name, "BF16")
    if tensor.datatype == "BYTES":
        try:
            return [str(each, "utf-8") for each in array.tolist()]
        except (UnicodeDecodeError, TypeError):
            raise _binary(tensor.name, "bytes that are no text") from None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _binary(tensor.name, "numbers that are not finite")
    return list(array.tolist())


def from_elements(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    found: Any,
    *,
    parameters: Parameters = NONE,
    limits: Limits = DEFAULT,
) -> Tensor:
    """The tensor of elements out of JSON, flat or nested as the shape says. Raises WireError."""
    dtype = dtype_of(datatype)
    if datatype == "BF16":
        raise _binary(name, "BF16")
    elements = _flat(name, shape, found)
    kinds, expected = _KINDS[dtype.kind]
    if not set(map(type, elements)) <= kinds:
        raise wrong(f"another kind of element in {name!r}", f"{expected} for {datatype}")
    if datatype == "BYTES":
        if len(elements) > limits.items:
            raise wrong(f"{len(elements)} elements of {name!r}", f"at most {limits.items}")
        texts = [each.encode() for each in elements]
        return Tensor(name, datatype, objects(texts, shape), parameters)
    tensor = numbers(name, datatype, shape, elements, parameters=parameters)
    if dtype.kind == "f" and not np.isfinite(tensor.array).all():
        raise wrong(f"a number in {name!r} that {datatype} cannot hold", "finite numbers")
    return tensor


def numbers(
    name: str,
    datatype: str,
    shape: tuple[int, ...],
    elements: Sequence[Any],
    *,
    parameters: Parameters = NONE,
) -> Tensor:
    """The tensor of plain numbers. Raises WireError (400) for what its datatype cannot hold."""
    dtype = dtype_of(datatype)
    try:
        with np.errstate(over="raise"):
            array = np.fromiter(elements, dtype, len(elements))
    except (OverflowError, FloatingPointError, ValueError):
        raise wrong(f"a number in {name!r} that {datatype} cannot hold", datatype) from None
    return Tensor(name, datatype, array.reshape(shape), parameters)


def _flat(name: str, shape: tuple[int, ...], found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise wrong(f"data of {name!r} that is no list", "a list")
    count = prod(shape)
    if len(shape) > 1 and found and isinstance(found[0], list):
        return unnested(name, shape, found)
    if len(found) != count:
        raise wrong(f"{len(found)} elements in {name!r}", f"{count}, of shape {list(shape)}")
    return found


def unnested(name: str, shape: tuple[int, ...], found: list[Any]) -> list[Any]:
    """The elements of lists in lists of that shape, rows first. Raises WireError (400)."""
    level: list[Any] = [found]
    for length in shape:
        if any(not isinstance(each, list) or len(each) != length for each in level):
            raise wrong(f"nested data of {name!r} of another shape", f"{list(shape)}")
        level = list(chain.from_iterable(level))
    return level


def _binary(name: str, found: str) -> Exception:
    return wrong(f"{found} in {name!r}, in JSON", "what JSON can say", "the tensor as binary data")
