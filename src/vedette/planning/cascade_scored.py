"""What a search for a cascade is given: scored frames, costs, budgets, and what may be chosen.

One ``Scored`` is one body of evidence: the part that selects, say, or the training part with
scores of networks that never saw them. A search takes several, and every budget holds in each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import numpy.typing as npt

from vedette.errors import InputError, Problem, nearest
from vedette.planning.answer import LARGEST
from vedette.types.cascade import DifferenceStage, Promise, ScoreStage

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]
Counts = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

NEVER = 2.0
"""As ``high``: no score reaches it, so the stage never says yes (as 0 for ``low``, never no)."""
METHODS = ("last", "background", "blocks")


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Source frames in order, a row each, with everything that stages would say of them.

    ``truth``: the reference's answers, bool (n,). ``scores``: by model, (n,), 0 to 1. Names that
    are equal up to a colon (``special:32x1``, ``special:64x2``) are one stage's alternatives.
    ``block``: int (n,), rows of a block are consecutive source frames and nothing is reused
    across blocks; None for one block. ``first``: the number of each block's first source frame by
    block, 0 where unsaid: ``frame_step`` goes by number. ``changes``: by method of the difference
    detector, either (n, most_age) with the change against the row k + 1 before (see
    ``cascade_distance``; what lies before the block is ignored), or (n,) where it depends on the
    frame alone, as it does against a background. ``weights``: (n,), how many frames a row counts
    for; None for one each.
    """

    truth: Flags
    scores: Mapping[str, Floats] = field(default_factory=dict)
    changes: Mapping[str, Floats] = field(default_factory=dict)
    block: npt.NDArray[np.integer] | None = None
    first: Mapping[int, int] = field(default_factory=dict)
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU milliseconds at speed 1, each by the frame that it is spent on.

    ``decode`` is a source frame's, by frame step (a step that is missing costs as the next
    smaller one, below the first as the first). ``look`` is for a frame that is looked at, with
    ``difference`` by method on top. ``take`` is for one that is evaluated (conversion, say), and
    ``models`` is by name of score.
    """

    reference: float
    models: Mapping[str, float] = field(default_factory=dict)
    decode: Mapping[int, float] = field(default_factory=dict)
    look: float = 0.0
    difference: Mapping[str, float] = field(default_factory=dict)
    take: float = 0.0

    def decode_at(self, step: int) -> float:
        """
        >>> [Costs(100.0, decode={1: 2.0, 4: 1.0}).decode_at(step) for step in (1, 3, 4, 9)]
        [2.0, 2.0, 1.0, 1.0]
        """
        if not self.decode:
            return 0.0
        known = [each for each in self.decode if each <= step] or [min(self.decode)]
        return self.decode[max(known)]


@dataclass(frozen=True, slots=True)
class Budget:
    """The most errors of each table: yes frames answered no, and no frames answered yes."""

    fn: tuple[float, ...]
    fp: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a search chooses of a cascade; the rest of it is given."""

    difference: DifferenceStage | None = None
    scores: tuple[ScoreStage, ...] = ()
    frame_step: int = 1


@dataclass(frozen=True, slots=True)
class Space:
    """What may be chosen; every combination is covered.

    ``methods`` None: every one that all tables have; none at all is always allowed. ``orders``
    None: all sequences of up to two models, cheap before dear, one a stage; none at all is always
    allowed. ``thresholds``: how many of a method's changes are tried, or which. ``most_ages``:
    of source frames. ``least_unsure``: the least share of the frames that the last model sees that
    it must leave to the reference, unless it errs on none; an order with a model whose both
    thresholds are one is degenerate. ``audit``: the share of looked-at frames that go through all
    stages anyhow, which costs. ``pairs``: at most this many candidates for either threshold of
    a model that is not the last (where there are fewer, the search is exact).
    """

    methods: tuple[str, ...] | None = None
    orders: tuple[tuple[str, ...], ...] | None = None
    frame_steps: tuple[int, ...] = (1, 2, 3, 5, 10, 15, 30)
    most_ages: tuple[int, ...] = (10, 30, 100, 300)
    thresholds: int | Mapping[str, tuple[float, ...]] = 192
    least_unsure: float = 0.005
    audit: float = 0.0
    pairs: int = 12


def budget(tables: Sequence[Scored], promise: Promise, share: float = 1.0) -> Budget:
    """What a promise allows in each table; ``share`` below 1 leaves a margin.

    >>> table = Scored(np.array([True] * 200 + [False] * 50))
    >>> budget([table], Promise(fnr=0.01, fpr=0.02))
    Budget(fn=(2.0,), fp=(1.0,))
    """
    totals = [yes_and_no(table) for table in tables]
    return Budget(
        tuple(float(yes * promise.fnr * share) for yes, _ in totals),
        tuple(float(no * promise.fpr * share) for _, no in totals),
    )


def yes_and_no(table: Scored) -> tuple[float, float]:
    """How many frames the reference answers yes, and no."""
    weights = np.ones(len(table)) if table.weights is None else table.weights
    yes = float(weights[table.truth].sum())
    return yes, float(weights.sum()) - yes


def summed(at: Rows, amounts: Counts, count: int) -> Counts:
    """The sum of the amounts at each place from 0.

    >>> summed(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 4)
    array([1., 0., 5., 0.])
    """
    return np.bincount(at, amounts, count).astype(np.float64)


def orders(costs: Costs, models: Sequence[str], most: int = 2) -> tuple[tuple[str, ...], ...]:
    """Sequences of up to ``most`` models, cheap before dear, one of each stage's alternatives.

    >>> orders(Costs(50.0, {"special:a": 1.0, "special:b": 2.0, "nano": 8.0}),
    ...        ["special:a", "special:b", "nano"])  # doctest: +NORMALIZE_WHITESPACE
    ((), ('special:a',), ('special:b',), ('nano',), ('special:a', 'nano'), ('special:b', 'nano'))
    """
    return tuple(
        order
        for count in range(most + 1)
        for order in permutations(models, count)
        if [costs.models[each] for each in order] == sorted(costs.models[each] for each in order)
        and len({stage(each) for each in order}) == count
    )


def stage(model: str) -> str:
    """The stage whose alternative a model is."""
    return model.partition(":")[0]


def problems(tables: Sequence[Scored], costs: Costs) -> Iterator[Problem]:
    """What is wrong with scored frames."""
    if not tables or not all(len(table) for table in tables):
        yield Problem("a table without frames", "at least one scored frame", "the example")
        return
    for table in tables:
        yield from _table_problems(table)
    names = {name for table in tables for name in table.scores}
    for name in sorted(names):
        if not all(name in table.scores for table in tables):
            yield Problem(f"scores of {name} in some tables only", "all or none", "scoring it")
        if name not in costs.models:
            yield Problem(f"no cost of the model {name}", "ms a frame", f'"{name}": 1.0')
    figures = [costs.reference, costs.look, costs.take]
    figures += [*costs.models.values(), *costs.decode.values(), *costs.difference.values()]
    if not all(0 <= each <= LARGEST for each in figures):
        yield Problem("a cost that is negative or no number", "ms a frame, from 0", "1.0")


def _table_problems(table: Scored) -> Iterator[Problem]:
    count = len(table)
    columns = {f"scores of {name}": each for name, each in table.scores.items()}
    columns |= {f"changes by {name}": each for name, each in table.changes.items()}
    if table.weights is not None:
        columns["weights"] = table.weights
    for name, column in columns.items():
        if len(column) != count:
            yield Problem(f"{len(column)} {name}", f"{count}, one a frame", "a value a frame")
        elif np.isnan(column).any():
            row = int(np.argwhere(np.isnan(column))[0][0])
            yield Problem(f"NaN in {name} at frame {row}", "numbers", "leaving the frame out")
    for name, scores in table.scores.items():
        if len(scores) == count and ((scores < 0) | (scores > 1)).any():
            row = int(np.flatnonzero((scores < 0) | (scores > 1))[0])
            found = f"a score of {scores[row]:g} by {name} at frame {row}"
            yield Problem(found, "0 to 1", "probabilities")
    if table.block is not None and len(table.block) != count:
        yield Problem(f"{len(table.block)} blocks", f"{count}, one a frame", "a block a frame")
    if table.weights is not None and (table.weights <= 0).any():
        yield Problem("a weight that is not above 0", "how many frames a row counts for", "1")


def require(
    tables: Sequence[Scored], costs: Costs, budgets: Sequence[Budget], space: Space
) -> None:
    found = [*problems(tables, costs), *_space_problems(tables, budgets, space)]
    if found:
        raise InputError(*found)


def _space_problems(
    tables: Sequence[Scored], budgets: Sequence[Budget], space: Space
) -> Iterator[Problem]:
    for each in budgets:
        if not len(each.fn) == len(each.fp) == len(tables):
            found = f"a budget for {len(each.fn)} tables"
            yield Problem(found, f"{len(tables)} figures, one a table", "planning.budget")
        elif not all(figure >= 0 for figure in (*each.fn, *each.fp)):
            yield Problem("a budget below 0 or NaN", "counts of frames, from 0", "0")
    if not space.frame_steps or min(space.frame_steps) < 1:
        yield Problem("no frame step, or one below 1", "steps from 1", "1, 2, 5")
    if min(space.most_ages, default=1) < 1:
        yield Problem("an age below 1", "source frames, from 1", "10, 30, 100")
    known = {name for table in tables for name in table.scores}
    for order in space.orders or ():
        for name in {*order} - known:
            yield Problem(f"no scores of {name}", "models with scores", nearest(name, [*known]))
