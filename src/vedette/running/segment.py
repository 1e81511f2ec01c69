"""How a plan's steps fall into stages, and these into segments.

Stages are the units that executors schedule, segments those that other machines host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vedette.running.groups import groups
from vedette.types.commit import plain
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


@dataclass(frozen=True, slots=True)
class Segment:
    """Stages on one device that a stream's frame goes through without leaving it.

    ``inputs`` and ``outputs`` are what crosses, by step (or source) name. ``name`` is safe in an
    address, and the same wherever the same plan is read.
    """

    name: str
    stages: tuple[Stage, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def device(self) -> str:
        return self.stages[0].device

    @property
    def shared(self) -> bool:
        return self.stages[0].shared

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for stage in self.stages for step in stage.steps)


def segments(
    workflow: Workflow, placement: Mapping[str, str], stages: Sequence[Stage]
) -> tuple[Segment, ...]:
    """A plan's segments, each after those it reads from; their stages are ``stages``, reordered.

    A stage's level is how often its frame has changed device before it; stages of one source (or
    of the sources that meet) with one device and level make a segment. So a device is asked as
    often as a frame comes to it, and no oftener.
    """
    level = {source.name: 0 for source in workflow.sources}
    device = {source.name: placement[source.name] for source in workflow.sources}
    parts: dict[tuple[bool, int, str, tuple[str, ...]], list[Stage]] = {}
    for stage in stages:
        moved = (level[name] + (device[name] != stage.device) for name in stage.inputs)
        here = max(moved, default=0)
        level |= {step.name: here for step in stage.steps}
        device |= {step.name: stage.device for step in stage.steps}
        key = stage.shared, here, stage.device, _met_by(workflow, stage)
        parts.setdefault(key, []).append(stage)
    return tuple(
        _segment(workflow, "-".join(map(_safe, (place, str(number), *names))), tuple(parts[key]))
        for key in sorted(parts)
        for _, number, place, names in [key]
    )


def _met_by(workflow: Workflow, stage: Stage) -> tuple[str, ...]:
    """The source of a stage, or of a shared one all that meet there or through others."""
    if not stage.shared:
        return tuple(stage.sources)
    together = groups(workflow)
    streams = {stream.name: source for source, stream in workflow.streams()}
    group = next(together[name] for name, source in streams.items() if source in stage.sources)
    return tuple(sorted({streams[name] for name in group}))


def _segment(workflow: Workflow, name: str, stages: tuple[Stage, ...]) -> Segment:
    inside = {step.name for stage in stages for step in stage.steps}
    inputs = {each: None for stage in stages for each in stage.inputs if each not in inside}
    answers = {step.name for step in workflow.sinks()}
    read = {each for step in workflow.steps if step.name not in inside for each in step.inputs}
    outputs = [each for stage in stages for each in stage.outputs if each in read | answers]
    return Segment(name, stages, tuple(inputs), tuple(outputs))


def _safe(name: str) -> str:
    """A name that means the same in an address, and other than any other's."""
    return plain(name).replace("%", "~")
