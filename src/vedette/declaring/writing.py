"""A workflow or cluster in the syntax that users write; reading it back gives an equal one."""

import os.path
from pathlib import Path
from typing import Any

from vedette.addresses import has_secrets
from vedette.declaring.building import own_pace
from vedette.declaring.models import plain_model
from vedette.declaring.paths import is_absolute
from vedette.records.files import write_bytes
from vedette.records.layout import yaml_text
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Source, Span, Step, Stream, Workflow


def write_workflow(path: Path, workflow: Workflow) -> None:
    """Write workflow.yaml, for its owner alone if a password stands in it.

    The streams' paths become relative to its folder.
    """
    text = workflow_text(workflow, path.parent)
    write_bytes(path, text.encode(), private=has_secrets(text))


def write_cluster(path: Path, cluster: Cluster) -> None:
    write_bytes(path, cluster_text(cluster).encode())


def workflow_text(workflow: Workflow, folder: Path = Path()) -> str:
    return yaml_text(plain_workflow(workflow, folder))


def cluster_text(cluster: Cluster) -> str:
    return yaml_text(plain_cluster(cluster))


def plain_workflow(workflow: Workflow, folder: Path | None = None) -> dict[str, Any]:
    """The syntax as dicts and lists; with a folder, paths are relative to it."""
    objective, events, transport = workflow.objective, workflow.events, workflow.transport
    plain = {
        "version": workflow.version,
        "name": workflow.name,
        "sources": {source.name: _source(source, folder) for source in workflow.sources},
        "models": {each.name: plain_model(each, folder) for each in workflow.models},
        "cascades": {each.name: _seen_from(folder, each.file) for each in workflow.cascades},
        "steps": {step.name: _step(step) for step in workflow.steps},
        "objective": {
            "minimise": dict(objective.minimise),
            "floors": dict(objective.floors),
            "ceilings": dict(objective.ceilings),
        },
        "events": {
            "min_duration_s": events.min_duration_s,
            "min_side_px": events.min_side_px,
            "start_confidence": events.start_confidence,
            "tracks": events.tracks,
        },
        "transport": {
            "qp": list(transport.qp),
            "gop_s": transport.gop_s,
        },
        "deliver_to": workflow.deliver_to,
    }
    for part in ("models", "cascades"):
        if not plain[part]:
            del plain[part]
    return plain if workflow.evidence_to is None else plain | {"evidence_to": workflow.evidence_to}


def plain_cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "version": cluster.version,
        "name": cluster.name,
        "devices": {device.name: _device(device) for device in cluster.devices},
        "links": [_link(link) for link in cluster.links],
    }


def _source(source: Source, folder: Path | None) -> dict[str, Any]:
    return {stream.name: _stream(stream, folder) for stream in source.streams}


def _stream(stream: Stream, folder: Path | None) -> dict[str, Any]:
    url = _seen_from(folder, stream.url)
    plain: dict[str, Any] = {"url": url}
    if stream.labels is not None:
        plain["labels"] = _seen_from(folder, stream.labels)
    for key, span in (("plan_on", stream.plan_on), ("report_on", stream.report_on)):
        if span is not None:
            plain[key] = _span(span)
    if stream.pace != own_pace(url):
        plain["pace"] = stream.pace
    if stream.rotate:
        plain["rotate"] = stream.rotate
    if stream.decode != "all":
        plain["decode"] = stream.decode
    return plain if stream.repeat == 1 else plain | {"repeat": stream.repeat}


def _seen_from(folder: Path | None, path: str) -> str:
    return path if folder is None or is_absolute(path) else os.path.relpath(path, folder)


def _span(span: Span) -> list[int]:
    if span == Span(0, 0):
        return []
    return [span.start] if span.end is None else [span.start, span.end]


def _step(step: Step) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "run": step.operator,
        "from": step.inputs[0] if len(step.inputs) == 1 else list(step.inputs),
    }
    if step.when:
        plain["when"] = {name: list(values) for name, values in step.when.items()}
    choices = {name: {"choose": list(values)} for name, values in step.choices.items()}
    return plain | dict(step.settings) | choices


def _device(device: Device) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "tier": device.tier,
        "cores": device.cores,
        "speed": device.speed,
        "memory_gb": device.memory_gb,
        "price_per_hour": device.price_per_hour,
    }
    if device.encoder is not None:
        plain["encoder"] = device.encoder
    if device.max_replicas > 1:
        plain["max_replicas"] = device.max_replicas
    if device.max_batch > 1:
        plain["max_batch"] = device.max_batch
    return plain | {"per_stream": True} if device.per_stream else plain


def _link(link: Link) -> dict[str, Any]:
    return {
        "from": link.source,
        "to": link.target,
        "rate_mbps": link.rate_mbps,
        "back_mbps": link.back_mbps,
        "rtt_ms": link.rtt_ms,
        "price_per_gb": link.price_per_gb,
    }
