"""What several verbs need."""

from collections.abc import Callable

from vedette.addresses import is_live
from vedette.media.source import open_source
from vedette.types.graph import Workflow

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def quiet(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def frames_of(workflow: Workflow) -> dict[str, int | None]:
    """How many frames each stream says it has; None for one without an end."""
    found: dict[str, int | None] = {}
    for _, stream in workflow.streams():
        if is_live(stream.url):  # opened when it is read, and not twice
            found[stream.name] = None
            continue
        with open_source(stream) as reader:
            found[stream.name] = reader.frames_declared
    return found
