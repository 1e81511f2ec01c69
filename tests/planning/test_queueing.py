"""Waits by formula, against tables, each other and what has to hold of any queue."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.planning.batch_queue import Batches, mean_rows, mean_s, quantile_s
from vedette.planning.queueing import (
    Crowd,
    erlang_c,
    latency_quantile_s,
    sakasegawa,
    wait_s,
)

LOADS = st.floats(0.05, 0.9)
SPREADS = st.floats(0.0, 2.0)


@pytest.mark.parametrize(
    ("servers", "offered", "waiting"),
    # sums of a^n / n! by hand; 5 at 4 erlang is the textbooks' 0.554
    [(2, 1.0, 1 / 3), (3, 2.0, 4 / 9), (5, 4.0, 0.55411), (10, 5.0, 0.03611)],
)
def test_erlangs_formula_gives_the_textbooks_values(
    servers: int, offered: float, waiting: float
) -> None:
    assert erlang_c(servers, offered) == pytest.approx(waiting, abs=5e-6)


@given(LOADS, SPREADS, st.floats(0.001, 10.0))
def test_one_server_is_pollaczek_and_khinchines(load: float, cv: float, service_s: float) -> None:
    known_s = load * service_s * (1 + cv**2) / 2 / (1 - load)
    assert wait_s(Crowd(load / service_s, 1, service_s, cv)) == pytest.approx(known_s)


@given(LOADS, st.integers(1, 64))
def test_sakasegawas_latency_is_within_five_percent_of_erlangs(load: float, servers: int) -> None:
    exact = wait_s(Crowd(load * servers, servers, 1.0, service_cv=1.0))
    quick = sakasegawa(np.array([load]), np.array([float(servers)]))[0]
    assert 1 + quick == pytest.approx(1 + exact, rel=0.05)


@given(LOADS, st.integers(1, 30), SPREADS, SPREADS)
def test_one_more_replica_never_delays(
    load: float, replicas: int, service_cv: float, arrival_cv: float
) -> None:
    crowd = Crowd(load * replicas, replicas, 1.0, service_cv, arrival_cv)
    more = replace(crowd, replicas=replicas + 1)
    assert wait_s(more) <= wait_s(crowd) + 1e-12
    poisson, more = replace(crowd, arrival_cv=1.0), replace(more, arrival_cv=1.0)
    assert wait_s(more, "random") <= wait_s(poisson, "random") + 1e-12


@given(LOADS, st.integers(1, 30), SPREADS)
def test_a_shared_queue_is_the_shortest_and_drawing_at_random_the_longest(
    load: float, replicas: int, cv: float
) -> None:
    crowd = Crowd(load * replicas, replicas, 1.0, cv)
    shared, least, drawn = (wait_s(crowd, each) for each in ("shared", "least", "random"))
    assert shared <= least + 1e-12 <= drawn + 2e-12


@given(LOADS, st.floats(0.5, 0.99))
def test_latency_of_one_exponential_server_is_exponential(load: float, share: float) -> None:
    found = latency_quantile_s(Crowd(load, 1, 1.0, service_cv=1.0), share)
    assert found == pytest.approx(-np.log(1 - share) / (1 - load), rel=0.02)


@given(LOADS, st.integers(1, 20), SPREADS)
def test_a_higher_share_takes_longer_and_never_less_than_the_service(
    load: float, replicas: int, cv: float
) -> None:
    crowd = Crowd(load * replicas, replicas, 1.0, cv)
    middle, high = (latency_quantile_s(crowd, share) for share in (0.5, 0.95))
    assert middle <= high + 1e-9
    assert latency_quantile_s(replace(crowd, service_cv=0.0), 0.95) >= 1.0 - 1e-9


def test_full_load_waits_for_ever() -> None:
    full = Crowd(4.0, 4, 1.0)
    assert wait_s(full, "least") == latency_quantile_s(full, 0.5, "random") == inf
    batches = Batches(8.0, 0.5, 0.0, 4)
    assert mean_s(batches) == quantile_s(batches, 0.5) == inf


@given(st.floats(0.05, 0.8), st.floats(0.0, 1.0))
def test_batches_of_one_are_an_ordinary_queue(load: float, cv: float) -> None:
    one = Batches(load, 0.25, 0.75, 1, cv)
    assert mean_s(one) == pytest.approx(1 + wait_s(Crowd(load, 1, 1.0, cv)), rel=1e-4)
    assert mean_rows(one) == pytest.approx(1.0)


@given(st.floats(0.05, 0.8), st.integers(2, 16))
def test_batches_that_take_as_long_as_one_request_only_help(load: float, rows: int) -> None:
    assert mean_s(Batches(load, 1.0, 0.0, rows)) <= mean_s(Batches(load, 1.0, 0.0, 1)) + 1e-9


def test_batches_that_save_nothing_delay() -> None:
    # all wait for the whole batch, whose every item takes as long as alone
    assert mean_s(Batches(0.6, 0.0, 1.0, 8)) > mean_s(Batches(0.6, 0.0, 1.0, 1))


@pytest.mark.parametrize(("load", "wait_s"), [(0.2, 0.5), (0.5, 0.9), (0.7, 0.3)])
def test_quantiles_of_constant_services_are_erlangs_of_m_d_1(load: float, wait_s: float) -> None:
    # Erlang, 1909: of M/D/1 the share (1 - load) e^(load t) waits up to t < 1 services
    share = (1 - load) * np.exp(load * wait_s)
    assert quantile_s(Batches(load, 1.0, 0.0, 1), share) == pytest.approx(1 + wait_s, abs=0.1)
