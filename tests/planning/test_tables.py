from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vedette.errors import InfeasibleError, InputError
from vedette.planning.knob_table import KnobRow, KnobsTable, ValueRow
from vedette.planning.placement_table import PlacementTable
from vedette.planning.tables import example, input_type, solve

PROOF = {"objective", "bound", "gap", "method", "evaluated"}


def table(planner: str) -> Any:
    return TypeAdapter(input_type(planner)).validate_python(example(planner))


@pytest.mark.parametrize("planner", ["knobs", "placement", "fleet"])
def test_every_example_is_valid_and_solved_with_a_proof(planner: str) -> None:
    answer = solve(planner, table(planner))
    assert answer.keys() > PROOF
    assert answer["method"] == "brute"
    assert answer["gap"] == 0


@pytest.mark.parametrize(
    ("planner", "method"),
    [
        ("knobs", "exact"),
        ("knobs", "chameleon"),
        ("placement", "exact"),
        ("placement", "lagrange"),
        ("fleet", "exact"),
        ("fleet", "lagrange"),
        ("fleet", "dp"),
    ],
)
def test_every_method_solves_the_example_and_bounds_its_gap(planner: str, method: str) -> None:
    best = solve(planner, table(planner), "brute")["objective"]
    answer = solve(planner, table(planner), method)
    assert answer["method"] == method
    assert answer["bound"] <= best + 1e-9 <= answer["objective"] + 2e-9


def test_the_knobs_of_the_example_can_be_checked_by_hand() -> None:
    # 5 fps on tiles just keeps .9 and costs .22 + 2 x .5; 12 fps x 416 costs .1 + 2 x .75
    answer = solve("knobs", table("knobs"))
    assert answer["choice"] == {"sample.rate_fps": 5, "detect.model": "yolox-nano-416-tiled"}
    assert answer["objective"] == pytest.approx(1.22)


def test_the_placement_of_the_example_can_be_checked_by_hand() -> None:
    # the edge holds .8 x 2 x .5 = .8 cores: .2 and .4 fit with their alerts, .6 has to go on
    answer = solve("placement", table("placement"))
    where = {name: steps["detect"] for name, steps in answer["placement"].items()}
    assert where == {"camera1": "edge", "camera2": "edge", "camera3": "cloud"}
    assert answer["objective"] == pytest.approx(3 * 2.0 + 2.0 + 0.001)


@st.composite
def knob_tables(draw: st.DrawFn) -> KnobsTable:
    share = st.integers(1, 20).map(lambda n: n / 20)
    knobs = []
    for name in ("a", "b", "c"):
        rows = draw(st.lists(st.tuples(share, share, share), max_size=3))
        values = [ValueRow(0, 1.0, {"cpu": 1.0, "bytes": 1.0})]
        values += [ValueRow(i, a, {"cpu": c, "bytes": b}) for i, (a, c, b) in enumerate(rows, 1)]
        knobs.append(KnobRow(name, tuple(values)))
    return KnobsTable(tuple(knobs), {"cpu": 1.0, "bytes": 0.5}, draw(share))


@given(knob_tables())
def test_trying_all_knobs_equals_branch_and_bound(knobs: KnobsTable) -> None:
    tried, proven = solve("knobs", knobs, "brute"), solve("knobs", knobs, "exact")
    assert tried["objective"] == pytest.approx(proven["objective"])
    climbed = solve("knobs", knobs, "chameleon")
    assert climbed["bound"] == pytest.approx(tried["objective"])
    assert climbed["objective"] >= tried["objective"] - 1e-9


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_trying_all_placements_equals_the_exact_solver(loads: list[int]) -> None:
    base = table("placement")
    pipelines = tuple(
        replace(each, steps=tuple(
            replace(step, cpu_cores=load / 10)
            for step, load in zip(each.steps, (0, *loads[2 * g : 2 * g + 2], 0), strict=True)
        ))
        for g, each in enumerate(base.pipelines)
    )  # fmt: skip
    shared = replace(base, pipelines=pipelines)
    tried, proven = solve("placement", shared, "brute"), solve("placement", shared, "exact")
    assert tried["objective"] == pytest.approx(proven["objective"])


def test_a_floor_out_of_reach_names_the_best_accuracy() -> None:
    knobs = replace(table("knobs"), floor=1.2)
    for method in ("brute", "chameleon", "exact"):
        with pytest.raises(InfeasibleError, match=r"the best is 1\.000"):
            solve("knobs", knobs, method)


def test_devices_that_are_too_small_are_named() -> None:
    base: PlacementTable = table("placement")
    small = replace(base, devices=(base.devices[0], *(replace(d, cores=0.1)
                                                      for d in base.devices[1:])))  # fmt: skip
    with pytest.raises(InfeasibleError, match="needs at least"):
        solve("placement", small)


def test_every_mistake_of_a_table_is_reported_at_once() -> None:
    base: PlacementTable = table("placement")
    step = replace(base.pipelines[0].steps[1], inputs=("captur",), cpu_cores=-1.0, at="edgy")
    pipeline = replace(base.pipelines[0], steps=(base.pipelines[0].steps[0], step))
    with pytest.raises(InputError) as error:
        solve("placement", replace(base, pipelines=(pipeline,), load_limit=float("nan")))
    assert len(error.value.problems) == 4


def test_names_that_are_given_twice_and_negative_weights_are_mistakes() -> None:
    base: PlacementTable = table("placement")
    step = base.pipelines[1].steps[1]
    twice = replace(base.pipelines[1], steps=(*base.pipelines[1].steps, step))
    wrong = replace(
        base,
        devices=(*base.devices, base.devices[1]),
        pipelines=(base.pipelines[0], base.pipelines[0], twice),
        mbps_weight=-1.0,
        price_weight=float("nan"),
    )
    with pytest.raises(InputError) as error:
        solve("placement", wrong)
    assert [problem.found for problem in error.value.problems] == [
        "2 pipelines of the name 'camera1'",
        "mbps_weight = -1",
        "price_weight = nan",
        "2 devices of the name 'edge'",
        "2 camera2 steps of the name 'detect'",
    ]


def test_a_knob_that_is_given_twice_is_a_mistake() -> None:
    base: KnobsTable = table("knobs")
    with pytest.raises(InputError, match=r"2 knobs of the name 'sample\.rate_fps'"):
        solve("knobs", replace(base, knobs=(*base.knobs, base.knobs[0])))


def test_an_unknown_planner_or_method_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="knobs, placement, fleet"):
        input_type("knob")
    with pytest.raises(InputError, match="brute, chameleon, exact"):
        solve("knobs", table("knobs"), "brut")
