from dataclasses import replace

import numpy as np
from tests.planning.conftest import City

from vedette.planning.expand import expand
from vedette.planning.layout import MOST_PLACEMENTS, Graph, graph, placements, site
from vedette.types.cluster import Cluster, Device, Link, Tier
from vedette.types.graph import Source, Step, Stream


def shape(city: City, **changes: object) -> Graph:
    workflow = expand(city.workflow, changes, city.variants)  # type: ignore[arg-type]
    return graph(workflow, city.cluster, city.signatures)


def test_a_few_steps_get_every_placement_in_the_order_of_devices(city: City) -> None:
    rows = placements(shape(city), site(city.cluster), city.signatures)
    assert len(rows) == 3**4
    assert rows[:, 1:].tolist() == sorted(rows[:, 1:].tolist())


def test_the_parts_of_a_step_stay_together_and_sources_at_home(city: City) -> None:
    plan = shape(city)
    rows = placements(plan, site(city.cluster), city.signatures)
    parts = [plan.names.index(name) for name in ("detect.tile", "detect.pass", "detect")]
    assert (rows[:, parts] == rows[:, parts[:1]]).all()
    assert (rows[:, 0] == 0).all()


def test_many_steps_get_the_placements_with_the_fewest_moves(city: City) -> None:
    chain = [Step("s0", "track", ("street",))]
    chain += [Step(f"s{i}", "track", (f"s{i - 1}",)) for i in range(1, 12)]
    longer = replace(city.workflow, steps=tuple(chain))
    plan = graph(longer, city.cluster, city.signatures)
    rows = placements(plan, site(city.cluster), city.signatures)
    moves = (np.diff(rows[:, 1:], axis=1) != 0).sum(axis=1)
    assert 0 < len(rows) <= MOST_PLACEMENTS
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert moves.max() == 3


def test_unreachable_devices_are_left_out(city: City) -> None:
    island = Cluster(
        "island", (*city.cluster.devices, Device("far", "cloud", 1)), city.cluster.links
    )
    plan = graph(expand(city.workflow, {}, city.variants), island, city.signatures)
    rows = placements(plan, site(island), city.signatures)
    assert 3 not in rows


def test_a_stateful_step_over_two_sources_does_not_sit_beside_one_stream(city: City) -> None:
    other = Source("yard", (Stream("c", "c.mkv"),))
    steps = (Step("both", "track", ("street", "yard")), Step("each", "track", ("street",)))
    joint = replace(city.workflow, sources=(*city.workflow.sources, other), steps=steps)
    signatures = {"track": replace(city.signatures["track"], stateful=True)}
    rows = placements(graph(joint, city.cluster, signatures), site(city.cluster), signatures)
    assert set(rows[:, 2].tolist()) == {1, 2}
    assert set(rows[:, 3].tolist()) == {0, 1, 2}


def test_lanes_have_a_rate_each_way() -> None:
    cluster = Cluster(
        "two", (Device("a", "edge", 1), Device("b", "cloud", 1)), (Link("a", "b", 10, 2, 5),)
    )
    place = site(cluster)
    assert place.lanes == ("a->b", "b->a")
    assert place.lane_mbps.tolist() == [10, 2]
    assert place.capacity.tolist() == [1, 1]
    assert place.route[0, 1].tolist() == [True, False]
    assert place.route[1, 0].tolist() == [False, True]


def test_a_camera_linked_to_the_cloud_uses_the_wan_and_only_that() -> None:
    camera = Device("camera", "camera", 1, per_stream=True)
    places: dict[str, Tier] = {"edge": "edge", "cloud": "cloud", "hub": "edge", "other": "cloud"}
    devices = (camera, *(Device(name, tier, 1) for name, tier in places.items()))
    links = [Link(*ends, 1, 1, 1) for ends in (
        ("camera", "cloud"), ("cloud", "edge"), ("camera", "edge"), ("edge", "hub"),
        ("cloud", "other"),
    )]  # fmt: skip
    place = site(Cluster("direct", devices, tuple(links)))
    assert place.lane_is_wan[::2].tolist() == [True, True, False, False, False]
    assert place.lane_is_camera[::2].tolist() == [False, False, True, False, False]


def test_whole_cores_share_what_a_fraction_of_a_core_adds() -> None:
    devices = tuple(Device(f"d{cores}", "edge", cores, 2.0) for cores in (0.5, 1.0, 1.5, 2.5))
    place = site(Cluster("fractions", devices, ()))
    assert place.servers.tolist() == [1, 1, 1, 2]
    assert place.core_speed.tolist() == [1.0, 2.0, 3.0, 2.5]
    assert (place.servers * place.core_speed).tolist() == place.capacity.tolist()
