"""The mistakes in labels and groups: whether any detection that comes along can have them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vedette.errors import nearest
from vedette.records.mistakes import ElementPath, Mistake, shown
from vedette.types.graph import Step, Workflow

KEEPING = frozenset(
    {"alert", "classify", "crop", "match_colour", "merge", "resize", "sample", "skip_still"}
    | {"tile", "track"}
)
"""Operators that put out no label or group that they were not given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the detections upstream may be called."""

    labels: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def __or__(self, other: "Asked") -> "Asked":
        return Asked(self.labels | other.labels, self.groups | other.groups)


def label_mistakes(workflow: Workflow) -> Iterator[Mistake]:
    """``when`` and a crop's ``groups`` against the classes of the detecting steps before them.

    Behind an operator of the user's own, which may call things as it likes, nothing is said.
    """
    known: dict[str, Asked | None] = {source.name: Asked() for source in workflow.sources}
    for step in workflow.ordered():
        before = [known.get(name) for name in step.inputs]
        path = ("steps", step.name)
        if before and before[0]:
            for name, may in (("label", before[0].labels), ("group", before[0].groups)):
                values = step.when.get(name, ())
                yield from _unasked(values, name, may, (*path, "when", name))
        asked = _together(before)
        groups = step.settings.get("groups")
        if step.operator == "crop" and asked is not None and isinstance(groups, list):
            yield from _unasked(groups, "group", asked.groups, (*path, "groups"))
        known[step.name] = _out(step, asked)


def _out(step: Step, asked: Asked | None) -> Asked | None:
    if step.operator == "detect":
        return _declared(step.settings.get("classes"))
    is_kept = step.operator in KEEPING or (
        step.operator == "zone" and not step.settings.get("split")
    )
    return asked if is_kept else None


def _declared(classes: Any) -> Asked | None:
    if not isinstance(classes, Mapping):
        return None
    lists = [labels for labels in classes.values() if isinstance(labels, list)]
    names = frozenset(label for labels in lists for label in labels if isinstance(label, str))
    return Asked(names, frozenset(map(str, classes)))


def _together(before: Iterable[Asked | None]) -> Asked | None:
    asked = Asked()
    for each in before:
        if each is None:
            return None
        asked |= each
    return asked


def _unasked(
    values: Iterable[Any], kind: str, may: frozenset[str], path: ElementPath
) -> Iterator[Mistake]:
    for number, value in enumerate(values):
        if may and isinstance(value, str) and value not in may:
            expected = f"a {kind} that the detections before it can have"
            yield Mistake((*path, number), shown(value), expected, nearest(value, tuple(may)))
