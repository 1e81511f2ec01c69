"""The JSON Schema of workflow.yaml with the operators of this machine in it, for an editor."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError

from vedette.declaring.settings import PLANNED, RESERVED
from vedette.errors import DeclarationError
from vedette.types.operators import Setting, Signature

_CHOOSE = {"$ref": "#/$defs/ChooseSyntax"}


def with_operators(
    schema: Mapping[str, Any], signatures: Mapping[str, Signature], variants: Iterable[str]
) -> dict[str, Any]:
    """The schema of a workflow in which a step runs one of these, with no settings but its own.

    Of an operator whose package is broken there is the name alone.
    """
    names, variants = sorted(set(signatures) - PLANNED), list(variants)
    step = schema["$defs"]["StepSyntax"]
    known = {
        **step,
        "properties": step["properties"] | {"run": step["properties"]["run"] | {"enum": names}},
        "allOf": [rule for name in names for rule in _rules(name, signatures, variants)],
    }
    return {**schema, "$defs": {**schema["$defs"], "StepSyntax": known}}


def _rules(
    name: str, signatures: Mapping[str, Signature], variants: list[str]
) -> Iterable[dict[str, Any]]:
    try:
        signature = signatures[name]
    except DeclarationError:
        return
    settings = {each.name: _one_or_choose(_type(each)) for each in signature.settings.values()}
    models = {model: _one_or_choose({"enum": variants}) for model in signature.models}
    required = [each.name for each in signature.settings.values() if each.required]
    yield {
        "if": {"properties": {"run": {"const": name}}, "required": ["run"]},
        "then": {
            "description": signature.doc.partition("\n")[0],
            "properties": settings | models,
            "propertyNames": {"enum": [*RESERVED, *settings, *models]},
            "required": required,
        },
    }


def _one_or_choose(value: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [value, _CHOOSE]}


def _type(setting: Setting) -> dict[str, Any]:
    """What may be said of a setting; anything where its type has no schema or needs names."""
    try:
        found = TypeAdapter(setting.schema).json_schema()
    except PydanticSchemaGenerationError:
        return {}
    return {} if "$defs" in found else found
