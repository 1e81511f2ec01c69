"""The mistakes in what steps set: unknown settings, wrong types, unknown variants, bad choices."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from vedette.declaring.models import labels_of, own_variants
from vedette.declaring.shape import core_type, described, fit, instead
from vedette.errors import nearest
from vedette.records.mistakes import ElementPath, Mistake, shown
from vedette.records.syntax import ZooLabel
from vedette.types.cascade import Cascade
from vedette.types.graph import Scalar, Step, Workflow
from vedette.types.models import OwnModel
from vedette.types.operators import Setting, Signature

RESERVED = ("run", "from", "when")
PLANNED = frozenset(
    {
        "compare",
        "decode",
        "encode",
        "escalate",
        "every",
        "glance",
        "merge",
        "settle",
        "special",
        "tile",
    }
)
"""Operators that the planner puts into a plan; nobody declares them."""
ELSEWHERE = "; for one of your own: --operators FILE, or installing its package"


class SettingChecker:
    """Checks values against settings' annotated types; each type is prepared once."""

    def __init__(self) -> None:
        self._adapters: dict[int, tuple[Setting, TypeAdapter[Any] | None]] = {}

    def mistakes(self, value: Any, setting: Setting, path: ElementPath) -> Iterator[Mistake]:
        adapter = self._adapter(setting)
        if adapter is None:
            return
        expected = _expected(setting)
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            inner = [each for each in fit(value, setting.schema, path) if each.path != path]
            if inner:
                yield from inner
                return
            expected = _own_words(error) or expected
        except (TypeError, ValueError, RecursionError):
            pass
        else:
            return
        yield Mistake(path, shown(value), expected, _instead(value, setting))

    def _adapter(self, setting: Setting) -> TypeAdapter[Any] | None:
        """None where pydantic cannot read the type: the operator itself must object then."""
        known = self._adapters.get(id(setting))
        if known is None:
            try:
                known = (setting, TypeAdapter(setting.schema))
            except PydanticSchemaGenerationError:
                known = (setting, None)
            self._adapters[id(setting)] = known
        return known[1]


def setting_mistakes(
    workflow: Workflow, signatures: Mapping[str, Signature], variants: Iterable[str]
) -> Iterator[Mistake]:
    """Every step's settings and choices against its operator's signature."""
    own = own_variants(workflow)
    checker, variants = SettingChecker(), (*own, *variants)
    for step in workflow.steps:
        path = ("steps", step.name)
        signature = signatures.get(step.operator)
        if signature is None or (step.operator in PLANNED and not step.part_of):
            names = [name for name in signatures if name not in PLANNED]
            hint = nearest(step.operator, names) + ELSEWHERE
            found = f"the operator {step.operator!r}"
            yield Mistake((*path, "run"), found, "the name of an operator", hint)
            continue
        yield from _unknown_and_missing(step, signature, path)
        for name, place, value in _given(step, path):
            if name in signature.models:
                yield from _variant(value, variants, place)
            elif name in signature.settings:
                setting = _asked_of(signature.settings[name], step, signature, own)
                yield from _value(value, setting, place, checker)
        for name, values in step.choices.items():
            yield from _choice(values, (*path, name))


def _unknown_and_missing(step: Step, signature: Signature, path: ElementPath) -> Iterator[Mistake]:
    known = (*signature.settings, *signature.models)
    also = (*known, *RESERVED)
    given = {**step.settings, **step.choices}
    for name in given:
        if name not in known:
            found = f"the setting {name!r}"
            expected = f"a setting of {step.operator}"
            yield Mistake((*path, name), found, expected, nearest(name, also), at_key=True)
    for name, setting in signature.settings.items():
        if setting.required and name not in given:
            found = f"no {name!r}"
            expected = _expected(setting)
            yield Mistake((*path, name), found, expected, f"{name}: ...", at_key=True)
    for name in signature.models:
        if name not in given:
            found, expected = f"no {name!r}", "the name of one under models"
            yield Mistake((*path, name), found, expected, f"{name}: mine", at_key=True)


def _asked_of(
    setting: Setting,
    step: Step,
    signature: Signature,
    own: Mapping[str, OwnModel | Cascade],
) -> Setting:
    """The setting with the labels of those models that the step names."""
    has_zoo, labels = labels_of(step, signature, own)
    if has_zoo and labels == ():
        return setting
    return replace(setting, schema=_relabelled(setting.schema, has_zoo, labels))


def _relabelled(hint: Any, has_zoo: bool, labels: tuple[str, ...] | None) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, *marks = inside
        kept = [_labelled(mark, has_zoo, labels) for mark in marks]
        marks = [mark for mark in kept if mark is not None]
        inner = _relabelled(inner, has_zoo, labels)
        return Annotated[(inner, *marks)] if marks else inner
    if origin in (list, dict):
        return origin[tuple(_relabelled(each, has_zoo, labels) for each in inside)]
    return hint


def _labelled(mark: Any, has_zoo: bool, labels: tuple[str, ...] | None) -> Any:
    if not isinstance(mark, ZooLabel):
        return mark
    if labels is None:
        return None
    return ZooLabel((*labels, *(mark.names if has_zoo else ())), mark.kind)


def _given(step: Step, path: ElementPath) -> Iterator[tuple[str, ElementPath, Any]]:
    for name, value in step.settings.items():
        yield name, (*path, name), value
    for name, values in step.choices.items():
        for number, each in enumerate(values):
            yield name, (*path, name, "choose", number), each


def _variant(value: Any, variants: tuple[str, ...], path: ElementPath) -> Iterator[Mistake]:
    if value not in variants:
        hint = nearest(str(value), variants)
        yield Mistake(path, shown(value), "the name of a model variant", hint)


def _value(
    value: Any, setting: Setting, path: ElementPath, checker: SettingChecker
) -> Iterator[Mistake]:
    words = [each for each in setting.choices if isinstance(each, str)]
    found = list(checker.mistakes(value, setting, path))
    yield from found
    if found:
        return
    if isinstance(value, str) and words and value not in words:
        yield Mistake(path, shown(value), _expected(setting), nearest(value, words))


def _choice(values: tuple[Scalar, ...], path: ElementPath) -> Iterator[Mistake]:
    if not values:
        yield Mistake(path, "nothing to choose from", "at least one value", "naming one")
    seen: set[tuple[type, Scalar]] = set()
    for number, value in enumerate(values):
        if (type(value), value) in seen:
            place = (*path, "choose", number)
            yield Mistake(place, f"{shown(value)} a second time", "each value once", "deleting one")
        seen.add((type(value), value))


def _expected(setting: Setting) -> str:
    words = [repr(each) for each in setting.choices if isinstance(each, str)]
    text = described(setting.schema)
    return text.replace("text", " or ".join(words)) if words else text


def _instead(value: Any, setting: Setting) -> str:
    if setting.choices:
        return f"{{choose: [{', '.join(map(str, setting.choices))}]}}"
    if setting.required or core_type(setting.schema) in (int, float):
        return instead(value, setting.schema)
    return f"{json.dumps(setting.default, default=str)} (the default)"


def _own_words(error: ValidationError) -> str:
    """What a validator of the operator's own asks for, of the whole setting."""
    told = error.errors(include_url=False)[0]
    is_own = told["type"] == "value_error" and not told["loc"]
    return str(told["ctx"]["error"]) if is_own else ""
