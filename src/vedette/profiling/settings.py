"""What to measure: the golden setting and each knob alone, as Chameleon does (SIGCOMM 2018)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from vedette.planning.expand import expand, golden
from vedette.planning.placement import transport
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import SOURCE, Choice, Scalar, Step, Value, Workflow
from vedette.types.operators import Signature, Variant

WORKSHOP = Cluster(
    name="workshop",
    devices=(
        Device("camera", tier="camera", cores=1e6, memory_gb=1e6, per_stream=True),
        Device("site", tier="edge", cores=1e6, memory_gb=1e6),
    ),
    links=(Link("camera", "site", rate_mbps=1e9, back_mbps=1e9, rtt_ms=0.0),),
)
"""Where knobs are measured: cameras that send frames to a site which does everything else."""


def alone(workflow: Workflow) -> dict[tuple[str, Scalar], Choice]:
    """Each knob at each value but the golden one, all others golden."""
    best = golden(workflow)
    return {
        (knob, value): {**best, knob: value}
        for knob, values in workflow.knobs().items()
        for value in values
        if value != best[knob]
    }


def measurable(
    workflow: Workflow,
    choice: Choice,
    variants: Mapping[str, Variant],
    signatures: Mapping[str, Signature],
    knob: str | None = None,
) -> tuple[Workflow, dict[str, str]]:
    """The expanded workflow in the workshop, with an encoder beside every step that might be cut.

    Frames really cross coded when the choice states a quality; with quality "source" they
    stay as decoded, and the encoders beside them only measure (at the best quality there is).
    With ``knob``, only steps that the knob can reach get one: the others cost what they did.
    """
    here = replace(workflow, deliver_to="site", evidence_to=None)
    expanded = expand(here, choice, variants)
    is_lossy = choice["transport.qp"] != SOURCE
    qp = choice["transport.qp"] if is_lossy else workflow.transport.qp[0]
    frames = set(_frame_producers(expanded, signatures))
    names = [*(source.name for source in expanded.sources), *(s.name for s in expanded.steps)]
    placement = {name: "camera" if is_lossy and name in frames else "site" for name in names}
    placed, where = transport(expanded, placement, WORKSHOP, signatures, qp=qp)
    steps, where = list(placed.steps), dict(where)
    for name in _reached(expanded, knob, frames):
        if f"{name}.encode" not in where:
            kind = _kind(expanded, name, signatures)
            beside = _encoders(workflow, name, kind, qp, where[name])
            steps += beside
            where |= dict.fromkeys((step.name for step in beside), where[name])
    return replace(placed, steps=tuple(steps)), where


def _frame_producers(workflow: Workflow, signatures: Mapping[str, Signature]) -> Iterator[str]:
    """Sources, and steps that only frames lead to and only frames leave: a camera's work."""
    found = {source.name for source in workflow.sources}
    yield from found
    for step in workflow.ordered():
        makes_frames = signatures[step.operator].output.type == "Frame"
        if makes_frames and step.declared == step.name and found.issuperset(step.inputs):
            found.add(step.name)
            yield step.name


def _reached(workflow: Workflow, knob: str | None, frames: set[str]) -> Iterator[str]:
    """The producers whose output a knob can change; all of them without one."""
    start = knob.split(".")[0] if knob else None
    reached = {source.name for source in workflow.sources} if start is None else set()
    leaves = _leaving(workflow)
    if start == "transport":
        reached = set(frames)
    yield from sorted(reached)
    for step in workflow.ordered():
        if step.name in reached:
            continue
        if step.declared == start or reached.intersection(step.inputs):
            reached.add(step.name)
            if step.declared == step.name or step.name in leaves:
                yield step.name


def _leaving(workflow: Workflow) -> set[str]:
    """Parts of a declared step that another part reads, maybe on another machine."""
    placed = {step.name: step.placed for step in workflow.steps}
    return {
        name
        for step in workflow.steps
        for name in step.inputs
        if placed.get(name, step.placed) != step.placed
    }


def _kind(workflow: Workflow, name: str, signatures: Mapping[str, Signature]) -> str:
    if any(source.name == name for source in workflow.sources):
        return "frame"
    made = signatures[workflow.step(name).operator].output.type
    return {"Frame": "frame", "Event": "event"}.get(made, "item")


def _encoders(
    workflow: Workflow, name: str, kind: str, qp: Scalar, device: str
) -> tuple[Step, Step]:
    """A packing pair beside a step that stays where it is, named as the planner names them."""
    coded: dict[str, Value] = {"kind": kind}
    if kind == "frame":
        coded |= {"qp": qp, "gop_s": workflow.transport.gop_s}
    return (
        Step(f"{name}.encode", "encode", (name,), coded, part_of=name),
        Step(
            f"{name}.decode@{device}", "decode", (f"{name}.encode",), {"kind": kind}, part_of=name
        ),
    )
