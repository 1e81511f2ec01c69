"""How a plan's steps fall into stages, the units that executors schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vedette.types.graph import Step, Workflow
from vedette.types.operators import Signature


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps that run one after the other on one device.

    A ``stateful`` stage takes a stream's frames one at a time, in order; a ``shared`` one takes
    those of all the streams of its ``sources``, ordered by time, stream and frame. ``inputs`` are
    what it reads from outside, ``outputs`` what others read of it (or nobody does: an answer).
    """

    steps: tuple[Step, ...]
    device: str
    stateful: bool
    shared: bool
    sources: frozenset[str]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def stages(
    workflow: Workflow, placement: Mapping[str, str], signatures: Mapping[str, Signature]
) -> tuple[Stage, ...]:
    """The stages in an order in which each comes after those it reads from.

    A stage is a longest run of steps with the same sources, device and statefulness. A step that
    several sources reach is shared by all streams, takes part in their order, and stands alone.
    """
    found: list[Stage] = []
    latest: dict[frozenset[str], int] = {}
    for step in workflow.ordered():
        stage = _alone(workflow, step, placement[step.name], signatures[step.operator])
        last = latest.get(stage.sources)
        if last is not None and _continues(found[last], stage):
            found[last] = replace(found[last], steps=(*found[last].steps, step))
        else:
            latest[stage.sources] = len(found)
            found.append(stage)
    return tuple(_with_ports(workflow, stage) for stage in found)


def _alone(workflow: Workflow, step: Step, device: str, signature: Signature) -> Stage:
    sources = workflow.sources_of(step.name)
    shared = len(sources) > 1
    return Stage((step,), device, signature.stateful or shared, shared, sources)


def _continues(stage: Stage, following: Stage) -> bool:
    return (
        not following.shared
        and stage.device == following.device
        and stage.stateful == following.stateful
    )


def _with_ports(workflow: Workflow, stage: Stage) -> Stage:
    inside = {step.name for step in stage.steps}
    inputs = {name: None for step in stage.steps for name in step.inputs if name not in inside}
    read_outside = {
        name for step in workflow.steps if step.name not in inside for name in step.inputs
    }
    answers = {step.name for step in workflow.sinks()}
    outputs = tuple(s.name for s in stage.steps if s.name in read_outside | answers)
    return replace(stage, inputs=tuple(inputs), outputs=outputs)
