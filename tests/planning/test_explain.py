from dataclasses import replace

import pytest
from tests.planning.conftest import City

from vedette.planning.choose import choose
from vedette.planning.cost import LIMIT
from vedette.planning.explain import Explanation, binding, explain
from vedette.types.graph import Objective
from vedette.types.plan import Plan, Proof


def planned(city: City) -> Plan:
    ranking = choose(city.profile, city.workflow, city.cluster, city.variants, city.signatures)
    chosen = ranking.to_verify[-1]
    return Plan(
        workflow=city.workflow,
        cluster=city.cluster,
        choice=chosen.choice,
        placement=chosen.placement,
        predicted=chosen.figures,
        scores={},
        verdict="not checked",
        proof=Proof(chosen.objective, ranking.bound, ranking.method, ranking.evaluated),
        tried=ranking.to_verify,
        runners_up=ranking.alternatives,
    )


PLACES = ("street", "sample", "detect", "track", "alert")


def optimum(city: City) -> float:
    return choose(city.profile, city.workflow, city.cluster, city.variants, city.signatures).bound


def with_objective(city: City, **changes: object) -> City:
    objective = replace(city.workflow.objective, **changes)  # type: ignore[arg-type]
    return replace(city, workflow=replace(city.workflow, objective=objective))


def explained(city: City, *, tested: bool = True, plan: Plan | None = None) -> Explanation:
    plan = plan or planned(city)
    plan = plan if tested else replace(plan, tried=())
    return explain(plan, city.profile, city.workflow, city.cluster, city.variants, city.signatures)


def test_every_link_device_floor_and_ceiling_has_a_price(city: City) -> None:
    city = replace(city, workflow=replace(
        city.workflow, objective=replace(city.workflow.objective, ceilings={"age_max_ms": 300})
    ))  # fmt: skip
    found = {(price.what, price.unit) for price in explained(city).shadow_prices}
    assert found == {
        ("camera->edge", "Mbit/s"),
        ("edge->cloud", "Mbit/s"),
        ("camera", "core"),
        ("edge", "core"),
        ("cloud", "core"),
        ("event_f1", "point of accuracy"),
        ("age_max_ms", "tenth of its ceiling"),
    }


def test_a_shadow_price_is_the_difference_to_the_optimum_with_one_more(city: City) -> None:
    prices = {price.what: price for price in explained(city).shadow_prices}
    edge = replace(city.cluster.devices[1], cores=3)
    wider = replace(city.cluster, devices=(city.cluster.devices[0], edge, city.cluster.devices[2]))
    before, after = (
        choose(city.profile, city.workflow, cluster, city.variants, city.signatures).bound
        for cluster in (city.cluster, wider)
    )
    assert prices["edge"].change == pytest.approx(after - before)


def test_relaxing_a_limit_never_costs_anything(city: City) -> None:
    changes = [price.change for price in explained(city).shadow_prices]
    assert max(changes) <= 1e-9
    assert changes == sorted(changes)


def test_runners_up_differ_in_a_knob_or_a_device_and_say_why_they_lost(city: City) -> None:
    runners_up = explained(city).runners_up
    assert runners_up
    assert all(each.differs for each in runners_up)
    assert any("detect.model" in line for each in runners_up for line in each.differs)


def test_ceilings_and_loads_bind_near_their_limit_and_floors_where_rivals_lost(
    city: City,
) -> None:
    plan = planned(city)
    costs = replace(plan.predicted, load={"edge": 0.79, "cloud": 0.5}, age_max_ms=299.0)
    objective = Objective(floors={"event_f1": 0.9}, ceilings={"age_max_ms": 300})
    kept_out = replace(plan.runners_up[0], outcome="event_f1 0.895, less than 0.9")
    found = binding(costs, objective, [kept_out], load_limit=LIMIT)
    assert [(each.kind, each.name) for each in found] == [
        ("ceiling", "age_max_ms"),
        ("load", "edge"),
        ("floor", "event_f1"),
    ]
    assert str(found[1]) == "load of edge <= 0.8 (at 0.79)"


@pytest.mark.parametrize("floor", [0.5, 0.75, 0.8, 0.82, 0.86, 0.9, 0.905, 0.925, 0.945])
def test_a_floor_binds_by_forecast_where_going_without_it_is_cheaper(
    city: City, floor: float
) -> None:
    asked = with_objective(city, floors={"event_f1": floor})
    explanation = explained(asked, tested=False)
    binds = any(each.kind == "floor" for each in explanation.binding)
    assert binds == (optimum(with_objective(city, floors={})) < optimum(asked) - 1e-9)


@pytest.mark.parametrize("rate_mbps", [0.05, 0.4, 1.0, 10])
@pytest.mark.parametrize("cores", [0.05, 0.4, 2])
def test_shadow_prices_are_those_of_a_search_from_scratch(
    city: City, rate_mbps: float, cores: float
) -> None:
    camera, edge, cloud = city.cluster.devices
    near, far = city.cluster.links
    tight = replace(
        city.cluster,
        devices=(camera, replace(edge, cores=cores), cloud),
        links=(near, replace(far, rate_mbps=rate_mbps, back_mbps=rate_mbps)),
    )
    here = replace(city, cluster=tight)
    told = explained(here, plan=planned(city))
    prices = {price.what: price.change for price in told.shadow_prices}
    edge, far = tight.devices[1], tight.links[1]
    larger = replace(edge, cores=cores + 1)
    faster = replace(far, rate_mbps=rate_mbps + 1, back_mbps=rate_mbps + 1)
    now = optimum(here)
    with_core = optimum(replace(here, cluster=replace(tight, devices=(camera, larger, cloud))))
    with_link = optimum(replace(here, cluster=replace(tight, links=(near, faster))))
    assert prices["edge"] == pytest.approx(min(with_core - now, 0))
    assert prices["edge->cloud"] == pytest.approx(min(with_link - now, 0))
    assert prices["event_f1"] == pytest.approx(
        min(optimum(with_objective(here, floors={"event_f1": 0.89})) - now, 0)
    )


def test_where_two_plans_are_equal_a_price_is_that_of_the_better_one(city: City) -> None:
    free = with_objective(city, minimise={"wan_mbps": 1.0}, floors={"event_f1": 0.5})
    told = explained(free)
    assert told.cheapest is not None
    assert {price.what: price.change for price in told.shadow_prices}["cloud"] == 0
    assert all(price.change <= 0 for price in told.shadow_prices)


def test_what_makes_the_impossible_possible_is_worth_more_than_any_number(city: City) -> None:
    camera, edge, _ = city.cluster.devices
    near, _ = city.cluster.links
    alone = replace(city.cluster, devices=(camera, replace(edge, cores=0.001)), links=(near,))
    here = replace(
        city, cluster=alone, workflow=replace(city.workflow, deliver_to="edge", evidence_to=None)
    )
    plan = replace(planned(city), placement=dict.fromkeys(PLACES, "edge") | {"street": "camera"})
    told = explained(here, plan=plan)
    assert told.cheapest is None
    assert told.shadow_prices[0].what == "edge"
    assert told.shadow_prices[0].change == float("-inf")


def test_the_terms_of_a_rival_add_up_to_what_it_costs_more(city: City) -> None:
    for rival in explained(city).runners_up:
        assert sum(rival.terms.values()) == pytest.approx(rival.more, abs=1e-9)


def test_rivals_differ_from_one_another_in_a_variant_or_a_placement(city: City) -> None:
    rivals = explained(city, tested=False).runners_up
    keys = [
        (each.candidate.choice["detect.model"], tuple(sorted(each.candidate.placement.items())))
        for each in rivals
    ]
    assert len(set(keys)) == len(keys)
    assert 2 <= len(rivals) <= 6


def test_what_is_cheaper_and_was_not_run_says_so(city: City) -> None:
    plan = planned(city)
    dear = replace(plan, choice=plan.tried[0].choice, placement=plan.tried[0].placement, tried=())
    told = explained(city, plan=dear)
    assert told.cheapest is not None
    assert told.cheapest.candidate.objective < told.chosen.candidate.objective
    assert told.runners_up[0].why == "never run"
    assert told.runners_up[0].more < 0
    assert told.runners_up[0].reason == "the plan was stated, not searched"


def test_the_frontier_is_cheapest_first_and_has_the_cheapest_that_qualifies(city: City) -> None:
    told = explained(city)
    costs = [each.candidate.objective for each in told.frontier]
    assert costs == sorted(costs)
    assert told.cheapest in told.frontier


@pytest.mark.parametrize(
    ("outcome", "binds"),
    [
        ("failed: the lower bound of event_f1 is 0.893, less than 0.9", True),
        ("failed: only 3 reference events, event_f1 is 0.941, less than 0.95", True),
        ("failed: latency_p95_ms is 412.3 when simulated, more than 400", False),
        ("held: the lower bound of event_f1 is 0.930, at least 0.9", False),
    ],
)
def test_a_floor_binds_where_it_failed_a_plan_that_was_run(
    city: City, outcome: str, *, binds: bool
) -> None:
    plan = planned(city)
    rival = replace(plan.tried[0], outcome=outcome)
    found = binding(plan.predicted, city.workflow.objective, [rival])
    assert [each.name for each in found if each.kind == "floor"] == ["event_f1"] * binds
