"""The question as it is declared and run for the noscope track."""

from dataclasses import replace
from pathlib import Path

import pytest

from vedette.bench.noscope_hands import CAMERA, GATE, declared, deployment
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_rows import ONE_PASS, REFERENCE
from vedette.bench.noscope_timing import decoded, timed
from vedette.declaring.operator import operators
from vedette.running.delivery import Delivery
from vedette.running.executor import MemorySink
from vedette.running.work import signatures_of
from vedette.session import check
from vedette.session.files import save
from vedette.types.cascade import Cascade, Promise, Question, ScoreStage
from vedette.types.graph import Span, Workflow

PERSON = Question({"person": ("person",)}, 0.5, ((0.0, 0.0), (600.0, 0.0), (600.0, 270.0)))


@pytest.fixture
def street(bikes: Path) -> Workflow:
    return declared(Asked("bikes anywhere", "bikes", Question({"person": ("person",)}), bikes))


def test_a_question_is_declared_on_halves_and_its_file_can_be_checked(
    bikes: Path, tmp_path: Path
) -> None:
    flow = declared(Asked("bikes half", "bikes", PERSON, bikes))
    ((_, stream),) = flow.streams()
    assert (stream.plan_on, stream.report_on) == (Span(0, 125), Span(125, 250))
    assert flow.step(GATE).choices == {"model": (REFERENCE, ONE_PASS)}
    save(flow, tmp_path / "workflow.yaml")
    assert check(tmp_path / "workflow.yaml") == ()


@pytest.mark.parametrize(
    "answering",
    [
        REFERENCE,
        Cascade(
            "gate-5pct",
            Question({"person": ("person",)}),
            Promise(0.05, 0.05),
            REFERENCE,
            (640, 272),
            scores=(ScoreStage(ONE_PASS, 0.2, 0.8),),
        ),
    ],
    ids=["variant", "cascade"],
)
def test_whatever_answers_its_answers_are_delivered(
    street: Workflow, answering: str | Cascade
) -> None:
    plan = deployment(street, answering)
    assert Delivery(plan, MemorySink()).answers == {GATE}
    assert signatures_of(plan, operators())
    assert {CAMERA, GATE} <= set(plan.placement)


@pytest.mark.model
def test_a_run_is_timed_and_answers_every_frame_of_its_part(
    street: Workflow, yolox_nano: Path
) -> None:
    assert yolox_nano.is_file()
    part = Span(100, 108)
    found = timed(deployment(street, ONE_PASS), part, GATE)
    assert len(found.said) == 8
    assert any(found.said)
    assert found.frame_ms >= found.work_ms > 0
    assert found.calls == {GATE: 1.0}
    (source,) = street.sources
    assert 0 < decoded(source.streams[0].url, part).frame_ms < found.frame_ms
    nothing = replace(
        street.step(GATE), settings={**street.step(GATE).settings, "classes": {"boat": ["boat"]}}
    )
    silent = timed(deployment(replace(street, steps=(nothing,)), ONE_PASS), part, GATE)
    assert not any(silent.said)
