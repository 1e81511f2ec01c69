"""One flow: what was measured is planned, simulated, rehearsed and run, and all of it agrees."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

import vedette as vd
from vedette.declaring.operator import signatures
from vedette.errors import DeclarationError, InfeasibleError, InputError, RecordError
from vedette.planning.cost import feasible
from vedette.running.virtual import simulate as replay
from vedette.session import Rehearsal, export_events, load_declaration, load_workflow
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures
from vedette.types.graph import Objective, Span, Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("own_cache")]


@pytest.fixture(scope="module")
def machines(street: Path) -> Cluster:
    return load_declaration(street / "workflow.yaml", street / "cluster.yaml")[1]


@pytest.fixture(scope="module")
def rehearsed(plan: Plan, cache: Path) -> Rehearsal:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEDETTE_CACHE", str(cache))
        return vd.rehearse(plan, part="all")


def test_the_plan_holds_its_floor_and_fits_its_machines(plan: Plan) -> None:
    assert plan.verdict == "held"
    assert plan.scores["frame_f1"].lower >= 0.5
    assert feasible(plan.predicted)
    assert plan.choice.keys() == plan.declared.knobs().keys()  # type: ignore[union-attr]
    assert plan.proof.gap >= 0


def test_a_plan_is_the_same_when_it_is_made_again(
    declared: Workflow, machines: Cluster, measured: Profile, plan: Plan
) -> None:
    again = vd.plan(declared, machines, measured)
    assert (again.choice, again.placement) == (plan.choice, plan.placement)


@pytest.mark.parametrize("method", ["baseline", "frames"])
def test_a_comparison_keeps_the_golden_model_in_the_cloud(
    declared: Workflow, machines: Cluster, measured: Profile, method: str
) -> None:
    made = vd.plan(declared, machines, measured, method=method)  # type: ignore[arg-type]
    assert made.choice["detect.model"] == "yolox-nano-416-wide"
    assert made.placement["detect"] == "cloud"
    assert made.name == method


def test_a_simulation_needs_the_plan_and_the_profile_alone(plan: Plan, measured: Profile) -> None:
    first, second = (vd.simulate(plan, measured) for _ in range(2))
    assert first == second
    assert first.label == "simulated"
    assert first.camera_mbps > 0


def test_a_rehearsals_trace_replays_to_its_figures(plan: Plan, rehearsed: Rehearsal) -> None:
    again = replay(plan, rehearsed.trace, signatures()).figures
    assert replace(again, label="rehearsed") == rehearsed.figures


def test_a_run_sees_what_the_rehearsal_saw(
    plan: Plan, rehearsed: Rehearsal, tmp_path: Path
) -> None:
    ran = vd.run(plan, store=tmp_path / "events.db")
    assert ran.finished
    pictures = [each.picture.read_bytes() for each in ran.events if each.picture]
    assert pictures == [event.picture for event in rehearsed.events]
    seen = [replace(event, picture=b"") for event in rehearsed.events]
    assert [each.event for each in ran.events] == seen
    assert len(ran.events) == 2
    assert same_bytes(ran.figures, rehearsed.figures)


def same_bytes(left: Figures, right: Figures) -> bool:
    return (left.camera_mbps, left.wan_mbps, left.analysed) == pytest.approx(
        (right.camera_mbps, right.wan_mbps, right.analysed)
    )


def test_the_prediction_is_near_what_was_rehearsed(plan: Plan, rehearsed: Rehearsal) -> None:
    assert plan.predicted.camera_mbps == pytest.approx(rehearsed.figures.camera_mbps, rel=0.4)
    assert plan.predicted.analysed / plan.predicted.frames == pytest.approx(0.5, abs=0.05)


def test_a_second_run_is_a_run_of_its_own(plan: Plan, tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    first, second = vd.run(plan, store=store), vd.run(plan, store=store)
    assert (first.run, second.run) == (1, 2)
    assert [each.event for each in first.events] == [each.event for each in second.events]
    assert export_events(store, tmp_path / "events.jsonl") == 4
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 4


def test_a_stopped_run_goes_on_under_its_own_plan_only(
    declared: Workflow, machines: Cluster, measured: Profile, plan: Plan, tmp_path: Path
) -> None:
    def ctrl_c(_what: str, done: int, _total: int) -> None:
        if done == 40:
            os.kill(os.getpid(), signal.SIGINT)

    store = tmp_path / "events.db"
    assert not vd.run(plan, store=store, progress=ctrl_c).finished
    other = vd.plan(declared, machines, measured, method="baseline")
    with pytest.raises(RecordError, match="run 1 of street, which another plan began"):
        vd.run(other, store=store)
    assert vd.run(other, store=store, is_fresh=True).run == 2


def test_an_explanation_names_prices_and_rivals(plan: Plan, measured: Profile) -> None:
    told = vd.explain(plan, measured)
    assert {price.unit for price in told.shadow_prices} >= {"core", "Mbit/s"}
    assert all(rival.differs for rival in told.runners_up)


def test_what_nothing_can_meet_names_the_nearest_miss(
    declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    ceilings = replace(declared.objective, ceilings={"latency_p95_ms": 0.001})
    with pytest.raises(InfeasibleError, match=r"the nearest .* latency_p95_ms") as told:
        vd.plan(replace(declared, objective=ceilings), machines, measured)
    assert told.value.problems[0].expected == "latency_p95_ms up to 0.001"


def test_an_objective_may_change_after_measuring(
    declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    asked = Objective({"price_per_hour": 1.0}, floors={"frame_f1": 0.3})
    assert vd.plan(replace(declared, objective=asked), machines, measured).verdict == "held"


@pytest.mark.parametrize(
    "changed",
    [
        {"transport": {"qp": (18,)}},
        {"events": {"min_duration_s": 3.0}},
    ],
)
def test_a_profile_of_something_else_is_refused(
    declared: Workflow, machines: Cluster, measured: Profile, changed: dict[str, object]
) -> None:
    parts = {
        name: replace(getattr(declared, name), **value) if isinstance(value, dict) else value
        for name, value in changed.items()
    }
    other = replace(declared, **parts)  # type: ignore[arg-type]  # as the table has them
    with pytest.raises(RecordError, match="a profile of another workflow"):
        vd.plan(other, machines, measured)


def test_a_profile_without_an_accuracy_that_a_floor_asks_for_is_refused(
    declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    asking = replace(declared, objective=replace(declared.objective, floors={"alerts": 0.9}))
    with pytest.raises(RecordError, match="lacks an accuracy which is asked for"):
        vd.plan(asking, machines, measured)


def test_what_is_alerted_is_in_the_trace(rehearsed: Rehearsal) -> None:
    told = [(each.stream, each.frame, each.box) for each in rehearsed.trace.alerts]
    assert told == [(each.stream, each.frame, each.box) for each in rehearsed.events]


def test_a_profile_fits_wherever_its_folder_is_seen_from(
    street: Path, machines: Cluster, measured: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(street)
    from_there = load_workflow("workflow.yaml")
    assert from_there.sources[0].streams[0].url == "gate.mkv"
    assert vd.plan(from_there, machines, measured, method="baseline").name == "baseline"


def test_unknown_parts_and_methods_are_told(
    plan: Plan, declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    with pytest.raises(InputError, match="the part 'first'"):
        vd.rehearse(plan, part="first")
    with pytest.raises(InputError, match="the method 'magic'"):
        vd.plan(declared, machines, measured, method="magic")  # type: ignore[arg-type]


def test_a_part_of_a_rehearsal_is_the_frames_it_names(plan: Plan) -> None:
    assert vd.rehearse(plan, part="choose").figures.frames == 25


def test_a_stream_that_plans_on_nothing_gives_no_plan(
    declared: Workflow, machines: Cluster
) -> None:
    (source,) = declared.sources
    (stream,) = source.streams
    silent = replace(stream, plan_on=Span(0, 0))
    nothing = replace(declared, sources=(replace(source, streams=(silent,)),))
    with pytest.raises(InputError, match="no frames to choose with"):
        vd.plan(nothing, machines)


def test_a_workflow_that_nobody_checked_is_checked_before_anything_is_measured(
    declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    with pytest.raises(DeclarationError, match="found an empty mapping in steps"):
        vd.plan(replace(declared, steps=()), machines, measured)


def test_what_if_forecasts_scenarios_beside_things_as_they_stand(
    declared: Workflow, machines: Cluster, measured: Profile
) -> None:
    stands, slower, never = vd.what_if(
        declared, machines, measured, ["device.edge.speed=x.5", "floor.frame_f1=1"]
    )
    assert stands.change == 0
    assert slower.change is not None
    assert slower.change >= 0
    assert stands.candidate is not None
    assert stands.candidate.figures.label == "predicted"
    assert {each.verdict for each in (stands, slower)} == {"predicted, not checked by running"}
    assert (never.candidate is None) == (never.miss is not None)
