"""plan.yaml: a whole plan in a file that a person can read, and that reads back equal."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vedette.addresses import has_secrets
from vedette.errors import DeclarationError, Place, Problem, nearest
from vedette.records.codec import from_plain, problem, to_plain
from vedette.records.files import write_bytes
from vedette.records.layout import yaml_text
from vedette.records.mistakes import problems
from vedette.records.nodes import Document, read_document
from vedette.types.plan import Plan

NEWEST = 1
CANDIDATES = frozenset({"tried", "frontier", "runners_up"})
UNSAID = frozenset({"replicas", "batches", "requests"})
"""What most plans have none of, and is then left out."""


def write_plan(path: Path, plan: Plan) -> None:
    """Write plan.yaml, wholly or not at all; for its owner alone if a password stands in it."""
    text = plan_text(plan)
    write_bytes(path, text.encode(), private=has_secrets(text))


def read_plan(path: Path) -> Plan:
    """The plan in a file; raises DeclarationError with every mistake and its line."""
    return _plan(read_document(path))


def plan_text(plan: Plan) -> str:
    """The plan as YAML, what identifies it first."""
    plain = _told(to_plain(plan))
    first = ("version", "name", "verdict", "choice", "placement", "replicas", "batches", "binding")
    rest = (key for key in plain if key not in first)
    return yaml_text({key: plain[key] for key in (*first, *rest) if key in plain})


def _told(plain: dict[str, Any]) -> dict[str, Any]:
    """A plan, a candidate or its figures without what there is none of."""
    kept = {key: each for key, each in plain.items() if each or key not in UNSAID}
    for key in {"predicted", "figures"} & kept.keys():
        kept[key] = _told(kept[key])
    for key in CANDIDATES & kept.keys():
        kept[key] = [_told(each) for each in kept[key]]
    return kept


def _plan(document: Document) -> Plan:
    root, plain = document.root, document.root.plain()
    if document.mistakes:
        raise DeclarationError(*problems(document.mistakes, root))
    version = plain.get("version", NEWEST) if isinstance(plain, dict) else NEWEST
    if isinstance(version, int) and version > NEWEST:
        place = root.place_of(("version",))
        found, expected = f"version {version}", f"a version up to {NEWEST}"
        raise DeclarationError(Problem(found, expected, "a newer Vedette", place))
    try:
        plan = from_plain(Plan, plain)
    except ValidationError as error:
        found_there = [
            problem(detail, root.place_of(detail["loc"]))
            for detail in error.errors(include_url=False)
        ]
        raise DeclarationError(*found_there) from None
    wrong = _unplaced(plan, root.place_of(("placement",)))
    wrong += _overcounted(plan, root.place_of(("replicas",)))
    wrong += _overfilled(plan, root.place_of(("batches",)))
    if wrong:
        raise DeclarationError(*wrong)
    return plan


def _unplaced(plan: Plan, place: Place) -> list[Problem]:
    """Every step and source of a plan is on a device of its cluster."""
    devices = {device.name for device in plan.cluster.devices}
    names = [source.name for source in plan.workflow.sources]
    names += [step.name for step in plan.workflow.steps]
    known = f"one of its cluster's devices ({', '.join(sorted(devices))})"
    return [
        Problem(
            f"{plan.placement.get(name, 'no device')} for {name} in placement",
            known,
            f"{name}: {min(devices, default='...')}",
            place,
        )
        for name in names
        if plan.placement.get(name) not in devices
    ]


def _overcounted(plan: Plan, place: Place) -> list[Problem]:
    """Nothing stands behind a device more often than there are machines like it."""
    most = {device.name: device.max_replicas for device in plan.cluster.devices}
    return [
        Problem(
            f"{count} for {name} in replicas",
            f"1 to {most[name]}, its max_replicas" if name in most else "a device of its cluster",
            f"{name}: {most[name]}" if name in most else nearest(name, sorted(most)),
            place,
        )
        for name, count in plan.replicas.items()
        if not 1 <= count <= most.get(name, 0)
    ]


def _overfilled(plan: Plan, place: Place) -> list[Problem]:
    """No step takes more frames in one pass than its device may."""
    most = {
        step.name: plan.cluster.device(plan.placement[step.name]).max_batch
        for step in plan.workflow.steps
        if plan.placement.get(step.name) in {each.name for each in plan.cluster.devices}
    }
    return [
        Problem(
            f"passes of {list(passes.rows)} frames for {name} in batches",
            f"from 1 up to {most[name]}, its device's max_batch, with a share above 0 each"
            if name in most
            else "a step of the plan",
            f"{name}: {{rows: [1, 2], share: [1, 0.8]}}"
            if name in most
            else nearest(name, sorted(most)),
            place,
        )
        for name, passes in plan.batches.items()
        if not (passes.is_sound and passes.most <= most.get(name, 0))
    ]
