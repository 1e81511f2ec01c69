"""The search against plain enumeration: every setting replayed frame by frame."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.planning.cascade import Found, search
from vedette.planning.cascade_replay import Replayed, replay
from vedette.planning.cascade_scored import NEVER, Budget, Costs, Scored, Setting, Space
from vedette.types.cascade import DifferenceStage, ScoreStage

COSTS = Costs(
    reference=64.0,
    models={"special:a": 1.0, "special:b": 2.0, "nano": 8.0},
    decode={1: 4.0, 2: 3.0},
    look=0.25,
    difference={"last": 0.5, "background": 0.125},
    take=1.0,
)
SPACE = Space(
    frame_steps=(1, 2),
    most_ages=(1, 3),
    thresholds={"last": (0.3, 0.6), "background": (0.5,)},
    least_unsure=0.0,
    pairs=100,
)
QUARTERS = st.integers(0, 4).map(lambda n: n / 4)


@st.composite
def tables(draw: st.DrawFn, models: Sequence[str] = ("special:a", "nano")) -> Scored:
    count = draw(st.integers(1, 6))

    def column() -> np.ndarray:
        return np.array(draw(st.lists(QUARTERS, min_size=count, max_size=count)))

    return Scored(
        truth=column() < 0.5,
        scores={name: column() for name in models},
        changes={"last": np.stack([column() for _ in range(3)], axis=1), "background": column()},
        block=np.cumsum(column() > 0.8),
        first={0: draw(st.integers(0, 1))},
        weights=draw(st.sampled_from([None, np.arange(1, count + 1) / 2])),
    )


@st.composite
def budgets(draw: st.DrawFn, count: int) -> Budget:
    limit = st.sampled_from([0.0, 0.5, 1.0, 2.0])
    each = st.tuples(*[limit] * count)
    return Budget(draw(each), draw(each))


def differences() -> Iterator[DifferenceStage | None]:
    yield None
    for age in SPACE.most_ages:
        yield from (DifferenceStage("last", limit, age) for limit in (0.3, 0.6))
        yield DifferenceStage("background", 0.5, age)


def cuts(given: Sequence[Scored], order: Sequence[str]) -> Iterator[tuple[ScoreStage, ...]]:
    """Every pair of thresholds that tells scores apart, for each model."""
    each = []
    for name in order:
        known = [0.0, *np.unique(np.concatenate([table.scores[name] for table in given])), NEVER]
        each.append([ScoreStage(name, *pair) for pair in combinations_with_replacement(known, 2)])
    yield from product(*each)


def enumerated(
    given: Sequence[Scored], limits: Budget, orders: Sequence[tuple[str, ...]]
) -> tuple[float, float]:
    """The least cost and then the fewest errors, of all settings that are no degenerate ones."""
    best = np.inf, np.inf
    for step, difference, order in product((1, 2), differences(), orders):
        if difference is not None and difference.most_age < step:
            continue
        for scores in cuts(given, order):
            setting = Setting(difference, scores, step)
            each = [replay(table, setting, COSTS) for table in given]
            if all(kept(*one) for one in zip(each, given, limits.fn, limits.fp, strict=True)):
                weights = [weight(table) for table in given]
                cost = sum(r.cost_ms * w for r, w in zip(each, weights, strict=True))
                wrong = sum(r.fn + r.fp for r in each)
                best = min(best, (round(cost / sum(weights), 9), wrong))
    return best


def weight(table: Scored) -> float:
    return float(len(table) if table.weights is None else table.weights.sum())


def kept(replayed: Replayed, table: Scored, fn: float, fp: float) -> bool:
    weights = np.ones(len(table)) if table.weights is None else table.weights
    yes, no = weights[table.truth].sum(), weights[~table.truth].sum()
    return bool(
        replayed.fn <= min(fn, yes * (1 - 1e-6)) and replayed.fp <= min(fp, no * (1 - 1e-6))
    )


def rank(found: Found | None) -> tuple[float, float]:
    return (np.inf, np.inf) if found is None else found.rank


@settings(max_examples=30)
@given(st.data())
def test_the_search_for_one_model_equals_plain_enumeration(data: st.DataObject) -> None:
    given = data.draw(st.lists(tables(["nano"]), min_size=1, max_size=2))
    limits = data.draw(budgets(len(given)))
    (found,) = search(given, COSTS, [limits], SPACE).best
    assert rank(found) == pytest.approx(enumerated(given, limits, [(), ("nano",)]))


@settings(max_examples=30)
@given(st.data())
def test_the_search_for_two_models_equals_plain_enumeration(data: st.DataObject) -> None:
    table = data.draw(tables())
    limits = data.draw(budgets(1))
    few = replace(SPACE, thresholds={"last": (0.6,)}, most_ages=(3,), frame_steps=(1,))
    few = replace(few, orders=(("special:a",), ("special:a", "nano")))
    (found,) = search([table], COSTS, [limits], few).best
    assert rank(found) <= enumerated_two(table, limits)


def enumerated_two(table: Scored, limits: Budget) -> tuple[float, float]:
    best = np.inf, np.inf
    for difference in (None, DifferenceStage("last", 0.6, 3)):
        for scores in cuts([table], ["special:a", "nano"]):
            replayed = replay(table, Setting(difference, scores, 1), COSTS)
            if kept(replayed, table, limits.fn[0], limits.fp[0]):
                best = min(best, (round(replayed.cost_ms, 9) + 1e-9, replayed.fn + replayed.fp))
    return best


@settings(max_examples=50)
@given(st.data())
def test_what_is_found_replays_to_its_own_figures(data: st.DataObject) -> None:
    given = data.draw(st.lists(tables(), min_size=1, max_size=2))
    limits = [data.draw(budgets(len(given))) for _ in range(2)]
    wide = replace(SPACE, audit=0.125, least_unsure=0.2)
    for found in search(given, COSTS, limits, wide).best:
        if found is not None:
            each = [replay(table, found.setting, COSTS, audit=0.125) for table in given]
            weights = [weight(table) for table in given]
            cost = sum(r.cost_ms * w for r, w in zip(each, weights, strict=True)) / sum(weights)
            assert found.cost_ms == pytest.approx(cost)
            assert found.fn == pytest.approx([r.fn for r in each])
            assert found.fp == pytest.approx([r.fp for r in each])


TRUTH = np.arange(20) >= 10
ALONE = Space(frame_steps=(1,), least_unsure=0.1)


def best_for(score: np.ndarray, limits: Budget, truth: np.ndarray = TRUTH) -> Found:
    table = Scored(truth, {"nano": score})
    (found,) = search([table], COSTS, [limits], ALONE).best
    assert found is not None
    return found


def test_a_model_that_errs_leaves_a_share_to_the_reference() -> None:
    score = np.arange(20) / 20
    score[[9, 10]] = score[[10, 9]]
    found = best_for(score, Budget((1.0,), (1.0,)))
    assert found.asked == pytest.approx(0.1)
    assert found.setting.scores[0].low < found.setting.scores[0].high


def test_a_model_that_tells_every_frame_needs_no_reference() -> None:
    found = best_for(np.arange(20) / 20, Budget((0.0,), (0.0,)))
    assert found.asked == 0
    assert found.setting.scores[0].low < found.setting.scores[0].high


def test_no_budget_buys_one_answer_for_all() -> None:
    found = best_for(np.full(20, 0.5), Budget((20.0,), (20.0,)))
    assert max(found.fn[0], found.fp[0]) < 10


def test_a_budget_that_nothing_keeps_has_a_nearest_miss() -> None:
    table = Scored(np.arange(20) % 2 == 0, {"nano": np.arange(20) / 20})
    found = search([table], COSTS, [Budget((0.0,), (0.0,))], replace(ALONE, frame_steps=(4,)))
    assert found.best == (None,)
    assert found.nearest[0] is not None
    assert (found.nearest[0].fn, found.nearest[0].fp) == ((0.0,), (10.0,))
