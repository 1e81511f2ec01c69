"""Floats in fewer bytes: half precision, 256 levels a channel, and zstd over either.

Byte planes are put side by side before zstd sees them (as Blosc's shuffle does), since the high
bytes of neighbouring floats are alike and the low ones are noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vedette.errors import ModelError, Problem
from vedette.models.wire.errors import wrong

LEVEL = 1
"""zstd's: 3, its default, saves 2% more of a picture's tensor and takes twice the time."""
_HALF_MAX = 65504.0


@dataclass(frozen=True, slots=True)
class Number:
    """A tensor's elements one by one; ``is_folded``: with zstd over the bytes."""

    kind: Literal["same", "fp16", "int8"]
    is_folded: bool = False

    def is_available(self) -> bool:
        """Whether the library that it needs is installed."""
        return not self.is_folded or find_spec("zstandard") is not None

    def encode(self, array: NDArray[Any]) -> list[bytes] | None:
        """One part; None where a number is not finite or too large, or they are no floats."""
        if self.kind == "same":
            raw, item = array.tobytes(), array.itemsize
        elif array.dtype.kind != "f" or not array.ndim:
            return None
        elif self.kind == "fp16":
            if not _is_below(array, _HALF_MAX):
                return None
            raw, item = array.astype("<f2").tobytes(), 2
        else:
            levels = quantised(array, channel_axis(array.shape))
            if levels is None:
                return None
            raw, item = b"".join(levels), 1
        return [_folded(raw, item) if self.is_folded else raw]

    def decode(
        self, parts: Sequence[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """Raises WireError (400) where the bytes are not just those of such an array."""
        count, axis = prod(shape), channel_axis(shape)
        if self.kind != "same" and dtype.kind != "f":
            raise wrong(f"{dtype} in {self.kind}", "floats")
        if len(parts) != 1:
            raise wrong(f"{len(parts)} parts", "one")
        item = {"same": dtype.itemsize, "fp16": 2, "int8": 1}[self.kind]
        sizes = {count * item}
        if self.kind == "int8":
            sizes.add(count + 8 * _scales(shape, axis))
        raw = _unfolded(parts[0], item, sizes) if self.is_folded else parts[0]
        if len(raw) not in sizes:
            raise wrong(f"{len(raw)} bytes for {list(shape)}", f"{min(sizes)}")
        if self.kind == "int8":
            return restored(raw[:-count], raw[-count:], dtype, shape, axis)
        stored = dtype if self.kind == "same" else np.dtype("<f2")
        return np.frombuffer(raw, stored).reshape(shape).astype(dtype, copy=False)


def channel_axis(shape: tuple[int, ...]) -> int | None:
    """The axis whose every entry has a scale of its own in each row; None: one scale a row.

    The shorter of the second axis and the last, which finds the channels of a picture and the
    columns of a table in either order.

    >>> channel_axis((1, 3, 416, 416)), channel_axis((1, 3549, 85)), channel_axis((8, 1000))
    (1, 2, None)
    """
    if len(shape) < 3:
        return None
    return 1 if shape[1] <= shape[-1] else len(shape) - 1


def quantised(array: NDArray[Any], axis: int | None) -> tuple[bytes, bytes] | None:
    """(scales, levels) of floats: each row's channels have 256 levels from lowest to highest.

    A row of whole numbers from 0 to 255, as pixels are, is kept exactly; where all rows are, there
    are no scales. None where a number is not finite, or a span is too wide for float32.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        levels = array.astype(np.uint8)
    rows = len(array)
    is_exact = (levels == array).reshape(rows, -1).all(axis=1)
    if is_exact.all():
        return b"", levels.tobytes()
    if not _is_below(array, float(np.finfo(np.float32).max) / 4):
        return None
    others = tuple(i for i in range(1, array.ndim) if i != axis)
    low = array.min(axis=others, keepdims=True).astype(np.float32)
    step = ((array.max(axis=others, keepdims=True) - low) / 255).astype(np.float32)
    low[is_exact], step[is_exact] = 0, 1
    step[~(step > np.finfo(np.float32).tiny)] = 1  # one value only, or as good as one
    levels = np.clip(np.rint((array - low) / step), 0, 255).astype(np.uint8)
    return np.stack([low, step]).astype("<f4").tobytes(), levels.tobytes()


def restored(
    scales: bytes,
    levels: Any,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    axis: int | None,
) -> NDArray[Any]:
    """What ``quantised`` made, as floats; the lengths of both must be right."""
    plain = np.frombuffer(levels, np.uint8).reshape(shape)
    if not scales:
        return plain.astype(dtype)
    table = np.frombuffer(scales, "<f4").reshape(2, shape[0], -1)
    if not np.isfinite(table).all():
        raise wrong("a scale that is no number", "finite scales")
    each = [1] * len(shape)
    each[0] = shape[0]
    if axis is not None:
        each[axis] = shape[axis]
    found = plain.astype(np.result_type(dtype, np.float32))
    low, step = (part.reshape(each) for part in table)
    with np.errstate(over="ignore"):  # a stranger's scales may be anything
        found *= step
        found += low
        return found.astype(dtype, copy=False)


def scales_bytes(shape: tuple[int, ...], axis: int | None) -> tuple[int, int]:
    """The two lengths that scales can have."""
    return 0, 8 * _scales(shape, axis)


def _scales(shape: tuple[int, ...], axis: int | None) -> int:
    return shape[0] * (shape[axis] if axis is not None else 1)


def _is_below(array: NDArray[Any], bound: float) -> bool:
    return max(-float(array.min()), float(array.max())) <= bound  # False where one is no number


def _folded(raw: bytes, item: int) -> bytes:
    planes = np.frombuffer(raw, np.uint8).reshape(-1, item).T.tobytes() if item > 1 else raw
    folded: bytes = _zstandard().ZstdCompressor(level=LEVEL).compress(planes)
    return folded


def _unfolded(folded: bytes, item: int, sizes: set[int]) -> bytes:
    """The bytes again, if their announced size is one of ``sizes``: nothing else is allocated."""
    zstandard = _zstandard()
    try:
        size = zstandard.get_frame_parameters(folded).content_size
        if size not in sizes:
            found = "no size" if size >= 1 << 63 else f"{size:,} bytes"
            raise wrong(f"zstd that announces {found}", f"{min(sizes):,} bytes")
        raw: bytes = zstandard.ZstdDecompressor().decompress(folded, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise wrong(f"bytes that zstd cannot unfold ({error})", "one zstd frame") from None
    if len(raw) not in sizes:
        raise wrong(f"zstd of {len(raw):,} bytes", f"{min(sizes):,} bytes")
    return np.frombuffer(raw, np.uint8).reshape(item, -1).T.tobytes() if item > 1 else raw


def _zstandard() -> Any:
    try:
        import zstandard  # noqa: PLC0415  # an extra
    except ImportError:
        raise ModelError(
            Problem(
                "a payload coding with zstd, and no zstandard here",
                "zstandard beside Vedette",
                "pip install 'vedette[serve]', or another coding",
            )
        ) from None
    return zstandard
