"""A cluster, a workflow and its placements as arrays, so that thousands are weighed at once.

Axes: P placements, N nodes (sources, then steps), F flows, D devices, L lanes (each link's two
directions), K streams.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from vedette.planning.placement import Placement, ends, home, kinds
from vedette.types.cluster import Cluster
from vedette.types.coding import Codec
from vedette.types.graph import Step, Workflow
from vedette.types.operators import Signature

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_PLACEMENTS = 5000
"""Up to here every placement of a choice is weighed; beyond, those with the fewest moves."""


@dataclass(frozen=True, eq=False, slots=True)
class Site:
    """``servers`` (D,) jobs run at once on a device, whole cores that share what is left over; each
    gets ``core_speed``. ``route`` (D, D, L) are the lanes between devices.
    """

    cluster: Cluster
    names: tuple[str, ...]
    core_speed: Floats
    servers: Floats
    capacity: Floats
    memory_gb: Floats
    price_per_hour: Floats
    is_per_stream: Flags
    lanes: tuple[str, ...]
    lane_mbps: Floats
    lane_rtt_s: Floats
    lane_price_per_gb: Floats
    lane_is_per_stream: Flags
    lane_is_camera: Flags
    lane_is_wan: Flags
    route: Flags
    is_reachable: Flags
    max_replicas: NDArray[np.intp]
    max_batch: NDArray[np.intp]


def site(cluster: Cluster) -> Site:
    devices = cluster.devices
    speed = np.array([each.speed for each in devices])
    cores = np.array([each.cores for each in devices])
    servers = np.maximum(np.floor(cores), 1.0)
    beside = {device.name for device in devices if device.per_stream}
    ways = [way for link in cluster.links for way in _ways(link.source, link.target)]
    links = [link for link in cluster.links for _ in range(2)]
    rates = [rate for link in cluster.links for rate in (link.rate_mbps, link.back_mbps)]
    route, reachable = _routes(cluster)
    return Site(
        cluster=cluster,
        names=tuple(device.name for device in devices),
        core_speed=speed * cores / servers,
        servers=servers,
        capacity=speed * cores,
        memory_gb=np.array([each.memory_gb for each in devices]),
        price_per_hour=np.array([each.price_per_hour for each in devices]),
        is_per_stream=np.array([each.per_stream for each in devices]),
        lanes=tuple(f"{start}->{end}" for start, end in ways),
        lane_mbps=np.array(rates, float),
        lane_rtt_s=np.array([link.rtt_ms / 1e3 for link in links]),
        lane_price_per_gb=np.array([link.price_per_gb for link in links]),
        lane_is_per_stream=np.array([bool(beside & {*way}) for way in ways], bool),
        lane_is_camera=np.array([cluster.is_camera_link(link) for link in links], bool),
        lane_is_wan=np.array([cluster.is_wan_link(link) for link in links], bool),
        route=route,
        is_reachable=reachable,
        max_replicas=np.array([each.max_replicas for each in devices], np.intp),
        max_batch=np.array([each.max_batch for each in devices], np.intp),
    )


def _ways(source: str, target: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (source, target), (target, source)


def _routes(cluster: Cluster) -> tuple[Flags, Flags]:
    count, index = len(cluster.devices), {id(link): i for i, link in enumerate(cluster.links)}
    route = np.zeros((count, count, 2 * len(cluster.links)), bool)
    reachable = np.zeros((count, count), bool)
    for (i, start), (j, end) in product(enumerate(cluster.devices), repeat=2):
        try:
            path = cluster.route(start.name, end.name)
        except KeyError:
            continue
        reachable[i, j] = True
        for link, forward in path:
            route[i, j, 2 * index[id(link)] + (not forward)] = True
    return route, reachable


@dataclass(frozen=True, slots=True)
class Flow:
    """One producer's output on its way to other devices.

    ``role`` "data" goes to ``readers``, "answer" and "evidence" to the device ``target``.
    """

    producer: int
    role: str
    kind: str
    is_many: bool = False
    readers: tuple[int, ...] = ()
    target: int = -1


@dataclass(frozen=True, eq=False, slots=True)
class Graph:
    """An expanded workflow, without packing. ``flow_of`` is a producer's data flow; ``codec`` is
    that of frames that cross.
    """

    workflow: Workflow
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    inputs: tuple[tuple[int, ...], ...]
    flows: tuple[Flow, ...]
    flow_of: Mapping[int, int]
    codec: Codec

    @property
    def source_count(self) -> int:
        return len(self.names) - len(self.steps)


def graph(
    workflow: Workflow,
    cluster: Cluster,
    signatures: Mapping[str, Signature],
    codec: Codec = "h264",
) -> Graph:
    steps = workflow.ordered()
    names = (*(source.name for source in workflow.sources), *(step.name for step in steps))
    index = {name: i for i, name in enumerate(names)}
    kind, sinks = kinds(workflow, signatures), {step.name for step in workflow.sinks()}
    many = {s.name for s in steps if signatures[s.operator].output.arity == "all"}
    end = ends(workflow, cluster)
    device = {each.name: i for i, each in enumerate(cluster.devices)}
    flows: list[Flow] = []
    for i, name in enumerate(names):
        readers = tuple(index[step.name] for step in steps if name in step.inputs)
        if readers:
            flows.append(Flow(i, "data", kind[name], name in many, readers))
        elif name in sinks:
            flows.append(Flow(i, "answer", kind[name], name in many, target=device[end.deliver]))
            if end.evidence and kind[name] == "event":
                flows.append(Flow(i, "evidence", "event", target=device[end.evidence]))
    data = {flow.producer: j for j, flow in enumerate(flows) if flow.role == "data"}
    inputs = tuple(tuple(index[name] for name in step.inputs) for step in steps)
    given = ((),) * len(workflow.sources) + inputs
    return Graph(workflow, names, steps, given, tuple(flows), data, codec)


@dataclass(frozen=True, eq=False, slots=True)
class Layouts:
    """Many placements of one graph.

    ``place`` (P, N) device of each node; ``need`` (P, F, D) where a flow is unpacked; ``work``
    (P, D, N + 2F) which steps, packings and unpackings load a device; ``hops`` (P, L, F) which
    lanes a flow takes (how often); ``moves_frames`` (P,); ``replicas`` (P, D) machines behind each
    device; ``batches`` (P, D) the most frames that a model there takes in one pass.
    """

    place: NDArray[np.intp]
    need: Flags
    work: Floats
    hops: Floats
    moves_frames: Flags
    replicas: NDArray[np.intp]
    batches: NDArray[np.intp]

    def rows(self, chosen: NDArray[np.intp]) -> "Layouts":
        return Layouts(
            self.place[chosen],
            self.need[chosen],
            self.work[chosen],
            self.hops[chosen],
            self.moves_frames[chosen],
            self.replicas[chosen],
            self.batches[chosen],
        )


def layouts(graph: Graph, site: Site, place: NDArray[np.intp]) -> Layouts:
    """Work out what each placement sends, packs and unpacks where."""
    count, devices = len(place), np.arange(len(site.names))
    on = place[:, :, None] == devices
    need = np.zeros((count, len(graph.flows), len(devices)), bool)
    shown = {flow.producer for flow in graph.flows if flow.role == "evidence"}
    for j, flow in enumerate(graph.flows):
        for reader in flow.readers:
            need[:, j] |= on[:, reader] & ~on[:, flow.producer]
        if flow.target >= 0:
            # an answer whose evidence leaves passes an encoder also where it stays (see transport)
            need[:, j, flow.target] = ~on[:, flow.producer, flow.target] | (flow.producer in shown)
    producers = [flow.producer for flow in graph.flows]
    moves: Flags = np.logical_or.reduce(need, axis=2)
    free = np.array(
        [
            [flow.kind == "frame" and each.encoder == graph.codec]
            for flow in graph.flows
            for each in site.cluster.devices
        ],
        bool,
    ).reshape(len(graph.flows), len(devices))
    packs = on[:, producers] & moves[:, :, None] & ~free
    work = np.concatenate([on, packs, need], axis=1).transpose(0, 2, 1).astype(float)
    routes = site.route[place[:, producers]]  # (P, F, D, L)
    hops = np.einsum("pfd,pfdl->plf", need.astype(float), routes.astype(float))
    is_frame = np.array([flow.kind == "frame" for flow in graph.flows])
    return Layouts(
        place,
        need,
        np.ascontiguousarray(work),
        hops,
        np.logical_or.reduce(moves[:, is_frame], axis=1),
        np.ones((count, len(devices)), np.intp),
        np.ones((count, len(devices)), np.intp),
    )


def placements(
    graph: Graph, site: Site, signatures: Mapping[str, Signature], pinned: Placement | None = None
) -> NDArray[np.intp]:
    """Every placement that can be hosted, (P, N), in the order of the cluster's devices.

    The parts of an expanded step stay together, those of a cascade stage by stage; sources are at
    home; a stateful step over several sources cannot sit beside one stream; inputs must be
    reachable; several frames a frame (tiles) do not travel. Beyond :data:`MOST_PLACEMENTS`, those
    with the fewest moves along the steps' order, as many moves as fit. ``pinned`` fixes the device
    of declared steps.
    """
    allowed = _allowed(graph, site, signatures, pinned or {})
    rows = _assignments(tuple(allowed.values()))
    column = {group: i for i, group in enumerate(allowed)}
    start = np.full((len(rows), graph.source_count), site.names.index(home(site.cluster).name))
    steps = rows[:, [column[step.placed] for step in graph.steps]]
    place = np.concatenate([start, steps], axis=1).astype(np.intp)
    return place[_can_travel(graph, site, place)]


def is_every_placement(
    graph: Graph, site: Site, signatures: Mapping[str, Signature], pinned: Placement
) -> bool:
    """Whether :func:`placements` leaves none out for being one too many."""
    allowed = _allowed(graph, site, signatures, pinned)
    return _is_few(tuple(allowed.values()))


def _allowed(
    graph: Graph, site: Site, signatures: Mapping[str, Signature], pinned: Placement
) -> dict[str, tuple[int, ...]]:
    groups = dict.fromkeys(step.placed for step in graph.steps)
    return {group: _devices(graph, site, group, signatures, pinned) for group in groups}


def _devices(
    graph: Graph, site: Site, group: str, signatures: Mapping[str, Signature], pinned: Placement
) -> tuple[int, ...]:
    parts = [step for step in graph.steps if step.placed == group]
    declared = parts[0].declared
    if declared in pinned:
        return (site.names.index(pinned[declared]),)
    is_shared = any(
        signatures[step.operator].stateful and len(graph.workflow.sources_of(step.name)) > 1
        for step in parts
    )
    return tuple(i for i in range(len(site.names)) if not (is_shared and site.is_per_stream[i]))


@lru_cache(maxsize=16)
def _assignments(allowed: tuple[tuple[int, ...], ...]) -> NDArray[np.intp]:
    """Devices of each group, (rows, groups), in order."""
    if _is_few(allowed):
        return np.array(list(product(*allowed)), np.intp).reshape(-1, len(allowed))
    steps, devices = len(allowed), max(len(each) for each in allowed)
    most, total = 0, devices
    while total <= MOST_PLACEMENTS:
        most += 1
        total += devices * (devices - 1) ** most * comb(steps - 1, most)
    fewest = max(most - 1, 1)
    found = (row for moves in range(fewest + 1) for row in _with_moves(allowed, moves))
    return np.array(sorted(found), np.intp).reshape(-1, len(allowed))


def _is_few(allowed: Sequence[tuple[int, ...]]) -> bool:
    return prod(len(each) for each in allowed) <= MOST_PLACEMENTS


def _with_moves(allowed: Sequence[tuple[int, ...]], moves: int) -> Iterator[tuple[int, ...]]:
    """Assignments that change device exactly ``moves`` times along the steps' order."""
    devices = sorted({device for each in allowed for device in each})
    for cuts in combinations(range(1, len(allowed)), moves):
        lengths = np.diff([0, *cuts, len(allowed)])
        for run in product(devices, repeat=moves + 1):
            if all(a != b for a, b in pairwise(run)):
                row = tuple(d for d, n in zip(run, lengths, strict=True) for _ in range(n))
                if all(d in each for d, each in zip(row, allowed, strict=True)):
                    yield row


def _can_travel(graph: Graph, site: Site, place: NDArray[np.intp]) -> Flags:
    fine = np.ones(len(place), bool)
    for flow in graph.flows:
        there = place[:, flow.producer]
        for reader in flow.readers:
            fine &= site.is_reachable[there, place[:, reader]]
            if flow.is_many and flow.kind == "frame":
                fine &= there == place[:, reader]
        if flow.target >= 0:
            fine &= site.is_reachable[there, flow.target]
    return fine
