"""Sets of replicas in virtual time, against Distributed NoScope's measurements and the formulas."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from vedette.models.balancing import POLICIES
from vedette.models.rows import Batching
from vedette.planning.batch_queue import Batches, mean_rows, mean_s, quantile_s
from vedette.planning.queueing import Balancing, Crowd, closed_rate, latency_quantile_s, wait_s
from vedette.planning.replica_table import EXAMPLE, solve_replicas
from vedette.running.replicas import ReplicaSet, Served, constant, poisson, serve, varied

SERVICE_S = 2.97
IDEAL_S = ceil(569 / 8) * SERVICE_S


@dataclass(frozen=True, slots=True)
class Published:
    """Reference frames and replicas -> seconds, printed by Distributed NoScope's authors."""

    run_s: Mapping[tuple[int, int], float]


@pytest.fixture(scope="session")
def published(clips: Path) -> Published:
    folder = clips.parent / "distributed_noscope"
    if not folder.is_dir():
        pytest.skip("no folder distributed_noscope lies beside the clips")
    parameters = json.loads((folder / "parameters.json").read_text())
    asked = parameters["frames_to_reference_nn_N_R"]
    with (folder / "measured_run_times.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scaled_stage"] == "rnn"]
    return Published(
        {(asked[row["frames"]], int(row["replicas"])): float(row["run_time_s"]) for row in rows}
    )


def of_their_client(requests: int, replicas: int) -> float:
    """Two in flight at replicas drawn at random, as Distributed NoScope asks; of five runs."""
    replica_set = ReplicaSet(replicas, constant(SERVICE_S), policy=POLICIES["random"], in_flight=2)
    runs = [serve([0.0] * requests, replica_set, seed=seed).makespan_s for seed in range(5)]
    return float(np.mean(runs))


def test_distributed_noscopes_table_is_what_two_in_flight_make_of_any_replicas(
    published: Published,
) -> None:
    assert len(published.run_s) == 20
    errors = {
        cell: of_their_client(*cell) / measured - 1 for cell, measured in published.run_s.items()
    }
    assert max(map(abs, errors.values())) <= 0.2, errors


def test_without_their_limits_eight_replicas_are_never_idle() -> None:
    free = serve([0.0] * 569, ReplicaSet(8, constant(SERVICE_S)))
    assert free.makespan_s <= 1.05 * IDEAL_S
    assert of_their_client(569, 8) >= 4 * free.makespan_s


def test_one_request_in_flight_for_each_replica_is_enough() -> None:
    assert serve([0.0] * 569, ReplicaSet(8, constant(SERVICE_S), in_flight=8)).makespan_s == (
        pytest.approx(IDEAL_S)
    )


def test_drawing_at_random_leaves_replicas_idle_however_many_are_in_flight() -> None:
    drawn = ReplicaSet(8, constant(SERVICE_S), policy=POLICIES["random"])
    runs = [serve([0.0] * 569, drawn, seed=seed).makespan_s for seed in range(5)]
    assert np.mean(runs) > 1.08 * IDEAL_S


@pytest.mark.parametrize(("replicas", "in_flight"), [(2, 2), (8, 2), (4, 6)])
def test_a_fixed_number_in_flight_is_answered_as_the_closed_network_says(
    replicas: int, in_flight: int
) -> None:
    drawn = ReplicaSet(replicas, varied(1.0, 0.0, 1.0), POLICIES["random"], in_flight)
    rate = 6000 / serve([0.0] * 6000, drawn).makespan_s
    assert rate == pytest.approx(closed_rate(replicas, in_flight), rel=0.03)


def test_every_request_is_served_once_and_its_four_parts_are_its_latency() -> None:
    ways = ReplicaSet(
        3, varied(0.02, 0.01, 0.5), in_flight=6, batching=Batching(4), transmission_s=0.03
    )
    served = serve(poisson(120, 2000), ways, seed=5)
    parts = served.client_queue_s, served.transmission_s, served.server_queue_s, served.compute_s
    assert min(each.min() for each in parts) >= -1e-9
    assert served.transmission_s == pytest.approx(0.03)
    assert sum(parts) == pytest.approx(served.latency_s)
    assert (1 / served.rows).sum() == pytest.approx(_batch_count(served))
    assert set(served.replica) == {0, 1, 2}


def _batch_count(served: Served) -> int:
    return len(set(zip(served.replica.tolist(), served.begun_s.tolist(), strict=True)))


@pytest.mark.parametrize("policy", POLICIES)
def test_equal_seeds_give_equal_runs_and_none_is_quicker_than_its_services(policy: str) -> None:
    some = ReplicaSet(3, constant(0.05), POLICIES[policy])
    first, second = (serve(poisson(40, 300), some, seed=7) for _ in range(2))
    assert first.latency_s.tolist() == second.latency_s.tolist()
    assert first.latency_s.min() >= 0.05 - 1e-9


def test_a_server_waits_for_a_batch_to_fill_but_no_longer_than_it_may() -> None:
    patient = ReplicaSet(1, constant(0.1), batching=Batching(3, max_wait_s=1.0))
    served = serve([0.0, 0.4, 0.5, 2.0], patient)
    assert served.begun_s.tolist() == pytest.approx([0.5, 0.5, 0.5, 3.0])
    assert served.rows.tolist() == [3, 3, 3, 1]


def latencies(crowd: Crowd, balancing: Balancing, count: int = 6000) -> np.ndarray:
    """Of two runs, without their beginnings."""
    service = (
        varied(crowd.service_s, 0.0, crowd.service_cv)
        if crowd.service_cv
        else constant(crowd.service_s)
    )
    policy = POLICIES["random" if balancing == "random" else "least"]
    in_flight = crowd.replicas if balancing == "shared" else None
    some = ReplicaSet(crowd.replicas, service, policy, in_flight)
    runs = [serve(poisson(crowd.rate, count, seed), some, seed=seed) for seed in (1, 2)]
    return np.concatenate([run.latency_s[count // 10 :] for run in runs])


@pytest.mark.parametrize("balancing", ["shared", "least", "random"])
@pytest.mark.parametrize(("replicas", "load"), [(2, 0.7), (4, 0.5), (8, 0.75)])
@pytest.mark.parametrize("cv", [0.0, 0.7])
def test_the_formulas_say_what_the_simulation_does(
    balancing: Balancing, replicas: int, load: float, cv: float
) -> None:
    crowd = Crowd(load * replicas, replicas, 1.0, cv)
    simulated = latencies(crowd, balancing)
    assert 1 + wait_s(crowd, balancing) == pytest.approx(simulated.mean(), rel=0.1)
    high = float(np.quantile(simulated, 0.95))
    assert latency_quantile_s(crowd, 0.95, balancing) == pytest.approx(high, rel=0.15)


@pytest.mark.parametrize("load", [0.3, 0.7])
@pytest.mark.parametrize(("rows", "cv"), [(4, 0.0), (16, 0.0), (8, 0.5), (8, 1.0)])
def test_batches_form_and_delay_as_the_chain_says(load: float, rows: int, cv: float) -> None:
    batches = Batches(load * rows / (0.02 + rows * 0.002), 0.02, 0.002, rows, cv)
    service = varied(0.02, 0.002, cv) if cv else constant(0.02, 0.002)
    one = ReplicaSet(1, service, batching=Batching(rows))
    runs = [serve(poisson(batches.rate, 6000, seed), one, seed=seed) for seed in range(4)]
    latency_s = np.concatenate([run.latency_s for run in runs])
    count = sum(_batch_count(run) for run in runs)
    assert mean_rows(batches) == pytest.approx(len(latency_s) / count, rel=0.05)
    assert mean_s(batches) == pytest.approx(latency_s.mean(), rel=0.05)
    high = float(np.quantile(latency_s, 0.95))
    assert quantile_s(batches, 0.95) == pytest.approx(high, rel=0.1 + 0.05 * cv)


@pytest.mark.parametrize("load", [0.2, 0.7])
def test_waiting_for_a_batch_delays_by_no_more_than_the_longest_wait(load: float) -> None:
    batches = Batches(load * 8 / 0.036, 0.02, 0.002, 8)
    patient = ReplicaSet(1, constant(0.02, 0.002), batching=Batching(8, max_wait_s=0.01))
    served = serve(poisson(batches.rate, 5000), patient)
    assert served.latency_s.mean() <= mean_s(batches) + 0.01
    assert np.quantile(served.latency_s, 0.95) <= quantile_s(batches, 0.95) + 0.01


def test_what_the_planner_hosts_keeps_its_targets_in_simulation() -> None:
    hosted = solve_replicas(EXAMPLE)["replicas"]
    for model in EXAMPLE.models:
        hosting = hosted[model.name]
        row = next(each for each in model.services if each.machine == hosting["machine"])
        base_s, item_s = row.base_ms / 1e3, row.item_ms / 1e3
        service = varied(base_s, item_s, row.cv) if row.cv else constant(base_s, item_s)
        some = ReplicaSet(hosting["replicas"], service, batching=Batching(hosting["max_batch"]))
        latency_ms = serve(poisson(model.rate_per_s, 8000), some).latency_s * 1e3
        said = latency_ms.mean() if model.percentile is None else np.quantile(latency_ms, 0.95)
        assert said <= model.latency_ms
        assert said == pytest.approx(hosting["latency_ms"], rel=0.15)
