"""Replica counts under latency targets, by hand, against trying all, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import InfeasibleError, InputError
from vedette.planning.replica_table import (
    EXAMPLE,
    MachineRow,
    ReplicasTable,
    ServedRow,
    ServiceRow,
    latency_ms,
    solve_replicas,
)

ONE = ServedRow("detect", 100.0, 40.0, (ServiceRow("box", 20.0),), percentile=None)
TABLE = ReplicasTable((MachineRow("box", 9),), (ONE,))


def test_the_fewest_replicas_that_keep_a_target_can_be_checked_by_hand() -> None:
    # drawn at random, 3 replicas are M/D/1 at load 2/3: 20 + 20 x (2/3) / (2 x 1/3) = 40 ms
    answer = solve_replicas(replace(TABLE, balancing="random"))
    hosting = answer["replicas"]["detect"]
    assert (hosting["replicas"], answer["used"], answer["gap"]) == (3, {"box": 3}, 0.0)
    assert hosting["latency_ms"] == pytest.approx(40.0)


def test_a_tighter_target_takes_more_replicas_and_a_shared_queue_fewer() -> None:
    tight = replace(TABLE, models=(replace(ONE, latency_ms=25.0),))
    counts = [
        solve_replicas(replace(tight, balancing=each))["replicas"]["detect"]["replicas"]
        for each in ("random", "shared")
    ]
    # at random 20 + 20 x load / (2 (1 - load)) <= 25 asks for load <= 1/3
    assert counts == [6, 3]


def test_batches_host_what_single_requests_would_need_more_machines_for() -> None:
    slow = ServedRow("golden", 200.0, 120.0, (ServiceRow("box", 18.0, 2.0),))
    single = solve_replicas(ReplicasTable(TABLE.machines, (slow,)))
    batched = solve_replicas(ReplicasTable(TABLE.machines, (replace(slow, batches=(1, 16)),)))
    assert single["used"] == {"box": 5}
    assert batched["replicas"]["golden"]["max_batch"] == 16
    assert batched["objective"] < single["objective"]


@st.composite
def tables(draw: st.DrawFn) -> ReplicasTable:
    """Two or three models on two kinds of machines, of which there are few."""
    machines = (
        MachineRow("cpu", draw(st.integers(1, 8)), 1.0),
        MachineRow("gpu", draw(st.integers(1, 2)), draw(st.sampled_from([2.0, 5.0]))),
    )
    models = [
        ServedRow(
            name,
            draw(st.sampled_from([1.0, 10.0, 40.0])),
            draw(st.sampled_from([60.0, 150.0])),
            (ServiceRow("cpu", draw(st.sampled_from([10.0, 50.0]))), ServiceRow("gpu", 4.0, 1.0)),
            batches=draw(st.sampled_from([(1,), (1, 4)])),
        )
        for name in draw(st.sampled_from(["ab", "abc"]))
    ]
    return ReplicasTable(machines, tuple(models))


def objective(table: ReplicasTable, method: str) -> float:
    """Infinite where nothing fits."""
    try:
        found = solve_replicas(table, method)["objective"]
    except InfeasibleError:
        return float("inf")
    assert isinstance(found, float)
    return found


@settings(max_examples=25)
@given(tables())
def test_trying_all_equals_branch_and_bound_and_bounds_the_quick_method(
    table: ReplicasTable,
) -> None:
    best = objective(table, "brute")
    assert objective(table, "exact") == pytest.approx(best)
    assert objective(table, "lagrange") >= best - 1e-9


@settings(max_examples=25)
@given(tables())
def test_one_replica_less_would_miss_the_target_or_the_load(table: ReplicasTable) -> None:
    answer = objective(table, "exact")
    hosted = solve_replicas(table)["replicas"] if answer < float("inf") else {}
    for model in (each for each in table.models if each.name in hosted):
        one = hosted[model.name]
        service = next(each for each in model.services if each.machine == one["machine"])
        assert one["latency_ms"] <= model.latency_ms + 1e-9
        fewer, rows = one["replicas"] - 1, one["max_batch"]
        full_ms = (service.base_ms + rows * service.item_ms) / rows
        is_over = fewer == 0 or model.rate_per_s * full_ms / 1e3 / fewer > table.load_limit
        assert is_over or latency_ms(model, service, fewer, rows, "least") > model.latency_ms


def test_a_target_below_the_service_names_the_best_there_is() -> None:
    with pytest.raises(InfeasibleError, match=r"within 5 ms; the best is 20\S* ms with 9 of box"):
        solve_replicas(replace(TABLE, models=(replace(ONE, latency_ms=5.0),)))


def test_too_few_machines_are_told_with_the_load_they_would_have() -> None:
    with pytest.raises(InfeasibleError, match=r"1 of box .* loaded 2 times, above 0.8"):
        solve_replicas(replace(TABLE, machines=(MachineRow("box", 1),)))


def test_every_mistake_of_a_table_is_told_at_once() -> None:
    wrong = replace(
        ONE, rate_per_s=-1.0, percentile=100.0, batches=(0,), services=(ServiceRow("bok", 0.0),)
    )
    with pytest.raises(InputError) as told:
        solve_replicas(ReplicasTable((MachineRow("box", 0),), (wrong,), load_limit=1.0))
    assert [problem.found for problem in told.value.problems] == [
        "load_limit = 1",
        "box: count = 0",
        "detect: rate_per_s = -1",
        "detect: percentile = 100",
        "detect: batches = 0",
        "detect on bok",
        "detect on bok: base_ms + item_ms = 0",
    ]


def test_bursts_and_batches_together_are_refused() -> None:
    bursty = replace(ONE, arrival_cv=2.0, batches=(1, 4))
    with pytest.raises(InputError, match="no burstier than independent ones"):
        solve_replicas(replace(TABLE, models=(bursty,)))


def test_the_example_hosts_every_model_within_its_target() -> None:
    hosted = solve_replicas(EXAMPLE, "exact")["replicas"]
    assert all(hosted[model.name]["latency_ms"] <= model.latency_ms for model in EXAMPLE.models)
