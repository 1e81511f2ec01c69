"""Whether plain values have the shape of a syntax type; what is wrong, in words for its user."""

import math
import re
from collections.abc import Generator, Mapping
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Never, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import BaseModel, StringConstraints

from vedette.errors import nearest
from vedette.records.mistakes import ElementPath, Mistake, shown
from vedette.records.syntax import Form, OneOf, Unit

BAD: Any = object()
"""Stands for a value that has been complained about."""
UNREAD = "?"
"""Stands for a name that has been complained about."""

Fit = Generator[Mistake, None, Any]
_KINDS: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
    NoneType: (NoneType,),
    list: (list,),
    dict: (dict,),
}
_WORDS = {str: "text", bool: "true or false", NoneType: "nothing", int: "a whole number"}


def fit(value: Any, hint: Any, path: ElementPath = ()) -> Fit:
    """Yield every mistake in ``value``; return what is left of it without them, or BAD."""
    inner, marks = _split(_chosen(value, hint))
    if not _accepts(inner, value) or _is_outside(value, inner, marks):
        yield _wrong(value, hint, path)
        return BAD
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return (yield from _fit_model(value, inner, path))
    if isinstance(value, (dict, list)):
        return (yield from _fit_many(value, inner, marks, path))
    return value


def described(hint: Any) -> str:
    """What a type asks for, in words.

    >>> described(list[Annotated[int, Ge(0), Le(51)]])
    'a list of: a whole number, at least 0, at most 51'
    """
    inner, marks = _split(hint)
    origin = get_origin(inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(described(each) for each in get_args(inner)))
    if origin is Literal:
        names = ", ".join(str(each) for each in get_args(inner))
        return f"one of {names}" if len(get_args(inner)) > 1 else names
    if origin is list:
        return f"a list of: {described(get_args(inner)[0])}"
    if origin is dict or (isinstance(inner, type) and issubclass(inner, (BaseModel, dict))):
        text = "a mapping"
    elif any(isinstance(mark, StringConstraints) and mark.pattern for mark in marks):
        form = (mark.words for mark in marks if isinstance(mark, Form))
        return next(form, "a name (letters, digits, _ and -)")
    else:
        text = _WORDS.get(inner, "a number" if inner is float else "a value")
        text = next((mark.kind for mark in marks if isinstance(mark, OneOf)), text)
    return "".join((text, *map(_mark_words, marks)))


def _mark_words(mark: Any) -> str:
    match mark:
        case Unit(name):
            return f", in {name}"
        case MinLen(min_length=least):
            return f", at least {least} in it"
        case Gt(gt=low):
            return f", above {low:,.12g}"
        case Ge(ge=low):
            return f", at least {low:,.12g}"
        case Le(le=high):
            return f", at most {high:,.12g}"
        case _:
            return ""


def core_type(hint: Any) -> Any:
    """A type without its marks."""
    return _split(hint)[0]


def _split(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is not Annotated:
        return hint, ()
    inner, *marks = get_args(hint)
    return inner, tuple(marks)


def _accepts(hint: Any, value: Any) -> bool:
    """Whether a value is of a type's kind: what it holds is not looked at."""
    inner, _ = _split(hint)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return isinstance(value, dict)
    if get_origin(inner) is Literal:
        return isinstance(value, tuple({type(each) for each in get_args(inner)}))
    if inner is Never:
        return False
    kinds = _KINDS.get(get_origin(inner) or inner)
    if kinds is None:  # Any, or a setting's value
        return True
    return isinstance(value, kinds) and (inner is bool or not isinstance(value, bool))


def _chosen(value: Any, hint: Any) -> Any:
    """Of a union, the type that a value means to be; a model if it has a key that one requires."""
    inner, _ = _split(hint)
    if get_origin(inner) not in (Union, UnionType):
        return hint
    fitting = [each for each in get_args(inner) if _accepts(each, value)]
    for each in fitting[:-1]:
        alternative, _ = _split(each)
        is_model = isinstance(alternative, type) and issubclass(alternative, BaseModel)
        if not is_model or any(
            key in value for key, (_, needed) in fields(alternative).items() if needed
        ):
            return each
    return fitting[-1] if fitting else Never


@cache
def fields(model: type[BaseModel]) -> Mapping[str, tuple[Any, bool]]:
    """Each key of a syntax type: its type, and whether it must be there."""
    hints = get_type_hints(model, include_extras=True)
    return {
        field.alias or name: (hints[name], field.is_required())
        for name, field in model.model_fields.items()
    }


@cache
def _extra(model: type[BaseModel]) -> Any:
    """The type of keys that a syntax type does not name; None where there may be none."""
    if model.model_config.get("extra") != "allow":
        return None
    return get_args(get_type_hints(model, include_extras=True)["__pydantic_extra__"])[1]


def _fit_model(value: dict[str, Any], model: type[BaseModel], path: ElementPath) -> Fit:
    known, other = fields(model), _extra(model)
    clean = {}
    for name, below in value.items():
        if name in known:
            part = yield from fit(below, known[name][0], (*path, name))
        elif other is not None:
            part = yield from fit(below, other, (*path, name))
        else:
            part = BAD
            hint = nearest(str(name), tuple(known))
            yield Mistake((*path, name), f"the key {name!r}", "a known key", hint, at_key=True)
        if part is not BAD:
            clean[name] = part
    for name, (hint, needed) in known.items():
        if needed and name not in value:
            yield Mistake(
                (*path, name), f"no {name!r}", described(hint), f"{name}: ...", at_key=True
            )
    return clean


def _fit_many(value: Any, inner: Any, marks: tuple[Any, ...], path: ElementPath) -> Fit:
    low = next((mark.min_length for mark in marks if isinstance(mark, MinLen)), 0)
    high = next((mark.max_length for mark in marks if isinstance(mark, MaxLen)), math.inf)
    if not low <= len(value) <= high:
        is_short = len(value) < low
        expected = f"at least {low} in it" if is_short else f"at most {high} in it"
        hint = "adding one" if is_short else "fewer"
        yield Mistake(path, shown(value), expected, hint)
        return BAD
    if isinstance(value, list):
        return (yield from _fit_list(value, _argument(inner, 0), path))
    return (yield from _fit_mapping(value, _argument(inner, 0), _argument(inner, 1), path))


def _argument(hint: Any, number: int) -> Any:
    """The type of what a list or mapping holds; a setting's value may hold anything."""
    arguments = get_args(hint)
    return arguments[number] if number < len(arguments) else Any


def _fit_list(value: list[Any], hint: Any, path: ElementPath) -> Fit:
    clean = []
    for number, below in enumerate(value):
        part = yield from fit(below, hint, (*path, number))
        part = _placeholder(hint) if part is BAD else part
        if part is not BAD:
            clean.append(part)
    return clean


def _placeholder(hint: Any) -> Any:
    """Keeps the place of a wrong mapping or name, so that those after it keep their numbers."""
    inner, _ = _split(hint)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return {}
    return UNREAD if inner is str else BAD


def _fit_mapping(value: dict[Any, Any], key: Any, hint: Any, path: ElementPath) -> Fit:
    clean = {}
    for name, below in value.items():
        for mistake in fit(name, key, (*path, name)):
            yield Mistake(
                mistake.path, f"the name {name!r}", mistake.expected, mistake.hint, at_key=True
            )
        part = yield from fit(below, hint, (*path, name))
        if part is not BAD:
            clean[name] = part
    return clean


def _is_outside(value: Any, inner: Any, marks: tuple[Any, ...]) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return True
    if get_origin(inner) is Literal:
        return value not in get_args(inner)
    return any(_breaks(value, mark) for mark in marks)


def _breaks(value: Any, mark: Any) -> bool:  # noqa: PLR0911  # one kind of mark a line
    match mark:
        case OneOf(names):
            return value not in names
        case Gt(gt=low):
            return bool(value <= low)
        case Ge(ge=low):
            return bool(value < low)
        case Le(le=high):
            return bool(value > high)
        case StringConstraints(pattern=str(pattern)):
            return re.fullmatch(pattern, value) is None or value.endswith("\n")
        case StringConstraints(min_length=int(least)):
            return len(value) < least
        case _:
            return False


def _wrong(value: Any, hint: Any, path: ElementPath) -> Mistake:
    expected = described(hint)
    if isinstance(value, float) and not math.isfinite(value):
        expected = f"a finite number ({expected})" if "number" in expected else "a finite number"
    return Mistake(path, shown(value), expected, instead(value, hint))


def instead(value: Any, hint: Any) -> str:  # noqa: PLR0911  # one kind of value a line
    """What to write in place of a wrong value, as far as that can be guessed."""
    inner, marks = _split(hint)
    if inner in (int, float):
        number = re.match(r"\s*(\d+(?:\.\d+)?)", value) if isinstance(value, str) else None
        if number and not _is_outside(float(number[1]), inner, marks):
            return f"{number[1]}, without quotes or a unit"
        return "a number within these bounds" if marks else "a number"
    if get_origin(inner) is Literal:
        return nearest(str(value), [str(each) for each in get_args(inner)])
    many = next((mark.names for mark in marks if isinstance(mark, OneOf)), ())
    close = get_close_matches(str(value), many)
    if close:
        return " or ".join(close)
    if inner is str and isinstance(value, (bool, int, float)):
        return f'"{value}", in quotes'
    if get_origin(inner) is list and isinstance(value, (str, int, float)):
        return f"[{value}]"
    return "true" if inner is bool else "another value"
