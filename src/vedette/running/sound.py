"""If a plan can be run at all: its steps read what there is, and are set as they can be."""

from collections.abc import Iterator, Mapping

from vedette.errors import DeclarationError, Problem, nearest
from vedette.types.graph import Step
from vedette.types.operators import Signature
from vedette.types.plan import Deployment


def ensure_sound(plan: Deployment, signatures: Mapping[str, Signature]) -> None:
    """Raise DeclarationError with all that would end a run at its first frame."""
    flow = plan.workflow
    found = [each for step in flow.steps for each in _wrong(plan, step, signatures)]
    names = [*(source.name for source in flow.sources), *(step.name for step in flow.steps)]
    found += [each for name in names for each in _misplaced(plan, name)]
    found += _replicated_meetings(plan)
    if found:
        raise DeclarationError(*found)


def _wrong(plan: Deployment, step: Step, signatures: Mapping[str, Signature]) -> Iterator[Problem]:
    flow = plan.workflow
    names = [*(each.name for each in flow.sources), *(each.name for each in flow.steps)]
    names.remove(step.name)
    for name in step.inputs:
        if name not in names:
            found = f"the input {name!r} of step {step.name}"
            yield Problem(found, "a source or another step", nearest(name, names))
    if step.operator not in signatures:
        found = f"the operator {step.operator!r} in step {step.name}"
        yield Problem(found, "the name of an operator", nearest(step.operator, list(signatures)))
        return
    yield from _wrongly_set(step, signatures[step.operator])


def _misplaced(plan: Deployment, name: str) -> Iterator[Problem]:
    devices, place = [device.name for device in plan.cluster.devices], plan.placement.get(name)
    if place not in devices:
        found = f"{name} on " + (f"the device {place!r}" if place else "no device")
        yield Problem(found, "a device of the cluster", nearest(place or "", devices))


def _replicated_meetings(plan: Deployment) -> Iterator[Problem]:
    """Streams that meet are ordered by one machine, so there cannot be several."""
    for step in plan.workflow.steps:
        device = plan.placement.get(step.name, "")
        count = plan.replicas.get(device, 1)
        if count > 1 and len(plan.workflow.sources_of(step.name)) > 1:
            found = f"{count} machines of {device}, where streams meet in step {step.name}"
            yield Problem(found, "one machine where streams meet", f"{device}: 1 in replicas")


def _wrongly_set(step: Step, signature: Signature) -> Iterator[Problem]:
    known = {*signature.settings, *signature.models}
    for name in step.settings:
        if name not in known:
            found = f"the setting {name!r} of step {step.name}"
            expected = f"a setting of {step.operator}"
            yield Problem(found, expected, nearest(name, sorted(known)))
    required = {name for name, each in signature.settings.items() if each.required}
    for name in sorted((required | {*signature.models}) - {*step.settings}):
        expected = f"a value for it, since {step.operator} has no default"
        yield Problem(f"step {step.name} without its setting {name!r}", expected, f"{name}: ...")
