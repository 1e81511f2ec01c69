"""What cannot be run is said before anything runs, all of it."""

from dataclasses import replace

import pytest
from tests.running.scripted import plan_of, sources_for

from vedette.errors import DeclarationError
from vedette.running.executor import Executor, MemorySink
from vedette.types.graph import Step


def test_all_that_is_wrong_with_a_plan_is_said(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("stret",)),
        Step("more", "add", ("look",), {"amuont": 2}),
        Step("odd", "ad", ("more",)),
    ]
    plan, sink = plan_of(steps, streams={"street": ("a",)}), MemorySink()
    plan = replace(plan, placement={**plan.placement, "more": "boxx"})
    with pytest.raises(DeclarationError) as raised:
        executor.run(plan, sources_for(plan), sink)
    assert [each.found for each in raised.value.problems] == [
        "the input 'stret' of step look",
        "the setting 'amuont' of step more",
        "the operator 'ad' in step odd",
        "more on the device 'boxx'",
    ]
    assert [each.hint.split()[0] for each in raised.value.problems] == [
        "street",
        "amount",
        "add",
        "box",
    ]
    assert not sink.answers
