"""Tensors that travel smaller than they are: what a sender may do to them, and how that is undone.

A coded tensor is a BYTES tensor whose parameters say what it was: ``content-coding``,
``content-datatype`` and ``content-shape``. So a server that knows none of this refuses it, by its
datatype. A server announces each coding that it knows as an extension; a request asks for coded
outputs with the parameter ``accept-coding``, in order of preference. Nothing is unfolded before
its size is known and allowed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.errors import VedetteError
from vedette.models.numbers import Number
from vedette.models.pictured import PictureCodec, Pictured
from vedette.models.wire.errors import WireError, wrong
from vedette.models.wire.messages import RequestedOutput
from vedette.models.wire.tensor import DTYPES, Parameters, Tensor, checked_shape

CODING = "content-coding"
DATATYPE = "content-datatype"
SHAPE = "content-shape"
ACCEPT = "accept-coding"
_OURS = frozenset({CODING, DATATYPE, SHAPE})
_NUMBERS = frozenset(DTYPES) - {"BYTES", "BF16", "BOOL"}
MOST_BYTES = 64 << 20
"""What the tensors of one message may unfold to, together."""


class Coding(Protocol):
    """One way to write an array. Rows do not depend on the rows after them."""

    def encode(self, array: NDArray[Any]) -> list[bytes] | None:
        """The parts that travel, or None for an array that this coding cannot hold."""
        ...

    def decode(
        self, parts: Sequence[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """A new array of just this type and shape. Raises VedetteError before it allocates more."""
        ...


Codings = Mapping[str, Coding]

TENSORS: Mapping[str, Number] = {
    "fp16": Number("fp16"),
    "int8": Number("int8"),
    "zstd": Number("same", is_folded=True),
    "fp16+zstd": Number("fp16", is_folded=True),
    "int8+zstd": Number("int8", is_folded=True),
}
"""Codings of any tensor. ``fp16`` and ``int8`` are for floats; ``zstd`` alone loses nothing."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a coded tensor says that it is."""

    coding: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        """Of the array that it unfolds to."""
        return prod(self.shape) * DTYPES[self.datatype].itemsize


def codings(pictures: Mapping[str, PictureCodec] | None = None) -> Codings:
    """All that this machine can undo: those of tensors, and of pictures by each given codec.

    Without the library zstandard (extra ``serve``) those that need it are missing.
    """
    usable = {name: each for name, each in TENSORS.items() if each.is_available()}
    return {**usable, **{name: Pictured(codec) for name, codec in (pictures or {}).items()}}


def extensions(known: Codings) -> tuple[str, ...]:
    """What a server's metadata says of the codings that it knows.

    >>> extensions({"fp16": TENSORS["fp16"]})
    ('content-coding:fp16',)
    """
    return tuple(f"{CODING}:{name}" for name in known)


def agreed(wanted: Sequence[str], announced: Sequence[str]) -> str | None:
    """The first wanted coding that a server announced, or None: send it plain.

    >>> agreed(["webp", "jpeg"], ["model_repository", "content-coding:jpeg"])
    'jpeg'
    """
    return next((name for name in wanted if f"{CODING}:{name}" in announced), None)


def accepted(asked: Parameters | RequestedOutput, known: Codings) -> str | None:
    """The coding that a request's (or one output's) ``accept-coding`` asks for, None for plain.

    Raises WireError (400) where it names codings and none is known.
    """
    parameters = asked.parameters if isinstance(asked, RequestedOutput) else asked
    wanted = parameters.get(ACCEPT)
    if wanted is None:
        return None
    names = [name.strip() for name in wanted.split(",")] if isinstance(wanted, str) else []
    for name in names:
        if name in known:
            return name
    raise _unknown(ACCEPT, wanted, known)


def coded(tensor: Tensor, name: str, known: Codings) -> Tensor:
    """The tensor as it travels. What a coding cannot hold, without doubt, travels as it is.

    That is what is no float, or no picture, or has numbers that are not finite or too large.
    """
    if name not in known:
        raise _unknown(CODING, name, known)
    if tensor.datatype not in _NUMBERS or not tensor.array.size:
        return tensor
    parts = known[name].encode(tensor.array)
    if parts is None:
        return tensor
    shape = ",".join(map(str, tensor.shape))
    said = {CODING: name, DATATYPE: tensor.datatype, SHAPE: shape}
    return Tensor(tensor.name, "BYTES", np.array(parts, object), {**tensor.parameters, **said})


def content(tensor: Tensor, known: Codings) -> Content | None:
    """What a tensor says of itself, None where it travels as it is.

    For whoever holds it against a model's metadata before anything is undone. Raises WireError.
    """
    parameters = tensor.parameters
    name = parameters.get(CODING)
    if name is None:
        return None
    if not isinstance(name, str) or name not in known:
        raise _unknown(CODING, name, known)
    datatype, said = parameters.get(DATATYPE), parameters.get(SHAPE)
    if datatype not in _NUMBERS:
        raise wrong(f"the {DATATYPE} {str(datatype)[:40]!r}", "a datatype of numbers")
    if tensor.datatype != "BYTES" or tensor.array.ndim != 1:
        axes = tensor.array.ndim
        raise wrong(f"a coded tensor of {tensor.datatype} with {axes} axes", "a list of BYTES")
    if not all(isinstance(part, bytes) for part in tensor.array):
        raise wrong("a coded tensor with text", "bytes")
    return Content(name, str(datatype), _shape(tensor.name, said))


def unfolded_bytes(
    tensors: Sequence[Tensor], known: Codings, *, most_bytes: int = MOST_BYTES
) -> int:
    """What the coded ones among them unfold to, by what they say. Raises WireError (400, 413)."""
    said = [content(tensor, known) for tensor in tensors]
    total = sum(each.size_bytes for each in said if each)
    if total > most_bytes:
        raise wrong(
            f"tensors that unfold to {total:,} bytes",
            f"at most {most_bytes:,}",
            "fewer rows in a request",
            status=413,
        )
    return total


def plain(
    tensors: Sequence[Tensor], known: Codings, *, most_bytes: int = MOST_BYTES
) -> tuple[Tensor, ...]:
    """The tensors of one message as they were before their codings.

    All are checked before one is undone: together they unfold to at most ``most_bytes``. Raises
    WireError (400, or 413 for too much).
    """
    unfolded_bytes(tensors, known, most_bytes=most_bytes)
    said = [content(tensor, known) for tensor in tensors]
    return tuple(
        tensor if each is None else _undone(tensor, each, known[each.coding])
        for tensor, each in zip(tensors, said, strict=True)
    )


def _undone(tensor: Tensor, said: Content, coding: Coding) -> Tensor:
    parts = tensor.array.tolist()
    try:
        array = coding.decode(parts, DTYPES[said.datatype], said.shape)
    except WireError:
        raise
    except VedetteError as error:
        raise WireError(400, error.problems[0]) from None
    kept = {name: value for name, value in tensor.parameters.items() if name not in _OURS}
    return Tensor(tensor.name, said.datatype, array, kept)


def _shape(name: str, said: Any) -> tuple[int, ...]:
    """The numbers of "1,3,416,416", none of them 0: nothing needs no coding."""
    texts = said.split(",") if isinstance(said, str) and len(said) < 200 else []
    if not texts or not all(text.isascii() and text.isdigit() for text in texts):
        raise wrong(f"the {SHAPE} {str(said)[:40]!r}", "whole numbers, as in 1,3,416,416")
    shape = checked_shape(name, [int(text) for text in texts])
    if not prod(shape):
        raise wrong(f"the {SHAPE} {said!r}", "at least one element")
    return shape


def _unknown(what: str, found: Any, known: Codings) -> WireError:
    listing = ", ".join(known) or "none"
    return wrong(f"the {what} {str(found)[:60]!r}", f"one of {listing}", "sending it plain")
