"""Two sources, and four, with steps of their own, of which some see more than others."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.planning.conftest import City, build_city, no_tracks, scores

from vedette.planning.choose import rank
from vedette.planning.layout import Floats
from vedette.planning.options import Context, Limits, options
from vedette.planning.several import parts, proposals
from vedette.types.graph import Choice, Objective, Source, Step, Stream, Transport, Workflow
from vedette.types.profile import Profile, StepTrace, Sweep, Trace

SIDES = {"street": 1.0, "yard": 0.4, "gate": 2.0, "lane": 0.7}
"""How busy each is."""
RATES = ("source", 12, 5)
MODELS = ("tiled", "plain", "small")
KEPT = {("rate_fps", 12): 0.99, ("rate_fps", 5): 0.95, ("model", "plain"): 0.98,
        ("model", "small"): 0.9, ("qp", 18): 0.99, ("qp", 30): 0.97}  # fmt: skip


def step_trace(
    cpu_ms: Floats, items: object, kilobytes: object = 0.0, encode_ms: float = 0.1
) -> StepTrace:
    """One value a frame; packing costs something where the step did."""
    cpu_s = np.array(cpu_ms, np.float64) * 1e-3
    packs: Floats = np.where(cpu_s > 0, encode_ms * 1e-3, 0.0)
    size = np.broadcast_to(np.asarray(kilobytes, float), cpu_s.shape) * 1e3
    return StepTrace(cpu_s, np.asarray(items, np.int32), size, packs, packs)


def steps_of(side: str) -> tuple[Step, ...]:
    return (
        Step(f"{side}_sample", "sample", (side,), choices={"rate_fps": RATES}),
        Step(f"{side}_detect", "detect", (f"{side}_sample",), choices={"model": MODELS}),
        Step(f"{side}_alert", "alert", (f"{side}_detect",)),
    )


def trace(choice: Choice, sides: tuple[str, ...]) -> Trace:
    number, stream = np.tile(np.arange(50), len(sides)), np.repeat(np.arange(len(sides)), 50)
    frame_kb = {"source": 20.0, 18: 20.0, 30: 5.0}[choice["transport.qp"]]
    steps, analysed = {}, np.zeros(len(number), bool)
    for row, side in enumerate(sides):
        mine = stream == row
        every = {"source": 1, 12: 2, 5: 5}[choice[f"{side}_sample.rate_fps"]]
        look = {"tiled": 38.5, "plain": 7.7, "small": 3.0}[str(choice[f"{side}_detect.model"])]
        kept = mine & (number % every == 0)
        analysed |= kept
        steps[side] = step_trace(mine * 0.2, mine, mine * frame_kb, 1.0)
        steps[f"{side}_sample"] = step_trace(mine * 0.01, kept, kept * every**0.5 * frame_kb, 1.0)
        steps[f"{side}_detect"] = step_trace(kept * look * SIDES[side], kept, kept * 0.4)
        steps[f"{side}_alert"] = step_trace(kept * 0.1, number == 30, (number == 30) * 8.0)
    return Trace(
        choice, sides, stream.astype(np.int32), number.astype(np.int32), number / 25.0,
        analysed, steps, no_tracks(), dict.fromkeys(sides, (640, 272)),
        dict.fromkeys(sides, Fraction(25)),
    )  # fmt: skip


def built(*sides: str) -> City:
    city = build_city()
    workflow = Workflow(
        "several",
        tuple(Source(side, (Stream(side, f"{side}.mkv"),)) for side in sides),
        tuple(step for side in sides for step in steps_of(side)),
        Objective({"camera_mbps": 1.0, "wan_mbps": 1.0, "price_per_hour": 1.0}, {"event_f1": 0.9}),
        transport=Transport(qp=(18, 30)),
    )
    plain = {name: replace(each, expansion=None) for name, each in city.variants.items()}
    base = {name: values[0] for name, values in workflow.knobs().items()}
    golden = trace(base, sides)
    sweeps = {
        (knob, value): Sweep(
            trace({**base, knob: value}, sides), scores(KEPT[knob.rpartition(".")[2], value])
        )
        for knob, values in workflow.knobs().items()
        for value in values[1:]
    }
    profile = Profile("several", "0", "test", 7.7, golden, golden, sweeps)
    return City(workflow, city.cluster, plain, city.signatures, profile)


@pytest.fixture(scope="module")
def twins() -> City:
    return built("street", "yard")


def context(city: City) -> Context:
    return Context(city.profile, city.workflow, city.variants, city.signatures)


def least(city: City, limits: Limits, *, proposing: bool) -> float:
    given = context(city)
    more = proposals(given, city.cluster, limits) if proposing else ()
    every = [*options(given, city.cluster, limits)]
    for each in more:
        every += options(given, city.cluster, replace(limits, held=each.choice))
    return rank(given, city.cluster, every, limits, more).bound


def test_sources_without_a_common_step_are_parts_of_their_own(twins: City) -> None:
    cut = parts(twins.workflow)
    assert [[source.name for source in part.sources] for part in cut] == [["street"], ["yard"]]
    assert [step.name for step in cut[1].steps] == ["yard_sample", "yard_detect", "yard_alert"]


def test_a_step_that_reads_two_sources_makes_them_one_part(twins: City) -> None:
    joint = Step("joint", "alert", ("street_detect", "yard_detect"))
    whole = replace(twins.workflow, steps=(*twins.workflow.steps, joint))
    assert len(parts(whole)) == 1


def test_few_pairs_and_single_sources_are_left_to_trying_all(twins: City) -> None:
    few = Limits(pairs=10**9)
    assert proposals(context(twins), twins.cluster, few) == ()
    city = build_city()
    assert proposals(context(city), city.cluster, Limits(pairs=1)) == ()


def test_proposals_set_every_knob_and_place_every_step(twins: City) -> None:
    found = proposals(context(twins), twins.cluster, Limits(pairs=1))
    assert found
    for each in found:
        assert each.choice.keys() == twins.workflow.knobs().keys()
        assert each.placement.keys() == {step.name for step in twins.workflow.steps}


def test_proposals_hold_knobs_and_pins(twins: City) -> None:
    limits = Limits(pairs=1, held={"yard_detect.model": "plain"}, pinned={"street_detect": "cloud"})
    found = proposals(context(twins), twins.cluster, limits)
    assert found
    for each in found:
        assert each.choice["yard_detect.model"] == "plain"
        assert each.placement["street_detect"] == "cloud"


@pytest.mark.parametrize("choices", [4, 12, 40])
def test_proposing_never_raises_what_a_cut_search_finds(twins: City, choices: int) -> None:
    cut = Limits(choices=choices, pairs=1)
    assert least(twins, cut, proposing=True) <= least(twins, cut, proposing=False) + 1e-12


def test_a_cut_search_with_proposals_comes_near_to_trying_all(twins: City) -> None:
    best = least(twins, Limits(choices=10**6, pairs=10**9), proposing=False)
    assert least(twins, Limits(choices=4, pairs=1), proposing=True) <= 1.02 * best


def test_four_sources_are_planned_much_better_source_by_source() -> None:
    city = built(*SIDES)
    cut = Limits(choices=50)
    assert least(city, cut, proposing=True) < 0.75 * least(city, cut, proposing=False)
