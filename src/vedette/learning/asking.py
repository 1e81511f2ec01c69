"""Which question a workflow asks, and of what: the yes or no that a cascade is learned for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vedette.declaring.question import question_of
from vedette.errors import InputError, Problem, nearest
from vedette.planning.expand import golden
from vedette.types.cascade import Point, Question
from vedette.types.graph import Source, Step, Stream, Value, Workflow
from vedette.types.operators import Variant

DETECTING = {"detect", "presence"}
SURE_FROM = 0.05
"""Below this confidence nobody asks how sure a detector was."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the ``presence`` step that asks it, and the one camera that it is asked of.

    ``reference`` is the step's golden variant, ``cheaper`` its other variants of one pass, as
    they may stand before the reference in a cascade. ``is_declared``: the step is the workflow's
    own; otherwise it was made of a target and a region.
    """

    step: Step
    question: Question
    stream: Stream
    reference: str
    cheaper: tuple[str, ...]
    is_declared: bool = True


def asked(
    workflow: Workflow,
    variants: Mapping[str, Variant],
    *,
    target: str | None = None,
    region: str | Sequence[Point] | None = None,
    step: str | None = None,
    stream: str | None = None,
) -> Asked:
    """The question about a target in a region; raises InputError where the workflow has none.

    ``target`` is a class or a group of classes, ``region`` a ``presence`` step, a polygon's name
    of a ``zone`` step, or corners. Where one ``presence`` step asks, both may be left out.
    """
    found, is_declared = _step(workflow, target, region, step)
    reference, *others = _models(found)
    cheaper = tuple(name for name in others if name in variants and not variants[name].expansion)
    return Asked(
        step=found,
        question=question_of(found),
        stream=_stream(workflow, found, stream),
        reference=reference,
        cheaper=cheaper,
        is_declared=is_declared,
    )


def labelling(workflow: Workflow, asking: Asked, *variants: str) -> Workflow:
    """The workflow that tells how sure some variants are, each in a step of its own name.

    It has one stream, every other knob golden, and of the steps those that lead to the question.
    """
    source = next(s for s in workflow.sources if asking.stream in s.streams)
    best = golden(workflow)
    steps = {each.name: _fixed(each, best) for each in workflow.steps}
    needed = _leading_to(steps, asking.step)
    surest = {**asking.step.settings, "confidence": min(SURE_FROM, asking.question.confidence)}
    scoring = [
        replace(asking.step, name=variant, settings={**surest, "model": variant}, choices={})
        for variant in variants
    ]
    return replace(
        workflow,
        sources=(Source(source.name, (asking.stream,)),),
        steps=(*(each for name, each in steps.items() if name in needed), *scoring),
        events=replace(workflow.events, tracks=variants[0]),
        evidence_to=None,
    )


def _leading_to(steps: Mapping[str, Step], last: Step) -> set[str]:
    left, found = [name for name in last.inputs if name in steps], set[str]()
    while left:
        name = left.pop()
        found.add(name)
        left += [each for each in steps[name].inputs if each in steps and each not in found]
    return found


def _fixed(step: Step, choice: Mapping[str, str | int | float | bool]) -> Step:
    chosen = {setting: choice[f"{step.name}.{setting}"] for setting in step.choices}
    return replace(step, settings={**step.settings, **chosen}, choices={})


def _step(
    workflow: Workflow,
    target: str | None,
    region: str | Sequence[Point] | None,
    step: str | None,
) -> tuple[Step, bool]:
    """The step that asks the question, and if it is declared."""
    presences = {each.name: each for each in workflow.steps if each.operator == "presence"}
    if step is not None and region not in (None, step):
        found = f"the step {step!r} and a region beside it"
        raise InputError(Problem(found, "one of them: a step has a zone of its own", "only --step"))
    named = step or (region if isinstance(region, str) and region in presences else None)
    if named is not None:
        if named not in presences:
            raise InputError(
                Problem(f"the step {named!r}", "a presence step", nearest(named, list(presences)))
            )
        return _about(presences[named], target), True
    if region is None:
        fitting = [each for each in presences.values() if _asks(each, target)]
        if len(fitting) == 1:
            return fitting[0], True
        if len(fitting) > 1:
            names = ", ".join(each.name for each in fitting)
            raise InputError(Problem(f"questions of {names}", "one", f"--step {fitting[0].name}"))
    return _made(workflow, target, region), False


def _about(step: Step, target: str | None) -> Step:
    if not _asks(step, target):
        raise InputError(
            Problem(
                f"the target {target!r}, which the step {step.name} does not ask for",
                "a class or a group of its question",
                nearest(target or "", [*_classes(step), *_labels(step)]),
            )
        )
    return step


def _asks(step: Step, target: str | None) -> bool:
    return target is None or target in _classes(step) or target in _labels(step)


def _classes(step: Step) -> dict[str, tuple[str, ...]]:
    classes = step.settings.get("classes")
    found = classes if isinstance(classes, Mapping) else {}
    return {
        str(group): tuple(map(str, labels))
        for group, labels in found.items()
        if isinstance(labels, list | tuple)
    }


def _labels(step: Step) -> tuple[str, ...]:
    return tuple(label for labels in _classes(step).values() for label in labels)


def _made(workflow: Workflow, target: str | None, region: str | Sequence[Point] | None) -> Step:
    """A presence step of a detecting step's classes and models, and of a region."""
    corners = _corners(workflow, region)
    detecting = [
        each for each in workflow.steps if each.operator in DETECTING and _asks(each, target)
    ]
    if target is None or not detecting:
        known = sorted({name for each in workflow.steps for name in _classes(each)})
        raise InputError(
            Problem(
                f"no presence step that asks for {target or 'anything'}",
                "one in the workflow, or the target of a detecting step",
                f"--target {known[0]}" if known else "a step with operator: presence",
            )
        )
    first = detecting[0]
    classes = _classes(first)
    wanted: Value = {target: list(classes.get(target, (target,)))}
    settings: dict[str, Value] = {**first.settings, "classes": wanted, "confidence": 0.5}
    if corners is not None:
        settings["zone"] = [list(corner) for corner in corners]
    name = region if isinstance(region, str) and region.isidentifier() else f"{target}_present"
    choices = {key: values for key, values in first.choices.items() if key == "model"}
    return Step(name, "presence", first.inputs, settings, choices)


def _corners(workflow: Workflow, region: str | Sequence[Point] | None) -> tuple[Point, ...] | None:
    if region is None:
        return None
    zones = dict(_zones(workflow))
    if isinstance(region, str) and region in zones:
        return zones[region]
    try:
        corners = tuple((float(x), float(y)) for x, y in _pairs(region))
    except (TypeError, ValueError):
        corners = ()
    if len(corners) >= 3:
        return corners
    steps = [each.name for each in workflow.steps if each.operator == "presence"]
    raise InputError(
        Problem(
            f"the region {region!r}",
            "a presence step, a named zone, or at least three corners",
            f"'110,150 268,150 252,200 55,200', or {nearest(str(region), [*steps, *zones])}",
        )
    )


def _pairs(region: str | Sequence[Point]) -> Sequence[Sequence[str | float]]:
    if not isinstance(region, str):
        return region
    return [each.split(",") for each in region.replace("(", "").replace(")", " ").split()]


def _zones(workflow: Workflow) -> Iterator[tuple[str, tuple[Point, ...]]]:
    for step in workflow.steps:
        zones = step.settings.get("zones") if step.operator == "zone" else None
        for name, corners in zones.items() if isinstance(zones, Mapping) else ():
            yield str(name), _polygon(corners)


def _polygon(corners: object) -> tuple[Point, ...]:
    """Corners as a checked workflow holds them: a list of lists of two numbers."""
    listed = corners if isinstance(corners, list | tuple) else ()
    return tuple((float(x), float(y)) for x, y in listed)


def _models(step: Step) -> tuple[str, ...]:
    """The variants that a step may use, the golden one first."""
    if "model" in step.choices:
        return tuple(str(each) for each in step.choices["model"])
    return (str(step.settings["model"]),)


def _stream(workflow: Workflow, step: Step, name: str | None) -> Stream:
    """The one camera; a zone in pixels is about one."""
    leading = {each.name: each for each in workflow.steps} | {step.name: step}
    sources = replace(workflow, steps=tuple(leading.values())).sources_of(step.name)
    streams = {
        each.name: each
        for source in workflow.sources
        if source.name in sources
        for each in source.streams
    }
    if name is None and len(streams) == 1:
        return next(iter(streams.values()))
    if name in streams:
        return streams[name]
    found = f"the stream {name!r}" if name else f"{len(streams)} streams"
    hint = nearest(name or "", list(streams)) if name else f"--stream {next(iter(streams))}"
    raise InputError(Problem(found, "one stream: a cascade is learned for one camera", hint))
