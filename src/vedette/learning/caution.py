"""What makes a cascade hold on frames that nobody has seen: margins, and a rehearsal of choosing.

Thresholds that are just right where they were chosen are wrong elsewhere. A margin moves them apart
and leaves part of the promise unspent; how much it takes is found by choosing again without each
block of time in turn, and counting what goes wrong in the block left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vedette.planning.cascade_replay import Replayed, replay
from vedette.planning.cascade_scored import NEVER, Costs, Scored, Setting, stage
from vedette.scoring.promise import Mistakes, mistakes
from vedette.types.cascade import DifferenceStage, ScoreStage

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

EVEN = 0.5
"""Where a calibrated network finds yes as likely as no."""
PHASES = 3
_CERTAIN = 1e-6


@dataclass(frozen=True, slots=True)
class Margin:
    """How cautious a choice is.

    ``share``: of the promised errors those that may be spent where it is chosen. ``odds``: a model
    answers only where its odds are that many times beyond what sufficed. ``change``: the share of
    the difference detector's threshold that is used.
    """

    share: float
    odds: float
    change: float

    def __str__(self) -> str:
        return (
            f"{self.share:.0%} of the promise spent, odds {self.odds:g} times beyond what "
            f"sufficed, {self.change:.0%} of the change that was harmless"
        )


LADDER = (
    Margin(0.0, 10.0, 0.5),
    Margin(0.0, 3.0, 0.7),
    Margin(0.25, 3.0, 0.7),
    Margin(0.25, 1.5, 0.85),
    Margin(0.5, 1.0, 1.0),
)
"""From the strictest on. Even the last leaves half of the promise to what nobody has seen."""


def widened(setting: Setting, margin: Margin, levels: Mapping[str, float]) -> Setting:
    """The setting with its margin; ``levels`` are the scores from which a model itself says yes.

    A stage never says yes where its own model would say no, nor no where it would say yes.

    >>> sure = Setting(scores=(ScoreStage("special:a", 0.1, 0.5),))
    >>> widened(sure, Margin(0.0, 9.0, 0.5), {}).scores[0].high
    0.9
    """
    difference = setting.difference
    if difference is not None:
        difference = replace(difference, threshold=_less(difference, margin))
    scores = tuple(
        replace(
            each,
            low=_beyond(min(each.low, levels.get(each.model, EVEN)), 1 / margin.odds),
            high=_beyond(max(each.high, levels.get(each.model, EVEN)), margin.odds),
        )
        for each in setting.scores
    )
    return replace(setting, difference=difference, scores=scores)


def _less(difference: DifferenceStage, margin: Margin) -> float:
    """A threshold of blocks is a probability, the others are amounts of change."""
    if difference.method == "blocks":
        return _beyond(difference.threshold, margin.change)
    return difference.threshold * margin.change


def _beyond(score: float, odds: float) -> float:
    if score <= 0 or score >= NEVER:
        return score
    score = min(max(score, _CERTAIN), 1 - _CERTAIN)
    return round(score * odds / (1 - score + score * odds), 9)


@dataclass(frozen=True, eq=False, slots=True)
class Held:
    """A setting on frames: the mistakes at the worst of several phases, and what it costs.

    ``by_block`` has those of each block. ``constant``: it gave every frame one answer, though the
    reference gave both.
    """

    missed: Mistakes
    made_up: Mistakes
    by_block: tuple[tuple[Mistakes, Mistakes], ...]
    cost_ms: float
    constant: bool


def held(
    choices: Sequence[tuple[Scored, Setting]], costs: Costs, audit: float, level: float
) -> Held:
    """What settings do to tables, one each; cost is over all of them together.

    Frames are looked at from several first frames on: that no entrance falls between two looks in
    one recording may be luck. Of each block the phase with the most mistakes counts.
    """
    truth: list[Flags] = []
    said: list[Flags] = []
    spent = frames = 0.0
    for whole, setting in choices:
        for table in blocks(whole):
            replays = [(part, replay(part, setting, costs)) for part in phases(table, setting)]
            part, worst = max(replays, key=lambda each: each[1].fn + each[1].fp)
            truth.append(part.truth)
            said.append(worst.answers)
            spent += cost_ms(worst, setting, costs, audit) * len(part)
            frames += len(part)
    numbers = np.repeat(np.arange(len(truth)), [len(each) for each in truth])
    right, answers = np.concatenate(truth), np.concatenate(said)
    missed, made_up = mistakes(right, answers, numbers, level=level)
    return Held(
        missed,
        made_up,
        tuple(mistakes(one, other) for one, other in zip(truth, said, strict=True)),
        spent / frames,
        constant=bool(right.any() and not right.all() and len(np.unique(answers)) == 1),
    )


def cost_ms(done: Replayed, setting: Setting, costs: Costs, audit: float) -> float:
    """What a source frame costs, with the looked-at frames that are audited (CPU ms, speed 1)."""
    total = len(done.answers)
    prices = [*(costs.models[each.model] for each in setting.scores), costs.reference]
    shown = zip(done.seen[1:], prices, strict=True)
    return done.cost_ms + audit * sum((done.seen[0] - n) * ms for n, ms in shown) / total


def phases(table: Scored, setting: Setting) -> Iterator[Scored]:
    """One block, seen from some first frames on within its first looks."""
    age = setting.difference.most_age if setting.difference else 1
    period = min(max(setting.frame_step, age), len(table) // 4)
    for shift in sorted({period * each // PHASES for each in range(PHASES)}):
        yield picked(table, np.arange(shift, len(table)))


def blocks(table: Scored) -> tuple[Scored, ...]:
    """Each block of a table as a table of its own."""
    if table.block is None:
        return (table,)
    names = dict.fromkeys(table.block.tolist())
    return tuple(picked(table, np.flatnonzero(table.block == name)) for name in names)


def without(tables: Sequence[Scored], number: int) -> tuple[Scored, ...]:
    """The tables without one of their blocks, counted through all of them."""
    left = []
    for table in tables:
        names = [0] if table.block is None else list(dict.fromkeys(table.block.tolist()))
        if 0 <= number < len(names):
            block = np.zeros(len(table)) if table.block is None else table.block
            table = picked(table, np.flatnonzero(block != names[number]))  # noqa: PLW2901
        number -= len(names)
        if len(table):
            left.append(table)
    return tuple(left)


def picked(table: Scored, rows: Rows) -> Scored:
    """Some rows of a table, in order."""
    return replace(
        table,
        truth=table.truth[rows],
        scores={name: each[rows] for name, each in table.scores.items()},
        changes={name: each[rows] for name, each in table.changes.items()},
        block=None if table.block is None else table.block[rows],
        weights=None if table.weights is None else table.weights[rows],
    )


def with_stage(model: str, level: float) -> Setting:
    """One pass of a detector and nothing else: it answers every frame, at the question's level."""
    return Setting(scores=(ScoreStage(model, level, level),))


def is_special(model: str) -> bool:
    return stage(model) == "special"
