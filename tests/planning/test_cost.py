import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from tests.planning.conftest import City, trace

from vedette.errors import RecordError
from vedette.planning.cost import feasible, figures, latencies, timing, weigh
from vedette.planning.cover import cover
from vedette.planning.demand import demand, frames
from vedette.planning.expand import expand, golden
from vedette.planning.layout import graph, layouts, placements, site
from vedette.planning.placement import transport
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.figures import Figures
from vedette.types.graph import Choice, Scalar
from vedette.types.profile import StepTrace


def choice(city: City, **moved: Scalar) -> Choice:
    names = {"rate": "sample.rate_fps", "model": "detect.model", "qp": "transport.qp"}
    return {**golden(city.workflow), **{names[name]: value for name, value in moved.items()}}


def predicted(city: City, devices: str, **moved: Scalar) -> Figures:
    chosen = choice(city, **moved)
    workflow = expand(city.workflow, chosen, city.variants)
    groups = ("sample", "detect", "track", "alert")
    at = dict(zip(groups, devices.split(), strict=True))
    placement = {step.name: at[step.declared] for step in workflow.steps}
    return figures(
        workflow,
        placement,
        city.cluster,
        trace(chosen),
        city.signatures,
        variants=city.variants,
    )


def test_loads_are_cpu_seconds_over_cores_and_speed_and_bits_over_rate(city: City) -> None:
    found = predicted(city, "edge edge edge edge", model="plain", qp=18)
    frames = 50
    # camera: decoding .2 ms, and its encoder is free; edge: unpacking 1 ms, .01 + 7.7 + .5 + .1
    assert found.load["camera"] == pytest.approx(25 * 0.2e-3 / 0.1)
    alerts_s = frames * 0.2e-3 + 0.1e-3 * frames  # packing and unpacking answers, packing evidence
    assert found.load["edge"] == pytest.approx(frames * 9.31e-3 + alerts_s)
    assert found.load["camera->edge"] == pytest.approx(25 * 20e3 * 8 / 100e6)
    assert found.camera_mbps == pytest.approx(2 * 25 * 20e3 * 8e-6)
    # evidence: one alert of 8 kB a stream in two seconds
    assert found.wan_mbps == pytest.approx(2 * 8e3 * 8e-6 / 2)


def test_answers_from_the_cloud_cost_a_few_bytes_a_frame(city: City) -> None:
    found = predicted(city, "cloud cloud cloud cloud", model="plain", qp=18)
    back = 2 * (49 * 16 + 300) * 8e-6 / 2
    assert found.load["cloud->edge"] == pytest.approx(back / 10)
    assert found.wan_mbps == pytest.approx(back + found.camera_mbps)


def test_latency_is_work_packing_transfer_and_half_of_each_round_trip(city: City) -> None:
    alone = Cluster(
        "line",
        (
            Device("camera", "camera", 1e6, 1, 1e3, per_stream=True),
            Device("edge", "edge", 1e6, 1, 1e3),
            Device("cloud", "cloud", 1e6, 2, 1e3),
        ),
        (Link("camera", "edge", 1e3, 1e3, 2), Link("edge", "cloud", 1e3, 1e3, 40)),
    )
    city = replace(city, cluster=alone)
    found = predicted(city, "edge cloud cloud cloud", model="plain", qp=18)
    frame_ms = 20e3 * 8 / 1e6
    camera = 0.2 + 1.0 + frame_ms + 1 + 1.0
    out = 0.01 + 1.0 + frame_ms + 20 + 1.0 / 2
    cloud = (7.7 + 0.5 + 0.1) / 2
    back = 0.1 / 2 + 16 * 8 / 1e6 + 20 + 0.1
    assert found.latency_p50_ms == pytest.approx(camera + out + cloud + back, rel=1e-3)
    assert found.age_max_ms == pytest.approx(40 + found.latency_p95_ms, rel=1e-2)
    assert found.age_p95_ms == pytest.approx(found.latency_p50_ms + 0.95 * 40, rel=2e-2)


def test_writing_out_the_packing_changes_no_figure(city: City) -> None:
    chosen = choice(city, rate=5, model="tiled", qp=30)
    workflow = expand(city.workflow, chosen, city.variants)
    placement = {step.name: "cloud" for step in workflow.steps}
    written = transport(workflow, placement, city.cluster, city.signatures, 30)
    plain = figures(workflow, placement, city.cluster, trace(chosen), city.signatures)
    assert figures(*written, city.cluster, trace(chosen), city.signatures) == plain


def test_a_busy_device_makes_frames_wait_and_an_overloaded_plan_is_infeasible(city: City) -> None:
    idle = predicted(city, "cloud cloud cloud cloud", model="plain", rate=5, qp=30)
    busy = predicted(city, "cloud cloud cloud cloud", model="plain", rate=5, qp=18)
    assert busy.step_ms["wait edge->cloud"] > idle.step_ms["wait edge->cloud"]
    assert feasible(idle)
    assert not feasible(predicted(city, "edge edge edge edge", model="tiled", qp=18))


def test_price_is_hours_of_busy_devices_and_gigabytes(city: City) -> None:
    at_edge = predicted(city, "edge edge edge edge", model="small", rate=5, qp=30)
    in_cloud = predicted(city, "cloud cloud cloud cloud", model="small", rate=5, qp=30)
    assert in_cloud.price_per_hour == pytest.approx(0.44 + in_cloud.wan_mbps * 0.45 * 0.09)
    # the cloud receives the evidence, so it counts here too
    assert at_edge.price_per_hour == pytest.approx(0.44 + at_edge.wan_mbps * 0.45 * 0.09)


def test_streams_that_were_not_profiled_cost_what_one_of_their_source_does(city: City) -> None:
    one = predicted(city, "edge edge edge edge", model="small", rate=5, qp=30)
    source = city.workflow.sources[0]
    third = replace(source.streams[0], name="c")
    wider = replace(city.workflow, sources=(replace(source, streams=(*source.streams, third)),))
    more = predicted(replace(city, workflow=wider), "edge edge edge edge",
                     model="small", rate=5, qp=30)  # fmt: skip
    assert more.camera_mbps == pytest.approx(1.5 * one.camera_mbps)
    assert more.load["camera"] == pytest.approx(one.load["camera"])
    assert more.cpu_ms_per_frame == pytest.approx(one.cpu_ms_per_frame)


def test_bytes_that_nobody_measured_cannot_cross_a_link(city: City) -> None:
    chosen = choice(city, model="tiled", qp=18)
    workflow = expand(city.workflow, chosen, city.variants)
    placement = {step.name: "edge" for step in workflow.steps} | {"detect.pass": "cloud"}
    with pytest.raises(RecordError, match=r"detect\.tile"):
        figures(workflow, placement, city.cluster, trace(chosen), city.signatures)


def test_every_placement_weighed_in_bulk_costs_what_it_costs_alone(city: City) -> None:
    chosen = choice(city, rate=5, model="plain", qp=18)
    workflow = expand(city.workflow, chosen, city.variants)
    shape, place = graph(workflow, city.cluster, city.signatures), site(city.cluster)
    rows = placements(shape, place, city.signatures)
    plans, ask = layouts(shape, place, rows), demand(trace(chosen), shape, city.signatures)
    weights = weigh(plans, ask, shape, place)
    each = frames(trace(chosen), shape)
    times = timing(latencies(plans, each, shape, place, weights), each)
    assert len(rows) == 3**4
    for i, row in enumerate(rows):
        at = {name: place.names[d] for name, d in zip(shape.names, row, strict=True)}
        alone = figures(workflow, at, city.cluster, trace(chosen), city.signatures)
        for name, values in {**weights.metrics, **times}.items():
            assert getattr(alone, name) == pytest.approx(values[i])


def test_a_forecast_is_the_same_from_a_trace_that_was_made_to_cover_every_stream(
    city: City,
) -> None:
    chosen = choice(city, rate=5, model="plain", qp=30)
    source, measured = city.workflow.sources[0], trace(chosen)
    costs = np.where(measured.stream == 0, 1.0, 3.0)
    steps = {
        name: replace(step, cpu_s=step.cpu_s * costs, size_bytes=step.size_bytes * costs)
        for name, step in measured.steps.items()
    }
    uneven = replace(measured, steps=steps)
    streams = (*source.streams, *(replace(source.streams[0], name=name) for name in "cde"))
    wider = replace(city.workflow, sources=(replace(source, streams=streams),))
    workflow = expand(wider, chosen, city.variants)
    placement = {step.name: "edge" for step in workflow.steps}
    lent, covered = (
        figures(workflow, placement, city.cluster, each, city.signatures)
        for each in (uneven, cover(uneven, wider))
    )
    assert lent.load == pytest.approx(covered.load)
    assert lent.step_ms == pytest.approx(covered.step_ms)
    assert (lent.frames, lent.analysed) == (covered.frames, covered.analysed)
    for metric in ("wan_mbps", "latency_p50_ms", "latency_p95_ms", "age_p95_ms", "age_max_ms"):
        assert getattr(lent, metric) == pytest.approx(getattr(covered, metric))


def test_what_a_search_keeps_of_a_choice_does_not_grow_with_the_frames(city: City) -> None:
    chosen = choice(city, rate=5, model="plain", qp=30)
    shape = graph(expand(city.workflow, chosen, city.variants), city.cluster, city.signatures)
    short = trace(chosen)
    longer = replace(
        short,
        stream=np.tile(short.stream, 9),
        frame=np.tile(short.frame, 9),
        time_s=np.tile(short.time_s, 9),
        analysed=np.tile(short.analysed, 9),
        steps={
            name: StepTrace(*(np.tile(getattr(step, each.name), 9) for each in fields(step)))
            for name, step in short.steps.items()
        },
    )
    kept = [demand(each, shape, city.signatures) for each in (short, longer)]
    assert len(pickle.dumps(kept[0])) == pytest.approx(len(pickle.dumps(kept[1])), abs=64)
    assert kept[0].work_rate == pytest.approx(kept[1].work_rate)
