"""What a search came to is weighed against the baseline."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import pytest

from vedette.planning.choose import Ranking
from vedette.planning.verify import Verified
from vedette.profiling.measure import Workers
from vedette.session.common import quiet
from vedette.session.desk import Desk, proof_of
from vedette.types.cluster import Cluster, Device
from vedette.types.figures import Figures
from vedette.types.graph import EventRule, Objective, Source, Step, Stream, Workflow
from vedette.types.plan import Candidate
from vedette.types.profile import Profile

FIGURES = Figures("simulated", 1, 1, 1, 1, 1, 1, 1, 0, 1, 1)


class CheapBaseline(Desk):
    """A desk whose baseline costs 1; it has nobody to run a candidate."""

    __slots__ = ()

    def _baseline(self) -> Candidate:
        return candidate(1.0)

    def _forecast(self, _: Candidate) -> Figures:
        return FIGURES


def candidate(objective: float) -> Candidate:
    return Candidate({}, {}, objective, 1.0, FIGURES, {}, "")


def test_a_cheaper_baseline_is_not_called_held_where_no_floor_was_asked_for() -> None:
    flow = Workflow(
        "w",
        (Source("gate", (Stream("gate", "gate.mp4"),)),),
        (Step("track", "track", ("gate",)),),
        events=EventRule(tracks="track"),
        objective=Objective(floors={}),
    )
    here = Cluster("here", (Device("box", "edge", cores=1),), ())
    nobody = cast("Workers", None)
    desk = CheapBaseline(flow, here, cast("Profile", None), nobody, {}, quiet)
    dearer = candidate(2.0)
    found = desk._or_baseline(Verified(dearer, "not checked", (dearer,)), {})
    assert found == Verified(candidate(1.0), "not checked", (dearer, candidate(1.0)))


class QueueingDesk(Desk):
    """A desk in whose simulator latency is 300 ms over the machines that a candidate has."""

    __slots__ = ()

    def _forecast(self, each: Candidate) -> Figures:
        return replace(FIGURES, latency_p95_ms=300 / each.replicas["gpu"])

    def _with_replicas(self, each: Candidate, counts: Mapping[str, int]) -> Candidate:
        return replace(each, replicas=counts)


@pytest.mark.parametrize(("most", "streams", "grown"), [(8, 8, 3), (2, 8, None), (8, 2, None)])
def test_what_breaks_a_ceiling_in_the_simulator_gets_the_fewest_machines_that_keep_it(
    most: int, streams: int, grown: int | None
) -> None:
    cameras = tuple(Stream(f"c{number}", "gate.mp4") for number in range(streams))
    flow = Workflow(
        "w", (Source("gate", cameras),), (), Objective(ceilings={"latency_p95_ms": 100.0})
    )
    rack = Cluster("rack", (Device("gpu", "cloud", 8, max_replicas=most),), ())
    nobody = cast("Workers", None)
    desk = QueueingDesk(flow, rack, cast("Profile", None), nobody, {}, quiet)
    tight = replace(candidate(1.0), figures=replace(FIGURES, latency_p95_ms=90.0))
    found = desk._grown(replace(tight, replicas={"gpu": 1}))
    assert (found and found.replicas["gpu"]) == grown


def test_a_bound_is_never_above_what_was_chosen() -> None:
    ranking = Ranking((), (), (), bound=2.0, evaluated=1, method="all")
    assert proof_of(candidate(1.0), ranking).gap == 0
    assert proof_of(candidate(2.5), ranking).bound == 2


def test_a_ceiling_that_every_run_broke_is_not_called_a_floor() -> None:
    nobody = cast("Workers", None)
    none = cast("Workflow", None)
    desk = CheapBaseline(none, cast("Cluster", None), cast("Profile", None), nobody, {}, quiet)
    broke = replace(candidate(1.0), outcome="failed: age_max_ms is 1200 when simulated")
    told = desk._failed(Verified(None, "not checked", (broke,)))
    assert told.found.startswith("no candidate that kept every floor and limit when it was run")
    assert "age_max_ms" in told.found
