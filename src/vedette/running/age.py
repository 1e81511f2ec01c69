"""Age of information: how old the newest answer is, over all instants."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vedette.running.reservoir import Reservoir

_OVERTAKING = 4096
"""By how many frames an answer may be overtaken for its stream's age to be exact."""


@dataclass(slots=True)
class Age:
    """One stream's age: it rises with time and falls when a newer answer comes.

    It is counted from the stream's start, where it is 0. ``rises`` keeps from what age to what
    age it rose without a break, each time.
    """

    rises: Reservoir = field(default_factory=lambda: Reservoir(2))
    greatest_s: float = 0.0
    _since_s: float = 0.0
    _newest_s: float = 0.0
    _answers: deque[tuple[float, float]] = field(default_factory=deque)

    def answered(self, captured_s: float, answered_s: float) -> None:
        """An answer, in the order of frames; one that a newer one overtook made nothing newer."""
        while self._answers and self._answers[-1][0] >= answered_s:
            self._answers.pop()
        self._answers.append((answered_s, captured_s))
        if len(self._answers) > _OVERTAKING:
            self._rise(*self._answers.popleft())

    def end(self, lasts_s: float) -> None:
        """The stream is over: it rises to its end, or to its last answer."""
        while self._answers:
            self._rise(*self._answers.popleft())
        if lasts_s > self._since_s:
            self._rise(lasts_s, self._newest_s)

    def _rise(self, until_s: float, newest_s: float) -> None:
        low_s, high_s = self._since_s - self._newest_s, until_s - self._newest_s
        self.rises.add(low_s, high_s)
        self.greatest_s = max(self.greatest_s, high_s)
        self._since_s, self._newest_s = until_s, newest_s


def age_of_information(
    ages: Mapping[str, Age], lasts_s: Mapping[str, float]
) -> tuple[float, float]:
    """The 95th percentile and the maximum, over all instants of all streams; ends the ages.

    >>> age = Age()
    >>> age.answered(0.0, 0.5)
    >>> age.answered(1.0, 1.5)
    >>> age_of_information({"a": age}, {"a": 2.0})
    (1.4, 1.5)
    """
    for stream, age in ages.items():
        age.end(lasts_s[stream])
    kept = [(age.rises.rows(), age.rises.seen) for age in ages.values() if age.rises.seen]
    if not kept:
        return 0.0, 0.0
    spans = np.concatenate([rows for rows, _ in kept])
    stands_for = np.concatenate([np.full(len(rows), seen / len(rows)) for rows, seen in kept])
    points = np.unique(spans)
    covered = _total_above(spans[:, 0], stands_for, points)
    covered -= _total_above(spans[:, 1], stands_for, points)
    p95_s = float(np.interp(0.95 * covered[-1], covered, points))
    return p95_s, max(age.greatest_s for age in ages.values())


def _total_above(
    values: NDArray[np.float64], weights: NDArray[np.float64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """For each point, by how much it is above the values below it, summed up with weights."""
    order = np.argsort(values)
    count = np.searchsorted(values[order], points)
    weight: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(weights[order])])[count]
    below: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum((values * weights)[order])])
    return points * weight - below[count]
