"""Age of information: how old the newest answer is, over all instants."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vedette.running.tally import Passed


def age_of_information(
    passed: Sequence[Passed], lasts_s: Mapping[str, float]
) -> tuple[float, float]:
    """The 95th percentile and the maximum, over all instants of all streams.

    A stream's age rises with time and falls when a newer answer comes. It is counted from the
    stream's start, where it is 0, to its end or to its last answer.

    >>> frames = [Passed("a", n, n, n, n + 0.5, is_analysed=True) for n in (0.0, 1.0)]
    >>> age_of_information(frames, {"a": 2.0})
    (1.4, 1.5)
    """
    spans = np.array(
        [span for stream in lasts_s for span in _rises(passed, stream, lasts_s[stream])]
    )
    if not len(spans):
        return 0.0, 0.0
    low, high = spans[:, 0], spans[:, 1]
    points = np.unique(spans)
    covered = _total_above(low, points) - _total_above(high, points)
    return float(np.interp(0.95 * covered[-1], covered, points)), float(high.max())


def _total_above(values: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each point, by how much it is above the values below it, summed up."""
    ordered = np.sort(values)
    count = np.searchsorted(ordered, points)
    below: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(ordered)])[count]
    return points * count - below


def _rises(passed: Sequence[Passed], stream: str, lasts_s: float) -> Iterator[tuple[float, float]]:
    """From what age to what age a stream's age rises without a break, each time."""
    answers = sorted(
        (each.answered_s, each.captured_s)
        for each in passed
        if each.stream == stream and each.is_analysed and each.answered_s is not None
    )
    since_s = newest_s = 0.0
    for answered_s, captured_s in answers:
        if captured_s < newest_s:
            continue
        yield since_s - newest_s, answered_s - newest_s
        since_s, newest_s = answered_s, captured_s
    if lasts_s > since_s:
        yield since_s - newest_s, lasts_s - newest_s
