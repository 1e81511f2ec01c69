"""The ep track's cells, claims and notes, from rows that are written by hand."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.scoring.conftest import make_trace

from vedette.bench.cells import cells
from vedette.bench.claims import Claim, median_claim
from vedette.bench.ep import _Ground, chosen_in, place_of
from vedette.bench.rivals import Outcome, Stage, saved
from vedette.bench.saving import claims, notes
from vedette.bench.scenes import WORKLOADS, Scene
from vedette.profiling.measure import Rehearsed, Workers
from vedette.records.nodes import parse
from vedette.session import load
from vedette.types.cluster import Cluster
from vedette.types.graph import Objective, Source, Span, Step, Stream, Workflow

TARGET, EVERY = WORKLOADS
HELD = {
    "scene": "road",
    "workload": TARGET,
    "cell": "reference",
    "status": "feasible",
    "verdict": "held",
    "wan_saved": 0.96,
    "p50_saved": 0.9,
    "p95_saved": 0.88,
    "event_f1": 0.95,
    "age_max_ms": 400.0,
    "target_found": True,
    "calibration": [{"plan": "joint", "name": "wan_mbps", "error": 0.1}],
}


@pytest.fixture
def reference() -> Cluster:
    found = load(Path(str(files("vedette.bench") / "ep_cluster.yaml")))
    assert isinstance(found, Cluster)
    return found


def row(**changes: Any) -> Mapping[str, Any]:
    return {**HELD, **changes}


def claim(rows: list[Mapping[str, Any]], name: str) -> Claim:
    return next(each for each in claims(rows) if name in each.name)


def test_each_cell_changes_one_thing_of_the_reference(reference: Cluster) -> None:
    changed = [cell.cluster(reference) for cell in cells(is_quick=False)]
    assert len(changed) == 1 + 6 + 5 + 4 + 1
    assert changed[0] == reference
    wans = {link.rate_mbps for each in changed for link in each.links if each.is_wan_link(link)}
    assert wans == {1, 2, 5, 10, 20, 50, 100}
    for each in changed[1:-1]:
        is_same = (each.devices == reference.devices, each.links == reference.links)
        assert sorted(is_same) == [False, True]


def test_only_the_last_cell_wants_its_answers_elsewhere() -> None:
    assert [cell.deliver_to for cell in cells(is_quick=False)][-2:] == ["edge", "cloud"]


def test_what_is_saved_is_a_share_and_may_be_negative() -> None:
    assert saved(10.0, 0.5) == pytest.approx(0.95)
    assert saved(1.0, 4.0) == pytest.approx(-3)


def test_cells_with_an_infeasible_baseline_are_in_no_median_but_counted() -> None:
    rows = [row(), row(wan_saved=0.92), row(wan_saved=0.1, status="infeasible baseline")]
    found = claim(rows, f"{TARGET}: WAN bandwidth")
    assert found.value == pytest.approx(0.94)
    assert found.spread == (0.92, 0.96)
    assert not found.is_met
    assert found.reason.startswith("2 of 3 cells feasible")


def test_accuracy_is_claimed_by_verdict() -> None:
    rows = [row(), row(event_f1=0.8), row(verdict="not supportable")]
    assert claim(rows, "marked 'held'").value == pytest.approx(0.5)
    assert claim(rows, "marked 'not supportable'").is_met


def test_a_target_that_one_plan_missed_misses_the_claim() -> None:
    assert claim([row(), row()], "plans that found it").is_met
    assert not claim([row(), row(target_found=False)], "plans that found it").is_met


def test_without_clips_every_claim_says_why_it_was_not_run() -> None:
    assert {each.is_met for each in claims([], "no --clips")} == {None}
    assert {each.reason for each in claims([], "no --clips")} == {"no --clips"}


def test_losers_are_listed() -> None:
    lost = row(cell="RTT 5 ms", wan_saved=-0.5)
    weak = row(cell="WAN 1 Mbit/s", event_f1=0.85)
    unfair = row(cell="WAN 2 Mbit/s", status="infeasible baseline")
    told = "\n".join(notes([row(), lost, weak, unfair], []))
    assert "RTT 5 ms: lost to the baseline" in told
    assert "WAN 1 Mbit/s: event F1 0.85" in told
    assert "WAN 2 Mbit/s: infeasible baseline" in told
    assert "reference:" not in told


def test_a_claim_knows_whether_it_is_met() -> None:
    found = median_claim("gap", 0.02, "<=", [0.01, 0.05, 0.02], "", "measured")
    assert found.is_met
    assert not replace(found, value=0.03).is_met
    assert replace(found, value=None).is_met is None


def test_a_quick_run_leaves_a_whole_one_nothing_to_go_on_from(tmp_path: Path) -> None:
    quick, whole = (place_of(tmp_path, "road", EVERY, is_quick=each) for each in (True, False))
    assert quick != whole


def test_the_choices_of_a_stopped_run_are_read_from_its_rows() -> None:
    rates = {"rate_fps": ("source", 10, 5)}
    flow = Workflow(
        "w",
        (Source("gate", (Stream("gate", "gate.mp4"),)),),
        (Step("sample", "sample", ("gate",), choices=rates),),
    )
    rows = [row(choice="sample.rate_fps=10 transport.qp=source"), row(status="no plan: why")]
    assert chosen_in(rows, flow) == [{"sample.rate_fps": 10, "transport.qp": "source"}]


def test_alerts_are_scored_where_the_workflow_has_a_floor_of_them() -> None:
    golden = make_trace([])
    asked = Workflow("w", (), (), objective=Objective(floors={"alert_recall": 0.9}))
    done = cast("Rehearsed", SimpleNamespace(trace=golden))
    nobody = cast("Workers", None)
    assert "alert_recall" in Stage(asked, {}, golden, nobody)._score(done)
    unasked = replace(asked, objective=Objective())
    assert "alert_recall" not in Stage(unasked, {}, golden, nobody)._score(done)


def test_of_two_alerts_the_delay_is_between_theirs() -> None:
    figures = SimpleNamespace(latency_p50_ms=500)
    stage: Any = SimpleNamespace(alert_delays_s=lambda events: events)
    none: Any = None
    ground = _Ground("road", EVERY, none, none, none, stage, None)
    delayed = cast("Outcome", SimpleNamespace(events=(1.0, 4.0), figures=figures))
    assert ground._delay_s(delayed) == pytest.approx(3.0)


def test_a_clip_may_have_any_name(tmp_path: Path) -> None:
    clip = tmp_path / "north, gate {2}: rain.MP4"
    scene = Scene("rain", (clip,), {clip: (Span(0, 4), Span(4, 8))})
    read: Any = parse(f"streams:\n{scene.streams()}\n".encode(), "scene.yaml").root.plain()
    assert {each["url"] for each in read["streams"].values()} == {str(clip)}
