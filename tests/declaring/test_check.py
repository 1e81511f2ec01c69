"""Declarations built in Python: the same mistakes, without a place; and very large ones."""

from collections.abc import Mapping
from dataclasses import replace
from time import process_time

import pytest

from vedette.declaring.check import check, check_cluster, check_workflow
from vedette.declaring.reading import parse_cluster, parse_workflow
from vedette.types.cluster import Cluster
from vedette.types.graph import (
    OF_ALERTS,
    Accuracy,
    Objective,
    Source,
    Span,
    Step,
    Stream,
    Transport,
    Value,
    Workflow,
)
from vedette.types.operators import Signature


def test_a_right_declaration_has_no_problems(
    flow: Workflow, cluster: Cluster, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    assert check(flow, cluster, signatures, variants) == ()


def test_a_workflow_built_in_python_is_held_to_the_same_bounds(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = replace(
        parse_workflow(amber, signatures, variants),
        transport=Transport(qp=(18, 99)),
        objective=Objective(floors={"event_f1": 2.0}),
    )
    found = [problem.found for problem in check_workflow(flow, signatures, variants)]
    assert found == ["2 in objective.floors.event_f1", "99 in transport.qp[1]"]


@pytest.mark.parametrize("metric", OF_ALERTS)
def test_a_floor_of_alerts_needs_a_step_that_tells(
    metric: Accuracy, flow: Workflow, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = replace(flow, objective=Objective(floors={metric: 0.9}))
    assert check_workflow(flow, signatures, variants) == ()
    silent = replace(flow, steps=tuple(each for each in flow.steps if each.operator != "alert"))
    found = [problem.found for problem in check_workflow(silent, signatures, variants)]
    assert found == [f"a floor of {metric}, and no step that tells of anything in objective.floors"]


def test_names_given_twice_are_found(signatures: Mapping[str, Signature]) -> None:
    steps = (Step("a", "sample", ("s",)), Step("a", "sample", ("s",)))
    streams = (Stream("c", "a.mkv", plan_on=Span(3, 3)),)
    flow = Workflow("w", (Source("s", streams), Source("s", streams)), steps)
    found = {problem.found for problem in check_workflow(flow, signatures)}
    assert "the name 'a' a second time in steps" in found
    assert "the source 's' a second time in sources.s" in found


def test_a_workflow_needs_sources_and_steps(signatures: Mapping[str, Signature]) -> None:
    found = [problem.found for problem in check_workflow(Workflow("w", (), ()), signatures)]
    assert found == [
        "an empty mapping in sources",
        "an empty mapping in steps",
        "no step 'track' in events.tracks",
    ]


def test_a_place_that_the_cluster_lacks_is_found(
    amber: str, city: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = replace(parse_workflow(amber, signatures, variants), deliver_to="fog")
    (problem,) = check(flow, parse_cluster(city), signatures, variants)
    assert problem.found == "the place 'fog' in deliver_to"


def test_a_cluster_built_in_python_is_held_to_the_same_bounds(city: str) -> None:
    cluster = parse_cluster(city)
    slow = replace(cluster.links[0], rate_mbps=-1.0)
    (problem,) = check_cluster(replace(cluster, links=(slow, cluster.links[1])))
    assert problem.found == "-1 in links[0].rate_mbps"


def test_every_cycle_is_reported_once(signatures: Mapping[str, Signature]) -> None:
    sources = (Source("s", (Stream("c", "a.mkv"),)),)
    steps = (
        Step("start", "resize", ("s",)),
        Step("a", "resize", ("b",)),
        Step("b", "resize", ("a",)),
        Step("after", "resize", ("b",)),
        Step("c", "resize", ("c",)),
    )
    found = [
        problem.found
        for problem in check_workflow(Workflow("w", sources, steps), signatures)
        if "cycle" in problem.found
    ]
    assert found == ["the cycle a -> b -> a in steps.a.from", "the cycle c -> c in steps.c.from"]


def test_union_and_gather_are_allowed(signatures: Mapping[str, Signature]) -> None:
    sources = (Source("s", (Stream("c", "a.mkv"),)), Source("t", (Stream("d", "b.mkv"),)))
    detect: dict[str, Value] = {"classes": {"person": ["person"]}, "model": "nano"}
    steps = (
        Step("tiles", "tile", ("s",), part_of="merge"),
        Step("inner", "detect", ("tiles",), detect),
        Step("merge", "merge", ("inner",), part_of="merge"),
        Step("other", "detect", ("t",), detect),
        Step("track", "track", ("merge", "other")),
        Step("crop", "crop", ("s", "merge")),
    )
    assert check_workflow(Workflow("w", sources, steps), signatures, ["nano"]) == ()


def test_checking_takes_time_in_proportion_to_the_steps(
    signatures: Mapping[str, Signature],
) -> None:
    def seconds(count: int) -> float:
        steps = [Step("s0", "resize", ("s",), {"width": 480})]
        steps += [
            Step(f"s{number}", "resize", (f"s{number - 1}",), {"width": 480})
            for number in range(1, count)
        ]
        sources = (Source("s", (Stream("c", "a.mkv"),)),)
        flow = Workflow("w", sources, tuple(reversed(steps)))
        start = process_time()
        assert len(check_workflow(flow, signatures)) == 1
        return process_time() - start

    assert seconds(8000) < 12 * seconds(2000) + 1


def test_a_long_cycle_is_shown_in_short(signatures: Mapping[str, Signature]) -> None:
    steps = tuple(Step(f"s{n}", "resize", (f"s{(n - 1) % 5000}",)) for n in range(5000))
    (cycle,) = [
        problem.found
        for problem in check_workflow(Workflow("w", (), steps), signatures)
        if "cycle" in problem.found
    ]
    assert cycle.startswith("the cycle s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> ... -> s4996")
