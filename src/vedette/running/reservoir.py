"""Many numbers in bounded memory: all of them while there are few, then an even sample."""

from array import array
from random import Random

import numpy as np
from numpy.typing import NDArray

MOST = 1 << 17


class Reservoir:
    """Rows of ``width`` numbers: every one up to ``most``, then as many, evenly drawn.

    Of 131,072 drawn rows a 95th percentile is off by some .06 percentage points of rank.
    The same rows give the same sample.
    """

    def __init__(self, width: int = 1, most: int = MOST) -> None:
        self.seen = 0
        self._width, self._most = width, most
        self._numbers, self._random = array("d"), Random(0)  # noqa: S311  # no secret

    def add(self, *row: float) -> None:
        self.seen += 1
        if self.seen <= self._most:
            self._numbers.extend(row)
            return
        place = self._random.randrange(self.seen)
        if place < self._most:
            start = place * self._width
            self._numbers[start : start + self._width] = array("d", row)

    def rows(self) -> NDArray[np.float64]:
        """What is kept, (rows, width)."""
        return np.array(self._numbers, np.float64).reshape(-1, self._width)
