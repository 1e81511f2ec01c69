"""How a choice of knobs becomes a graph of plain steps: settings fixed, variants expanded."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from vedette.planning import cascade_steps
from vedette.planning.expansions import EXPANSIONS, expansion
from vedette.types.graph import Choice, Scalar, Step, Workflow
from vedette.types.operators import Variant

_ = cascade_steps  # its expansion is registered by being imported


def golden(workflow: Workflow) -> Choice:
    """Every knob at its first, most accurate value.

    >>> from vedette.types.graph import Step, Workflow
    >>> sample = Step("sample", "sample", ("street",), choices={"rate_fps": ("source", 5)})
    >>> golden(Workflow("w", (), (sample,)))
    {'sample.rate_fps': 'source', 'transport.qp': 'source'}
    """
    return {name: values[0] for name, values in workflow.knobs().items()}


def expand(workflow: Workflow, choice: Choice, variants: Mapping[str, Variant]) -> Workflow:
    """The workflow with every knob fixed and every expanding variant written out as steps.

    A knob that ``choice`` leaves out stays golden. ``transport.qp`` concerns no step here.

    >>> from vedette.types.graph import Step, Workflow
    >>> from vedette.types.operators import Variant
    >>> zoo = {"tiled": Variant("tiled", "m", 416, expansion="tiles", over="plain")}
    >>> detect = Step("detect", "detect", ("street",), choices={"model": ("tiled", "plain")})
    >>> [step.name for step in expand(Workflow("w", (), (detect,)), {}, zoo).steps]
    ['detect.tile', 'detect.pass', 'detect']
    """
    steps = [part for step in workflow.steps for part in _parts(_fixed(step, choice), variants)]
    return replace(workflow, steps=tuple(steps))


def _fixed(step: Step, choice: Choice) -> Step:
    chosen: dict[str, Scalar] = {
        setting: choice.get(f"{step.name}.{setting}", values[0])
        for setting, values in step.choices.items()
    }
    return replace(step, settings={**step.settings, **chosen}, choices={})


def _parts(step: Step, variants: Mapping[str, Variant]) -> tuple[Step, ...]:
    for setting, value in step.settings.items():
        variant = variants.get(value) if isinstance(value, str) else None
        if variant is not None and variant.expansion is not None:
            parts = EXPANSIONS[variant.expansion](step, setting, variant)
            return tuple(each for part in parts for each in _parts(part, variants))
    return (step,)


@expansion("tiles")
def tiles(step: Step, setting: str, variant: Variant) -> tuple[Step, ...]:
    """The whole picture and its four overlapping corners, each detected in, then merged.

    A question is put to what was merged.
    """
    asks = step.operator == "presence"
    part = partial(Step, part_of=step.declared, stage=step.stage)
    cut = part(f"{step.name}.tile", "tile", step.inputs, when=step.when)
    settings = {key: value for key, value in step.settings.items() if not asks or key != "zone"}
    look = part(
        f"{step.name}.pass",
        "detect" if asks else step.operator,
        (cut.name,),
        {**settings, setting: variant.over or variant.name},
    )
    if not asks:
        return cut, look, part(step.name, "merge", (look.name,))
    merge = part(f"{step.name}.merge", "merge", (look.name,))
    asked = {key: step.settings[key] for key in ("confidence", "zone") if key in step.settings}
    return cut, look, merge, part(step.name, "present", (merge.name,), asked)
