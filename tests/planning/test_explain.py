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


def explained(city: City, *, tested: bool = True) -> Explanation:
    plan = planned(city)
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


@pytest.mark.parametrize("floor", [0.75, 0.8, 0.82, 0.86, 0.9, 0.905, 0.915, 0.925, 0.935, 0.945])
def test_a_floor_that_is_forecast_to_bind_is_worth_something(city: City, floor: float) -> None:
    objective = replace(city.workflow.objective, floors={"event_f1": floor})
    explanation = explained(
        replace(city, workflow=replace(city.workflow, objective=objective)), tested=False
    )
    binds = any(each.kind == "floor" for each in explanation.binding)
    worth = {each.what: each.change for each in explanation.shadow_prices}["event_f1"]
    assert binds == (worth < 0)


@pytest.mark.parametrize(
    ("outcome", "binds"),
    [
        ("failed: the lower bound of event_f1 is 0.893, less than 0.9", True),
        ("failed: only 3 reference events, event_f1 is 0.941, less than 0.95", True),
        ("failed: the lower bound of event_f1 is 0.850, less than 0.9", False),
        ("held: the lower bound of event_f1 is 0.930, at least 0.9", False),
    ],
)
def test_a_floor_binds_where_a_point_less_would_have_let_a_tested_plan_hold(
    city: City, outcome: str, *, binds: bool
) -> None:
    plan = planned(city)
    rival = replace(plan.tried[0], outcome=outcome)
    found = binding(plan.predicted, city.workflow.objective, [rival])
    assert [each.name for each in found if each.kind == "floor"] == ["event_f1"] * binds
