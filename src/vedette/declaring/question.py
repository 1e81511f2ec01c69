"""The question that a step asks, read from its settings."""

from collections.abc import Mapping
from typing import Any

from vedette.types.cascade import Question
from vedette.types.graph import Step, Workflow


def question_of(step: Step) -> Question:
    """What ``presence`` (or ``present``, of whatever classes come) asks of each frame.

    Where something of it may be chosen, the first value counts, which is the golden one.

    >>> settings = {"classes": {"vehicle": ["car", "bus"]}, "confidence": 0.7}
    >>> question_of(Step("gate", "presence", ("street",), settings))
    Question(classes={'vehicle': ('car', 'bus')}, confidence=0.7, zone=None)
    """
    best = {name: values[0] for name, values in step.choices.items() if values}
    settings: Mapping[str, Any] = {**step.settings, **best}
    zone = settings.get("zone")
    return Question(
        classes={name: tuple(each) for name, each in settings.get("classes", {}).items()},
        confidence=float(settings.get("confidence", 0.5)),
        zone=None if zone is None else tuple((float(x), float(y)) for x, y in zone),
    )


def question_asked(workflow: Workflow) -> Question | None:
    """The question whose answers a workflow's accuracy is about, None where it finds objects."""
    return question_of(workflow.step(workflow.events.tracks)) if workflow.asks() else None
