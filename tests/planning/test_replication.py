"""Numbers of machines: weighed with placements, priced, no more of them than a ceiling needs."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
from tests.planning.conftest import City, build_city, trace

from vedette.declaring.operator import signatures
from vedette.planning.choose import choose
from vedette.planning.cost import feasible, figures
from vedette.planning.cover import cover
from vedette.planning.expand import expand, golden
from vedette.planning.layout import graph, layouts, placements, site
from vedette.planning.options import Limits
from vedette.planning.placement import transport
from vedette.planning.queueing import Crowd, sakasegawa, wait_s
from vedette.planning.replication import MOST_ROWS, fewest, multiplied, named
from vedette.running.replicas import ONE_BY_ONE, ReplicaSet, poisson, serve, varied
from vedette.running.virtual import simulate
from vedette.types.cluster import Cluster, Link
from vedette.types.figures import Figures
from vedette.types.graph import Choice, Objective, Source, Step, Stream
from vedette.types.operators import Port, Signature
from vedette.types.plan import Deployment

PLAIN: Choice = {"sample.rate_fps": "source", "detect.model": "plain", "transport.qp": 30}


def wide(streams: int = 4, cores: float = 1, most: int = 4, price: float = 0.4) -> City:
    """The city with more cameras, and so many small machines in its cloud."""
    city = build_city()
    source = city.workflow.sources[0]
    names = "abcdefghijklmnopqrstuvwx"[:streams]
    source = replace(source, streams=tuple(Stream(name, f"{name}.mkv") for name in names))
    camera, edge, cloud = city.cluster.devices
    cloud = replace(cloud, cores=cores, price_per_hour=price, max_replicas=most)
    links = (Link("camera", "edge", 1e3, 1e3, 2), Link("edge", "cloud", 1e3, 1e3, 40, 0.09))
    cluster = Cluster("city", (camera, edge, cloud), links)
    return replace(city, workflow=replace(city.workflow, sources=(source,)), cluster=cluster)


def predicted(city: City, place: dict[str, str], choice: Choice, count: int) -> Figures:
    workflow = expand(city.workflow, choice, city.variants)
    return figures(
        workflow,
        {step.name: place[step.declared] for step in workflow.steps},
        city.cluster,
        trace(choice),
        city.signatures,
        variants=city.variants,
        replicas={"cloud": count},
    )


def in_cloud(city: City, count: int) -> Figures:
    return predicted(city, dict.fromkeys(("sample", "detect", "track", "alert"), "cloud"),
                     PLAIN, count)  # fmt: skip


def by_hand(city: City, objective: Objective) -> tuple[float, int]:
    """The least objective of all placements and numbers of machines, and the fewest that reach it.

    Each is weighed alone.
    """
    found = []
    declared = ("sample", "detect", "track", "alert")
    for devices in product(("camera", "edge", "cloud"), repeat=4):
        for count in range(1, 5 if "cloud" in devices else 2):
            costs = predicted(city, dict(zip(declared, devices, strict=True)), PLAIN, count)
            holds = all(getattr(costs, name) <= top for name, top in objective.ceilings.items())
            if feasible(costs) and holds:
                value = sum(w * getattr(costs, name) for name, w in objective.minimise.items())
                found.append((round(value, 12), count))
    return min(found)


@pytest.mark.parametrize("price", [0.4, 0.0])
@pytest.mark.parametrize("ceiling_ms", [60.0, 68.0, 90.0])
def test_the_planners_number_of_machines_is_that_of_trying_every_one(
    ceiling_ms: float, price: float
) -> None:
    city = wide(price=price)
    objective = Objective({"price_per_hour": 1.0}, {}, {"latency_p50_ms": ceiling_ms})
    ranking = choose(
        city.profile,
        replace(city.workflow, objective=objective),
        city.cluster,
        city.variants,
        city.signatures,
        limits=Limits(held=PLAIN),
    )
    value, count = by_hand(city, objective)
    best = ranking.to_verify[-1]
    assert best.objective == pytest.approx(value)
    assert best.replicas == {"cloud": count}
    assert best.figures == predicted(city, dict(best.placement), PLAIN, count)


def test_more_machines_never_make_streams_that_are_alike_wait_longer() -> None:
    costs = [in_cloud(wide(8, 2, 8), count) for count in range(1, 9)]
    for fewer, more in pairwise(costs):
        assert more.latency_p95_ms <= fewer.latency_p95_ms + 1e-9
        assert more.load["cloud"] <= fewer.load["cloud"] + 1e-9
        assert more.price_per_hour == pytest.approx(fewer.price_per_hour + 0.4)


def test_a_device_is_as_loaded_as_the_machine_with_the_most_of_its_streams() -> None:
    one, two, three = (in_cloud(wide(4), count).load["cloud"] for count in (1, 2, 3))
    assert two == pytest.approx(one / 2)
    assert three == pytest.approx(two)  # one of three still has two of four streams


def test_no_more_machines_are_weighed_than_there_are_streams_or_where_nothing_is_done() -> None:
    city = wide(2, most=5)
    shape = graph(expand(city.workflow, PLAIN, city.variants), city.cluster, city.signatures)
    place = site(city.cluster)
    plans, is_all = multiplied(layouts(shape, place, placements(shape, place, city.signatures)),
                               shape, place, city.signatures)  # fmt: skip
    assert is_all
    assert set(plans.replicas[:, 2].tolist()) == {1, 2}
    idle = ~plans.work[:, 2].any(axis=1)
    assert (plans.replicas[idle] == 1).all()
    assert {tuple(named(plans, i, shape, place).items()) for i in range(len(plans.place))} <= {
        (), (("cloud", 1),), (("cloud", 2),)
    }  # fmt: skip


def test_many_machines_are_thinned_and_the_search_says_that_it_is_not_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vedette.planning.replication.MOST_ROWS", 20)
    city = wide(24, most=24)
    shape = graph(expand(city.workflow, PLAIN, city.variants), city.cluster, city.signatures)
    place = site(city.cluster)
    row = layouts(shape, place, np.full((1, len(shape.names)), 2))
    plans, is_all = multiplied(row, shape, place, city.signatures)
    assert not is_all
    assert plans.replicas[:, 2].tolist() == [1, 2, 4, 8, 16, 24]
    assert MOST_ROWS > 20


def test_steps_in_which_streams_meet_are_done_by_one_machine() -> None:
    city = wide(4)
    second = Source("yard", (Stream("y", "y.mkv"),))
    meet = Step("meet", "meet", ("track", "look"))
    look = Step("look", "track", ("yard",))
    workflow = replace(
        city.workflow,
        sources=(*city.workflow.sources, second),
        steps=(*city.workflow.steps, look, meet),
    )
    known = {**city.signatures, "meet": Signature("meet", (Port("Detections"),), Port("Event"))}
    shape = graph(expand(workflow, PLAIN, city.variants), city.cluster, known)
    place = site(city.cluster)
    row = layouts(shape, place, np.full((1, len(shape.names)), 2))
    assert multiplied(row, shape, place, known)[0].replicas.tolist() == [[1, 1, 1]]


def test_the_fewest_machines_that_hold_a_load_are_found_for_what_is_stated() -> None:
    city = wide(4, cores=0.75, most=4)
    workflow = expand(city.workflow, PLAIN, city.variants)
    place = {step.name: "cloud" for step in workflow.steps}

    def costs(counts: Mapping[str, int]) -> Figures:
        return in_cloud(city, counts.get("cloud", 1))

    found = fewest(costs, workflow, place, city.cluster, 0.8)
    assert feasible(in_cloud(city, found["cloud"]))
    assert not feasible(in_cloud(city, found["cloud"] - 1))


@pytest.mark.parametrize("cv", [0.0, 1.0])
@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_the_models_wait_is_that_of_machines_with_independent_frames_within_15_percent(
    load: float, cv: float
) -> None:
    """Streams that are dealt to one-core machines: each an M/G/1, whatever their number."""
    rate, service_s = load / 0.02, 0.02
    predicted_s = (1 + cv**2) / 2 * float(sakasegawa(np.array(load), np.array(1.0))) * service_s
    assert predicted_s == pytest.approx(wait_s(Crowd(rate, 1, service_s, cv)))
    one = ReplicaSet(1, varied(service_s, 0, max(cv, 1e-2)), batching=ONE_BY_ONE)
    waits = [serve(poisson(rate, 6000, seed), one, seed=seed).server_queue_s.mean()
             for seed in range(3)]  # fmt: skip
    assert np.mean(waits) == pytest.approx(predicted_s, rel=0.15)


def known_settings(known: dict[str, Signature], step: Step) -> Step:
    """The city's operators have no settings but their models."""
    signature = known[step.operator]
    keep = {*signature.settings, *signature.models}
    return replace(step, settings={k: v for k, v in step.settings.items() if k in keep})


@pytest.mark.parametrize("count", [1, 2, 4])
def test_video_waits_no_longer_on_several_machines_than_predicted(count: int) -> None:
    """Frames come by a clock, so the wait of independent frames is a bound of theirs.

    The load is a bound, too: what evidence costs is foreseen for each frame, and comes with alerts.
    """
    city = wide(12, cores=5 / count, most=4)
    known = {**signatures(), **city.signatures}
    choice = {**golden(city.workflow), **PLAIN}
    expanded = expand(city.workflow, choice, city.variants)
    packed, place = transport(expanded, {step.name: "cloud" for step in expanded.steps},
                              city.cluster, known, 30)  # fmt: skip
    packed = replace(packed, steps=tuple(map(partial(known_settings, known), packed.steps)))
    plan = Deployment(workflow=packed, cluster=city.cluster, choice=choice, placement=place,
                      replicas={"cloud": count})  # fmt: skip
    ran = simulate(plan, cover(trace(choice), packed), known).figures
    foreseen = in_cloud(city, count)
    assert ran.load["cloud"] <= foreseen.load["cloud"] <= 1.05 * ran.load["cloud"]
    assert ran.price_per_hour == pytest.approx(foreseen.price_per_hour, rel=0.03)
    assert ran.step_ms.get("wait cloud", 0.0) <= 1.1 * foreseen.step_ms["wait cloud"]
