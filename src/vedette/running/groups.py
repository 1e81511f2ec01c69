"""Which streams meet in steps: those are ordered, committed and resumed together."""

from collections.abc import Iterator

from vedette.types.graph import Workflow

Group = frozenset[str]
"""Streams that meet, or one that meets no other."""


def groups(workflow: Workflow) -> dict[str, Group]:
    """Each stream's group. Streams of one source have nothing in common unless a step is shared.

    Sources meet where a step reads both, and through others: a with b, b with c.
    """
    found: dict[str, Group] = {}
    for sources in _meeting(workflow):
        group = frozenset(name for source, name in _names(workflow) if source in sources)
        found |= dict.fromkeys(group, group)
    return {name: found.get(name, frozenset({name})) for _, name in _names(workflow)}


def _names(workflow: Workflow) -> Iterator[tuple[str, str]]:
    return ((source, stream.name) for source, stream in workflow.streams())


def _meeting(workflow: Workflow) -> list[frozenset[str]]:
    """The sources that meet, as sets that have nothing in common."""
    found: list[frozenset[str]] = []
    for step in workflow.sinks():
        sources = workflow.sources_of(step.name)
        if len(sources) > 1:
            apart = [each for each in found if not each & sources]
            met = (each for each in found if each & sources)
            found = [*apart, sources.union(*met)]
    return found
