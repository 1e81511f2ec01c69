"""Where steps may run, and what has to be packed and sent once they are placed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from vedette.errors import DeclarationError, InfeasibleError, Problem, nearest
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import SOURCE, Scalar, Step, Value, Workflow
from vedette.types.operators import Signature

Placement = Mapping[str, str]
"""Step or source name -> device name."""


def home(cluster: Cluster) -> Device:
    """Where sources sit: the camera, else the device beside each stream, else the first device."""
    return min(cluster.devices, key=lambda each: (each.tier != "camera", not each.per_stream))


def resolve(cluster: Cluster, place: str) -> str:
    """The device that a workflow means by a device's name, or by a tier: its first device.

    >>> pair = Cluster("site", (Device("box", "edge", 2), Device("rack", "cloud", 8)), ())
    >>> resolve(pair, "cloud"), resolve(pair, "box")
    ('rack', 'box')
    """
    named = [device.name for device in cluster.devices if device.name == place]
    tiered = [device.name for device in cluster.devices if device.tier == place]
    found = [*named, *tiered]
    if not found:
        known = sorted({each for d in cluster.devices for each in (d.name, d.tier)})
        raise DeclarationError(
            Problem(f"{place!r}", "a device or tier of the cluster", nearest(place, known))
        )
    return found[0]


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a workflow's answers go, and its evidence where that is somewhere else."""

    deliver: str
    evidence: str | None


def ends(workflow: Workflow, cluster: Cluster) -> Ends:
    deliver = resolve(cluster, workflow.deliver_to)
    evidence = workflow.evidence_to and resolve(cluster, workflow.evidence_to)
    return Ends(deliver, evidence if evidence and evidence != deliver else None)


def kinds(workflow: Workflow, signatures: Mapping[str, Signature]) -> dict[str, str]:
    """What kind of packet each source and step makes: frame, event or item."""
    by_type = {"Frame": "frame", "Event": "event"}
    found = {source.name: "frame" for source in workflow.sources}
    for step in workflow.steps:
        found[step.name] = by_type.get(signatures[step.operator].output.type, "item")
    return found


def transport(
    workflow: Workflow,
    placement: Placement,
    cluster: Cluster,
    signatures: Mapping[str, Signature],
    qp: Scalar = SOURCE,
) -> tuple[Workflow, dict[str, str]]:
    """Write out the packing that a placement needs, as steps that are placed themselves.

    A producer ``P`` that is read elsewhere gets ``P.encode`` beside it and ``P.decode@DEVICE``
    where it is read, once a device. Answers travel to ``deliver_to`` the same way; an event's
    picture goes by ``S.evidence`` to ``evidence_to`` where that is another device, and then the
    answer leaves it out. A sink whose evidence leaves passes an encoder even when it already runs
    where answers are wanted, so that answers always are sinks. Sources that ``placement`` leaves
    out are at home. Raw frames (``qp`` "source") never cross: InfeasibleError.
    """
    place = {source.name: home(cluster).name for source in workflow.sources} | dict(placement)
    kind, end = kinds(workflow, signatures), ends(workflow, cluster)
    sinks = {step.name for step in workflow.sinks()}
    shown = {name for name in sinks if end.evidence and kind[name] == "event"}
    wanted = _wanted(workflow, place, end.deliver, shown)
    _refuse_raw_frames(wanted, kind, qp)

    def chain(producer: str) -> Iterator[tuple[Step, str]]:
        if producer in wanted:
            settings = _packing(workflow, kind[producer], qp, picture=producer not in shown)
            yield from _chain(producer, f"{producer}.encode", "decode", settings, wanted[producer])
        if producer in shown and end.evidence:
            settings = {"kind": "event", "picture": True}
            yield from _chain(
                producer, f"{producer}.evidence", "evidence", settings, [end.evidence]
            )

    steps: list[Step] = []
    for source in workflow.sources:
        steps += _placed(chain(source.name), place, place[source.name])
    for step in workflow.steps:
        here = place[step.name]
        inputs = (n if place[n] == here else f"{n}.decode@{here}" for n in step.inputs)
        steps.append(replace(step, inputs=tuple(inputs)))
        steps += _placed(chain(step.name), place, here)
    return replace(workflow, steps=tuple(steps)), place


_PACKING = re.compile(r".+\.(encode|evidence|(decode|evidence)@.+)")


def is_packing(name: str) -> bool:
    """Whether a step of this name is one that :func:`transport` writes out.

    >>> is_packing("detect.encode"), is_packing("street.decode@edge"), is_packing("detect.pass")
    (True, True, False)
    """
    return _PACKING.fullmatch(name) is not None


def strip(workflow: Workflow) -> Workflow:
    """The workflow as it was before :func:`transport` wrote out its packing."""
    packing = {step.name: step.part_of for step in workflow.steps if is_packing(step.name)}
    kept = [
        replace(step, inputs=tuple(packing.get(name, name) for name in step.inputs))
        for step in workflow.steps
        if step.name not in packing
    ]
    return replace(workflow, steps=tuple(kept))


def _wanted(
    workflow: Workflow, place: Placement, deliver: str, shown: set[str]
) -> dict[str, list[str]]:
    """The devices to which each producer's output has to be sent, in the order of need."""
    wanted: dict[str, list[str]] = {}
    for step in workflow.steps:
        for name in step.inputs:
            if place[name] != place[step.name]:
                wanted.setdefault(name, []).append(place[step.name])
    for sink in workflow.sinks():
        if place[sink.name] != deliver or sink.name in shown:
            wanted.setdefault(sink.name, []).append(deliver)
    return {name: list(dict.fromkeys(devices)) for name, devices in wanted.items()}


def _refuse_raw_frames(wanted: Mapping[str, list[str]], kind: Placement, qp: Scalar) -> None:
    raw = [name for name in wanted if kind[name] == "frame"]
    if qp == SOURCE and raw:
        raise InfeasibleError(
            Problem(
                f"frames of {', '.join(raw)} that would cross between devices undegraded",
                "a quantiser (transport.qp) where frames cross",
                "a placement that keeps frames where they are, or one of the transport's qp values",
            )
        )


def _packing(workflow: Workflow, kind: str, qp: Scalar, *, picture: bool) -> dict[str, Value]:
    travel = workflow.transport
    settings: dict[str, dict[str, Value]] = {
        "frame": {"qp": qp, "gop_s": travel.gop_s},
        "event": {"picture": picture},
    }
    return {"kind": kind, **settings.get(kind, {})}


def _chain(
    producer: str, encoder: str, suffix: str, settings: Mapping[str, Value], devices: list[str]
) -> Iterator[tuple[Step, str]]:
    """The encoder (its device left open) and a decoder for each device."""
    yield Step(encoder, "encode", (producer,), settings, part_of=producer), ""
    for device in devices:
        name = f"{producer}.{suffix}@{device}"
        yield Step(name, "decode", (encoder,), {"kind": settings["kind"]}, part_of=producer), device


def _placed(chain: Iterator[tuple[Step, str]], place: dict[str, str], here: str) -> list[Step]:
    steps = []
    for step, device in chain:
        place[step.name] = device or here
        steps.append(step)
    return steps
