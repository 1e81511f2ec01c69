"""A stranger's JSON, read member by member; what is missing or of another kind is refused."""

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from vedette.models.wire.errors import wrong
from vedette.models.wire.limits import Limits
from vedette.models.wire.tensor import NONE, Parameters

_NEVER = object()


class Node:
    """An object of JSON."""

    __slots__ = ("_limits", "_members")

    def __init__(self, members: Any, limits: Limits, name: str = "the body") -> None:
        if not isinstance(members, dict):
            raise wrong(f"{_kind(members)} for {name}", "an object")
        self._members: dict[str, Any] = members
        self._limits = limits

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def member(self, key: str) -> Any:
        """What is under that key, as it is."""
        try:
            return self._members[key]
        except KeyError:
            raise wrong(f"no {key!r}", f"the members of the protocol, {key!r} among them") from None

    def text(self, key: str, default: Any = _NEVER) -> str:
        """A string of few characters."""
        found = self.member(key) if default is _NEVER else self._members.get(key, default)
        if not isinstance(found, str) or len(found) > self._limits.name_characters:
            raise wrong(
                f"{_kind(found)} for {key!r}",
                f"a string of at most {self._limits.name_characters} characters",
            )
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; none where there is no such key."""
        found = self._listed(key, self._limits.tensors)
        if any(not isinstance(each, str) for each in found):
            raise wrong(f"no list of strings for {key!r}", "strings")
        return tuple(found)

    def list(self, key: str, most: int) -> "Iterator[Node]":
        """A list of objects; none where there is no such key."""
        for each in self._listed(key, most):
            yield Node(each, self._limits, f"an element of {key!r}")

    def parameters(self) -> Parameters:
        """The member of that name: short strings, numbers and booleans."""
        found = self._members.get("parameters", NONE)
        if found is not NONE and not isinstance(found, dict):
            raise wrong(f"{_kind(found)} for 'parameters'", "an object")
        if len(found) > self._limits.parameters:
            raise wrong(f"{len(found)} parameters", f"at most {self._limits.parameters}")
        for key, value in found.items():
            if type(value) not in {bool, int, float, str}:
                raise wrong(f"{_kind(value)} for a parameter", "a string, number or boolean")
            if len(key) > self._limits.name_characters:
                raise wrong("a parameter's long name", f"{self._limits.name_characters} characters")
        return found

    def _listed(self, key: str, most: int) -> Any:
        found = self._members.get(key, ())
        if found != () and not isinstance(found, list):
            raise wrong(f"{_kind(found)} for {key!r}", "a list")
        if len(found) > most:
            raise wrong(f"{len(found)} elements of {key!r}", f"at most {most}", status=413)
        return found


def read(text: bytes, limits: Limits, *, finite: bool = True) -> Node:
    """The object that is all of ``text``; ``finite`` refuses NaN and Infinity.

    Raises WireError (400, 413). Lists and objects are counted before any is made; the parser
    itself ends at 200 levels.
    """
    return Node(_parsed(text, limits, finite=finite), limits)


def _parsed(text: bytes, limits: Limits, *, finite: bool) -> Any:
    if len(text) > limits.json_bytes:
        raise wrong(
            f"{len(text)} bytes of JSON",
            f"at most {limits.json_bytes}",
            "tensors as binary data",
            status=413,
        )
    if text.count(b"[") + text.count(b"{") > limits.brackets:
        raise wrong(f"more than {limits.brackets} brackets", "fewer lists", "flat data", status=413)
    try:
        return from_json(text, allow_inf_nan=not finite)
    except ValueError as error:
        raise wrong(f"what is no JSON: {error}", "one JSON value") from None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")
