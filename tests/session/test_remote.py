"""A run whose model is on servers, of which one is killed: the events of a run by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.test_replica_faults import address, served
from tests.running.scripted import plan_of
from tests.street import film

from vedette.errors import ModelError
from vedette.models.remote import Remote
from vedette.session import run
from vedette.types.graph import Source, Step, Stream
from vedette.types.plan import Deployment

VARIANT = "yolox-nano-416"


def plan_for(clip: Path) -> Deployment:
    found: dict[str, Any] = {"classes": {"vehicle": ("car", "bus", "truck")}, "model": VARIANT}
    steps = [
        Step("few", "sample", ("street",), {"rate_fps": "source"}),
        Step("find", "detect", ("few",), found),
        Step("follow", "track", ("find",)),
        Step("cut", "crop", ("few", "follow")),
        Step("colour", "match_colour", ("cut",), {"colour": "white"}),
        Step("tell", "alert", ("colour",), {"min_duration_s": 0.2}),
    ]
    plan = plan_of(steps)
    sources = (Source("street", (Stream("gate", str(clip)),)),)
    return replace(plan, workflow=replace(plan.workflow, sources=sources))


def test_a_remote_model_that_nothing_runs_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"try {VARIANT}"):
        run(plan_for(tmp_path), remote={"yolox-nano": Remote("yolox-nano", ("http://a",))})


@pytest.mark.slow
@pytest.mark.model
def test_events_are_those_of_a_run_by_itself_though_a_server_is_killed(
    bikes: Path, tmp_path: Path, yolox_nano: Path
) -> None:
    clip = tmp_path / "gate.mkv"
    film(bikes, clip)
    alone = run(plan_for(clip), store=tmp_path / "alone.db")
    with served(VARIANT) as (first, one), served(VARIANT) as (_, two):

        def kill(_what: str, done: int, _total: int) -> None:
            if done == 40:
                first.kill()

        remote = {VARIANT: Remote(VARIANT, (address(one), address(two)))}
        far = run(plan_for(clip), store=tmp_path / "far.db", remote=remote, progress=kill)
    assert alone.events
    assert [each.event for each in far.events] == [each.event for each in alone.events]
    assert {each.kind for each in far.incidents} == {"lost replica"}
