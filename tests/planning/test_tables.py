from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
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


def objective(planner: str, given: Any, method: str) -> float:
    """Infinite where the method finds that nothing fits."""
    try:
        found = solve(planner, given, method)["objective"]
    except InfeasibleError:
        return float("inf")
    assert isinstance(found, float)
    return found


@st.composite
def knob_tables(draw: st.DrawFn) -> KnobsTable:
    """Whole twentieths, so that ties are common; free values, and floors that nothing reaches."""
    share = st.integers(0, 20).map(lambda n: n / 20)
    knobs = []
    for name in draw(st.sampled_from(["a", "ab", "abc"])):
        rows = draw(st.lists(st.tuples(share, share, share), max_size=3))
        values = [ValueRow(0, 1.0, {"cpu": 1.0, "bytes": 1.0})]
        values += [ValueRow(i, a, {"cpu": c, "bytes": b}) for i, (a, c, b) in enumerate(rows, 1)]
        knobs.append(KnobRow(name, tuple(values)))
    weights = {"cpu": draw(st.sampled_from([0.0, 1.0])), "bytes": 0.5}
    return KnobsTable(tuple(knobs), weights, draw(st.sampled_from([0.0, 0.3, 0.6, 0.95, 1.0, 1.2])))


@given(knob_tables())
def test_trying_all_knobs_equals_branch_and_bound(knobs: KnobsTable) -> None:
    best = objective("knobs", knobs, "brute")
    assert objective("knobs", knobs, "exact") == pytest.approx(best, abs=1e-9)
    assert objective("knobs", knobs, "chameleon") >= best - 1e-9


@given(knob_tables())
def test_a_climb_that_ends_states_the_optimum_as_its_bound(knobs: KnobsTable) -> None:
    reachable = replace(knobs, floor=min(knobs.floor, 1.0))
    climbed = solve("knobs", reachable, "chameleon")
    assert climbed["bound"] == pytest.approx(objective("knobs", reachable, "brute"), abs=1e-9)
    assert climbed["accuracy"] >= reachable.floor - 1e-9


@given(knob_tables(), st.tuples(*[st.integers(0, 20)] * 3))
def test_one_more_value_never_raises_the_optimum(
    knobs: KnobsTable, figures: tuple[int, int, int]
) -> None:
    accuracy, cpu, size = (n / 20 for n in figures)
    new = ValueRow("new", accuracy, {"cpu": cpu, "bytes": size})
    first = replace(knobs.knobs[0], values=(*knobs.knobs[0].values, new))
    more = replace(knobs, knobs=(first, *knobs.knobs[1:]))
    assert objective("knobs", more, "exact") <= objective("knobs", knobs, "exact") + 1e-9


@st.composite
def placement_tables(draw: st.DrawFn) -> PlacementTable:
    """The example's devices with any cores, links and steps; many do not fit."""
    base: PlacementTable = table("placement")
    cores = draw(st.tuples(*[st.sampled_from([0.25, 1.0, 4.0])] * 3))
    rates = draw(st.tuples(*[st.sampled_from([1.0, 4.0, 50.0])] * 2))
    tenth = st.integers(0, 9).map(lambda n: n / 10)
    pipelines = []
    for pipeline in base.pipelines[: draw(st.integers(1, 3))]:
        steps = [
            replace(s, cpu_cores=draw(tenth), output_mbps=draw(tenth), memory_gb=draw(tenth))
            for s in pipeline.steps
        ]
        pipelines.append(replace(pipeline, steps=tuple(steps)))
    return replace(
        base,
        devices=tuple(replace(d, cores=c) for d, c in zip(base.devices, cores, strict=True)),
        links=tuple(replace(x, rate_mbps=r) for x, r in zip(base.links, rates, strict=True)),
        pipelines=tuple(pipelines),
        price_weight=draw(st.sampled_from([0.0, 1.0])),
    )


@given(placement_tables())
def test_trying_all_placements_equals_the_exact_solver(shared: PlacementTable) -> None:
    best = objective("placement", shared, "brute")
    assert objective("placement", shared, "exact") == pytest.approx(best, abs=1e-6)


@given(placement_tables())
def test_the_quick_placement_fits_and_its_bound_holds(shared: PlacementTable) -> None:
    best = objective("placement", shared, "brute")
    assume(best < float("inf"))
    found = solve("placement", shared, "lagrange")
    assert found["bound"] <= best + 1e-6
    assert found["objective"] >= best - 1e-6
    assert max(found["load"].values(), default=0) <= shared.load_limit + 1e-6


@given(placement_tables())
def test_more_room_never_raises_the_optimum(shared: PlacementTable) -> None:
    base = replace(shared, price_weight=0.0)
    devices = tuple(replace(d, cores=2 * d.cores) for d in base.devices)
    links = tuple(replace(x, rate_mbps=2 * x.rate_mbps) for x in base.links)
    wider = replace(base, devices=devices, links=links)
    assert objective("placement", wider, "exact") <= objective("placement", base, "exact") + 1e-6


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 1e308])
@pytest.mark.parametrize("where", ["cpu_cores", "memory_gb", "output_mbps"])
def test_figures_that_are_no_amounts_are_refused(where: str, wrong: float) -> None:
    base: PlacementTable = table("placement")
    steps, change = base.pipelines[0].steps, {where: wrong}
    worse = replace(steps[0], **change)  # type: ignore[arg-type]
    bad = replace(base.pipelines[0], steps=(worse, *steps[1:]))
    with pytest.raises(InputError, match=where):
        solve("placement", replace(base, pipelines=(bad,)))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0, 0.0])
def test_devices_and_links_without_capacity_are_refused(wrong: float) -> None:
    base: PlacementTable = table("placement")
    devices = (replace(base.devices[0], cores=wrong), *base.devices[1:])
    links = (replace(base.links[0], rate_mbps=wrong), base.links[1])
    with pytest.raises(InputError) as error:
        solve("placement", replace(base, devices=devices, links=links))
    assert len(error.value.problems) == 2


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.5, 1e308])
def test_knobs_of_no_accuracy_or_cost_are_refused(wrong: float) -> None:
    base: KnobsTable = table("knobs")
    values = base.knobs[0].values
    for row in (
        ValueRow(9, wrong, {"cpu": 1, "bytes": 1}),
        ValueRow(9, 1, {"cpu": wrong, "bytes": 1}),
    ):
        knob = replace(base.knobs[0], values=(*values, row))
        with pytest.raises(InputError, match="negative or infinite"):
            solve("knobs", replace(base, knobs=(knob,)))


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
