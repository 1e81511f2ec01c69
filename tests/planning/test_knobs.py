from hypothesis import given
from hypothesis import strategies as st

from vedette.planning.knobs import (
    KnobTable,
    KnobValue,
    cheapest,
    climb,
    combine,
    pareto,
    reduced,
    useful,
)

SHARE = st.integers(1, 20).map(lambda n: n / 20)


@st.composite
def tables(draw: st.DrawFn) -> list[KnobTable]:
    found = []
    for name in draw(st.sampled_from(["a", "ab", "abc"])):
        rows = draw(st.lists(st.tuples(SHARE, SHARE, SHARE), min_size=0, max_size=4))
        values = [KnobValue(0, 1.0, (1.0, 1.0))]
        values += [KnobValue(i, a, (c, d)) for i, (a, c, d) in enumerate(rows, start=1)]
        found.append(KnobTable(name, tuple(values)))
    return found


def exact(knobs: list[KnobTable], floor: float) -> float:
    found = cheapest(knobs, (1.0, 0.5), floor)
    assert found is not None
    costs = combine(knobs, found[0]).costs
    return costs[0] + 0.5 * costs[1]


@given(tables(), SHARE)
def test_dropping_beaten_values_never_loses_the_best_choice(
    knobs: list[KnobTable], floor: float
) -> None:
    kept = [useful(table) for table in knobs]
    assert abs(exact(kept, floor) - exact(knobs, floor)) < 1e-9


@given(tables(), SHARE)
def test_climbing_ends_within_the_floor_and_never_dearer_than_golden(
    knobs: list[KnobTable], floor: float
) -> None:
    path = [combine(knobs, at) for at in climb(knobs, floor)]
    assert all(step.accuracy >= floor for step in path)
    costs = [step.costs[0] * step.costs[1] for step in path]
    assert costs == sorted(costs, reverse=True)


@given(tables())
def test_too_many_combinations_are_cut_to_the_neighbours_of_the_climb(
    knobs: list[KnobTable],
) -> None:
    some = reduced(knobs, most=3)
    every = reduced(knobs, most=10**6)
    assert len(some) <= 3
    assert some[0] == every[0] == {table.name: 0 for table in knobs}
    assert all(choice in every for choice in some)


@given(st.lists(st.tuples(SHARE, SHARE)))
def test_the_frontier_is_what_no_other_point_beats(points: list[tuple[float, float]]) -> None:
    kept = {points[i] for i in pareto(points)}
    beaten = {
        (cost, accuracy)
        for cost, accuracy in points
        if any(c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a in points)
    }
    assert kept == set(points) - beaten


def test_the_five_knob_example_needs_far_fewer_measurements_than_combinations() -> None:
    """Chameleon's counting argument: 5 knobs of 4 values are 20 measurements, not 1024."""
    values = tuple(KnobValue(i, 1 - i / 20, (1 / (1 + i),)) for i in range(4))
    knobs = [KnobTable(f"k{k}", values) for k in range(5)]
    assert sum(len(table.values) for table in knobs) == 20
    assert len(reduced(knobs)) == 4**5


def test_climbing_takes_the_knob_that_saves_most_for_what_it_loses() -> None:
    rate = KnobTable("rate", (KnobValue(30, 1.0, (1.0,)), KnobValue(5, 0.95, (0.2,))))
    size = KnobTable("size", (KnobValue(960, 1.0, (1.0,)), KnobValue(480, 0.8, (0.5,))))
    assert climb([size, rate], floor=0.9) == ((0, 0), (0, 1))
    assert climb([size, rate], floor=0.7) == ((0, 0), (0, 1), (1, 1))
