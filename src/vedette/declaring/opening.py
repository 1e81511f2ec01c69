"""What a step leaves open: knobs and models that nobody fixed are for the planner to choose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vedette.types.graph import Scalar, Step, Value
from vedette.types.operators import Signature

CLASSIFIER = "Classifier"


@dataclass(frozen=True, slots=True)
class Choose:
    """Values that the planner chooses from, the most accurate first."""

    values: tuple[Scalar, ...]


def choose(*values: Scalar) -> Choose:
    """Leave a setting to the planner: it takes one of ``values``, the most accurate first."""
    return Choose(values)


def declared_step(
    name: str,
    operator: str,
    inputs: tuple[str, ...],
    given: Mapping[str, Any],
    when: Mapping[str, tuple[Scalar, ...]],
    *,
    signature: Signature | None,
    variants: Iterable[str],
) -> Step:
    """A step with what its user said, and the declared values of every knob left unsaid.

    A model left unsaid may be any of ``variants``, in their order, but for a classifier: the zoo
    has none.
    """
    choices = _unsaid(signature, variants) if signature else {}
    settings: dict[str, Value] = {}
    for setting, value in given.items():
        choices.pop(setting, None)
        if isinstance(value, Choose):
            choices[setting] = value.values
        else:
            settings[setting] = _as_read(value)
    return Step(name, operator, inputs, settings, choices, dict(when))


def _unsaid(signature: Signature, variants: Iterable[str]) -> dict[str, tuple[Scalar, ...]]:
    found: dict[str, tuple[Scalar, ...]] = {
        name: setting.choices for name, setting in signature.settings.items() if setting.choices
    }
    detectors = [name for name in signature.models if signature.kinds.get(name) != CLASSIFIER]
    return found | {model: tuple(variants) for model in detectors}


def _as_read(value: Any) -> Any:
    """A value as a file would give it: plain lists and dicts of its own."""
    if isinstance(value, Mapping):
        return {name: _as_read(below) for name, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_read(below) for below in value]
    return value
