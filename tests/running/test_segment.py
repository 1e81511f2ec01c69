"""How steps fall into stages."""

from tests.running.scripted import OPERATORS, plan_of

from vedette.running.segment import Stage, stages
from vedette.running.work import signatures_of
from vedette.types.graph import Step
from vedette.types.plan import Deployment

STEPS = [
    Step("look", "look", ("street",)),
    Step("more", "add", ("look",)),
    Step("sum", "accumulate", ("more",)),
    Step("tell", "announce", ("sum",)),
    Step("again", "add", ("sum",)),
]


def cut(plan: Deployment) -> list[list[str]]:
    return [[step.name for step in stage.steps] for stage in found(plan)]


def found(plan: Deployment) -> tuple[Stage, ...]:
    return stages(plan.workflow, plan.placement, signatures_of(plan, OPERATORS))


def test_a_stage_holds_steps_of_one_kind() -> None:
    assert cut(plan_of(STEPS)) == [["look", "more"], ["sum", "tell"], ["again"]]


def test_a_stage_ends_where_the_device_changes() -> None:
    plan = plan_of(STEPS, placement={"more": "cloud", "sum": "cloud"})
    assert cut(plan) == [["look"], ["more"], ["sum"], ["tell"], ["again"]]


def test_a_stage_reads_from_outside_and_shows_what_others_read() -> None:
    first, second, _ = found(plan_of(STEPS))
    assert (first.inputs, first.outputs) == (("street",), ("more",))
    assert (second.inputs, second.outputs) == (("more",), ("sum", "tell"))


def test_a_step_that_two_sources_reach_is_shared_and_stands_alone() -> None:
    steps = [
        Step("left", "look", ("street",)),
        Step("right", "look", ("park",)),
        Step("more", "add", ("left",)),
        Step("both", "add", ("left", "right")),
        Step("after", "add", ("both",)),
    ]
    plan = plan_of(steps, streams={"street": ("a",), "park": ("b",)})
    assert cut(plan) == [["left", "more"], ["right"], ["both"], ["after"]]
    assert [stage.shared for stage in found(plan)] == [False, False, True, True]
    assert all(stage.stateful for stage in found(plan) if stage.shared)
