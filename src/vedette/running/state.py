"""A stateful operator's state as text and arrays, and back: frozen dataclasses, never pickle."""

import base64
import io
import json
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from fractions import Fraction
from typing import Any, get_args, get_type_hints
from zipfile import BadZipFile

import numpy as np

from vedette.errors import Problem, RecordError
from vedette.types.commit import SavedState


def pack(state: Any) -> SavedState:
    """Text and arrays that hold ``state``.

    Raises TypeError for what is neither a dataclass, an array nor a plain value.
    """
    packer = _Packer()
    text = json.dumps(packer.plain(state), separators=(",", ":"))
    if not packer.arrays:
        return SavedState(text)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **packer.arrays)
    return SavedState(text, buffer.getvalue())


def unpack(saved: SavedState, like: Any) -> Any:
    """The state that was packed, made of the classes that ``like`` (a fresh state) speaks of."""
    try:
        arrays = dict(np.load(io.BytesIO(saved.arrays))) if saved.arrays else {}
        return _Unpacker({kind.__name__: kind for kind in _classes(type(like))}, arrays).value(
            json.loads(saved.text)
        )
    except (ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
        raise RecordError(
            Problem(
                f"a saved state that does not fit {type(like).__name__} ({error})",
                "the state of the operator that this version of the workflow runs",
                "to start a new run instead of resuming this one",
            )
        ) from error


@dataclass(slots=True)
class _Packer:
    arrays: dict[str, Any] = field(default_factory=dict)

    def plain(self, value: Any) -> Any:
        """JSON: plain values as they are, all else as {kind: content}."""
        if value is None or isinstance(value, bool | str) or type(value) in (int, float):
            return value
        for kind, write in _WRITERS.items():
            if isinstance(value, kind):
                return write(self, value)
        if is_dataclass(value):
            content = {f.name: self.plain(getattr(value, f.name)) for f in fields(value)}
            return {"record": [type(value).__name__, content]}
        raise TypeError(f"a state may not hold {type(value).__name__}: {value!r}")

    def array(self, value: Any) -> dict[str, str]:
        name = f"a{len(self.arrays)}"
        self.arrays[name] = value
        return {"scalar" if isinstance(value, np.generic) else "array": name}

    def sequence(self, value: Any) -> list[Any]:
        return [self.plain(each) for each in value]


_WRITERS: dict[Any, Callable[[_Packer, Any], Any]] = {
    np.ndarray: _Packer.array,
    np.generic: _Packer.array,
    tuple: lambda packer, value: {"tuple": packer.sequence(value)},
    list: lambda packer, value: {"list": packer.sequence(value)},
    dict: lambda packer, value: {"dict": [packer.sequence(pair) for pair in value.items()]},
    frozenset: lambda packer, value: {"frozenset": packer.sequence(sorted(value))},
    Fraction: lambda _, value: {"fraction": str(value)},
    bytes: lambda _, value: {"bytes": base64.b64encode(value).decode()},
}


@dataclass(frozen=True, slots=True)
class _Unpacker:
    classes: dict[str, Any]
    arrays: dict[str, Any]

    def value(self, plain: Any) -> Any:
        if not isinstance(plain, dict):
            return plain
        ((kind, content),) = plain.items()
        return _READERS[kind](self, content)

    def record(self, content: Any) -> Any:
        name, members = content
        made = {member: self.value(each) for member, each in members.items()}
        return self.classes[name](**made)

    def array(self, name: str) -> Any:
        found = self.arrays[name]
        found.flags.writeable = False
        return found

    def sequence(self, content: list[Any]) -> Iterator[Any]:
        return (self.value(each) for each in content)


_READERS: dict[str, Callable[[_Unpacker, Any], Any]] = {
    "array": _Unpacker.array,
    "scalar": lambda unpacker, name: unpacker.arrays[name][()],
    "tuple": lambda unpacker, content: tuple(unpacker.sequence(content)),
    "list": lambda unpacker, content: list(unpacker.sequence(content)),
    "dict": lambda unpacker, content: {
        unpacker.value(key): unpacker.value(each) for key, each in content
    },
    "frozenset": lambda unpacker, content: frozenset(unpacker.sequence(content)),
    "fraction": lambda _, content: Fraction(content),
    "bytes": lambda _, content: base64.b64decode(content),
    "record": _Unpacker.record,
}


def _classes(hint: Any, seen: set[Any] | None = None) -> set[Any]:
    """Every dataclass that a type mentions, itself included."""
    seen = set() if seen is None else seen
    for part in get_args(hint):
        _classes(part, seen)
    is_class = isinstance(hint, type) and not isinstance(hint, types.GenericAlias)
    if is_class and is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        for each in get_type_hints(hint).values():
            _classes(each, seen)
    return seen
