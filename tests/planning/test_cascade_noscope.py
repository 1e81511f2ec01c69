"""NoScope's own setting: against plain enumeration, and against what the original printed."""

import json
from functools import cache
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vedette.errors import InputError
from vedette.interop.noscope import read_scores, read_truth
from vedette.planning.cascade_noscope import (
    SKIPS,
    Sampled,
    Windows,
    exact,
    original,
    searched,
    windows,
)

SETS = ("easy", "hard", "rare")
RATES = ("0", "0.01", "0.02", "0.05", "0.1", "0.25")


@st.composite
def frames(draw: st.DrawFn) -> Sampled:
    """Up to five windows, the last of which may be a part; answers that last."""
    runs = draw(st.lists(st.booleans(), min_size=3, max_size=10))
    cut = draw(st.integers(0, 14))
    truth = np.repeat(runs, 15)[: len(runs) * 15 - cut]
    seed = draw(st.integers(0, 99))
    noise = np.random.default_rng(seed).integers(0, 5, (2, len(truth))) / 8
    return Sampled(truth, noise[0] + truth * 0.25, noise[1] + truth * 0.25)


def counted(each: Windows, difference: float, low: float, high: float) -> tuple[float, int, int]:
    """Cost, misses and inventions of thresholds, window by window and frame by frame."""
    missed = made_up = shown = asked = 0
    for number, (truth, change, score) in enumerate(
        zip(each.truth, each.difference, each.model, strict=True)
    ):
        sampled = [
            frame
            for frame in range(30 * number, min(30 * number + 30, each.frames))
            if frame % each.skip == 0
        ]
        if change < difference:
            missed += bool(truth)
            continue
        shown += len(sampled)
        if low < score < high:
            asked += len(sampled)
        elif score >= high:
            made_up += not truth
        else:
            missed += bool(truth)
    return each.cost(shown, asked), missed, made_up


def between(scores: np.ndarray) -> list[float]:
    """Thresholds below, between and above the scores that there are."""
    known = np.unique(scores)
    return [-1.0, *(known[1:] + known[:-1]) / 2, 2.0]


def enumerated(sampled: Sampled, rate: float) -> tuple[float, float]:
    best = np.inf, np.inf
    for skip in SKIPS:
        each = windows(sampled, skip)
        pairs = combinations_with_replacement(between(each.model), 2)
        for change, (low, high) in product(between(each.difference), pairs):
            cost, missed, made_up = counted(each, change, low, high)
            if missed <= rate * each.yes + 1e-9 and made_up <= rate * each.no + 1e-9:
                best = min(best, (cost, missed + made_up))
    return best


def has_both(sampled: Sampled) -> bool:
    each = windows(sampled, 10)
    return bool(each.yes and each.no)


@settings(max_examples=15)
@given(frames(), st.sampled_from([0.0, 0.5]))
def test_the_exact_optimum_equals_plain_enumeration(sampled: Sampled, rate: float) -> None:
    assume(has_both(sampled))
    found = exact(sampled, rate, rate)
    each = windows(sampled, found.skip)
    cost, missed, made_up = counted(each, found.difference, found.low, found.high)
    assert (cost, missed / each.yes, made_up / each.no) == (found.cost, found.fn, found.fp)
    assert (cost, missed + made_up) == enumerated(sampled, rate)


@settings(max_examples=15)
@given(frames())
def test_half_a_budget_never_costs_less_than_the_whole(sampled: Sampled) -> None:
    assume(has_both(sampled))
    assert exact(sampled, 0.5, 0.5, "half").cost >= exact(sampled, 0.5, 0.5).cost
    assert exact(sampled, 0.5, 0.5, "half") == exact(sampled, 0.25, 0.25)


@settings(max_examples=15)
@given(frames())
def test_the_original_keeps_rates_that_the_exact_optimum_beats(sampled: Sampled) -> None:
    assume(has_both(sampled))
    printed = original(sampled, 0.0, 0.0, grid=9)
    seen = windows(sampled, int(printed["threshold_skip_distance"]))
    # the original neither misses nor asks about a window at its lower threshold
    assume(printed["threshold_lower_cnn"] not in seen.model)
    best = exact(sampled, printed["false_negative"], printed["false_positive"])
    # the original counts up to 30 frames of the model too few
    assert best.cost <= printed["optimizer_cost"] + 400 * 30


def test_a_window_is_a_yes_by_the_frames_around_its_start() -> None:
    truth = np.zeros(90, bool)
    truth[16:44] = True  # 28 of the frames 15 to 44, which are what window 1 is read from
    nothing = np.zeros(90)
    assert windows(Sampled(truth, nothing, nothing), 10).truth.tolist() == [False, True, False]
    truth[16] = False
    assert not windows(Sampled(truth, nothing, nothing), 10).truth.any()


def test_a_window_scores_what_its_sampled_frames_score_at_most() -> None:
    score = np.zeros(60)
    score[[9, 10, 29, 30]] = [0.9, 0.5, 0.8, 0.25]
    sampled = Sampled(np.zeros(60, bool), score, score)
    assert windows(sampled, 10).model.tolist() == [0.5, 0.25]
    assert windows(sampled, 30).model.tolist() == [0.0, 0.25]


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    truth = np.repeat([False, True, False], 30)
    with pytest.raises(InputError, match="0 to 1"):
        exact(Sampled(truth, np.zeros(90), np.zeros(90)), rate, 0.1)


def test_frames_of_one_answer_alone_are_refused() -> None:
    nothing = np.zeros(90)
    with pytest.raises(InputError, match="no window of 30 frames with the answer yes"):
        exact(Sampled(np.zeros(90, bool), nothing, nothing), 0.1, 0.1)


@cache
def published(folder: Path, name: str) -> Sampled:
    difference, model = read_scores(folder / f"{name}.noscope.csv.gz")
    return Sampled(read_truth(folder / f"{name}.yolo.csv.gz", len(model)), difference, model)


@pytest.fixture
def noscope(clips: Path) -> Path:
    folder = clips.parent / "noscope"
    if not folder.is_dir():
        pytest.skip("no folder noscope beside the clips")
    return folder


def expected(folder: Path, file: str, name: str, rate: str) -> dict[str, Any]:
    if not (folder / f"{name}.noscope.csv.gz").exists():
        pytest.skip(f"no set {name}")
    found: dict[str, Any] = json.loads((folder / file).read_text())[f"{name}_{rate}"]
    return found


@pytest.mark.parametrize(("name", "rate"), [*product(SETS, RATES)])
def test_the_original_optimiser_is_reproduced_field_by_field(
    noscope: Path, name: str, rate: str
) -> None:
    want = expected(noscope, "original_optimizer_outputs.json", name, rate)
    assert original(published(noscope, name), float(rate), float(rate)) == pytest.approx(want)


@pytest.mark.parametrize(("name", "rate", "budget"), [*product(SETS, RATES, ("half", "full"))])
def test_the_exact_optimum_costs_no_more_than_the_one_that_is_given(
    noscope: Path, name: str, rate: str, budget: Literal["half", "full"]
) -> None:
    want = expected(noscope, "exact_optimum_same_cost_model.json", name, rate)[budget]
    found, covered = searched(published(noscope, name), float(rate), float(rate), budget)
    share = 0.5 if budget == "half" else 1.0
    assert found.cost <= want["cost"]
    assert max(found.fn, found.fp) <= float(rate) * share + 1e-12
    assert covered > 10**8
