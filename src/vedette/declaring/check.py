"""Every mistake of a whole declaration, whether it was read from files or built in Python."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from vedette.addresses import is_live
from vedette.declaring.cascades import cascade_mistakes
from vedette.declaring.labels import label_mistakes
from vedette.declaring.machines import cluster_mistakes, joint_mistakes
from vedette.declaring.models import model_mistakes
from vedette.declaring.settings import setting_mistakes
from vedette.declaring.shape import fit
from vedette.declaring.wiring import wiring_mistakes
from vedette.declaring.writing import plain_cluster, plain_workflow
from vedette.errors import Problem
from vedette.records.mistakes import Mistake, problems, shown, without_echoes
from vedette.records.syntax import ClusterSyntax, StreamSyntax, WorkflowSyntax
from vedette.types.cluster import Cluster
from vedette.types.graph import Span, Workflow
from vedette.types.operators import Signature


def check_workflow(
    workflow: Workflow, signatures: Mapping[str, Signature], variants: Iterable[str] = ()
) -> tuple[Problem, ...]:
    """The problems of a workflow by itself. ``variants`` are the known model variants."""
    form = tuple(fit(plain_workflow(workflow), WorkflowSyntax))
    more = complete_mistakes(workflow, signatures, variants)
    return problems((*form, *without_echoes(more, form)))


def check_cluster(cluster: Cluster) -> tuple[Problem, ...]:
    """The problems of a cluster by itself."""
    form = tuple(fit(plain_cluster(cluster), ClusterSyntax))
    return problems((*form, *without_echoes(cluster_mistakes(cluster), form)))


def check(
    workflow: Workflow,
    cluster: Cluster,
    signatures: Mapping[str, Signature],
    variants: Iterable[str] = (),
) -> tuple[Problem, ...]:
    """The problems of both, and of what the workflow asks of the cluster."""
    return (
        *check_workflow(workflow, signatures, variants),
        *check_cluster(cluster),
        *problems(joint_mistakes(workflow, cluster)),
    )


def complete_mistakes(
    workflow: Workflow, signatures: Mapping[str, Signature], variants: Iterable[str]
) -> Iterator[Mistake]:
    """What no part of a workflow shows by itself: how its parts go together."""
    variants = tuple(variants)
    return chain(
        _streams(workflow),
        model_mistakes(workflow, variants),
        cascade_mistakes(workflow, signatures, variants),
        setting_mistakes(workflow, signatures, variants),
        wiring_mistakes(workflow, signatures),
        label_mistakes(workflow),
        _floors(workflow, signatures),
        _quantisers(workflow),
    )


def _streams(workflow: Workflow) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    fields = set(StreamSyntax.model_fields)
    sources: set[str] = set()
    for source in workflow.sources:
        if source.name in sources:
            found = f"the source {source.name!r} a second time"
            yield Mistake(("sources", source.name), found, "a name of its own", "another name")
        sources.add(source.name)
    for name, stream in workflow.streams():
        path = ("sources", name, stream.name)
        if stream.name in fields:
            found, expected = f"the stream name {stream.name!r}", "streams by name"
            hint = f"{name}: {{camera1: {{{stream.name}: ...}}}}"
            yield Mistake(path, found, expected, hint, at_key=True)
        if stream.name in seen:
            found = f"the stream {stream.name!r} a second time (first in {seen[stream.name]})"
            yield Mistake(path, found, "a name of its own", "another name", at_key=True)
        seen.setdefault(stream.name, name)
        if is_live(stream.url) and stream.pace != "live":
            found, expected = f"the pace {stream.pace}", "live: such a stream waits for nobody"
            yield Mistake((*path, "pace"), found, expected, "live, or leaving it out")
        if stream.labels is not None and stream.pace == "live":
            found, expected = "labels of a live stream", "frames that can be counted from the first"
            yield Mistake((*path, "labels"), found, expected, "a recording of it: pace: file")
        for key, span in (("plan_on", stream.plan_on), ("report_on", stream.report_on)):
            if span is not None and span != Span(0, 0) and _is_backward(span):
                found = f"the frames [{span.start}, {span.end}]"
                expected = "an end after the start"
                yield Mistake((*path, key), found, expected, "[start, end], or [] for none")


def _is_backward(span: Span) -> bool:
    return span.end is not None and span.end <= span.start


def _floors(workflow: Workflow, signatures: Mapping[str, Signature]) -> Iterator[Mistake]:
    """A yes or no has no boxes to compare, boxes no yes or no; no step that tells, no alerts."""
    known = [signatures[each.operator] for each in workflow.steps if each.operator in signatures]
    tells = any(each.output.type == "Event" for each in known)
    for metric in () if tells else workflow.told():
        path = ("objective", "floors", metric)
        found = f"a floor of {metric}, and no step that tells of anything"
        yield Mistake(path, found, "a step of alert", "leaving it out, or such a step", at_key=True)
    tracks = workflow.events.tracks
    if tracks not in {step.name for step in workflow.steps}:
        return
    kind = "answers yes or no" if workflow.asks() else "finds objects"
    usual = ", ".join(f"{name}: {floor:g}" for name, floor in workflow.usual_floors().items())
    for metric in workflow.objective.floors:
        if metric not in workflow.scored():
            found = f"a floor of {metric}, while {tracks} {kind}"
            expected = f"a floor of {' or '.join(workflow.scored())}"
            hint = f"floors: {{{usual}}}"
            if not workflow.asks():
                hint += ", or a step of presence or present under events: {tracks: ...}"
            yield Mistake(("objective", "floors", metric), found, expected, hint, at_key=True)


def _quantisers(workflow: Workflow) -> Iterator[Mistake]:
    seen: set[int | str] = set()
    for number, qp in enumerate(workflow.transport.qp):
        if qp in seen:
            path = ("transport", "qp", number)
            yield Mistake(path, f"{shown(qp)} a second time", "each value once", "deleting one")
        seen.add(qp)
