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

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something was found; ``line`` and ``column`` count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what was found, what was expected, and what to try."""

    found: str
    expected: str
    hint: str = ""
    place: Place | None = None

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


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint that lists the known names, the one closest to ``word`` first.

    >>> nearest("detct", ["track", "detect"])
    'detect (known: detect, track)'
    """
    close = get_close_matches(word, known, n=1)
    listing = f"(known: {', '.join(sorted(known)) or 'none'})"
    return f"{close[0]} {listing}" if close else listing
