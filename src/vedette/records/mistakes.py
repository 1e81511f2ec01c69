"""A mistake in a tree of values, by the path of the element that it is about.

Whoever checks a value need not know where it was written: a file's nodes turn the path into a
line, and a value built in Python has none.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vedette.addresses import without_secrets
from vedette.errors import Place, Problem

ElementPath = tuple[str | int, ...]
_MOST_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """``at_key``: it is about the name itself (unknown, missing, twice), not about its value."""

    path: ElementPath
    found: str
    expected: str
    hint: str = ""
    place: Place | None = None
    at_key: bool = False


class Located(Protocol):
    def place_of(self, path: ElementPath, *, at_key: bool = False) -> Place: ...


def problems(mistakes: Iterable[Mistake], file: Located | None = None) -> tuple[Problem, ...]:
    """The mistakes as problems, in the order of the file, each one once."""
    found = dict.fromkeys(_problem(mistake, file) for mistake in mistakes)
    return tuple(sorted(found, key=_line))


def covers(known: Iterable[Mistake]) -> set[ElementPath]:
    """Every path at or around a mistake: what is said of it again would be an echo."""
    return {mistake.path[:end] for mistake in known for end in range(len(mistake.path) + 1)}


def without_echoes(mistakes: Iterable[Mistake], known: Iterable[Mistake]) -> list[Mistake]:
    """Those that are not about an element (or one inside or around it) which is known as wrong."""
    known = tuple(known)
    around, exact = covers(known) - {()}, {mistake.path for mistake in known}
    return [
        mistake
        for mistake in mistakes
        if mistake.path not in around
        and not any(mistake.path[:end] in exact for end in range(len(mistake.path)))
    ]


def dotted(path: ElementPath) -> str:
    """An element's path as text.

    >>> dotted(("steps", "crop", "from", 1))
    'steps.crop.from[1]'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )


def shown(value: Any) -> str:  # noqa: PLR0911  # one kind of value a line
    """A value as a message shows it: its kind, short, and without a camera's password.

    >>> shown("rtsp://me:secret@10.0.0.7/street")
    "the text 'rtsp://10.0.0.7/street'"
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {_short(repr(without_secrets(value)))}"
        case int() if abs(value) >= 10**15:
            return "a huge number"
        case int() | float():
            return f"{value:.12g}"
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case Mapping():
            names = _short(", ".join(map(str, value)))
            return f"a mapping with {names}" if value else "an empty mapping"
        case _:
            return f"a {type(value).__name__}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _problem(mistake: Mistake, file: Located | None) -> Problem:
    place = mistake.place
    if place is None and file is not None:
        place = file.place_of(mistake.path, at_key=mistake.at_key)
    around = dotted(mistake.path[:-1] if mistake.at_key else mistake.path)
    found = f"{mistake.found} in {around}" if around else mistake.found
    return Problem(found, mistake.expected, mistake.hint, place)


def _line(problem: Problem) -> tuple[str, float, float]:
    place = problem.place or Place("")
    return place.file, place.line or math.inf, place.column or math.inf
