"""What a model wants to see, sent as pictures: its input's values as bytes, coded by a codec.

The tensor that travels is the prepared one, not the source's frame: it is smaller than most, and a
server need not know how a model's pictures are prepared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.models.numbers import quantised, restored, scales_bytes
from vedette.models.wire.errors import wrong
from vedette.types.media import Pixels


class PictureCodec(Protocol):
    """Pictures of one size as bytes and back, one part each; media's are those of Vedette."""

    def encode(self, pictures: Sequence[Pixels]) -> list[bytes]:
        """Of (height, width, 3) bytes each."""
        ...

    def decode(self, parts: Sequence[bytes], size: tuple[int, int]) -> list[Pixels]:
        """Pictures of just that (width, height). Raises VedetteError before making a larger one."""
        ...


@dataclass(frozen=True, slots=True)
class Pictured:
    """Tensors of (n, 3, height, width) or (n, height, width, 3), floats or bytes.

    The first part holds scales where values are no whole numbers from 0 to 255 already (a network
    that wants 0 to 1), the others a picture each.
    """

    codec: PictureCodec

    def encode(self, array: NDArray[Any]) -> list[bytes] | None:
        axis = _channels(array.shape)
        if axis is None or (array.dtype.kind != "f" and array.dtype != np.uint8):
            return None
        found = (b"", array.tobytes()) if array.dtype == np.uint8 else quantised(array, axis)
        if found is None:
            return None
        scales, levels = found
        pixels = np.frombuffer(levels, np.uint8).reshape(array.shape)
        return [scales, *self.codec.encode(list(_channels_last(pixels, axis)))]

    def decode(
        self, parts: Sequence[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> NDArray[Any]:
        """Raises WireError (400) and what the codec raises."""
        axis = _channels(shape)
        if axis is None or (dtype.kind != "f" and dtype != np.uint8):
            raise wrong(f"pictures for {dtype} of {list(shape)}", "(n, 3, height, width) floats")
        if len(parts) != 1 + shape[0] or len(parts[0]) not in scales_bytes(shape, axis):
            raise wrong(f"{len(parts)} parts for {shape[0]} pictures", "scales, and one each")
        height, width = shape[2:] if axis == 1 else shape[1:3]
        pictures = self.codec.decode(parts[1:], (width, height))
        pixels = np.stack(pictures)
        levels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2) if axis == 1 else pixels)
        if dtype == np.uint8:
            return levels
        return restored(parts[0], levels, dtype, shape, axis)


def _channels(shape: tuple[int, ...]) -> int | None:
    """The axis of the three colours, None where that is no picture."""
    if len(shape) != 4:
        return None
    return next((axis for axis in (1, 3) if shape[axis] == 3), None)


def _channels_last(pixels: Pixels, axis: int) -> Pixels:
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1) if axis == 1 else pixels)
