"""The mistakes in what a workflow does with cascades: another question, reference or place."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vedette.declaring.models import own_variants
from vedette.declaring.question import question_of
from vedette.errors import nearest
from vedette.records.mistakes import Mistake
from vedette.types.cascade import Cascade, Question
from vedette.types.graph import Step, Workflow
from vedette.types.models import PARTS
from vedette.types.operators import Signature

_AGAIN = "vedette learn cascade, for what the step asks now"


def cascade_mistakes(
    workflow: Workflow, signatures: Mapping[str, Signature], variants: Iterable[str]
) -> Iterator[Mistake]:
    """Cascades that answer something else than their step asks, and parts where they do not fit."""
    cascades = {each.name: each for each in workflow.cascades}
    known = {*variants, *own_variants(workflow)} - cascades.keys()
    for each in workflow.cascades:
        yield from _unknown_models(each, known)
    for step in workflow.steps:
        signature = signatures.get(step.operator)
        for setting in signature.models if signature else ():
            kind = signature.kinds.get(setting, "") if signature else ""
            for value, place in _named(step, setting):
                learned = cascades.get(str(value))
                if learned is not None:
                    yield from _as_model(step, setting, learned, place)
                else:
                    yield from _as_part(str(value), kind, cascades, place)


def _named(step: Step, setting: str) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    path = ("steps", step.name, setting)
    if setting in step.settings:
        yield step.settings[setting], path
    for number, value in enumerate(step.choices.get(setting, ())):
        yield value, (*path, "choose", number)


def _unknown_models(learned: Cascade, known: set[str]) -> Iterator[Mistake]:
    path = ("cascades", learned.name)
    named = [each.model for each in learned.scores if each.model != "special"]
    for name in (*named, learned.reference):
        if name not in known or "/" in name:
            found = f"the model {name!r} in cascade.json"
            expected, hint = "a model variant that is known here", nearest(name, sorted(known))
            yield Mistake(path, found, expected, hint)


def _as_model(
    step: Step, setting: str, learned: Cascade, place: tuple[str | int, ...]
) -> Iterator[Mistake]:
    """A cascade as one more variant of a step."""
    if step.operator != "presence":
        found = f"the cascade {learned.name} in a step that runs {step.operator}"
        yield Mistake(place, found, "a step that runs presence", "a detector")
        return
    values = step.choices.get(setting, ())
    if values and learned.reference not in values:
        found = f"the cascade {learned.name} without its reference {learned.reference}"
        hint = f"choose: [{learned.reference}, {learned.name}]"
        yield Mistake(place, found, "both among the choices", hint)
    elif values and values[0] == learned.name:
        found = f"the cascade {learned.name} as the most accurate value"
        yield Mistake(place, found, "its reference before it", f"{learned.reference} first")
    asks = question_of(step)
    for name, said, expected in _differences(asks, learned.question):
        found = f"the cascade {learned.name}, which was learned for {name} {expected}"
        yield Mistake(place, found, f"{name} {said}, which the step asks for", _AGAIN)


def _differences(asks: Question, learned: Question) -> Iterator[tuple[str, str, str]]:
    pairs = {
        "classes": (_classes(asks), _classes(learned)),
        "confidence": (f"{asks.confidence:g}", f"{learned.confidence:g}"),
        "zone": (_zone(asks), _zone(learned)),
    }
    for name, (said, expected) in pairs.items():
        if said != expected:
            yield name, said, expected


def _classes(question: Question) -> str:
    groups = (f"{group}: {', '.join(sorted(n))}" for group, n in sorted(question.classes.items()))
    return "; ".join(groups)


def _zone(question: Question) -> str:
    if question.zone is None:
        return "the whole picture"
    return " ".join(f"({x:g}, {y:g})" for x, y in question.zone)


def _as_part(
    value: str, kind: str, cascades: Mapping[str, Cascade], place: tuple[str | int, ...]
) -> Iterator[Mistake]:
    """What a cascade learned goes where it is asked for, and nothing else does."""
    name, _, part = value.partition("/")
    is_part = name in cascades and part in PARTS
    if is_part and PARTS[part] != kind:
        yield Mistake(place, f"{value}, a part of a cascade", "a model", "a detector")
    elif not is_part and kind in PARTS.values():
        expected = f"a part that a cascade learned ({kind})"
        yield Mistake(place, f"the model {value!r}", expected, "making the plan again")
