"""Which requests run together, whatever arrives."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import ModelError
from vedette.models.backend import Arrays
from vedette.models.rows import Arrival, Batching, decide, joined, kind_of, parted, rows_of

Asked = list[tuple[int, str, int]]

policies = st.builds(
    Batching,
    max_rows=st.integers(1, 6),
    max_wait_s=st.sampled_from([0.0, 0.5, 2.0]),
    max_queue=st.just(100),
)
arrivals = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from("ab"), st.integers(0, 3)), max_size=12
)


def queue_of(rows: Asked, most: int) -> list[Arrival]:
    in_order = sorted(rows, key=lambda each: each[2])
    return [Arrival(min(count, most), kind, float(at)) for count, kind, at in in_order]


@given(arrivals, policies, st.floats(3, 8))
def test_a_batch_is_of_one_kind_and_no_larger_than_allowed(
    rows: Asked, policy: Batching, now: float
) -> None:
    queue = queue_of(rows, policy.max_rows)
    chosen = [queue[position] for position in decide(queue, now, policy).run]
    assert sum(each.rows for each in chosen) <= policy.max_rows
    assert len({each.kind for each in chosen}) <= 1


@given(arrivals, policies, st.floats(3, 8))
def test_no_request_overtakes_one_of_its_kind(rows: Asked, policy: Batching, now: float) -> None:
    queue = queue_of(rows, policy.max_rows)
    run = decide(queue, now, policy).run
    alike = [i for i, each in enumerate(queue) if run and each.kind == queue[run[0]].kind]
    assert list(run) == alike[: len(run)]


@given(arrivals, policies, st.floats(3, 8))
def test_what_has_waited_long_enough_runs_now_the_oldest_first(
    rows: Asked, policy: Batching, now: float
) -> None:
    queue = queue_of(rows, policy.max_rows)
    due = [i for i, each in enumerate(queue) if now >= each.at_s + policy.max_wait_s]
    decision = decide(queue, now, policy)
    assert decision.run[:1] == tuple(due[:1]) or not due


@given(arrivals, policies, st.floats(3, 8))
def test_what_does_not_run_says_when_to_ask_again_and_then_runs(
    rows: Asked, policy: Batching, now: float
) -> None:
    queue = queue_of(rows, policy.max_rows)
    decision = decide(queue, now, policy)
    later = now if decision.again_s is None else decision.again_s
    assert bool(decide(queue, later, policy).run) == bool(queue)
    assert later >= now


def test_a_full_batch_does_not_wait_behind_one_that_may_still_grow() -> None:
    queue = [Arrival(1, "a", 0.0), Arrival(2, "b", 0.1), Arrival(2, "b", 0.2)]
    assert decide(queue, 0.2, Batching(max_rows=4, max_wait_s=9)).run == (1, 2)


def test_a_request_too_large_to_join_lets_the_batch_before_it_run() -> None:
    queue = [Arrival(2, "a", 0.0), Arrival(3, "a", 0.1), Arrival(1, "a", 0.2)]
    assert decide(queue, 0.2, Batching(max_rows=4, max_wait_s=9)).run == (0,)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_what_was_joined_comes_apart_as_it_was(counts: list[int]) -> None:
    rng = np.random.default_rng(sum(counts))
    parts = [{"x": rng.random((n, 2, 3)), "y": rng.integers(0, 9, (n, 1))} for n in counts]
    again = parted(joined(parts), counts)
    for part, back in zip(parts, again, strict=True):
        np.testing.assert_array_equal(part["x"], back["x"])
        np.testing.assert_array_equal(part["y"], back["y"])


def test_other_types_names_and_sizes_are_other_kinds() -> None:
    one = {"x": np.zeros((1, 2), np.float32)}
    others: list[Arrays] = [
        {"y": np.zeros((1, 2), np.float32)},
        {"x": np.zeros((1, 2), np.float64)},
        {"x": np.zeros((1, 3), np.float32)},
    ]
    assert kind_of(one) == kind_of({"x": np.ones((5, 2), np.float32)})
    assert all(kind_of(one) != kind_of(other) for other in others)


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"x": np.zeros(())},
        {"x": np.zeros((0, 3))},
        {"x": np.zeros((1, 3)), "y": np.zeros((2, 3))},
    ],
)
def test_inputs_without_rows_or_with_uneven_ones_are_refused(arrays: Arrays) -> None:
    with pytest.raises(ModelError, match="first axis"):
        rows_of(arrays)


def test_an_answer_with_other_rows_than_were_asked_is_refused() -> None:
    with pytest.raises(ModelError, match="one row of each output"):
        parted({"x": np.zeros((3, 2))}, [1, 1])


@pytest.mark.parametrize(
    "wrong", [{"max_rows": 0}, {"max_wait_s": -1.0}, {"max_rows": 9, "max_queue": 8}]
)
def test_a_policy_that_cannot_be_kept_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="max_rows"):
        Batching(**wrong)
