"""Numbers to be weighed: machines behind each device, and frames in a model's pass there.

A device of ``max_replicas`` machines serves each stream with one of them, since a stream's steps
keep its state. So more machines than streams do nothing, nor does a second one for steps in which
streams of several sources meet: those are done once, in order. Passes are of 1, 2, 4, ... frames,
where a model runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vedette.planning.layout import Flags, Graph, Layouts, Site
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures
from vedette.types.graph import Workflow
from vedette.types.operators import Signature

Counts = Mapping[str, int]
MOST_ROWS = 50_000
"""Placements times numbers of machines; with more, only 1, 2, 4, ... of a device and all of it."""


def multiplied(
    plans: Layouts, graph: Graph, site: Site, signatures: Mapping[str, Signature]
) -> tuple[Layouts, bool]:
    """Each placement with each number of machines and size of passes, and whether none is left out.

    In the order of ``plans``, the fewest machines first, then the smallest passes.
    """
    if not ((site.max_replicas > 1) | (site.max_batch > 1)).any():
        return plans, True
    machines, frames = _most(plans, graph, site), _most_frames(plans, graph, site, signatures)
    sizes = np.floor(np.log2(frames)).astype(np.intp) + 1
    is_all = int((machines * sizes).prod(axis=1).sum()) <= MOST_ROWS
    most = np.concatenate([machines, frames], axis=1)
    rows: list[NDArray[np.intp]] = []
    counts: list[NDArray[np.intp]] = []
    for vector in np.unique(most, axis=0):
        alike = np.flatnonzero((most == vector).all(axis=1))
        numbers = [_numbers(int(n), every=is_all) for n in vector[: len(site.names)]]
        powers = [_numbers(int(n), every=False) for n in vector[len(site.names) :]]
        each = np.array([*product(*numbers, *powers)], np.intp)
        rows.append(np.repeat(alike, len(each)))
        counts.append(np.tile(each, (len(alike), 1)))
    chosen = np.concatenate(rows)
    order = np.argsort(chosen, kind="stable")
    replicas, batches = np.split(np.concatenate(counts)[order], 2, axis=1)
    return replace(plans.rows(chosen[order]), replicas=replicas, batches=batches), is_all


def largest(
    plans: Layouts, graph: Graph, site: Site, signatures: Mapping[str, Signature]
) -> Layouts:
    """Each placement with all the machines that it can use, and the largest passes."""
    frames = _most_frames(plans, graph, site, signatures)
    return replace(plans, replicas=_most(plans, graph, site), batches=frames)


def named(plans: Layouts, row: int, graph: Graph, site: Site) -> dict[str, int]:
    """How many machines a placement uses of each device of which it could use several."""
    several = _most(plans.rows(np.array([row])), graph, site)[0] > 1
    return {site.names[d]: int(plans.replicas[row, d]) for d in np.flatnonzero(several)}


def fewest(
    costs: Callable[[Counts], Figures],
    workflow: Workflow,
    placement: Mapping[str, str],
    cluster: Cluster,
    limit: float,
) -> dict[str, int]:
    """The fewest machines with which no device is loaded beyond ``limit``, where there are enough.

    For a placement that is stated, not searched; ``costs`` says what some numbers come to.
    """
    meets = {placement[step.name] for step in workflow.steps if _meets(workflow, step.name)}
    streams = sum(1 for _ in workflow.streams())
    several = [each for each in cluster.devices if each.name not in meets and not each.per_stream]
    found: dict[str, int] = {}
    while True:
        load = costs(found).load
        short = [
            device.name
            for device in several
            if load.get(device.name, 0.0) > limit + 1e-9
            and found.get(device.name, 1) < min(device.max_replicas, streams)
        ]
        if not short:
            return found
        found |= {name: found.get(name, 1) + 1 for name in short}


def more(replicas: Counts, cluster: Cluster, streams: int) -> Iterator[dict[str, int]]:
    """Every way to use more machines of these devices, the fewest first.

    >>> from vedette.types.cluster import Device
    >>> rack = Cluster("rack", (Device("gpu", "cloud", 8, max_replicas=3),), ())
    >>> [*more({"gpu": 1}, rack, streams=2)], [*more({}, rack, streams=2)]
    ([{'gpu': 2}], [])
    """
    ranges = [
        range(count, min(cluster.device(name).max_replicas, streams) + 1)
        for name, count in replicas.items()
    ]
    ways = sorted(product(*ranges), key=lambda counts: (sum(counts), counts))
    for counts in ways[1:]:
        yield dict(zip(replicas, counts, strict=True))


def _most(plans: Layouts, graph: Graph, site: Site) -> NDArray[np.intp]:
    """Machines of each device that a placement can use, (P, D)."""
    streams = sum(1 for _ in graph.workflow.streams())
    steps = range(graph.source_count, len(graph.names))
    meets = [i for i in steps if _meets(graph.workflow, graph.names[i])]
    is_one: Flags = np.logical_or(
        ~plans.work.any(axis=2) | plans.work[:, :, meets].any(axis=2), site.is_per_stream
    )
    most: NDArray[np.intp] = np.where(is_one, 1, np.minimum(site.max_replicas, streams))
    return most


def _most_frames(
    plans: Layouts, graph: Graph, site: Site, signatures: Mapping[str, Signature]
) -> NDArray[np.intp]:
    """Frames in a pass of each device: one where no model runs, (P, D)."""
    asks = [bool(signatures[step.operator].models) for step in graph.steps]
    nodes = np.flatnonzero([*[False] * graph.source_count, *asks])
    runs = plans.work[:, :, nodes].any(axis=2)
    most: NDArray[np.intp] = np.where(runs, site.max_batch, 1)
    return most


def _meets(workflow: Workflow, step: str) -> bool:
    return len(workflow.sources_of(step)) > 1


def _numbers(most: int, *, every: bool) -> list[int]:
    if every:
        return [*range(1, most + 1)]
    return sorted({most, *(2**i for i in range(most.bit_length()))})
