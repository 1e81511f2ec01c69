"""A folder of pictures as a source: the sorted names are the order, a rate makes the time."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.jpeg import decode_picture
from vedette.media.problems import media_error
from vedette.media.tracks import Note, Shot
from vedette.media.upright import UPRIGHT, Turn
from vedette.types.media import Pixels

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


class Folder:
    """The pictures in a folder; what is no picture is skipped and counted."""

    live = False
    can_seek = False

    def __init__(self, path: Path, note: Note, *, rate: Fraction, turn: Turn = UPRIGHT) -> None:
        self.rate, self._turn = rate, turn
        self._note = note
        self._paths = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        self.declared = len(self._paths)
        first = next((found for found in map(self._read, self._paths) if found is not None), None)
        if first is None:
            raise media_error(
                path,
                f"a folder without a readable picture ({self.declared} have a picture's name)",
                f"files that end in {', '.join(sorted(SUFFIXES))}",
                "the folder that holds the pictures themselves",
            )
        self.size = (first.shape[1], first.shape[0])

    def shots(self, key_pts: int | None = None) -> Iterator[Shot] | None:
        """One pass; there are no keyframes to begin at."""
        return self._shots() if key_pts is None else None

    def close(self) -> None:
        """Nothing stays open."""

    def _shots(self) -> Iterator[Shot]:
        count = 0
        for path in self._paths:
            pixels = self._read(path)
            if pixels is None:
                self._note("skipped", f"{path.name} is not a picture that can be read", 1)
                continue
            yield Shot(ArrayPicture(self._sized(pixels)), count / self.rate)
            count += 1

    def _read(self, path: Path) -> Pixels | None:
        try:
            pixels = decode_picture(path.read_bytes())
        except (MediaError, OSError):
            return None
        return np.ascontiguousarray(self._turn.applied(pixels))

    def _sized(self, pixels: Pixels) -> Pixels:
        if (pixels.shape[1], pixels.shape[0]) == self.size:
            return pixels
        found = f"{pixels.shape[1]}x{pixels.shape[0]}"
        self._note("resolution", f"{found} is scaled to the first size", 1)
        return np.asarray(cv2.resize(pixels, self.size, interpolation=cv2.INTER_AREA), np.uint8)
