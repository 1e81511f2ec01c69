from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.conftest import City, build_city

from vedette.errors import InputError
from vedette.planning.choose import least
from vedette.planning.options import DEFAULT, Context, options
from vedette.planning.scenario import Scenario, scenario


def changed(city: City, text: str) -> Scenario:
    return scenario(text, city.workflow, city.cluster)


def optimum(city: City, text: str = "") -> float:
    then = changed(city, text) if text else Scenario("", city.workflow, city.cluster, DEFAULT)
    context = Context(city.profile, then.workflow, city.variants, city.signatures)
    every = options(context, then.cluster, then.limits)
    found = least(context, then.cluster, every, then.limits)
    return found.objective if found else float("inf")


def test_several_changes_are_made_one_after_the_other(city: City) -> None:
    then = changed(city, "device.edge.cores=4, device.edge.cores=x2, floor.frame_f1=.5")
    assert then.cluster.device("edge").cores == 8
    assert then.workflow.objective.floors == {"event_f1": 0.9, "frame_f1": 0.5}
    assert city.cluster.device("edge").cores == 2


def test_a_rate_is_that_of_both_ways_and_each_may_be_named(city: City) -> None:
    both = changed(city, "link.edge->cloud.rate_mbps=5 Mbit/s").cluster.links[1]
    one = changed(city, "link.edge-cloud.back_mbps=5").cluster.links[1]
    assert (both.rate_mbps, both.back_mbps) == (5, 5)
    assert (one.rate_mbps, one.back_mbps) == (10, 5)


def test_limits_and_weights_come_and_go(city: City) -> None:
    then = changed(
        city, "floor.event_f1=none,ceiling.age_max_ms=300ms,weight.latency_p95_ms=none"
    ).workflow.objective
    assert (then.floors, then.ceilings) == ({}, {"age_max_ms": 300})
    assert then.minimise == {"wan_mbps": 1.0}


def test_there_may_be_more_machines_of_a_device_but_whole_ones(city: City) -> None:
    then = changed(city, "device.cloud.max_replicas=4, device.cloud.max_replicas=x2")
    assert then.cluster.device("cloud").max_replicas == 8
    with pytest.raises(InputError, match=r"(?s)1.5 for .*a whole number"):
        changed(city, "device.cloud.max_replicas=1.5")


def test_a_knob_and_a_place_can_be_held(city: City) -> None:
    then = changed(city, "knob.detect.model=tiled, knob.sample.rate_fps=5, place.detect=cloud")
    assert then.limits.held == {"detect.model": "tiled", "sample.rate_fps": 5}
    assert then.limits.pinned == {"detect": "cloud"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("device.egde.cores=4", r"(?s)'device.egde.cores'.*try device.edge.cores"),
        ("link.edge-clod.rate_mbps=5", r"(?s).*try link.edge-cloud.rate_mbps"),
        ("flor.event_f1=.5", r"(?s).*try floor.event_f1"),
        ("floor.event_f2=.5", r"(?s).*try floor.event_f1"),
        ("link.edge-cloud.rate_mbps=5kbit/s", "the unit 'kbit/s'"),
        ("link.edge-cloud.rtt_ms=5 Mbit/s", "a number of ms"),
        ("device.edge.cores=many", "'many' for device.edge.cores"),
        ("device.edge.cores=0", "more than 0"),
        ("device.edge.cores=-1", "more than 0"),
        ("device.edge.cores=none", "'none' for device.edge.cores"),
        ("floor.event_f1=95", "1 at most"),
        ("ceiling.age_max_ms=x2", "there is none yet"),
        ("weight.wan_mbps=none, weight.latency_p95_ms=off", "nothing to minimise"),
        ("knob.detect.model=big", r"(?s)'big' for knob.detect.model.*known: plain, small, tiled"),
        ("place.detect=moon", r"(?s)'moon' for place.detect.*known: camera, cloud, edge"),
        ("device.edge.cores", "KEY=VALUE"),
        ("", "KEY=VALUE"),
    ],
)
def test_mistakes_are_told_with_what_was_meant(city: City, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        changed(city, text)


def test_all_mistakes_of_a_scenario_are_told_together(city: City) -> None:
    with pytest.raises(InputError) as told:
        changed(city, "device.edge.cores=0, floor.event_f1=2")
    assert len(told.value.problems) == 2


CITY = build_city()
SIZES = ("device.edge.cores", "device.cloud.cores", "link.edge-cloud.rate_mbps",
         "link.camera-edge.rate_mbps", "device.edge.speed")  # fmt: skip


@pytest.mark.parametrize("key", SIZES)
@settings(max_examples=12, deadline=None)
@given(small=st.integers(1, 12), more=st.integers(0, 12))
def test_a_larger_machine_or_link_never_raises_the_optimum(key: str, small: int, more: int) -> None:
    larger, smaller = (optimum(CITY, f"{key}={size}") for size in (small + more, small))
    assert larger <= smaller + 1e-9


@settings(max_examples=20, deadline=None)
@given(floor=st.floats(0.01, 1.0))
def test_going_without_a_floor_never_raises_the_optimum(floor: float) -> None:
    lowered = optimum(CITY, f"floor.event_f1={floor}")
    assert optimum(CITY, "floor.event_f1=none") <= lowered + 1e-9
    assert optimum(CITY, f"floor.event_f1={floor / 2}") <= lowered + 1e-9


@settings(max_examples=12, deadline=None)
@given(ceiling=st.floats(1.0, 500.0))
def test_a_ceiling_never_lowers_the_optimum(ceiling: float) -> None:
    assert optimum(CITY, f"ceiling.latency_p95_ms={ceiling}") >= optimum(CITY) - 1e-9


def test_holding_what_would_be_chosen_anyway_changes_nothing(city: City) -> None:
    context = Context(city.profile, city.workflow, city.variants, city.signatures)
    best = least(context, city.cluster, options(context, city.cluster, DEFAULT), DEFAULT)
    assert best is not None
    model, place = best.choice["detect.model"], best.placement["detect"]
    same = f"knob.detect.model={model}, place.detect={place}"
    assert optimum(city, same) == pytest.approx(best.objective)
    assert optimum(city, "knob.detect.model=tiled") > best.objective


def test_equal_scenarios_give_equal_values(city: City) -> None:
    text = "device.edge.cores=4"
    assert changed(city, text) == replace(changed(city, f" {text} "), text=text)
