"""plan.yaml."""

from dataclasses import replace
from pathlib import Path

import pytest

from vedette.errors import DeclarationError
from vedette.records.plan import plan_text, read_plan, write_plan
from vedette.types.passes import Passes
from vedette.types.plan import Plan

WRONG = {
    "a newer version": ("version: 1\n", "version: 2\n", "plan.yaml:1:10: found version 2"),
    "a verdict": ("verdict: held", "verdict: fine", "plan.yaml:3:10: found the text 'fine'"),
    "an unknown key": ("verdict: held", "verdict: held\nx: 1", "plan.yaml:4"),
    "a missing key": ("verdict: held\n", "", "plan.yaml:1:1: found nothing in verdict"),
    "a device": ("detect: edge}", "detect: fog}", "plan.yaml:5:1: found fog for detect in placem"),
    "no device": (", detect: edge}", "}", "plan.yaml:5:1: found no device for detect"),
    "a name twice": ("verdict: held", "name: x", "plan.yaml:3:1: found 'name' a second time"),
}


def test_a_plan_reads_back_equal(plan: Plan, tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.yaml", plan)
    assert read_plan(tmp_path / "plan.yaml") == plan


def test_numbers_of_machines_read_back_equal_and_are_held_against_what_there_is(
    plan: Plan, tmp_path: Path
) -> None:
    several = tuple(replace(each, max_replicas=3) for each in plan.cluster.devices)
    cluster = replace(plan.cluster, devices=several)
    counted = replace(plan, cluster=cluster, replicas={"edge": 2})
    write_plan(tmp_path / "plan.yaml", counted)
    assert read_plan(tmp_path / "plan.yaml") == counted
    for count, complaint in ((4, "found 4 for edge in replicas"), (0, "found 0 for edge")):
        write_plan(tmp_path / "plan.yaml", replace(counted, replicas={"edge": count}))
        with pytest.raises(DeclarationError, match=complaint):
            read_plan(tmp_path / "plan.yaml")


def test_passes_read_back_equal_and_are_held_against_what_their_device_takes(
    plan: Plan, tmp_path: Path
) -> None:
    several = tuple(replace(each, max_batch=4) for each in plan.cluster.devices)
    cluster = replace(plan.cluster, devices=several)
    filled = replace(plan, cluster=cluster, batches={"detect": Passes((1, 2, 4), (1, 0.7, 0.5))})
    write_plan(tmp_path / "plan.yaml", filled)
    assert read_plan(tmp_path / "plan.yaml") == filled
    for passes, complaint in (
        (Passes((1, 8), (1, 0.5)), r"\[1, 8\] frames for detect in batches"),
        (Passes((1, 4), (1, -0.5)), "with a share above 0"),
        (Passes((2, 4), (1, 0.5)), r"\[2, 4\] frames"),
    ):
        write_plan(tmp_path / "plan.yaml", replace(filled, batches={"detect": passes}))
        with pytest.raises(DeclarationError, match=complaint):
            read_plan(tmp_path / "plan.yaml")
    write_plan(tmp_path / "plan.yaml", replace(filled, batches={"dtect": Passes((1,), (1,))}))
    with pytest.raises(DeclarationError, match="a step of the plan"):
        read_plan(tmp_path / "plan.yaml")


def test_a_plan_begins_with_what_a_person_looks_for(plan: Plan) -> None:
    assert plan_text(plan).split("\n")[:6] == [
        "version: 1",
        "name: plan",
        "verdict: held",
        "choice: {detect.model: nano, sample.rate_fps: 12, transport.qp: source}",
        "placement: {street: camera, detect: edge}",
        'binding: ["edge is full: 79%"]',
    ]


@pytest.mark.parametrize(("old", "new", "complaint"), WRONG.values(), ids=WRONG)
def test_a_plan_that_was_changed_wrongly_is_refused(
    plan: Plan, old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    text = plan_text(plan)
    assert old in text
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DeclarationError) as caught:
        read_plan(path)
    assert str(caught.value).startswith(f"{tmp_path}/{complaint}")


def test_a_plan_with_a_password_is_for_its_owner_alone(plan: Plan, tmp_path: Path) -> None:
    source = plan.workflow.sources[0]
    stream = replace(source.streams[0], url="rtsp://me:secret@10.0.0.7/a")
    workflow = replace(plan.workflow, sources=(replace(source, streams=(stream,)),))
    write_plan(tmp_path / "plan.yaml", replace(plan, workflow=workflow))
    assert (tmp_path / "plan.yaml").stat().st_mode & 0o777 == 0o600
