"""A workflow or cluster from plain values in the syntax of its file."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vedette.addresses import is_live
from vedette.declaring.models import built_models
from vedette.declaring.opening import Choose, declared_step
from vedette.declaring.paths import local_path
from vedette.declaring.shape import UNREAD
from vedette.errors import DeclarationError
from vedette.records.cascade import read_cascade
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import (
    EventRule,
    Objective,
    Pace,
    Source,
    Span,
    Step,
    Stream,
    Transport,
    Workflow,
)
from vedette.types.operators import Signature

NO_FRAMES = Span(0, 0)
"""What ``[]`` means."""


def built_workflow(
    clean: dict[str, Any],
    names: Mapping[str, Iterable[str]],
    *,
    folder: Path,
    signatures: Mapping[str, Signature],
    variants: Iterable[str],
) -> Workflow:
    """What ``clean`` says; parts that could not be read are left out or stand empty.

    ``names`` has all that was declared under "sources" and "steps", so that whatever refers to a
    part which could not be read still finds it.
    """
    variants = tuple(variants)
    sources, steps = clean.get("sources", {}), clean.get("steps", {})
    rest = {key: clean[key] for key in ("deliver_to", "evidence_to") if key in clean}
    transport = clean.get("transport", {})
    if "qp" in transport:
        transport = transport | {"qp": tuple(transport["qp"])}
    built = Workflow(
        name=clean.get("name", ""),
        sources=tuple(
            Source(name, tuple(_streams(name, sources.get(name, {}), folder)))
            for name in names["sources"]
        ),
        steps=tuple(
            _step(name, steps.get(name, {}), signatures, variants) for name in names["steps"]
        ),
        events=EventRule(**clean.get("events", {})),
        transport=Transport(**transport),
        models=tuple(built_models(clean.get("models", {}), folder)),
        cascades=tuple(
            read_cascade(Path(local_path(file, folder)), name, DeclarationError)
            for name, file in clean.get("cascades", {}).items()
        ),
        **rest,
    )
    objective = {"floors": built.usual_floors()} | clean.get("objective", {})
    return replace(built, objective=Objective(**objective))


def built_cluster(clean: dict[str, Any], names: Iterable[str]) -> Cluster:
    """What ``clean`` says; ``names`` are all declared devices, also those that were unreadable."""
    devices = clean.get("devices", {})
    return Cluster(
        name=clean.get("name", ""),
        devices=tuple(
            Device(name=name, **({"tier": "edge", "cores": 1.0} | devices.get(name, {})))
            for name in names
        ),
        links=tuple(_link(link) for link in clean.get("links", ())),
    )


def own_pace(url: str) -> Pace:
    """The pace of a stream of which nobody said one."""
    return "live" if is_live(url) else "file"


def _streams(source: str, written: Any, folder: Path) -> Iterable[Stream]:
    """One URL is a stream with its source's name; several are numbered from 1."""
    match written:
        case str():
            by_name: Mapping[str, Any] = {source: written}
        case list():
            by_name = {f"{source}{number}": url for number, url in enumerate(written, 1)}
        case _:
            by_name = written
    for name, value in by_name.items():
        given: dict[str, Any] = {"url": value} if isinstance(value, str) else dict(value)
        url = local_path(given.pop("url"), folder) if "url" in given else ""
        for part in ("plan_on", "report_on"):
            if given.get(part) is not None:
                given[part] = _span(given[part])
        if given.get("labels") is not None:
            given["labels"] = local_path(given["labels"], folder)
        yield Stream(name, url, **{"pace": own_pace(url), **given})


def _span(frames: list[int]) -> Span:
    return Span(*frames) if frames else NO_FRAMES


def _step(
    name: str, given: Any, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> Step:
    settings = {
        key: Choose(tuple(value["choose"])) if _is_choose(value) else value
        for key, value in given.items()
        if key not in ("run", "from", "when")
    }
    inputs = given.get("from", [UNREAD])
    return declared_step(
        name,
        given.get("run", ""),
        tuple([inputs] if isinstance(inputs, str) else inputs or [UNREAD]),
        settings,
        {
            attribute: tuple(values) if isinstance(values, list) else (values,)
            for attribute, values in given.get("when", {}).items()
        },
        signature=signatures.get(given.get("run", "")),
        variants=variants,
    )


def _is_choose(value: Any) -> bool:
    return isinstance(value, dict) and "choose" in value


def _link(given: dict[str, Any]) -> Link:
    """The way back is as fast as the way there, where nothing else is said."""
    rest = dict(given)
    rate = rest.pop("rate_mbps", 1.0)
    back = rest.pop("back_mbps", None)
    return Link(
        source=rest.pop("from", UNREAD),
        target=rest.pop("to", UNREAD),
        rate_mbps=rate,
        back_mbps=rate if back is None else back,
        rtt_ms=rest.pop("rtt_ms", 0.0),
        **rest,
    )
