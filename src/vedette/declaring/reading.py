"""Reading workflow.yaml and cluster.yaml: all mistakes of both at once, each with its line."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel

from vedette.declaring.building import built_cluster, built_workflow
from vedette.declaring.check import complete_mistakes
from vedette.declaring.machines import cluster_mistakes, joint_mistakes
from vedette.declaring.shape import BAD, fit
from vedette.errors import DeclarationError, Problem
from vedette.records.mistakes import Mistake, problems, shown, without_echoes
from vedette.records.nodes import Document, parse, read_document
from vedette.records.syntax import ClusterSyntax, Version, WorkflowSyntax
from vedette.types.cluster import Cluster
from vedette.types.graph import Workflow
from vedette.types.operators import Signature

T = TypeVar("T")
NEWEST = max(get_args(Version))
Also = Callable[[Workflow], Iterable[Mistake]]
"""Finds more mistakes in a workflow than its file can show."""


def nothing_more(_workflow: Workflow) -> Iterable[Mistake]:
    """Nothing outside of the file is looked at."""
    return ()


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What a document declares as far as it could be read, and all that is wrong with its form."""

    document: Document
    value: T
    mistakes: tuple[Mistake, ...]

    def problems(self, more: Iterable[Mistake] = ()) -> tuple[Problem, ...]:
        """Those of form, and of ``more`` those that do not follow from them."""
        told = without_echoes(more, self.mistakes)
        return problems((*self.document.mistakes, *self.mistakes, *told), self.document.root)


def read_workflow(
    path: Path,
    signatures: Mapping[str, Signature],
    variants: Iterable[str] = (),
    also: Also = nothing_more,
) -> Workflow:
    """The workflow in a file; raises DeclarationError with every mistake.

    ``signatures`` are the known operators; ``variants`` the known model variants, the most
    accurate first: a model that a step leaves unsaid may be any of them. ``also`` finds mistakes
    that only a look outside of the file can.
    """
    variants = tuple(variants)
    reading = workflow_reading(read_document(path), path.parent, signatures, variants)
    more = chain(complete_mistakes(reading.value, signatures, variants), also(reading.value))
    _raise(reading.problems(more))
    return reading.value


def read_cluster(path: Path) -> Cluster:
    """The cluster in a file; raises DeclarationError with every mistake."""
    reading = cluster_reading(read_document(path))
    _raise(reading.problems(cluster_mistakes(reading.value)))
    return reading.value


def read(
    workflow: Path,
    cluster: Path,
    signatures: Mapping[str, Signature],
    variants: Iterable[str] = (),
    also: Also = nothing_more,
) -> tuple[Workflow, Cluster]:
    """Both files, and whether they fit; raises DeclarationError with the mistakes of both."""
    found: list[Problem] = []
    variants = tuple(variants)
    machines = flow = None
    try:
        flow = workflow_reading(read_document(workflow), workflow.parent, signatures, variants)
    except DeclarationError as error:
        found += error.problems
    try:
        machines = cluster_reading(read_document(cluster))
    except DeclarationError as error:
        found += error.problems
    if flow is not None:
        more = [*complete_mistakes(flow.value, signatures, variants), *also(flow.value)]
        if machines is not None and not machines.mistakes:
            more += joint_mistakes(flow.value, machines.value)
        found += flow.problems(more)
    if machines is not None:
        found += machines.problems(cluster_mistakes(machines.value))
    if found or flow is None or machines is None:
        raise DeclarationError(*found)
    return flow.value, machines.value


def parse_workflow(
    text: str,
    signatures: Mapping[str, Signature],
    variants: Iterable[str] = (),
    *,
    file: str = "workflow.yaml",
) -> Workflow:
    """A workflow from text, as if it lay in ``file``."""
    document, variants = parse(_bytes(text), file), tuple(variants)
    reading = workflow_reading(document, Path(file).parent, signatures, variants)
    _raise(reading.problems(complete_mistakes(reading.value, signatures, variants)))
    return reading.value


def parse_cluster(text: str, *, file: str = "cluster.yaml") -> Cluster:
    """A cluster from text, as if it lay in ``file``."""
    reading = cluster_reading(parse(_bytes(text), file))
    _raise(reading.problems(cluster_mistakes(reading.value)))
    return reading.value


def workflow_reading(
    document: Document,
    folder: Path,
    signatures: Mapping[str, Signature],
    variants: Iterable[str],
) -> Reading[Workflow]:
    plain = _top(document)
    _raise(problems(_unusable(plain, signatures), document.root))
    clean, mistakes = _fitted(plain, WorkflowSyntax)
    names = {part: _names(plain, part) for part in ("sources", "steps")}
    value = built_workflow(clean, names, folder=folder, signatures=signatures, variants=variants)
    return Reading(document, value, mistakes)


def cluster_reading(document: Document) -> Reading[Cluster]:
    plain = _top(document)
    clean, mistakes = _fitted(plain, ClusterSyntax)
    if "links" in plain and "links" not in clean:
        clean["links"] = [{}]  # there are links, but nobody knows where
    return Reading(document, built_cluster(clean, _names(plain, "devices")), mistakes)


def _top(document: Document) -> dict[str, Any]:
    """The outermost mapping, of a version that this Vedette knows: or there is nothing to read."""
    plain = document.root.plain()
    if not isinstance(plain, dict):
        other = Mistake((), shown(plain), "a mapping", "name: ...")
        raise DeclarationError(*problems([other], document.root))
    version = plain.get("version", NEWEST)
    if isinstance(version, int) and version > NEWEST:
        expected = f"a version up to {NEWEST}"
        newer = Mistake(("version",), shown(version), expected, "a newer Vedette")
        raise DeclarationError(*problems([newer], document.root))
    return plain


def _unusable(plain: dict[str, Any], signatures: Mapping[str, Signature]) -> Iterator[Mistake]:
    """Operators that there are and that cannot be used, since their package or file is broken."""
    steps = plain.get("steps")
    for name, step in steps.items() if isinstance(steps, dict) else ():
        run = step.get("run") if isinstance(step, dict) else None
        try:
            _ = signatures.get(run) if isinstance(run, str) else None
        except DeclarationError as error:
            for each in error.problems:
                yield Mistake(("steps", name, "run"), each.found, each.expected, each.hint)


def _names(plain: dict[str, Any], part: str) -> tuple[str, ...]:
    written = plain.get(part)
    return tuple(written) if isinstance(written, dict) else ()


def _fitted(plain: Any, syntax: type[BaseModel]) -> tuple[dict[str, Any], tuple[Mistake, ...]]:
    walk, mistakes = fit(plain, syntax), []
    while True:
        try:
            mistakes.append(next(walk))
        except StopIteration as end:
            return ({} if end.value is BAD else end.value), tuple(mistakes)


def _raise(found: tuple[Problem, ...]) -> None:
    if found:
        raise DeclarationError(*found)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
