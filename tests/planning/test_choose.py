from dataclasses import replace
from itertools import product

import pytest
from tests.planning.conftest import City, trace

from vedette.errors import InfeasibleError
from vedette.planning.choose import Ranking, choose
from vedette.planning.compose import accuracy
from vedette.planning.cost import feasible, figures
from vedette.planning.expand import expand
from vedette.planning.options import Limits
from vedette.planning.placement import transport
from vedette.types.graph import Objective, Scalar


def chosen(city: City, objective: Objective | None = None, **limits: object) -> Ranking:
    workflow = replace(city.workflow, objective=objective or city.workflow.objective)
    return choose(
        city.profile,
        workflow,
        city.cluster,
        city.variants,
        city.signatures,
        limits=Limits(**limits),  # type: ignore[arg-type]
    )


def by_hand(city: City) -> float:
    """The least objective of all choices and placements, each weighed alone."""
    best = float("inf")
    knobs = city.workflow.knobs()
    for values in product(*knobs.values()):
        choice: dict[str, Scalar] = dict(zip(knobs, values, strict=True))
        workflow = expand(city.workflow, choice, city.variants)
        declared = list(dict.fromkeys(step.declared for step in workflow.steps))
        for devices in product(("camera", "edge", "cloud"), repeat=len(declared)):
            at = dict(zip(declared, devices, strict=True))
            place = {step.name: at[step.declared] for step in workflow.steps}
            best = min(best, objective_of(city, choice, place))
    return best


def objective_of(city: City, choice: dict[str, Scalar], place: dict[str, str]) -> float:
    workflow = expand(city.workflow, choice, city.variants)
    qp = choice["transport.qp"]
    try:
        transport(workflow, place, city.cluster, city.signatures, qp)
    except InfeasibleError:
        return float("inf")
    costs = figures(
        workflow, place, city.cluster, trace(choice), city.signatures, variants=city.variants
    )
    holds = accuracy(city.profile, choice, "event_f1") >= 0.9
    if not (holds and feasible(costs)):
        return float("inf")
    return costs.wan_mbps + 0.01 * costs.latency_p95_ms


def test_the_search_finds_what_trying_everything_by_hand_finds(city: City) -> None:
    ranking = chosen(city)
    assert ranking.bound == pytest.approx(by_hand(city))
    cheapest = ranking.to_verify[-1]
    assert cheapest.objective == pytest.approx(ranking.bound)


def test_candidates_go_from_dearest_and_most_accurate_to_cheapest(city: City) -> None:
    rungs = chosen(city).to_verify
    costs, accuracies = [c.objective for c in rungs], [c.accuracy for c in rungs]
    assert 1 < len(rungs) <= 5
    assert costs == sorted(costs, reverse=True)
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(feasible(c.figures) and c.accuracy >= 0.9 for c in rungs)


def test_candidates_carry_the_figures_that_their_placement_would_have_alone(city: City) -> None:
    for each in chosen(city).to_verify:
        value = each.figures.wan_mbps + 0.01 * each.figures.latency_p95_ms
        assert each.objective == pytest.approx(value)
        assert each.figures.label == "predicted"


def test_the_frontier_rises_in_accuracy_with_the_objective(city: City) -> None:
    points = [(c.objective, c.accuracy) for c in chosen(city).frontier]
    assert points == sorted(points)
    assert len({accuracy for _, accuracy in points}) == len(points)


def test_a_held_knob_and_a_pinned_step_are_not_chosen(city: City) -> None:
    ranking = chosen(
        city, held={"detect.model": "plain"}, pinned={"detect": "cloud", "alert": "edge"}
    )
    for each in (*ranking.to_verify, *ranking.alternatives):
        assert each.choice["detect.model"] == "plain"
        assert (each.placement["detect"], each.placement["alert"]) == ("cloud", "edge")


def test_equal_inputs_give_equal_rankings(city: City) -> None:
    assert chosen(city) == chosen(city)


def test_an_unreachable_floor_names_the_best_accuracy_and_its_choice(city: City) -> None:
    objective = Objective({"wan_mbps": 1.0}, {"event_f1": 1.0})
    ranking = chosen(city, objective, held={"detect.model": "small"})
    assert not ranking.to_verify
    assert ranking.miss is not None
    assert "event_f1 0.792, less than 1" in ranking.miss.found
    assert ranking.miss.hint.startswith("a floor of 0.79 ")


def test_an_unreachable_ceiling_names_the_nearest_value(city: City) -> None:
    objective = Objective({"wan_mbps": 1.0}, {}, {"latency_p95_ms": 1.0})
    ranking = chosen(city, objective)
    assert ranking.miss is not None
    assert ranking.miss.expected == "latency_p95_ms up to 1"


def test_too_small_machines_name_the_load(city: City) -> None:
    cluster = replace(
        city.cluster, devices=tuple(replace(d, cores=0.01) for d in city.cluster.devices)
    )
    ranking = chosen(replace(city, cluster=cluster), held={"detect.model": "tiled"})
    assert ranking.miss is not None
    assert ranking.miss.expected.startswith("load of ")


def test_alternatives_say_why_they_lost(city: City) -> None:
    ranking = chosen(city)
    outcomes = [each.outcome for each in ranking.alternatives]
    assert any("more than the cheapest" in outcome for outcome in outcomes)
    assert any("less than 0.9" in outcome for outcome in outcomes)


def test_speeds_are_the_clusters_alone(city: City) -> None:
    measured = replace(city.profile, device_ratio={"edge": 3.0})
    assert chosen(replace(city, profile=measured)) == chosen(city)


def test_every_choice_is_weighed_where_they_are_few_and_the_method_says_so(city: City) -> None:
    every, some = chosen(city), chosen(city, choices=10)
    assert every.method == "brute force over all 18 choices with every placement"
    assert "of 18 choices (Chameleon's reduction)" in some.method
    assert some.bound >= every.bound


def test_placements_that_are_left_out_are_admitted(city: City) -> None:
    assert chosen(city, pairs=100).method.endswith("with the most promising placements")


def test_alternatives_to_a_plan_that_costs_nothing_say_what_they_cost(city: City) -> None:
    at_edge = replace(city.workflow, evidence_to=None)
    ranking = chosen(
        replace(city, workflow=at_edge), Objective({"wan_mbps": 1.0}, {"event_f1": 0.9})
    )
    assert ranking.bound == 0
    dearer = [each for each in ranking.alternatives if "the cheapest" in each.outcome]
    assert dearer
    assert all("%" not in each.outcome for each in dearer)
    assert all(f"objective of {each.objective:.4g}," in each.outcome for each in dearer)
