"""Choosing a cascade on simulated recordings: scores that go by runs and drift. No camera's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from vedette.errors import InfeasibleError
from vedette.learning.caution import Margin, Spreads, blocks, spreads, widened, without
from vedette.learning.choosing import Chosen, Terms, choose
from vedette.planning.cascade_replay import replay
from vedette.planning.cascade_scored import Costs, Scored, Setting, Space
from vedette.scoring.promise import allowed, runs_of
from vedette.types.cascade import DifferenceStage, Promise, ScoreStage

COSTS = Costs(40.0, {"special:a": 0.3, "nano": 8.0}, {1: 0.5})
SPACE = Space(frame_steps=(1,), orders=(("special:a",), ("nano",)))


def simulated(seed: int, blocks: int, *, skill: float = 6.0, runs: int = 8) -> Scored:
    """Blocks of runs of yes and no; a network that differs by run and is unsure at borders."""
    rng = np.random.default_rng(seed)
    truth, sure, block = [], [], []
    for number in range(blocks):
        for run in range(runs):
            length = int(rng.integers(12, 30))
            at = np.arange(length)
            edge = np.minimum(1, (np.minimum(at, at[::-1]) + 1) / 3)
            sign = 1 if run % 2 else -1
            truth.append(np.full(length, run % 2 == 1))
            sure.append(sign * edge * (skill + rng.normal(0, 0.8)) + rng.normal(0, 0.5, length))
            block.append(np.full(length, number))
    latent, yes = np.concatenate(sure), np.concatenate(truth)
    nano = expit(np.where(yes, 2.5, -2.5) + rng.normal(0, 0.5, len(yes)))
    return Scored(yes, {"special:a": expit(latent), "nano": nano}, block=np.concatenate(block))


def chosen(seed: int, rate: float = 0.02, **knobs: float) -> Chosen:
    skill = knobs.get("skill", 6.0)
    tables = [simulated(seed, 3, skill=skill), simulated(seed + 1000, 1, skill=skill)]
    return choose(tables, COSTS, Terms(Promise(rate, rate), knobs.get("probability")), SPACE)


def test_promises_are_kept_on_simulated_recordings_that_did_not_choose() -> None:
    kept = made = 0
    for seed in range(3):
        found = chosen(seed)
        unseen = simulated(seed + 5000, 4)
        done = replay(unseen, found.setting, COSTS)
        yes = int(unseen.truth.sum())
        made += found.kind == "cascade"
        kept += done.fn <= allowed(0.02, yes) and done.fp <= allowed(0.02, len(unseen) - yes)
    assert made >= 2
    assert kept == 3


def test_what_is_chosen_costs_less_than_the_reference_and_says_why() -> None:
    found = chosen(1).require()
    assert found.kind == "cascade"
    assert found.evidence.cpu_ms < found.evidence.reference_ms / 2
    assert found.evidence.runs == (16, 16)
    assert "choosing again without each of 4 blocks" in " ".join(found.evidence.reasons)


def test_a_network_that_guesses_is_not_used() -> None:
    found = chosen(2, skill=0.0)
    assert all(stage.model == "nano" for stage in found.setting.scores)


def test_without_any_model_that_helps_the_reference_is_left_with_the_nearest_miss() -> None:
    rng = np.random.default_rng(0)
    table = simulated(3, 4, skill=0.0)
    blind = Scored(table.truth, {"special:a": rng.random(len(table))}, block=table.block)
    found = choose([blind], COSTS, Terms(Promise(0.01, 0.01)), Space(frame_steps=(1,)))
    assert found.kind == "reference"
    assert found.setting == Setting()
    with pytest.raises(InfeasibleError, match="than the reference"):
        found.require()


def test_one_pass_where_there_is_news_is_weighed_too() -> None:
    table = simulated(4, 4, skill=0.0)
    run = np.cumsum(np.diff(table.truth, prepend=False))
    other = np.stack([run != np.roll(run, age) for age in range(1, 11)], axis=1)
    noise = np.random.default_rng(4).pareto(1.0, other.shape) * 1e-6
    nano, changes = {"nano": table.scores["nano"]}, {"last": other + np.minimum(noise, 0.1)}
    still = replace(table, scores=nano, changes=changes)
    prices = replace(COSTS, models={"nano": 8.0}, difference={"last": 0.1})
    space = Space(frame_steps=(1,), most_ages=(10,))
    found = choose([still], prices, Terms(Promise(0.05, 0.05)), space)
    assert found.setting.scores == (ScoreStage("nano", 0.5, 0.5),)
    assert found.setting.difference is not None
    assert found.kind == "cascade"
    alone = next(each for each in found.tried if each.family == "one pass")
    assert found.decided.cost_ms < alone.decided.cost_ms / 2


def test_a_stated_probability_asks_for_more_runs_than_a_short_recording_has() -> None:
    found = chosen(1, probability=0.9)
    assert found.kind == "reference"
    assert found.problem is not None
    assert "more, about" in found.problem.hint
    assert "by 16 runs, with probability 0.9" in found.problem.found


def test_fewer_than_five_runs_are_not_supportable() -> None:
    table = simulated(1, 1, runs=8)
    with pytest.raises(InfeasibleError, match="4 runs of yes and 4 of no"):
        choose([table], COSTS, Terms(Promise(0.05, 0.05)), SPACE)


def test_margins_move_thresholds_apart_and_the_change_down() -> None:
    setting = Setting(
        DifferenceStage("last", 0.2, 10), (ScoreStage("special:a", 0.6, 0.7),), frame_step=2
    )
    spread = Spreads({"special:a": 1.0}, {"special:a": 2.0}, {"last": 0.5})
    moved = widened(setting, Margin(0.0, 2.0), spread, {})
    assert moved.difference is not None
    assert moved.difference.threshold == pytest.approx(0.2 * np.exp(-1))
    assert moved.scores[0].low == pytest.approx(expit(-2.0), abs=1e-6)
    assert moved.scores[0].high == pytest.approx(expit(np.log(0.7 / 0.3) + 4.0), abs=1e-6)
    assert moved.frame_step == 2


def test_runs_that_differ_more_have_more_spread() -> None:
    table = simulated(0, 4)
    wild = Scored(
        table.truth,
        {
            "special:a": expit(
                np.repeat(np.random.default_rng(1).normal(0, 3, 32), 40)[: len(table)]
            )
        },
        block=table.block,
    )
    assert spreads([wild]).yes["special:a"] > spreads([table]).yes["special:a"]


def test_leaving_a_block_out_leaves_the_others_as_they_were() -> None:
    tables = [simulated(0, 3), simulated(1, 1)]
    rest = without(tables, 1)
    assert len(rest[0]) + len(blocks(tables[0])[1]) == len(tables[0])
    assert runs_of(rest[0].truth, rest[0].block).count() == (8, 8)
    assert len(without(tables, 3)) == 1
