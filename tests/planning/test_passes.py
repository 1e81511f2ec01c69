"""Frames that share a pass: how many meet, what that saves, and what the planner makes of it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import simpy
from tests.planning.conftest import City, build_city, trace

from vedette.planning.choose import choose
from vedette.planning.cost import feasible, figures
from vedette.planning.expand import expand
from vedette.planning.options import Limits
from vedette.planning.passes import resized
from vedette.running.machines import Machine, Machines, Waiting
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.figures import Figures
from vedette.types.graph import Choice, Objective, Stream
from vedette.types.passes import Passes
from vedette.types.plan import Deployment

PLAIN: Choice = {"sample.rate_fps": "source", "detect.model": "plain", "transport.qp": 30}
STEEP = Passes((1, 2, 4, 8, 16), (1.0, 0.55, 0.33, 0.2, 0.15))
MILD = Passes((1, 2, 4), (1.0, 0.8, 0.7))
NONE = Passes((1,), (1.0,))


def crowded(passes: Passes | None, *, most: int = 8, cores: float = 1.0) -> City:
    """The city with more cameras, and a cloud whose model takes up to ``most`` frames in a pass."""
    city = build_city()
    source = city.workflow.sources[0]
    streams = tuple(Stream(name, f"{name}.mkv") for name in "abcdefgh")
    camera, edge, cloud = city.cluster.devices
    cloud = replace(cloud, cores=cores, max_batch=most)
    links = (Link("camera", "edge", 1e3, 1e3, 2), Link("edge", "cloud", 1e3, 1e3, 40, 0.09))
    measured = {} if passes is None else {"plain": passes}
    return replace(
        city,
        workflow=replace(city.workflow, sources=(replace(source, streams=streams),)),
        cluster=Cluster("city", (camera, edge, cloud), links),
        profile=replace(city.profile, passes=measured),
    )


def in_cloud(city: City, passes: Passes | None) -> Figures:
    workflow = expand(city.workflow, PLAIN, city.variants)
    return figures(
        workflow,
        {step.name: "cloud" for step in workflow.steps},
        city.cluster,
        trace(PLAIN),
        city.signatures,
        variants=city.variants,
        batches={} if passes is None else {"detect": passes},
    )


def best(city: City, objective: Objective) -> tuple[dict[str, Passes], Figures]:
    ranking = choose(
        city.profile,
        replace(city.workflow, objective=objective),
        city.cluster,
        city.variants,
        city.signatures,
        limits=Limits(
            held=PLAIN, pinned=dict.fromkeys(("sample", "detect", "track", "alert"), "cloud")
        ),
    )
    assert ranking.to_verify, ranking.miss
    return dict(ranking.to_verify[-1].batches), ranking.to_verify[-1].figures


def test_what_one_frame_at_a_time_overloads_passes_of_several_carry() -> None:
    city = crowded(STEEP)  # 8 streams x 25 frames x 8.3 ms: 1.66 of its one core
    assert not feasible(in_cloud(city, None))
    assert feasible(in_cloud(city, STEEP.up_to(8)))
    chosen, costs = best(city, Objective({"cpu_ms_per_frame": 1.0}))
    assert set(chosen) == {"detect"}
    assert chosen["detect"].most > 1
    assert costs == in_cloud(city, chosen["detect"])


@pytest.mark.parametrize("ceiling_ms", [70.0, 90.0])
def test_the_planners_size_of_passes_is_that_of_trying_each(ceiling_ms: float) -> None:
    city = crowded(STEEP, cores=2)
    objective = Objective({"cpu_ms_per_frame": 1.0}, {}, {"latency_p50_ms": ceiling_ms})
    tried = {most: in_cloud(city, STEEP.up_to(most)) for most in (1, 2, 4, 8)}
    fine = {
        most: round(costs.cpu_ms_per_frame, 9)
        for most, costs in tried.items()
        if feasible(costs) and costs.latency_p50_ms <= ceiling_ms
    }
    chosen, costs = best(city, objective)
    most = chosen["detect"].most if chosen else 1
    assert round(costs.cpu_ms_per_frame, 9) == min(fine.values())
    assert most == min(each for each, value in fine.items() if value == min(fine.values()))


def test_a_model_that_is_no_quicker_in_batches_gets_none() -> None:
    assert best(crowded(NONE, cores=4), Objective({"cpu_ms_per_frame": 1.0}))[0] == {}
    assert best(crowded(STEEP, most=1, cores=4), Objective({"cpu_ms_per_frame": 1.0}))[0] == {}


def test_passes_of_one_cost_what_is_costed_without_them() -> None:
    city = crowded(None, cores=4)
    assert in_cloud(city, NONE) == in_cloud(city, None)


def test_larger_passes_save_more_and_nothing_is_saved_where_nobody_waits() -> None:
    city = crowded(None, cores=1.9)
    each = [in_cloud(city, STEEP.up_to(most)) for most in (1, 2, 4, 8)]
    assert np.all(np.diff([one.cpu_ms_per_frame for one in each]) <= 1e-3)
    assert each[-1].cpu_ms_per_frame < 0.8 * each[0].cpu_ms_per_frame
    idle = crowded(None, cores=64)
    alone, together = in_cloud(idle, None), in_cloud(idle, STEEP)
    assert together.cpu_ms_per_frame == pytest.approx(alone.cpu_ms_per_frame, rel=1e-3)
    assert together.latency_p50_ms == pytest.approx(alone.latency_p50_ms, rel=1e-3)


def test_a_size_that_differs_is_said_in_words() -> None:
    assert [*resized({}, {"detect": MILD})] == ["up to 4 frames of detect in a pass instead of 1"]
    assert [*resized({"detect": MILD}, {"detect": MILD})] == []


@pytest.mark.parametrize("cores", [1, 2, 4])
@pytest.mark.parametrize("passes", [STEEP, MILD])
def test_latency_and_savings_are_those_of_independent_frames_in_the_simulators_machines(
    passes: Passes, cores: int
) -> None:
    """Of one step by itself, at loads up to .6; 6% and 1.5% on average."""
    for load in (0.3, 0.6):
        rate = load * cores / (0.02 * passes.share[-1])
        latency_s, share = predicted(rate, cores, passes)
        simulated_s, charged = simulated(rate, cores, passes)
        assert latency_s == pytest.approx(simulated_s, rel=0.2)
        assert share == pytest.approx(charged, rel=0.05)


def predicted(rate: float, cores: int, passes: Passes) -> tuple[float, float]:
    """Of a step of 20 ms by itself: mean latency, and the share of its CPU time that is spent."""
    city = build_city()
    detect = replace(city.workflow.steps[1], inputs=("street",), choices={})
    alone = replace(city.workflow, steps=(detect,), objective=Objective(), evidence_to=None)
    box = Cluster("box", (Device("box", "edge", cores, max_batch=passes.most),), ())
    found = trace(PLAIN)
    frames = len(found.frame) // 2
    step = replace(found.steps["detect"], cpu_s=np.full(2 * frames, 0.02))
    fps = Fraction(rate / 2)
    timed = replace(
        found,
        time_s=found.frame / float(fps),
        rates=dict.fromkeys("ab", fps),
        steps={"street": found.steps["street"], "detect": step},
        choice={},
    )
    costs = figures(
        alone,
        {"detect": "box", "street": "box"},
        box,
        timed,
        city.signatures,
        batches={"detect": passes},
    )
    source_ms = 1e3 * float(found.steps["street"].cpu_s.mean())
    return costs.latency_p50_ms / 1e3 - source_ms / 1e3, (costs.cpu_ms_per_frame - source_ms) / 20


def simulated(rate: float, cores: int, passes: Passes) -> tuple[float, float]:
    env = simpy.Environment()
    machines = Machines(
        env,
        Deployment(
            workflow=build_city().workflow, cluster=build_city().cluster, choice={}, placement={}
        ),
    )
    machine = Machine("box", 1.0, simpy.Resource(env, cores))
    rng, took_s, shares = np.random.default_rng(1), [], []

    def frame() -> Waiting:
        came_s = env.now
        shares.append((yield from machines.compute_together(machine, "detect", 0.02, passes, {})))
        took_s.append(env.now - came_s)

    def arrive() -> Waiting:
        for _ in range(6000):
            yield env.timeout(rng.exponential(1 / rate))
            env.process(frame())

    env.process(arrive())
    env.run()
    return float(np.mean(took_s[600:])), float(np.mean(shares[600:]))
