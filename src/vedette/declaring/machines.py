"""The mistakes in a cluster, and in what a workflow asks of it."""

from collections.abc import Iterator
from typing import get_args

from vedette.errors import nearest
from vedette.records.mistakes import Mistake
from vedette.types.cluster import Cluster, Tier
from vedette.types.graph import Workflow

TIERS: tuple[str, ...] = get_args(Tier)


def cluster_mistakes(cluster: Cluster) -> Iterator[Mistake]:
    names = [device.name for device in cluster.devices]
    seen: set[str] = set()
    for device in cluster.devices:
        if device.name in seen or device.name in set(TIERS) - {device.tier}:
            found = f"the name {device.name!r}"
            expected = "a name of its own, and not that of another tier"
            yield Mistake(("devices", device.name), found, expected, "another name", at_key=True)
        if device.max_replicas > 1 and (device.per_stream or device.tier == "camera"):
            path = ("devices", device.name, "max_replicas")
            found = f"{device.max_replicas} machines, where frames start or beside every stream"
            yield Mistake(path, found, "1 there", "deleting it: cameras are as many as streams")
        seen.add(device.name)
    cameras = [device.name for device in cluster.devices if device.tier == "camera"]
    if not cameras:
        hint = "camera: {tier: camera, per_stream: true, cores: 1}"
        yield Mistake(("devices",), "no device of tier camera", "one, where frames start", hint)
    if names:
        yield from _links(cluster, names)
    linked = {name for link in cluster.links for name in (link.source, link.target)}
    if cameras and linked.issubset(names):  # a wrong name may have meant the one not reached
        yield from _unreachable(cluster, cameras)


def joint_mistakes(workflow: Workflow, cluster: Cluster) -> Iterator[Mistake]:
    """Paths are the workflow's."""
    known = (
        *(device.name for device in cluster.devices),
        *dict.fromkeys(device.tier for device in cluster.devices),
    )
    for key, place in (("deliver_to", workflow.deliver_to), ("evidence_to", workflow.evidence_to)):
        if place is not None and place not in known:
            found = f"the place {place!r}"
            expected = f"a tier or device of the cluster {cluster.name!r}"
            yield Mistake((key,), found, expected, nearest(place, tuple(dict.fromkeys(known))))


def _links(cluster: Cluster, names: list[str]) -> Iterator[Mistake]:
    known = set(names)
    pairs: set[frozenset[str]] = set()
    for number, link in enumerate(cluster.links):
        for key, name in (("from", link.source), ("to", link.target)):
            if name not in known:
                path = ("links", number, key)
                hint = nearest(name, names)
                yield Mistake(path, f"the name {name!r}", "the name of a device", hint)
        pair = frozenset({link.source, link.target})
        if len(pair) == 1:
            found = f"a link from {link.source!r} to itself"
            yield Mistake(("links", number, "to"), found, "another device", "deleting the link")
        elif pair in pairs:
            found = f"a second link between {link.source!r} and {link.target!r}"
            hint = "one link: it carries answers back, at back_mbps"
            yield Mistake(("links", number), found, "one link between two devices", hint)
        pairs.add(pair)


def _unreachable(cluster: Cluster, cameras: list[str]) -> Iterator[Mistake]:
    beside: dict[str, list[str]] = {}
    for link in cluster.links:
        beside.setdefault(link.source, []).append(link.target)
        beside.setdefault(link.target, []).append(link.source)
    reached, left = set(cameras[:1]), cameras[:1]
    while left:
        for name in beside.get(left.pop(), ()):
            if name not in reached:
                reached.add(name)
                left.append(name)
    for device in cluster.devices:
        if device.name not in reached:
            found = f"the device {device.name!r}, which no link reaches"
            hint = f"a link to {device.name}, or deleting the device"
            expected = f"a way to it from {cameras[0]}"
            yield Mistake(("devices", device.name), found, expected, hint, at_key=True)
