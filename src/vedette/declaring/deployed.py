"""The mistakes in what a plan deploys: its own steps, which the planner wrote and people edit.

A plan's workflow is one with every choice made and its packing written out, so it is held to the
rules of a declared one, but for names such as ``sample.decode@edge``, and to some of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from vedette.declaring.check import complete_mistakes
from vedette.declaring.machines import joint_mistakes
from vedette.declaring.shape import fit
from vedette.declaring.writing import plain_workflow
from vedette.errors import Problem, nearest
from vedette.records.mistakes import Mistake, problems, shown, without_echoes
from vedette.records.syntax import WorkflowSyntax
from vedette.types.graph import Step, Workflow
from vedette.types.operators import Signature
from vedette.types.plan import Deployment, Plan

_NAME = re.compile(r"\w[\w-]*(\.\w[\w-]*(@[\w-]+)?)*")
_AGAIN = "making the plan again"


def check_deployment(
    plan: Deployment, signatures: Mapping[str, Signature], variants: Iterable[str]
) -> tuple[Problem, ...]:
    """The problems of what a plan runs and of where it runs it; its cluster is known to be right.

    ``variants`` are the known model variants.
    """
    form = tuple(_form(plan.workflow))
    more = chain(
        complete_mistakes(plan.workflow, signatures, variants),
        joint_mistakes(plan.workflow, plan.cluster),
        _crossings(plan),
    )
    found = [*form, *without_echoes(more, form)]
    if not found and isinstance(plan, Plan) and plan.declared is not None:
        found += _foreign(plan, plan.declared)
    return problems(found)


def _form(workflow: Workflow) -> Iterator[Mistake]:
    """As for a declared workflow, with the steps put in under names that anybody may give."""
    plain = {step.name: f"step{number}" for number, step in enumerate(workflow.steps)}
    names = plain | {source.name: source.name for source in workflow.sources}
    steps = (
        replace(
            step,
            name=plain[step.name],
            inputs=tuple(names.get(each, "unknown") for each in step.inputs),
        )
        for step in workflow.steps
    )
    written = {standing: name for name, standing in plain.items()}
    for mistake in fit(plain_workflow(replace(workflow, steps=tuple(steps))), WorkflowSyntax):
        yield replace(mistake, path=tuple(written.get(str(part), part) for part in mistake.path))
    for step in workflow.steps:
        yield from _fixed(step)


def _fixed(step: Step) -> Iterator[Mistake]:
    path = ("steps", step.name)
    if _NAME.fullmatch(step.name) is None:
        expected = "a name (letters, digits, _ and -), parts joined by dots"
        yield Mistake(path, f"the name {step.name!r}", expected, _AGAIN, at_key=True)
    for setting in step.choices:
        found = f"{setting}, which is still to be chosen"
        yield Mistake((*path, setting), found, "a value", "one of its values", at_key=True)


def _crossings(plan: Deployment) -> Iterator[Mistake]:
    """Only what was packed crosses between devices."""
    for step in plan.workflow.steps:
        here = plan.placement.get(step.name)
        for name in step.inputs:
            there = plan.placement.get(name, here)
            if there != here and step.operator != "decode":
                found = f"{step.name} on {here} for {name} on {there}"
                expected = "one device for both, or packing between them"
                yield Mistake(("placement", step.name), found, expected, _AGAIN)


def _foreign(plan: Plan, declared: Workflow) -> Iterator[Mistake]:
    """What a plan says of itself twice."""
    if plan.workflow.sources != declared.sources:
        found = "sources that are not those of declared"
        yield Mistake(("workflow", "sources"), found, "the same sources in both", _AGAIN)
    names = {step.name for step in declared.steps}
    wholes = names | {step.name for step in plan.workflow.steps if step.part_of}
    wholes |= {source.name for source in declared.sources}
    for step in plan.workflow.steps:
        if step.declared not in wholes:
            found, expected = f"the step {step.name!r}", "a step of declared, or a part of one"
            yield Mistake(("workflow", "steps"), found, expected, nearest(step.name, sorted(names)))
    knobs = declared.knobs()
    for name, value in plan.choice.items():
        if name not in knobs:
            hint = nearest(name, tuple(knobs))
            yield Mistake(("choice", name), f"the knob {name!r}", "a knob of declared", hint)
        elif value not in knobs[name]:
            known = ", ".join(map(str, knobs[name]))
            yield Mistake(("choice", name), shown(value), f"one of its values ({known})", _AGAIN)
