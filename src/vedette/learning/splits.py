"""How a recording is split in time, so that what decides has seen nothing that was trained on.

The first part trains, the last selects. Within the training part blocks are held out in turn (cross
fitting), so that every frame of it has a score from a network that has not seen it; where it is too
short for that, a network that has seen the selection part scores it whole. At least a
median event lies between what is trained on and what is scored, and no border cuts a run of yes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vedette.errors import InfeasibleError, InputError, Problem
from vedette.scoring.promise import FEWEST_RUNS, more_runs, runs_of
from vedette.types.graph import Span

TRAINED = 0.6
"""The share of the frames that trains, where runs lie evenly."""
MOST_FOLDS = 4
FEWEST_TRAINED = 2
"""Runs of either answer that a network must have seen."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fold:
    """Frames ``scored`` by a network that was trained on ``trained`` alone."""

    scored: Span
    trained: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Splits:
    """``train`` trains the final network, ``select`` selects; ``folds`` score the train part.

    ``gap`` is the fewest frames between what trains and what is scored, a median event's.
    """

    train: Span
    select: Span
    folds: tuple[Fold, ...]
    gap: int

    @property
    def deciding(self) -> tuple[Span, ...]:
        """The blocks whose scores decide, in time: each fold's, then the selection part."""
        every = (*(each.scored for each in self.folds), self.select)
        return tuple(each for each in every if _length(each))


def split(truth: ArrayLike, fps: float, *, question: str = "the target") -> Splits:
    """Splits the planning part of one recording: ``truth`` (n,) bool, a source frame each.

    Frames count from 0 at the start of that part. ``fps`` tells how long more of it would take.
    Raises InputError where one of both answers never comes, and InfeasibleError (not supportable
    with this data) where there are fewer than 5 runs of either in what decides, or no place for a
    border and its gap.

    >>> parts = split(([False] * 40 + [True] * 10) * 12, 25.0)
    >>> parts.train, parts.select, parts.gap, len(parts.folds)
    (Span(start=0, end=355), Span(start=365, end=600), 10, 4)
    """
    yes = np.asarray(truth, np.bool_)
    _check_both(yes, question)
    runs = runs_of(yes)
    _check_runs(runs.count(), len(yes) / fps / 60)
    gap = max(1, int(np.median(runs.length[runs.answer])))
    train, select = _border(yes, gap)
    folds = _folds(yes[: train.end], gap) or _swapped(yes, train, select)
    if not folds:
        _refuse(len(yes), gap)
    parts = Splits(train, select, folds, gap)
    check_deciding(yes, parts.deciding, fps)
    return parts


def check_deciding(truth: ArrayLike, deciding: Sequence[Span], fps: float) -> None:
    """Raises InfeasibleError unless there are 5 runs of yes and of no in what decides."""
    yes = np.asarray(truth, np.bool_)
    parts = [yes[span.start : span.end] for span in deciding]
    counts = [runs_of(part).count() for part in parts]
    total = sum(count[0] for count in counts), sum(count[1] for count in counts)
    _check_runs(total, sum(map(len, parts)) / fps / 60)


def crossed(truth: ArrayLike) -> Splits | None:
    """Folds over all of a recording that is too short for a selection part; None where none fit.

    Each block is scored by what was trained on the others, a median event away from it.
    """
    yes = np.asarray(truth, np.bool_)
    runs = runs_of(yes)
    gap = max(1, int(np.median(runs.length[runs.answer])))
    folds = _folds(yes, gap)
    return Splits(Span(0, len(yes)), Span(len(yes), len(yes)), folds, gap) if folds else None


def cut(truth: ArrayLike, blocks: int = MOST_FOLDS + 1) -> tuple[Span, ...]:
    """Blocks of about equal length with borders in quiet frames, where nothing is trained.

    >>> [span.end for span in cut(([False] * 40 + [True] * 10) * 12, 3)]
    [200, 400, 600]
    """
    yes = np.asarray(truth, np.bool_)
    places = np.append(_quiet(yes), len(yes))
    wanted = np.arange(1, blocks) * len(yes) / blocks
    inner = {int(places[np.abs(places - each).argmin()]) for each in wanted}
    edges = sorted({0, *inner, len(yes)})
    return tuple(Span(start, end) for start, end in pairwise(edges))


def _check_both(yes: Flags, question: str) -> None:
    if not len(yes):
        raise InputError(Problem("no frame to learn from", "a planning part with frames"))
    if not yes.any():
        raise InputError(
            Problem(
                f"that {question} is in none of the {len(yes)} frames to learn from",
                "frames with it and frames without it",
                "another zone or class, a lower confidence, or a longer planning part",
            )
        )
    if yes.all():
        raise InputError(
            Problem(
                f"that {question} is in all of the {len(yes)} frames to learn from",
                "frames with it and frames without it",
                "a smaller zone, a higher confidence, or a longer planning part",
            )
        )


def _check_runs(counts: tuple[int, int], minutes: float) -> None:
    if min(counts) >= FEWEST_RUNS:
        return
    missing = [
        f"{more_runs(count, minutes)} with {answer}"
        for count, answer in zip(counts, ("yes", "no"), strict=True)
        if count < FEWEST_RUNS
    ]
    raise InfeasibleError(
        Problem(
            f"{counts[0]} runs of yes and {counts[1]} of no in what decides: not supportable with "
            "this data",
            f"{FEWEST_RUNS} of either",
            f"a longer recording: {' and '.join(missing)}; until then, the reference alone",
        )
    )


def _refuse(frames: int, gap: int) -> NoReturn:
    raise InfeasibleError(
        Problem(
            f"{frames} frames with events of {gap}, too few to split: not supportable with this "
            "data",
            "a training and a selection part, with an event's length between them",
            "a recording of twice the length; until then, the reference alone",
        )
    )


def _quiet(yes: Flags) -> NDArray[np.int64]:
    """Where a border may lie: before frames that no run of yes goes on into."""
    inside = yes[1:] & yes[:-1]
    return np.flatnonzero(~inside) + 1


def _border(yes: Flags, gap: int) -> tuple[Span, Span]:
    """The training and the selection part: of the borders with most runs, the nearest to 60%."""
    places = _quiet(yes)
    ends = np.searchsorted(places, places + gap)
    here, after = places[ends < len(places)], places[ends[ends < len(places)]]
    if not len(here):
        _refuse(len(yes), gap)
    before, behind = _runs_until(yes, here), _runs_from(yes, after)
    short = np.zeros(len(here))
    for counts in (before, behind):
        short += np.maximum(0, FEWEST_RUNS - counts).sum(axis=1)
    fit = (before.min(axis=1) >= FEWEST_TRAINED) & (behind.min(axis=1) >= 1)
    if not fit.any():
        _refuse(len(yes), gap)
    away = np.abs(here + gap / 2 - TRAINED * len(yes)) + (after - here - gap)
    best = int(np.lexsort((here, away, short, ~fit))[0])
    return Span(0, int(here[best])), Span(int(after[best]), len(yes))


def _runs_until(yes: Flags, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 2) runs of yes and of no that begin before each place."""
    runs = runs_of(yes)
    starts = (runs.start[runs.answer], runs.start[~runs.answer])
    return np.stack([np.searchsorted(each, places) for each in starts], axis=1)


def _runs_from(yes: Flags, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 2) runs of yes and of no that end after each place."""
    runs = runs_of(yes)
    ends = (runs.end[runs.answer], runs.end[~runs.answer])
    return np.stack([len(each) - np.searchsorted(each, places, "right") for each in ends], axis=1)


def _folds(yes: Flags, gap: int) -> tuple[Fold, ...]:
    """Blocks of about equal length, as many as leave both answers to train on each time."""
    places = np.append(_quiet(yes), len(yes))
    for count in range(MOST_FOLDS, 1, -1):
        wanted = np.arange(1, count) * len(yes) / count
        inner = [int(places[np.abs(places - each).argmin()]) for each in wanted]
        edges = [0, *inner, len(yes)]
        if any(one >= other for one, other in pairwise(edges)):
            continue
        folds = tuple(_fold(Span(start, end), gap, len(yes)) for start, end in pairwise(edges))
        if all(_is_enough(yes, each.trained) for each in folds):
            return folds
    return ()


def _swapped(yes: Flags, train: Span, select: Span) -> tuple[Fold, ...]:
    """Where the training part is too short to be cut: what saw the selection part scores it."""
    enough = _is_enough(yes, [train]) and _is_enough(yes, [select])
    return (Fold(train, (select,)),) if enough else ()


def _fold(scored: Span, gap: int, frames: int) -> Fold:
    assert scored.end is not None
    before, after = Span(0, scored.start - gap), Span(scored.end + gap, frames)
    return Fold(scored, tuple(each for each in (before, after) if _length(each) > 0))


def _length(span: Span) -> int:
    return (span.end or 0) - span.start


def _is_enough(yes: Flags, spans: Sequence[Span]) -> bool:
    counts = [runs_of(yes[each.start : each.end]).count() for each in spans]
    return all(sum(count[side] for count in counts) >= FEWEST_TRAINED for side in (0, 1))
