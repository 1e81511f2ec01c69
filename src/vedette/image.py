"""Pixels as they are handed on: pictures, what a model wants to see, tiles, and change.

Everything here is a pure function of arrays. How many threads OpenCV uses is the business of
whoever runs the workers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from vedette.errors import MediaError, Problem
from vedette.types.media import Frame, Picture, Pixels, Region

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of a picture."""

TILE_SHARE = 0.6
THUMBNAIL_SIDE = 50
PATCH_SIDE = 50
PATCH_MARGIN = 0.25
"""Of a zone's width and height, added on each side of what a specialised model sees."""
_READ = 4 * THUMBNAIL_SIDE
_AREA_FROM = 3.0  # bilinear costs a tenth of area averaging, and aliases little below this


class ArrayPicture:
    """A picture of (height, width, 3) BGR bytes that are in memory already.

    The array must not change while the picture is in use.
    """

    __slots__ = ("_luma", "_pixels", "_sizes")

    def __init__(self, pixels: Pixels) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise MediaError(
                Problem(
                    f"an array of {pixels.dtype} and shape {pixels.shape}",
                    "a picture: uint8 of shape (height, width, 3), blue first",
                    "cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) for a grey picture",
                )
            )
        self._pixels = _locked(pixels)
        self._sizes: dict[tuple[int, int], Pixels] = {}
        self._luma: Pixels | None = None

    @property
    def width(self) -> int:
        return int(self._pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self._pixels.shape[0])

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        """Read-only (height, width, 3), each size resized once; its own size by default."""
        size = (width or self.width, height or self.height)
        if size == (self.width, self.height):
            return self._pixels
        if size not in self._sizes:
            self._sizes[size] = _locked(resized(self._pixels, *size))
        return self._sizes[size]

    def luma(self) -> Pixels:
        """Read-only (height, width), full range, converted once."""
        if self._luma is None:
            self._luma = _locked(
                np.asarray(cv2.cvtColor(self._pixels, cv2.COLOR_BGR2GRAY), np.uint8)
            )
        return self._luma

    def __reduce__(self) -> tuple[type["ArrayPicture"], tuple[Pixels]]:
        return ArrayPicture, (np.ascontiguousarray(self._pixels),)


class CutPicture:
    """A rectangle of another picture, as views of the arrays that the other one converts."""

    __slots__ = ("_box", "_pixels", "_whole")

    def __init__(self, whole: Picture, box: Box) -> None:
        self._whole = whole
        self._box = box
        self._pixels: ArrayPicture | None = None

    @property
    def width(self) -> int:
        return self._box[2] - self._box[0]

    @property
    def height(self) -> int:
        return self._box[3] - self._box[1]

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        """Read-only (height, width, 3); cut first, so nothing outside bleeds in."""
        if self._pixels is None:
            self._pixels = ArrayPicture(self._cut(self._whole.bgr()))
        return self._pixels.bgr(width, height)

    def luma(self) -> Pixels:
        """Read-only (height, width)."""
        return self._cut(self._whole.luma())

    def _cut(self, pixels: Pixels) -> Pixels:
        x0, y0, x1, y1 = self._box
        return pixels[y0:y1, x0:x1]

    def __reduce__(self) -> tuple[type[ArrayPicture], tuple[Pixels]]:
        return ArrayPicture, (np.ascontiguousarray(self.bgr()),)


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """Averaged by area where it shrinks a lot, otherwise bilinear."""
    shrinks = max(pixels.shape[1] / width, pixels.shape[0] / height)
    method = cv2.INTER_AREA if shrinks >= _AREA_FROM else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def corner_boxes(width: int, height: int) -> tuple[Box, Box, Box, Box]:
    """Four overlapping tiles of .6 by .6, one in each corner.

    >>> corner_boxes(640, 360)[3]
    (256, 144, 640, 360)
    """
    w, h = max(1, round(width * TILE_SHARE)), max(1, round(height * TILE_SHARE))
    return (
        (0, 0, w, h),
        (width - w, 0, width, h),
        (0, height - h, w, height),
        (width - w, height - h, width, height),
    )


def cut(frame: Frame, box: Box) -> Frame:
    """The part of a frame inside a box of its picture's pixels; ``region`` says where that is."""
    x0, y0, x1, y1 = frame.region
    across, down = (x1 - x0) / frame.picture.width, (y1 - y0) / frame.picture.height
    region = (x0 + box[0] * across, y0 + box[1] * down, x0 + box[2] * across, y0 + box[3] * down)
    return replace(frame, picture=CutPicture(frame.picture, box), region=region)


def box_of(frame: Frame, region: Region) -> Box | None:
    """The smallest box of the frame's picture that holds a region, or None if they do not meet."""
    x0, y0, x1, y1 = frame.region
    width, height = frame.picture.width, frame.picture.height
    across, down = width / (x1 - x0), height / (y1 - y0)
    left = max(0, int(np.floor((region[0] - x0) * across)))
    top = max(0, int(np.floor((region[1] - y0) * down)))
    right = min(width, int(np.ceil((region[2] - x0) * across)))
    bottom = min(height, int(np.ceil((region[3] - y0) * down)))
    return (left, top, right, bottom) if left < right and top < bottom else None


def thumbnail(frame: Frame) -> Pixels:
    """Read-only (50, 50) luma, averaged by area: what is left when noise is not."""
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    small = cv2.resize(frame.picture.luma(), side, interpolation=cv2.INTER_AREA)
    return _locked(np.asarray(small, np.uint8))


@runtime_checkable
class HasPatches(Protocol):
    """A picture that scales a part of itself without converting the rest."""

    def patch(self, box: Box, side: int) -> Pixels:
        """Read-only (side, side, 3) BGR of a box of its pixels."""
        ...


def around(zone: Sequence[tuple[float, float]] | None, size: tuple[int, int]) -> Region:
    """What a specialised model sees of a zone: its bounding box and a quarter more on each side.

    ``size`` is the source's (width, height), which nothing leaves; all of it where there is no
    zone. A box whose centre lies in the zone reaches beyond it, hence the margin.

    >>> around([(100, 100), (300, 100), (300, 200), (100, 200)], (640, 360))
    (50.0, 75.0, 350.0, 225.0)
    """
    width, height = size
    if zone is None:
        return (0.0, 0.0, float(width), float(height))
    (x0, y0), (x1, y1) = np.min(zone, axis=0).tolist(), np.max(zone, axis=0).tolist()
    across, down = PATCH_MARGIN * (x1 - x0), PATCH_MARGIN * (y1 - y0)
    return (
        max(0.0, x0 - across),
        max(0.0, y0 - down),
        min(float(width), x1 + across),
        min(float(height), y1 + down),
    )


def patch(frame: Frame, region: Region) -> Pixels:
    """Read-only (50, 50, 3) BGR of a region of the source, for a specialised model.

    Learning and running both take their pixels from here, with the region that :func:`around`
    gives, so that a network sees what it was trained on. A decoder's planes are cut and scaled at
    once, the frame is not converted (.05 to .2 CPU ms). Raises MediaError where the frame shows
    nothing of the region.
    """
    box = _box_in(frame, region)
    picture = frame.picture
    if isinstance(picture, HasPatches):
        return picture.patch(box, PATCH_SIDE)
    pixels = picture.bgr()[box[1] : box[3], box[0] : box[2]]
    return _locked(resized(pixels, PATCH_SIDE, PATCH_SIDE))


def planar(patches: Pixels) -> NDArray[np.float32]:
    """(n, 3, side, side) from 0 to 1, as networks take them, of (n, side, side, 3) bytes.

    >>> planar(np.full((1, 2, 2, 3), 255, np.uint8)).shape
    (1, 3, 2, 2)
    """
    return np.ascontiguousarray(patches.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def zone_thumbnail(frame: Frame, region: Region) -> Pixels:
    """Read-only (50, 50) luma of a region in source pixels, for telling whether it changed.

    Large regions are first read at every so many-th pixel, 200 across and 200 down, which costs the
    same at any size. Raises MediaError where the frame shows nothing of the region.
    """
    x0, y0, x1, y1 = _box_in(frame, region)
    plane = frame.picture.luma()[y0:y1, x0:x1]
    if plane.size > _READ * _READ:
        plane = np.asarray(
            cv2.resize(plane, (_READ, _READ), interpolation=cv2.INTER_NEAREST), np.uint8
        )
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return _locked(np.asarray(cv2.resize(plane, side, interpolation=cv2.INTER_AREA), np.uint8))


def difference(one: Pixels, other: Pixels) -> float:
    """Root mean square of the change, from 0 to 1: a small object that moves outweighs a flicker.

    >>> difference(np.zeros((2, 2), np.uint8), np.full((2, 2), 51, np.uint8))
    0.2
    """
    change = np.subtract(one, other, dtype=np.float32)
    return float(np.sqrt(np.mean(np.square(change)))) / 255


def _box_in(frame: Frame, region: Region) -> Box:
    box = box_of(frame, region)
    if box is None:
        raise MediaError(
            Problem(
                f"a region {tuple(round(each) for each in region)} outside the picture",
                f"one that meets {tuple(round(each) for each in frame.region)}",
                "a zone in pixels of the source",
            )
        )
    return box


def _locked(pixels: NDArray[np.uint8]) -> Pixels:
    view = pixels.view()
    view.flags.writeable = False
    return view
