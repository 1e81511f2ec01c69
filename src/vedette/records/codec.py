"""Our frozen dataclasses as JSON and back, and a digest of what they hold."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python
from pydantic_core import to_json as dumped

from vedette.errors import Place, Problem, RecordError
from vedette.records.mistakes import dotted, shown

T = TypeVar("T")
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def to_plain(value: Any) -> Any:
    """A record as JSON would hold it: fractions as "n/d", bytes as base64."""
    return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="constants")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text; infinities, which JSON does not have, are the strings "Infinity", "NaN"."""
    return dumped(value, indent=indent, bytes_mode="base64", inf_nan_mode="strings").decode()


def from_json(kind: type[T], content: bytes | str, *, file: str = "") -> T:
    """The record in JSON text; raises RecordError naming ``file`` where there is none."""
    try:
        return adapter(kind).validate_json(content, extra="forbid")
    except ValidationError as error:
        raise RecordError(*problems(error, Place(file) if file else None)) from None


def from_plain(kind: type[T], plain: Any) -> T:
    """The record in plain values; raises pydantic's ValidationError."""
    return adapter(kind).validate_python(plain, extra="forbid")


def digest(value: Any) -> str:
    """64 hexadecimal digits that equal values share, on any machine: the order of keys is none.

    >>> digest({"a": 1, "b": (2,)}) == digest({"b": [2], "a": 1})
    True
    """
    text = json.dumps(_canonical(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Reads and describes a record; made once for each kind."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def problems(error: ValidationError, place: Place | None) -> list[Problem]:
    """What pydantic found, in our three parts."""
    return [problem(detail, place) for detail in error.errors(include_url=False)]


def problem(detail: ErrorDetails, place: Place | None) -> Problem:
    path = dotted(detail["loc"])
    where = f" in {path}" if path else ""
    match detail["type"]:
        case "missing" | "missing_argument":
            return Problem(f"nothing{where}", "a value", "making the file again", place)
        case "unexpected_keyword_argument" | "extra_forbidden":
            hint = "a newer Vedette, or making the file again"
            return Problem(f"an unknown key{where}", "known keys only", hint, place)
        case "json_invalid":
            found = f"text that is no JSON ({detail['ctx']['error']})"
            return Problem(found, "JSON", "making the file again", place)
    message = detail["msg"]
    expected = message[:1].lower() + message[1:]
    return Problem(f"{shown(detail['input'])}{where}", expected, "making the file again", place)


def _canonical(value: Any) -> Any:  # one kind of value a line
    """Plain values in which a record differs from a mapping, and 1 does not from 1.0."""
    if is_dataclass(value):
        return {
            "": type(value).__name__,
            **{field.name: _canonical(getattr(value, field.name)) for field in fields(value)},
        }
    if isinstance(value, Mapping):
        return {str(key): _canonical(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(below) for below in value]
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.hex() if isinstance(value, bytes) else value
