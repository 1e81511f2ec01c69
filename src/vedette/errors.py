"""Every error that Vedette raises on purpose, and the three parts that each of them states.

::

    VedetteError
    ├── InputError            exit 2: what the user gave is wrong
    │   ├── DeclarationError  a workflow, cluster or plan file; all its problems at once
    │   ├── MediaError        a video, picture or stream that cannot be read or written
    │   ├── ModelError        a model file or a zoo entry that cannot be used
    │   └── RecordError       a stored profile, plan or event store that cannot be read
    └── InfeasibleError       exit 3: no plan can meet the objective; carries the nearest miss
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MOST_CHARACTERS = 2000
"""Of a part of a message: what a user wrote may be of any length."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something was found; ``line`` and ``column`` count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return readable(":".join(str(part) for part in (self.file, self.line, self.column) if part))


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what was found, what was expected, and what to try.

    Each part is one line that a terminal shows as it stands, whatever a user's file had in it.
    """

    found: str
    expected: str
    hint: str = ""
    place: Place | None = None

    def __post_init__(self) -> None:
        for part in ("found", "expected", "hint"):
            text = readable(_bounded(getattr(self, part)))  # which may be longer than it was
            object.__setattr__(self, part, _bounded(text))

    def __str__(self) -> str:
        start = f"{self.place}: " if self.place else ""
        lines = [f"{start}found {self.found}", f"  expected {self.expected}"]
        if self.hint:
            lines.append(f"  try {self.hint}")
        return "\n".join(lines)


class VedetteError(Exception):
    """The root of the tree; ``problems`` holds at least one."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type["VedetteError"], tuple[Problem, ...]]:
        return type(self), self.problems


class InputError(VedetteError):
    """What the user gave is wrong (exit status 2)."""


class DeclarationError(InputError):
    """A workflow, cluster or plan that cannot be used, with every mistake in it."""


class MediaError(InputError):
    """A video, picture or stream that cannot be read or written."""


class ModelError(InputError):
    """A model file or a zoo entry that cannot be used."""


class RecordError(InputError):
    """A stored artefact (profile, plan, event store) that cannot be read or written."""


class InfeasibleError(VedetteError):
    """No plan can meet the objective (exit status 3); the problems name the nearest miss."""


def readable(text: str) -> str:
    r"""Text without what a terminal obeys or cannot show: that is escaped, as in Python.

    Control characters, line breaks, marks that turn the direction of writing, what Unicode has not
    assigned, and the halves of characters that stand for bytes of a file name which are no text.

    >>> print(readable("a\x1b[31mb\u202ec\nd, café"))
    a\x1b[31mb\u202ec\nd, café
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode() if _is_obeyed(each) else each for each in text
    )


def _is_obeyed(character: str) -> bool:
    return not character.isprintable() and unicodedata.category(character) != "Zs"


def _bounded(text: str) -> str:
    half = MOST_CHARACTERS // 2
    return text if len(text) <= MOST_CHARACTERS else f"{text[:half]} ... {text[-half:]}"


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint that lists the known names, the one closest to ``word`` first.

    >>> nearest("detct", ["track", "detect"])
    'detect (known: detect, track)'

    A stranger's word may be long: what is past the characters that are shown is not looked at.
    """
    close = get_close_matches(word[:MOST_CHARACTERS], known, n=1)
    listing = f"(known: {', '.join(sorted(known)) or 'none'})"
    return f"{close[0]} {listing}" if close else listing
