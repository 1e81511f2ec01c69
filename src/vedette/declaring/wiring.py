"""The mistakes in how steps are connected: names, cycles, counts, types, joins, conditions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from vedette.errors import nearest
from vedette.records.mistakes import Mistake
from vedette.types import events, media
from vedette.types.graph import Step, Workflow
from vedette.types.operators import Port, Signature

ANYTHING = {"Any", "object"}


@dataclass(frozen=True, slots=True)
class Flow:
    """What comes out of a step: items of one type, numbered by ``fan_out`` (None: one a frame)."""

    type: str
    sources: frozenset[str]
    fan_out: str | None = None


def wiring_mistakes(workflow: Workflow, signatures: Mapping[str, Signature]) -> Iterator[Mistake]:
    """Names first, then, for what is connected, cycles and what each step is given to read."""
    yield from _names(workflow)
    yield from _cycles(workflow)
    flows: dict[str, Flow] = {
        source.name: Flow("Frame", frozenset({source.name})) for source in workflow.sources
    }
    for step in workflow.ordered():
        signature = signatures.get(step.operator)
        inputs = [flows[name] for name in step.inputs if name in flows]
        if signature is None or not inputs or len(inputs) < len(step.inputs):
            continue
        yield from _inputs(step, inputs, signature)
        yield from _condition(step, inputs)
        flows[step.name] = _output(step, inputs, signature)
    yield from _tracks(workflow, flows)


def _names(workflow: Workflow) -> Iterator[Mistake]:
    sources = {source.name for source in workflow.sources}
    steps = {step.name for step in workflow.steps}
    known = tuple(sources | steps)
    read = {name for step in workflow.steps for name in step.inputs}
    seen = set(sources)
    for step in workflow.steps:
        if step.name in seen:
            found = f"the name {step.name!r} a second time"
            hint = "another name"
            yield Mistake(("steps", step.name), found, "a name of its own", hint, at_key=True)
        seen.add(step.name)
        if not step.inputs:
            expected, hint = "steps or sources to read from", "from: ..."
            yield Mistake(("steps", step.name, "from"), "no input", expected, hint)
        for number, name in enumerate(step.inputs):
            if name not in sources and name not in steps:
                path = ("steps", step.name, "from", number)
                hint = nearest(name, known) if len(known) < 1000 else ""
                yield Mistake(path, f"the name {name!r}", "a step or source", hint)
    if read <= sources | steps:  # otherwise a wrong name may have meant the unread source
        for source in workflow.sources:
            if source.name not in read:
                expected = "each source to be read by a step"
                hint = f"from: {source.name}, in a step, or deleting the source"
                found = f"the source {source.name!r}, which no step reads"
                yield Mistake(("sources", source.name), found, expected, hint, at_key=True)


def _cycles(workflow: Workflow) -> Iterator[Mistake]:
    """One mistake a cycle. What cannot be put in order has an input that cannot either."""
    placed = {step.name for step in workflow.ordered()}
    stuck = {step.name: step for step in workflow.steps if step.name not in placed}
    walked: set[str] = set()
    for start in stuck:
        trail: dict[str, int] = {}
        name = start
        while name not in walked and name not in trail:
            trail[name] = len(trail)
            name = next(each for each in stuck[name].inputs if each in stuck)
        if name in trail:
            ring = [each for each, place in trail.items() if place >= trail[name]]
            found = f"the cycle {_ring_text(ring)}"
            hint = "another input for one of these steps"
            yield Mistake(("steps", name, "from"), found, "steps that lead onwards", hint)
        walked.update(trail)


def _ring_text(ring: list[str]) -> str:
    """The way that items would go, from and to the first name by the alphabet."""
    forward = ring[::-1]
    start = forward.index(min(forward))
    around = [*forward[start:], *forward[: start + 1]]
    return " -> ".join(around if len(around) <= 12 else (*around[:6], "...", *around[-5:]))


def _inputs(step: Step, inputs: list[Flow], signature: Signature) -> Iterator[Mistake]:
    path = ("steps", step.name, "from")
    ports = signature.ports(len(inputs))
    if len(ports) != len(inputs):
        needs = ", ".join(_port_words(port) for port in ports)
        found = f"{len(inputs)} {'input' if len(inputs) == 1 else 'inputs'}"
        expected = f"{len(ports)} for {step.operator}: {needs}"
        hint = f"from: [{', '.join(['...'] * len(ports))}]"
        yield Mistake(path, found, expected, hint)
        return
    for number, (flow, port) in enumerate(zip(inputs, ports, strict=True)):
        if flow.type != port.type and not ANYTHING & {flow.type, port.type}:
            found = f"{step.inputs[number]}, which puts out {flow.type}"
            expected = f"{_port_words(port)} for {step.operator}"
            hint = f"a step that puts out {port.type}"
            yield Mistake((*path, number), found, expected, hint)
    if not signature.unites(len(inputs)):
        yield from _join(step, inputs, ports)


def _join(step: Step, inputs: list[Flow], ports: tuple[Port, ...]) -> Iterator[Mistake]:
    """Items are joined by key: same stream, same frame, and numbered by the same step."""
    path = ("steps", step.name, "from")
    if len({flow.sources for flow in inputs}) > 1:
        each = ", ".join(
            f"{name} ({', '.join(sorted(flow.sources))})"
            for name, flow in zip(step.inputs, inputs, strict=True)
        )
        found = f"inputs that come from different sources: {each}"
        yield Mistake(path, found, "inputs of the same sources", "one such step for each source")
        return
    numbered = dict.fromkeys(
        flow.fan_out
        for flow, port in zip(inputs, ports, strict=True)
        if flow.fan_out is not None and port.arity == "one"
    )
    if len(numbered) > 1:
        found = f"items that different steps numbered: {', '.join(map(str, numbered))}"
        hint = "gathering one of them first, or joining before they part"
        yield Mistake(path, found, "items of one fan-out, or one a frame", hint)


def _condition(step: Step, inputs: list[Flow]) -> Iterator[Mistake]:
    """``when`` looks at attributes of the first input's items, known for our own types."""
    kind: Any = getattr(media, inputs[0].type, None) or getattr(events, inputs[0].type, None)
    if not is_dataclass(kind):
        return
    known = [field.name for field in fields(kind)]
    for name in step.when:
        if name not in known:
            found = f"the attribute {name!r}"
            expected = f"an attribute of {inputs[0].type}"
            path = ("steps", step.name, "when", name)
            yield Mistake(path, found, expected, nearest(name, known), at_key=True)


def _output(step: Step, inputs: list[Flow], signature: Signature) -> Flow:
    sources = inputs[0].sources
    for flow in inputs[1:]:
        sources |= flow.sources
    return Flow(signature.output.type, sources, _fan_out(step, inputs, signature))


def _fan_out(step: Step, inputs: list[Flow], signature: Signature) -> str | None:
    """Who numbered the items of a step's output; a union of one stream's items counts anew."""
    if signature.output.arity == "all":
        return step.name
    ports = signature.ports(len(inputs))
    if signature.unites(len(inputs)) and ports[0].arity == "one":
        alone = sum(len(flow.sources) for flow in inputs) == len(
            frozenset().union(*(flow.sources for flow in inputs))
        )
        return None if alone and all(flow.fan_out is None for flow in inputs) else step.name
    kept = [flow.fan_out for flow, port in zip(inputs, ports, strict=False) if port.arity == "one"]
    return next((name for name in kept if name is not None), None)


def _tracks(workflow: Workflow, flows: Mapping[str, Flow]) -> Iterator[Mistake]:
    """Events are counted on the output of one step, which must be detections."""
    name, path = workflow.events.tracks, ("events", "tracks")
    able = [step.name for step in workflow.steps if _type(step.name, flows) == "Detections"]
    if name not in {step.name for step in workflow.steps}:
        expected = "a step that puts out Detections"
        hint = nearest(name, able) if len(able) < 1000 else ""
        yield Mistake(path, f"no step {name!r}", expected, hint)
    elif name in flows and flows[name].type not in {"Detections", *ANYTHING}:
        found = f"{name}, which puts out {flows[name].type}"
        hint = nearest(name, able) if len(able) < 1000 else ""
        yield Mistake(path, found, "a step that puts out Detections", hint)


def _type(name: str, flows: Mapping[str, Flow]) -> str:
    return flows[name].type if name in flows else ""


def _port_words(port: Port) -> str:
    return f"all {port.type} of a frame" if port.arity == "all" else port.type
