"""What a specialised model learns from: patches of a zone, and the reference's answers to them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vedette import image
from vedette.errors import InfeasibleError, InputError, Problem
from vedette.types.media import Columns, Frame, Pixels, Region

LEAST_OF_EACH = 20
"""Samples of yes and of no, without which nothing is trained."""

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Samples(Columns):
    """One row a labelled source frame, in the order of time.

    ``pixels`` (n, 50, 50, 3) uint8 BGR as :func:`vedette.image.patch` cuts them; ``labels`` (n,)
    bool, the reference's answers; ``frames`` (n,) int64, positions in the decoder's output;
    ``blocks`` (n,) int32, stretches of time between which something was left out. Raises
    InputError where they do not fit together, or a frame number does not grow within its block.
    """

    pixels: Pixels
    labels: NDArray[np.bool_]
    frames: NDArray[np.int64]
    blocks: NDArray[np.int32]

    def __post_init__(self) -> None:
        _check(self)
        Columns.__post_init__(self)

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: Indices) -> "Samples":
        """Some of the rows."""
        return Samples(self.pixels[rows], self.labels[rows], self.frames[rows], self.blocks[rows])

    def digest(self) -> str:
        """What the samples are, in 64 hexadecimal digits."""
        found = hashlib.sha256()
        for array in (self.pixels, self.labels, self.frames, self.blocks):
            found.update(f"{array.dtype}{array.shape}".encode())
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()


def collected(
    frames: Iterable[Frame],
    region: Region,
    labels: Sequence[bool] | NDArray[np.bool_],
    blocks: NDArray[np.int32] | None = None,
) -> Samples:
    """The samples of frames of one source, as many as there are ``labels``, cut at ``region``.

    One block where none are given. Raises InputError where there are more or fewer frames, and
    MediaError where the region is not in the picture.
    """
    numbers: list[int] = []
    pixels = np.empty((len(labels), image.PATCH_SIDE, image.PATCH_SIDE, 3), np.uint8)
    for frame in frames:
        if len(numbers) < len(labels):
            pixels[len(numbers)] = image.patch(frame, region)
        numbers.append(frame.key.frame)
    if len(numbers) != len(labels):
        raise _unfit(f"{len(numbers)} frames and {len(labels)} labels", "a label for every frame")
    return Samples(
        pixels,
        np.array(labels, np.bool_),
        np.array(numbers, np.int64),
        np.zeros(len(numbers), np.int32) if blocks is None else blocks,
    )


def ensure_trainable(labels: NDArray[np.bool_], what: str = "the samples") -> None:
    """Raises InfeasibleError unless there are enough of both answers to learn from."""
    yes, no = int(labels.sum()), int((~labels).sum())
    if min(yes, no) < LEAST_OF_EACH:
        rare = "yes" if yes < no else "no"
        raise InfeasibleError(
            Problem(
                f"{yes} yes and {no} no among {what}",
                f"{LEAST_OF_EACH} or more of each, to train a model on",
                f"a longer part to learn from, with more frames answered {rare}, or another zone "
                "or class",
            )
        )


def _check(samples: Samples) -> None:
    side, count = image.PATCH_SIDE, len(samples.labels)
    pixels = samples.pixels
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise _unfit("pixels that are not numbers (NaN or infinite)", "bytes from 0 to 255")
    if pixels.dtype != np.uint8 or pixels.shape != (count, side, side, 3):
        raise _unfit(
            f"pixels of {pixels.dtype} and shape {pixels.shape} for {count} labels",
            f"uint8 of shape ({count}, {side}, {side}, 3)",
        )
    for name, array, kind in (
        ("labels", samples.labels, "b"),
        ("frames", samples.frames, "i"),
        ("blocks", samples.blocks, "i"),
    ):
        if array.shape != (count,) or array.dtype.kind != kind:
            raise _unfit(
                f"{name} of {array.dtype} and shape {array.shape}",
                f"{'true or false' if kind == 'b' else 'whole numbers'} of shape ({count},)",
            )
    within = np.diff(samples.blocks) == 0
    if (np.diff(samples.frames)[within] <= 0).any():
        raise _unfit("frame numbers that do not grow", "samples in the order of time")


def _unfit(found: str, expected: str) -> InputError:
    return InputError(Problem(found, expected, "samples as learning.dataset.collected makes them"))
