"""What frames take that go through a model together, in one pass."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_SHARE = 100.0


@dataclass(frozen=True, slots=True)
class Passes:
    """A frame's share of CPU time in a pass of several, over what it takes alone.

    ``share[i]`` is that of a pass of ``rows[i]`` frames. ``rows`` grow from 1, whose share is 1;
    the last is the most that one pass takes.
    """

    rows: tuple[int, ...]
    share: tuple[float, ...]

    @property
    def is_sound(self) -> bool:
        """Whether it is what measuring could have found."""
        grows = all(a < b for a, b in pairwise(self.rows))
        starts = self.rows[:1] == (1,) and self.share[:1] == (1.0,)
        known = all(0 < share <= MOST_SHARE for share in self.share)
        return starts and grows and known and len(self.rows) == len(self.share)

    @property
    def most(self) -> int:
        return self.rows[-1]

    def share_at(self, rows: ArrayLike) -> NDArray[np.float64]:
        """The share in passes of ``rows`` frames, on average where that is no whole number.

        Between what was measured it is a straight line over 1 / rows, as of a pass that takes some
        time whatever is in it, and then as much for each frame.

        >>> passes = Passes((1, 2, 4), (1.0, 0.6, 0.4))
        >>> passes.share_at([1, 2, 3, 9]).round(3).tolist()
        [1.0, 0.6, 0.467, 0.4]
        """
        inverse = 1 / np.asarray(self.rows[::-1], float)
        found: NDArray[np.float64] = np.interp(
            1 / np.asarray(rows, float), inverse, self.share[::-1]
        )
        return found

    def while_it_pays(self) -> "Passes":
        """The same, up to the size of the least share: larger passes only take longer.

        >>> Passes((1, 2, 4), (1.0, 0.9, 1.1)).while_it_pays().rows
        (1, 2)
        """
        return self.up_to(self.rows[self.share.index(min(self.share))])

    def up_to(self, most: int) -> "Passes":
        """The same, of no more than ``most`` frames.

        >>> Passes((1, 2, 4), (1.0, 0.6, 0.4)).up_to(3).rows
        (1, 2, 3)
        """
        rows = (*(each for each in self.rows if each < most), min(most, self.most))
        return Passes(rows, tuple(self.share_at(rows).tolist()))
