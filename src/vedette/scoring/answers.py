"""Answers: is a yes or no right at every source frame, yes and no counted apart.

Where a yes is rare, a plan that always says no is nearly always right. So there are two shares, and
the smaller of them is what counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vedette.scoring.intervals import share
from vedette.types.figures import Score
from vedette.types.media import Columns
from vedette.types.profile import Trace


@dataclass(frozen=True, eq=False, slots=True)
class Answers(Columns):
    """A stream's answer at every source frame, in order: (n,) numbers, times in seconds, yes."""

    stream: str
    frame: NDArray[np.int32]
    time_s: NDArray[np.float64]
    yes: NDArray[np.bool_]

    def at(self, frame: NDArray[np.int32]) -> NDArray[np.bool_]:
        """The last answer up to each frame; no before the first."""
        last = np.searchsorted(self.frame, frame, "right") - 1
        return np.asarray((last >= 0) & self.yes[last]) if len(self.frame) else frame < 0


def answers(trace: Trace) -> Iterator[Answers]:
    """What a trace says in each stream that it has frames of.

    A frame with a row of tracks is a yes; one that was not analysed has the answer of the last that
    was, and is a no before the first.
    """
    for number, stream in enumerate(trace.streams):
        rows = np.flatnonzero(trace.stream == number)
        if not len(rows):
            continue
        rows = rows[np.argsort(trace.frame[rows], kind="stable")]
        frame, analysed = trace.frame[rows], trace.analysed[rows]
        seen = trace.tracks.frame[_of(trace, stream)]
        looked = frame[analysed]
        said = Answers(stream, looked, trace.time_s[rows][analysed], np.isin(looked, seen))
        yield Answers(stream, frame, trace.time_s[rows], said.at(frame))


def answer_score(reference: Trace, answer: Trace) -> Score:
    """``recall``: of the reference's yes frames those answered yes; ``precision``: of its no frames
    those answered no. ``runs`` are the reference's runs of yes and of no.

    These are 1 - the false negative rate and 1 - the false positive rate. Of a labelled stream only
    the frames that its labels cover count.
    """
    given = {each.stream: each for each in answers(answer)}
    hits, totals, runs = np.zeros(2, int), np.zeros(2, int), np.zeros(2, int)
    for wanted in answers(reference):
        ours = given.get(wanted.stream)
        yes = np.zeros(len(wanted.frame), np.bool_) if ours is None else ours.at(wanted.frame)
        for kind, here in enumerate((~wanted.yes, wanted.yes)):
            hits[kind] += (here & (yes == wanted.yes)).sum()
            totals[kind] += here.sum()
            runs[kind] += runs_of(here)
    precision, recall = (share(*map(int, each)) for each in zip(hits, totals, strict=True))
    return Score("answers", precision, recall, runs=(int(runs[1]), int(runs[0])))


def runs_of(yes: NDArray[np.bool_]) -> int:
    """How many runs of yes there are.

    >>> runs_of(np.array([True, True, False, True]))
    2
    """
    return int(yes[:1].sum() + (np.diff(yes.astype(np.int8)) == 1).sum())


def _of(trace: Trace, stream: str) -> NDArray[np.bool_]:
    names = trace.tracks.streams
    number = names.index(stream) if stream in names else -1
    return np.asarray(trace.tracks.stream == number)
