"""What if: a few words that change a cluster, an objective, a knob or a place, and nothing else.

A scenario is ``KEY=VALUE``, or several with commas between them::

    link.edge-cloud.rate_mbps=5
    device.edge.cores=x2, device.edge.price_per_hour=0.08
    floor.event_f1=0.95, ceiling.latency_p95_ms=none
    knob.detect.model=yolox-nano-416, place.detect=cloud

A number may carry its unit, which must be the key's own; ``x2`` is twice what it was; ``none``
takes a floor, a ceiling or a weight away.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

from vedette.errors import InputError, Problem, nearest
from vedette.planning.options import DEFAULT, Limits
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Accuracy, Metric, Scalar, Workflow
from vedette.types.plan import Candidate

_NUMBER = re.compile(
    r"(?P<times>x)?(?P<number>[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)\s*(?P<unit>.*)", re.IGNORECASE
)
DEVICE = {
    "cores": "cores",
    "speed": "",
    "memory_gb": "GB",
    "price_per_hour": "",
    "max_replicas": "machines",
    "max_batch": "frames",
}
COUNTED = ("max_replicas", "max_batch")
"""What comes in whole numbers."""
MOST_COUNTED = 64
LINK = {"rate_mbps": "Mbit/s", "back_mbps": "Mbit/s", "rtt_ms": "ms", "price_per_gb": ""}
VERDICT = "predicted, not checked by running"
MAY_BE_ZERO = ("rtt_ms", "price_per_gb", "price_per_hour")


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a search is given once ``text`` is so."""

    text: str
    workflow: Workflow
    cluster: Cluster
    limits: Limits


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One scenario's outcome: ``candidate``, or ``miss`` with what stands nearest to being one.

    ``change`` is its objective less that of things as they stand; None where there is none of
    either, or where the weights differ, so that the two cannot be compared. ``differs`` are the
    knobs and places that change.
    """

    scenario: str
    candidate: Candidate | None
    accuracy: Mapping[Accuracy, float]
    change: float | None
    differs: tuple[str, ...]
    miss: Problem | None = None
    verdict: str = VERDICT


@dataclass(frozen=True, slots=True)
class _Key:
    """How one key is changed: a number in a unit, up to ``most``; or one of ``words``.

    ``now`` is what ``x2`` doubles; ``may_go``: it can be taken away; ``is_whole``: it counts.
    """

    change: Callable[[Scenario, Any], Scenario]
    unit: str = ""
    now: float | None = None
    most: float = 1e9
    may_be_zero: bool = False
    may_go: bool = False
    is_whole: bool = False
    words: Mapping[str, Scalar] | None = None


def scenario(text: str, workflow: Workflow, cluster: Cluster, limits: Limits = DEFAULT) -> Scenario:
    """The workflow, cluster and limits of a scenario; raises InputError with all its mistakes.

    >>> from vedette.types.cluster import Cluster, Device, Link
    >>> from vedette.types.graph import Workflow
    >>> pair = Cluster("site", (Device("edge", "edge", 2), Device("cloud", "cloud", 8)),
    ...                (Link("edge", "cloud", 10, 10, 40),))
    >>> then = scenario("link.edge-cloud.rate_mbps=5Mbit/s, floor.event_f1=none",
    ...                 Workflow("gate", (), ()), pair)
    >>> then.cluster.links[0].back_mbps, dict(then.workflow.objective.floors)
    (5.0, {})
    """
    found = Scenario(text.strip(), workflow, cluster, limits)
    problems: list[Problem] = []
    for part in text.split(","):
        known = dict(_keys(found))
        try:
            found = _changed(found, part.strip(), known)
        except InputError as error:
            problems += error.problems
    if not problems and not found.workflow.objective.minimise:
        problems.append(Problem("nothing to minimise", "one weight or more", f"not {text!r}"))
    if problems:
        raise InputError(*problems)
    return found


def keys(workflow: Workflow, cluster: Cluster) -> tuple[str, ...]:
    """Everything that a scenario may change."""
    return tuple(name for name, _ in _keys(Scenario("", workflow, cluster, DEFAULT)))


def _changed(before: Scenario, part: str, known: Mapping[str, _Key]) -> Scenario:
    name, equals, text = (each.strip() for each in part.partition("="))
    if not equals:
        raise InputError(
            Problem(f"the change {part!r}", "KEY=VALUE", "link.edge-cloud.rate_mbps=5")
        )
    name = name.replace("->", "-")
    if name not in known:
        kind = name.split(".")[0]
        alike = [each for each in known if each.split(".")[0] == kind] or list(known)
        raise InputError(
            Problem(f"the key {name!r}", "something that can change", nearest(name, alike))
        )
    key = known[name]
    return key.change(before, _value(name, key, text))


def _value(name: str, key: _Key, text: str) -> Any:
    if key.words is not None:
        if text not in key.words:
            hint = nearest(text, list(key.words))
            raise InputError(Problem(f"{text!r} for {name}", f"a value of {name}", hint))
        return key.words[text]
    if key.may_go and text in {"none", "off"}:
        return None
    found = _NUMBER.fullmatch(text)
    expected = f"a number{f' of {key.unit}' if key.unit else ''}"
    if found is None:
        more = ", x2 or none" if key.may_go else " or x2"
        raise InputError(Problem(f"{text!r} for {name}", expected + more, f"{name}=1"))
    if found["unit"] and found["unit"].lower() != key.unit.lower():
        raise InputError(
            Problem(f"the unit {found['unit']!r} of {name}", expected, f"{name}={found['number']}")
        )
    if found["times"] and key.now is None:
        raise InputError(
            Problem(f"{text!r} for {name}", "a number, since there is none yet", f"{name}=1")
        )
    value = float(found["number"]) * ((key.now or 0.0) if found["times"] else 1.0)
    if not (0 <= value <= key.most) or (value == 0 and not key.may_be_zero):
        least = "0" if key.may_be_zero else "more than 0"
        raise InputError(Problem(f"{value:g} for {name}", f"{least}, and {key.most:g} at most"))
    if key.is_whole and not value.is_integer():
        raise InputError(Problem(f"{value:g} for {name}", "a whole number", f"{name}={value:.0f}"))
    return int(value) if key.is_whole else value


def _keys(now: Scenario) -> Iterator[tuple[str, _Key]]:
    yield from _machines(now.cluster)
    yield from _objective(now.workflow)
    for knob, values in now.workflow.knobs().items():
        words = {_word(value): value for value in values}
        yield f"knob.{knob}", _Key(partial(_held, knob), words=words)
    devices = {device.name: device.name for device in now.cluster.devices}
    for step in now.workflow.steps:
        yield f"place.{step.name}", _Key(partial(_pinned, step.name), words=devices)


def _word(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _machines(cluster: Cluster) -> Iterator[tuple[str, _Key]]:
    for i, device in enumerate(cluster.devices):
        for field, unit in DEVICE.items():
            if field in COUNTED and device.per_stream:
                continue
            yield (
                f"device.{device.name}.{field}",
                _Key(
                    partial(_with_device, i, field),
                    unit,
                    float(getattr(device, field)),
                    most=MOST_COUNTED if field in COUNTED else 1e9,
                    may_be_zero=field in MAY_BE_ZERO,
                    is_whole=field in COUNTED,
                ),
            )
    for i, link in enumerate(cluster.links):
        for field, unit in LINK.items():
            yield (
                f"link.{link.source}-{link.target}.{field}",
                _Key(
                    partial(_with_link, i, field),
                    unit,
                    float(getattr(link, field)),
                    may_be_zero=field in MAY_BE_ZERO,
                ),
            )


def _objective(workflow: Workflow) -> Iterator[tuple[str, _Key]]:
    objective = workflow.objective
    for metric in workflow.scored():
        now = objective.floors.get(metric)
        yield (
            f"floor.{metric}",
            _Key(partial(_limit, "floors", metric), "", now, 1.0, may_go=True),
        )
    for metric in get_args(Metric):
        unit = "Mbit/s" if metric.endswith("mbps") else "ms" if "_ms" in metric else ""
        top, weight = objective.ceilings.get(metric), objective.minimise.get(metric)
        yield (
            f"ceiling.{metric}",
            _Key(partial(_limit, "ceilings", metric), unit, top, may_go=True),
        )
        yield (
            f"weight.{metric}",
            _Key(partial(_limit, "minimise", metric), "", weight, may_go=True),
        )


def _with_device(i: int, field: str, s: Scenario, value: float) -> Scenario:
    devices: list[Device] = list(s.cluster.devices)
    devices[i] = replace(devices[i], **{field: value})  # type: ignore[arg-type]  # its own fields
    return replace(s, cluster=replace(s.cluster, devices=tuple(devices)))


def _with_link(i: int, field: str, s: Scenario, value: float) -> Scenario:
    """A rate is that of both ways where they were alike, as it is in a cluster's file."""
    links: list[Link] = list(s.cluster.links)
    fields = {field: value}
    if field == "rate_mbps" and links[i].back_mbps == links[i].rate_mbps:
        fields["back_mbps"] = value
    links[i] = replace(links[i], **fields)  # type: ignore[arg-type]  # its own fields
    return replace(s, cluster=replace(s.cluster, links=tuple(links)))


def _limit(part: str, metric: str, s: Scenario, value: float | None) -> Scenario:
    objective = s.workflow.objective
    limits = {k: v for k, v in getattr(objective, part).items() if k != metric}
    limits |= {} if value is None else {metric: value}
    changed = replace(objective, **{part: limits})
    return replace(s, workflow=replace(s.workflow, objective=changed))


def _held(knob: str, s: Scenario, value: Scalar) -> Scenario:
    return replace(s, limits=replace(s.limits, held={**s.limits.held, knob: value}))


def _pinned(step: str, s: Scenario, device: str) -> Scenario:
    return replace(s, limits=replace(s.limits, pinned={**s.limits.pinned, step: device}))
