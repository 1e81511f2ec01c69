"""Declaring: what users wrote in files, and what Vedette writes for them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from vedette import ops
from vedette.declaring.check import check as check_both
from vedette.declaring.check import check_cluster, check_workflow
from vedette.declaring.deployed import check_deployment
from vedette.declaring.operator import signatures
from vedette.declaring.paths import is_absolute, local_path
from vedette.declaring.reading import (
    Also,
    nothing_more,
    read,
    read_cluster,
    read_workflow,
)
from vedette.declaring.registry import load_file
from vedette.declaring.workflow import WorkflowBuilder
from vedette.declaring.workflow import workflow as begin
from vedette.declaring.writing import write_cluster, write_workflow
from vedette.errors import DeclarationError, Place, Problem
from vedette.models.zoo import variants
from vedette.records.mistakes import problems
from vedette.records.plan import read_plan, write_plan
from vedette.records.profile import read_profile, write_profile
from vedette.session.fitting import expecting, kind_of
from vedette.session.outside import outside_mistakes
from vedette.types.cluster import Cluster
from vedette.types.graph import Stream, Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile

_ = ops  # its operators are registered by being imported
Loaded = Workflow | Cluster | Plan | Profile


def load_operators(*paths: str | Path) -> None:
    """Run Python files, and know the operators in them, here and in every worker process.

    Raises DeclarationError. A workflow or plan cannot ask for this: it names operators only.
    """
    for path in paths:
        load_file(Path(path))


def workflow(name: str) -> WorkflowBuilder:
    """Begin a workflow in Python, of every operator that is registered by now.

    A knob that a step leaves unsaid is open, and so is a model, as in a file.
    """
    return begin(name, variants=variants())


def load(path: str | Path) -> Loaded:
    """A workflow, cluster, plan or profile, by what the file holds. Raises InputError."""
    path = Path(path)
    match kind := kind_of(path):
        case "profile":
            return load_profile(path)
        case "plan":
            return load_plan(path)
        case "cluster":
            return read_cluster(path)
        case "workflow":
            return load_workflow(path)
    raise DeclarationError(
        Problem(
            f"a {kind}" if kind else "neither steps nor devices",
            "a workflow (steps), a cluster (devices), a plan (placement) or a profile (.json)",
            "vedette init VIDEO",
            Place(str(path)),
        )
    )


def load_workflow(path: str | Path, *, also: Also = nothing_more) -> Workflow:
    """The workflow at ``path``; raises DeclarationError with every mistake."""
    path = Path(path)
    with expecting(workflow=path):
        return read_workflow(path, signatures(), variants(), also)


def load_declaration(
    workflow: str | Path, cluster: str | Path, *, also: Also = nothing_more
) -> tuple[Workflow, Cluster]:
    """Both; raises DeclarationError with the mistakes of both, and where they do not fit."""
    workflow, cluster = Path(workflow), Path(cluster)
    with expecting(workflow=workflow, cluster=cluster):
        return read(workflow, cluster, signatures(), variants(), also)


def load_plan(path: str | Path) -> Plan:
    """The plan at ``path``; raises DeclarationError where it is none that this Vedette can run."""
    path = Path(path)
    with expecting(plan=path):
        plan = _seen_from(read_plan(path), lambda url: local_path(url, path.parent))
    place = Place(str(path))
    problems = dict.fromkeys(replace(problem, place=place) for problem in _unrunnable(plan))
    if problems:
        raise DeclarationError(*problems)
    return plan


def load_profile(path: str | Path) -> Profile:
    path = Path(path)
    with expecting(profile=path):
        return read_profile(path)


def save(thing: Loaded, path: str | Path) -> None:
    """Write a workflow, cluster, plan or profile, wholly or not at all."""
    path = Path(path)
    if isinstance(thing, Plan):
        write_plan(path, _seen_from(thing, lambda url: _relative(url, path.parent)))
    elif isinstance(thing, Profile):
        write_profile(path, thing)
    elif isinstance(thing, Cluster):
        write_cluster(path, thing)
    else:
        write_workflow(path, thing)


def _seen_from(plan: Plan, seen: Callable[[str], str]) -> Plan:
    """The plan with the paths of what it names as they are seen from somewhere else."""
    declared = plan.declared and _moved(plan.declared, seen)
    return replace(plan, workflow=_moved(plan.workflow, seen), declared=declared)


def _moved(workflow: Workflow, seen: Callable[[str], str]) -> Workflow:
    sources = tuple(
        replace(source, streams=tuple(_stream_moved(each, seen) for each in source.streams))
        for source in workflow.sources
    )
    models = tuple(replace(each, file=seen(each.file)) for each in workflow.models)
    cascades = tuple(replace(each, file=seen(each.file)) for each in workflow.cascades)
    return replace(workflow, sources=sources, models=models, cascades=cascades)


def _stream_moved(stream: Stream, seen: Callable[[str], str]) -> Stream:
    labels = None if stream.labels is None else seen(stream.labels)
    return replace(stream, url=seen(stream.url), labels=labels)


def _relative(url: str, folder: Path) -> str:
    """A relative path as seen from a folder, where the file that names it will lie."""
    return url if is_absolute(url) else os.path.relpath(url, folder)


def check(
    workflow: str | Path | Workflow | Cluster, cluster: str | Path | Cluster | None = None
) -> tuple[Problem, ...]:
    """Everything that is wrong with a workflow, a cluster, or both; empty if nothing is.

    It looks whether the files that streams name are there, and what their labels say. Each is a
    file or a value. Problems of files have lines; those of values have none.
    """
    try:
        if isinstance(workflow, str | Path) and isinstance(cluster, str | Path):
            load_declaration(workflow, cluster, also=outside_mistakes)
            return ()
        first = _declared(workflow)
        second = None if cluster is None else _declared(cluster)
    except DeclarationError as error:
        return error.problems
    if isinstance(first, Cluster):
        return check_cluster(first)
    outside = () if isinstance(workflow, str | Path) else problems(outside_mistakes(first))
    known = signatures(), variants(larger=True)
    if isinstance(second, Cluster):
        return (*check_both(first, second, *known), *outside)
    return (*check_workflow(first, *known), *outside)


def ensure_right(workflow: Workflow, cluster: Cluster | None = None) -> None:
    """Raise DeclarationError with everything that is wrong, as in a workflow built unchecked."""
    problems = check(workflow, cluster)
    if problems:
        raise DeclarationError(*problems)


def _unrunnable(plan: Plan) -> Iterator[Problem]:
    """What people change in a plan's file, or what was made with operators that are not here."""
    known = signatures(), variants(larger=True)
    yield from check_cluster(plan.cluster)
    if plan.declared is not None:
        yield from check_workflow(plan.declared, *known)
    yield from check_deployment(plan, *known)


def _declared(thing: str | Path | Workflow | Cluster) -> Workflow | Cluster:
    if isinstance(thing, str | Path) and kind_of(Path(thing)) == "workflow":
        return load_workflow(thing, also=outside_mistakes)
    found = thing if isinstance(thing, Workflow | Cluster) else load(thing)
    if not isinstance(found, Workflow | Cluster):
        kind = type(found).__name__.lower()
        raise DeclarationError(
            Problem(f"a {kind}", "a workflow or a cluster", place=Place(str(thing)))
        )
    return found
