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
from vedette.scoring.promise import Mistakes, mistakes, runs_of
from vedette.types.cascade import DifferenceStage, Promise, ScoreStage

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
Floats = NDArray[np.floating]

EVEN = 0.5
"""Where a calibrated network finds yes as likely as no."""
PHASES = 3
_CERTAIN = 1e-6
_LEAST = 1e-3
_UNKNOWN = 3.0


@dataclass(frozen=True, slots=True)
class Margin:
    """How cautious a choice is.

    ``share``: of the promised errors those that may be spent where it is chosen. ``spreads``: a
    threshold lies that many times beyond what sufficed, in units of how much runs differ from one
    another (see ``Spreads``).
    """

    share: float
    spreads: float

    def __str__(self) -> str:
        return (
            f"{self.share:.0%} of the promise spent, thresholds {self.spreads:g} times the spread "
            "between runs beyond what sufficed"
        )


HEADROOM = 0.5
"""Of the promise that may be spent in a rehearsal; the rest is for what nobody has seen."""
SHARES = (0.0, 0.1, 0.5)
SPREADS = (3.0, 2.0, 1.4, 0.7, 0.35)
"""From the strictest on. A normal run in a thousand differs from the mean by three spreads."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """How much runs differ from one another: standard deviations between runs.

    Of log odds, of a model's scores in runs of yes (``yes``) and of no (``no``); of the logarithm
    of the ``change`` by a method against what was there before, in runs of yes.
    """

    yes: Mapping[str, float]
    no: Mapping[str, float]
    change: Mapping[str, float]


def spreads(tables: Sequence[Scored]) -> Spreads:
    """Of each run the quarter of its frames that is likeliest to go wrong speaks for it."""
    models, methods = tables[0].scores, tables[0].changes
    odds = {name: [_log_odds(table.scores[name]) for table in tables] for name in models}
    changes = {name: [_log_change(table.changes[name]) for table in tables] for name in methods}
    return Spreads(
        {name: _between(tables, each, True, 0.25) for name, each in odds.items()},
        {name: _between(tables, each, False, 0.75) for name, each in odds.items()},
        {name: _between(tables, each, True, 0.25) for name, each in changes.items()},
    )


def _between(
    tables: Sequence[Scored], columns: Sequence[Floats], answer: bool, quarter: float
) -> float:
    found = []
    for table, column in zip(tables, columns, strict=True):
        runs = runs_of(table.truth, table.block)
        found += [
            float(np.quantile(column[start:end], quarter))
            for start, end in zip(
                runs.start[runs.answer == answer], runs.end[runs.answer == answer], strict=True
            )
        ]
    return float(np.std(found, ddof=1)) if len(found) > 1 else _UNKNOWN


def _log_odds(scores: Floats) -> Floats:
    clipped = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _log_change(column: Floats) -> Floats:
    """Against the background, or the frame as far back as is compared with."""
    if column.ndim > 1:
        finite = np.where(np.isfinite(column), column, 0.0)
        column = finite.max(axis=1)
    return np.asarray(np.log(np.maximum(column, _LEAST)))


def widened(
    setting: Setting, margin: Margin, spread: Spreads, levels: Mapping[str, float]
) -> Setting:
    """The setting with its margin; ``levels`` are the scores from which a model itself says yes.

    A stage never says yes where its own model would say no, nor no where it would say yes.

    >>> sure = Setting(scores=(ScoreStage("special:a", 0.1, 0.5),))
    >>> spread = Spreads({"special:a": 0.0}, {"special:a": np.log(9)}, {})
    >>> widened(sure, Margin(0.0, 1.0), spread, {}).scores[0]
    ScoreStage(model='special:a', low=0.1, high=0.9)
    """
    difference = setting.difference
    if difference is not None:
        less = np.exp(-margin.spreads * spread.change[difference.method])
        difference = replace(difference, threshold=_less(difference, float(less)))
    scores = []
    for each in setting.scores:
        level = levels.get(each.model, EVEN)
        down, up = (margin.spreads * of[each.model] for of in (spread.yes, spread.no))
        low = _beyond(min(each.low, level), float(np.exp(-down)))
        scores.append(
            replace(each, low=low, high=_beyond(max(each.high, level), float(np.exp(up))))
        )
    return replace(setting, difference=difference, scores=tuple(scores))


def _less(difference: DifferenceStage, factor: float) -> float:
    """A threshold of blocks is a probability, the others are amounts of change."""
    if difference.method == "blocks":
        return _beyond(difference.threshold, factor)
    return difference.threshold * factor


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


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a choice.

    ``probability``: with which the promise must hold by the bound over runs; None for counts alone.
    ``level``: the confidence from which the question counts a box, which is where a detector says
    yes. ``fps``: source frames a second. ``audit``: share of looked-at frames that are checked.
    """

    promise: Promise
    probability: float | None = None
    level: float = 0.5
    fps: float = 25.0
    audit: float = 0.01

    @property
    def rates(self) -> tuple[float, float]:
        return self.promise.fnr, self.promise.fpr


@dataclass(frozen=True, eq=False, slots=True)
class Tried:
    """A family at a margin: its setting on all frames, where it was chosen and rehearsed.

    ``why_not`` is empty if it may be used. A plain pass has no margin: nothing of it was chosen.
    """

    family: str
    margin: Margin | None
    setting: Setting
    decided: Held
    rehearsed: Held
    why_not: str = ""


def needed(setting: Setting, tables: Sequence[Scored], costs: Costs) -> Setting:
    """Without the stages that answer none of the frames: what they let by goes on all the same.

    >>> table = Scored(np.array([False, True]), {"nano": np.array([0.1, 0.9])})
    >>> idle = Setting(scores=(ScoreStage("nano", 0.0, NEVER),))
    >>> needed(idle, [table], Costs(reference=30.0, models={"nano": 1.0})).scores
    ()
    """
    done = [replay(table, setting, costs) for table in tables]
    answering = {each.stages[number] for each in done for number in np.unique(each.by)}
    kept = tuple(each for each in setting.scores if each.model in answering)
    return replace(setting, scores=kept)


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
