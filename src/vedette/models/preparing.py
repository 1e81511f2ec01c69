"""What a model wants to see: a picture's pixels resized, padded, reordered and scaled."""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vedette.types.media import Picture

Colours = Literal["bgr", "rgb"]
Fill = Literal["letterbox", "stretch"]
Layout = Literal["nchw", "nhwc"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preparation:
    """By default as YOLOX wants it: blue first, 0 to 255, proportions kept, padded with 114.

    A pixel's 0 to 255 becomes ``range``, then loses ``mean`` and is divided by ``std``, both in
    the order of ``colours``. ``pad`` is a pixel's value, from 0 to 255.
    """

    colours: Colours = "bgr"
    range: tuple[float, float] = (0.0, 255.0)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pad: float = 114.0
    fit: Fill = "letterbox"

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """Each channel's (factor, offset), so that it is factor x pixel + offset."""
        low, high = self.range
        scale = (high - low) / 255
        return tuple((scale / s, (low - m) / s) for m, s in zip(self.mean, self.std, strict=True))


def prepared(
    picture: Picture,
    width: int,
    height: int,
    preparation: Preparation,
    *,
    layout: Layout = "nchw",
    dtype: Any = np.float32,
) -> tuple[NDArray[Any], tuple[int, int]]:
    """One picture as a batch of one, and the (width, height) that it fills from the top left.

    (1, 3, height, width), or (1, height, width, 3) with ``layout`` "nhwc".
    """
    used = _used(picture, width, height) if preparation.fit == "letterbox" else (width, height)
    batch = np.empty((1, 3, height, width) if layout == "nchw" else (1, height, width, 3), dtype)
    planes = batch[0] if layout == "nchw" else batch[0].transpose(2, 0, 1)
    channels = cv2.split(picture.bgr(*used))
    if preparation.colours == "rgb":
        channels = channels[::-1]
    for target, pixels, (factor, offset) in zip(planes, channels, preparation.steps, strict=True):
        background = preparation.pad * factor + offset
        target[used[1] :] = background
        target[: used[1], used[0] :] = background
        inside = target[: used[1], : used[0]]
        if (factor, offset) == (1.0, 0.0):
            inside[:] = pixels
        else:
            inside[:] = _scaled(factor, offset)[pixels]
    return batch, used


def _scaled(factor: float, offset: float) -> NDArray[np.float32]:
    """What each of the 256 values becomes: a look-up is quicker than arithmetic on each pixel."""
    return (np.arange(256) * factor + offset).astype(np.float32)


def _used(picture: Picture, width: int, height: int) -> tuple[int, int]:
    scale = min(width / picture.width, height / picture.height)
    return max(1, int(picture.width * scale + 1e-6)), max(1, int(picture.height * scale + 1e-6))
