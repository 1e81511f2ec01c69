"""A cascade at work: who answers which frame, and what becomes of one that breaks its promise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cascades import PLAIN, Lit, asking, deployed, learned, models, says

from vedette.declaring.operator import operators, signatures
from vedette.errors import ModelError
from vedette.running.executor import Executor, MemorySink, Report
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor, simulate
from vedette.types.cascade import Cascade, Promise
from vedette.types.plan import Deployment

Models = Callable[[str], Any]
KINDS = ("local", "virtual")
DARK, LIT, DIM = 0.1, 0.9, 0.5


def made(kind: str, load: Models) -> Executor:
    known = operators()
    return (
        LocalExecutor(known, load, workers=2) if kind == "local" else VirtualExecutor(known, load)
    )


def run(
    kind: str,
    plan: Deployment,
    load: Models,
    light: Callable[[int], float],
    count: int,
    *,
    sink: MemorySink | None = None,
) -> tuple[Report, dict[int, bool]]:
    """The report, and the answer of every frame that was looked at."""
    sink = sink or MemorySink()
    ((_, stream),) = plan.workflow.streams()
    report = made(kind, load).run(plan, {"gate": Lit(stream, light, count)}, sink)
    answers = {b.frame: len(b.items[0][1]) > 0 for _, b in sink.answers if b.items}
    return report, answers


def calls(report: Report) -> dict[str, int]:
    return {name: step.calls for name, step in report.steps.items()}


@pytest.fixture
def cascade(tmp_path: Path) -> Cascade:
    return learned(tmp_path / "learned")


@pytest.mark.parametrize("kind", KINDS)
def test_each_stage_answers_what_it_is_sure_of(kind: str, cascade: Cascade) -> None:
    levels = {0: DARK, 1: DARK, 2: LIT, 3: LIT, 4: DIM, 5: DIM, 6: 0.4, 7: 0.6}
    load = models(cascade, quick=says({4: 0.9, 6: 0.1, 7: 0.5}), golden=says({7: 0.6}))
    report, answers = run(kind, deployed(asking(cascade)), load, levels.__getitem__, 8)
    assert answers == dict(enumerate([False, False, True, True, True, True, False, True]))
    assert calls(report) == {
        "gate.difference": 8,
        "gate.look1": 8,
        "gate.special": 5,
        "gate.look2": 5,
        "gate.quick": 3,
        "gate.look3": 3,
        "gate.reference": 1,
        "gate": 8,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_yes_is_the_zone_as_presence_says_it(kind: str, cascade: Cascade) -> None:
    load = models(cascade, golden=says({0: 0.75}), quick=says({0: 0.5}))
    told = []
    for model in ("learned", "golden"):
        sink = MemorySink()
        plan = deployed(asking(cascade, model=model))
        run(kind, plan, load, lambda _: DIM, 1, sink=sink)
        ((_, found),) = sink.answers[0][1].items
        told.append((found.boxes.tolist(), found.confidence.tolist(), found.labels, found.groups))
    assert told[0] == told[1]
    assert told[0] == ([[16.0, 8.0, 48.0, 40.0]], [0.75], ("vehicle",), ("vehicle",))


@pytest.mark.parametrize("kind", KINDS)
def test_frames_between_those_looked_at_have_no_call(kind: str, tmp_path: Path) -> None:
    cascade = learned(tmp_path / "learned", replace(PLAIN, frame_step=3, difference=None))
    load = models(cascade, quick=says({}), golden=says({}))
    report, answers = run(kind, deployed(asking(cascade)), load, lambda _: LIT, 8)
    assert answers == {0: True, 3: True, 6: True}
    assert calls(report)["gate"] == report.figures.analysed == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_answer_is_asked_again(kind: str, cascade: Cascade) -> None:
    load = models(cascade, quick=says({}), golden=says({}))
    report, _ = run(kind, deployed(asking(cascade)), load, lambda _: LIT, 23)
    assert calls(report)["gate.special"] == 3  # frames 0, 11 and 22


@pytest.mark.parametrize("kind", KINDS)
def test_audited_frames_reach_the_reference_and_have_its_answer(kind: str, tmp_path: Path) -> None:
    cascade = learned(tmp_path / "learned", replace(PLAIN, audit=0.25, promise=Promise(1.0, 1.0)))
    load = models(cascade, quick=says({}), golden=says(dict.fromkeys(range(200), 0.9)))
    report, answers = run(kind, deployed(asking(cascade)), load, lambda n: DARK, 200)
    asked = calls(report)["gate.reference"]
    assert 30 < asked < 70
    assert asked <= sum(answers.values()) < 200
    assert not report.incidents


@pytest.mark.parametrize("kind", KINDS)
def test_a_cascade_that_breaks_its_promise_is_suspended_visibly(
    kind: str, cascade: Cascade
) -> None:
    audited = replace(cascade, audit=0.2)
    load = models(audited, quick=says({}), golden=says(dict.fromkeys(range(400), 0.9)))
    report, answers = run(kind, deployed(asking(audited)), load, lambda _: DARK, 400)
    (incident,) = report.incidents
    assert incident.kind == "cascade suspended"
    assert "sampled yes frames were answered otherwise, 2% were promised" in incident.detail
    since = int(incident.detail.split("from frame ")[1].split(" ")[0])
    assert all(answers[n] for n in range(since, 400))
    assert calls(report)["gate.reference"] >= 400 - since


def test_every_executor_suspends_at_the_same_frame(cascade: Cascade) -> None:
    audited = replace(cascade, audit=0.2)
    load = models(audited, quick=says({}), golden=says(dict.fromkeys(range(0, 400, 2), 0.9)))
    plan = deployed(asking(audited))
    both = [run(kind, plan, load, lambda _: DARK, 400) for kind in KINDS]
    assert both[0][0].incidents == both[1][0].incidents
    assert len(both[0][0].incidents) == 1
    assert both[0][1] == both[1][1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_suspension_outlives_the_process(kind: str, cascade: Cascade) -> None:
    audited = replace(cascade, audit=0.2)
    load = models(audited, quick=says({}), golden=says(dict.fromkeys(range(600), 0.9)))
    plan, sink = deployed(asking(audited)), MemorySink()
    first, _ = run(kind, plan, load, lambda _: DARK, 400, sink=sink)
    again, answers = run(kind, plan, load, lambda _: DARK, 600, sink=sink)
    assert again.incidents == first.incidents
    assert calls(again)["gate.reference"] == 200
    assert all(answers[n] for n in range(400, 600))


def test_another_run_begins_without_suspicion(cascade: Cascade) -> None:
    audited = replace(cascade, audit=0.2)
    load = models(audited, quick=says({}), golden=says(dict.fromkeys(range(400), 0.9)))
    plan = deployed(asking(audited))
    told = [run("local", plan, load, lambda _: DARK, 400)[0].incidents for _ in range(2)]
    assert told[0] == told[1] != ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_cascade_that_keeps_its_promise_goes_on(kind: str, cascade: Cascade) -> None:
    audited = replace(cascade, audit=0.2)
    load = models(audited, quick=says({}), golden=says({}))
    report, answers = run(kind, deployed(asking(audited)), load, lambda _: DARK, 400)
    assert report.incidents == ()
    assert not any(answers.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_of_another_size_is_refused(kind: str, cascade: Cascade) -> None:
    other = replace(cascade, size=(128, 96))
    load = models(other, quick=says({}), golden=says({}))
    with pytest.raises(ModelError, match="a picture of 64 x 48 for the cascade learned"):
        run(kind, deployed(asking(other)), load, lambda _: DARK, 3)


def test_a_rehearsal_replays_to_the_same_figures(cascade: Cascade) -> None:
    levels = [DARK, LIT, DIM, 0.4]
    load = models(cascade, quick=says({2: 0.9}), golden=says({3: 0.9}))
    plan = deployed(asking(cascade))
    report, _ = run("virtual", plan, load, lambda n: levels[n // 5 % 4], 60)
    assert report.trace is not None
    replayed = simulate(plan, report.trace, signatures()).figures
    assert replayed.cpu_ms_per_frame == pytest.approx(report.figures.cpu_ms_per_frame)
    assert replayed.analysed == report.figures.analysed
