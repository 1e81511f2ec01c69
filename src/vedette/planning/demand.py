"""What a choice of knobs asks of any placement: rates and means, and single frames on request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vedette.planning.cover import lenders, lent_rows
from vedette.planning.layout import Flags, Floats, Graph
from vedette.types.graph import Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.passes import Passes
from vedette.types.profile import Trace

EMPTY_ANSWER_BYTES = 16.0
PLAIN_EVENT_BYTES = 300.0
"""An event on a link without its picture (which nobody measures apart)."""


@dataclass(frozen=True, eq=False, slots=True)
class Frames:
    """What the analysed frames of a choice take one by one, a column each.

    ``cpu_s`` (N, frames); ``pack_s``, ``unpack_s``, ``size_bytes`` (F, frames); ``stream``,
    ``time_s`` (frames,); see the axes in :mod:`vedette.planning.layout`.
    """

    cpu_s: Floats
    pack_s: Floats
    unpack_s: Floats
    size_bytes: Floats
    stream: NDArray[np.int32]
    time_s: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Demand:
    """What a choice asks of any placement on average: as small for a day of video as for a minute.

    ``work_rate`` (N + 2F, K) and ``mbps`` (F, K) are CPU seconds at speed 1, and Mbit, a second;
    ``average`` has the mean analysed frame as its one column, or none; ``memory_gb`` (N,).
    ``passes`` are of the nodes whose model was measured with several frames in a pass.
    """

    work_rate: Floats
    mbps: Floats
    average: Frames
    longest_gap_s: float
    frame_rate: float
    analysed_rate: float
    variability: float
    memory_gb: Floats
    is_measured: Flags
    frames: int
    analysed: int
    passes: Mapping[int, Passes]


def demand(
    trace: Trace,
    graph: Graph,
    signatures: Mapping[str, Signature],
    variants: Mapping[str, Variant] | None = None,
    passes: Mapping[str, Passes] | None = None,
) -> Demand:
    """``passes`` by the name of a step."""
    lent = lenders(trace, graph.workflow)
    cpu, pack, unpack, size = _rows(trace, graph)
    is_measured: Flags = np.logical_and.reduce(np.isfinite(size), axis=1)
    counts = np.stack([np.ones(len(trace.frame)), trace.analysed])
    known = [_known(rows) for rows in (pack, unpack, size)]
    rates = _per_stream(trace, graph.workflow, lent, np.concatenate([cpu, *known, counts]))
    split = len(cpu) + len(pack) + len(unpack)
    each = _analysed(trace, lent, [cpu, *known])
    total = each.cpu_s.sum(axis=0)
    spread = float(np.var(total) / np.mean(total) ** 2) if total.sum() > 0 else 0.0
    gaps = np.diff(each.time_s)[np.diff(each.stream) == 0]
    return Demand(
        work_rate=rates[:split],
        mbps=rates[split:-2] * 8e-6,
        average=_average(each),
        longest_gap_s=float(gaps.max()) if len(gaps) else float("inf"),
        frame_rate=float(rates[-2].sum()),
        analysed_rate=float(rates[-1].sum()),
        variability=(1 + spread) / 2,
        memory_gb=_memory_gb(graph, signatures, variants or {}),
        is_measured=is_measured,
        frames=len(trace.frame) + sum(_held(trace, lender) for lender in lent.values()),
        analysed=len(each.stream),
        passes={graph.names.index(name): each for name, each in (passes or {}).items()},
    )


def frames(trace: Trace, graph: Graph) -> Frames:
    """Each analysed frame of each stream, also of those that borrow what another one measured."""
    cpu, *others = _rows(trace, graph)
    lent = lenders(trace, graph.workflow)
    return _analysed(trace, lent, [cpu, *map(_known, others)])


def _rows(trace: Trace, graph: Graph) -> tuple[Floats, Floats, Floats, Floats]:
    cpu = np.stack([trace.steps[name].cpu_s for name in graph.names])
    return cpu, *_flow_rows(trace, graph)


def _known(rows: Floats) -> Floats:
    return np.where(np.isnan(rows), 0.0, rows)


def _held(trace: Trace, stream: str) -> int:
    return int((trace.stream == trace.streams.index(stream)).sum())


def _analysed(trace: Trace, lent: Mapping[str, str], rows: Sequence[Floats]) -> Frames:
    stream, taken = trace.stream, np.arange(len(trace.frame))
    if lent:
        _, stream, taken = lent_rows(trace, lent)
    kept = trace.analysed[taken]
    stream, taken = stream[kept], taken[kept]
    cpu_s, pack_s, unpack_s, size_bytes = (each[:, taken] for each in rows)
    return Frames(cpu_s, pack_s, unpack_s, size_bytes, stream, trace.time_s[taken])


def _average(each: Frames) -> Frames:
    def mean(rows: Floats) -> Floats:
        found: Floats = rows.mean(axis=1, keepdims=True) if rows.shape[1] else rows
        return found

    return Frames(
        mean(each.cpu_s),
        mean(each.pack_s),
        mean(each.unpack_s),
        mean(each.size_bytes),
        each.stream[:1].copy(),
        each.time_s[:1].copy(),
    )


def _flow_rows(trace: Trace, graph: Graph) -> tuple[Floats, Floats, Floats]:
    """Packing, unpacking and bytes of each flow and frame; packing that was traced goes first."""
    pack, unpack, size = [], [], []
    shown = {flow.producer for flow in graph.flows if flow.role == "evidence"}
    for flow in graph.flows:
        name = graph.names[flow.producer]
        step, suffix = trace.steps[name], "evidence" if flow.role == "evidence" else "encode"
        packing = trace.steps.get(f"{name}.{suffix}")
        suffix = "evidence" if flow.role == "evidence" else "decode"
        unpacking = next(
            (s for n, s in trace.steps.items() if n.startswith(f"{name}.{suffix}@")), None
        )
        pack.append(packing.cpu_s if packing else step.encode_s)
        unpack.append(unpacking.cpu_s if unpacking else step.decode_s)
        sent = step.size_bytes
        if flow.role == "answer":
            plain = PLAIN_EVENT_BYTES * step.items if flow.producer in shown else sent
            is_empty = step.items == 0
            sent = np.where(is_empty, np.where(trace.analysed, EMPTY_ANSWER_BYTES, 0.0), plain)
        size.append(packing.size_bytes if packing else sent)
    return np.stack(pack), np.stack(unpack), np.stack(size)


def _per_stream(trace: Trace, workflow: Workflow, lent: Mapping[str, str], rows: Floats) -> Floats:
    """Row sums over each stream's own duration, a second: (rows, K)."""
    names = [stream.name for _, stream in workflow.streams()]
    measured = [lent.get(name, name) for name in names]
    number = {name: i for i, name in enumerate(trace.streams)}
    chosen = np.stack([trace.stream == number.get(name, -1) for name in measured], axis=1)
    rate = np.array([float(trace.rates.get(name, 0)) for name in measured])
    found: Floats = rows @ (chosen * (rate / np.maximum(chosen.sum(axis=0), 1)))
    return found


def _memory_gb(
    graph: Graph, signatures: Mapping[str, Signature], variants: Mapping[str, Variant]
) -> Floats:
    """A model takes 50 MB and 400 bytes an input pixel (YOLOX-Nano 416: .12 GB)."""
    found = np.zeros(len(graph.names))
    for i, step in enumerate(graph.steps, start=graph.source_count):
        for setting in signatures[step.operator].models:
            variant = variants.get(str(step.settings.get(setting)))
            found[i] += 0.05 + 4e-7 * variant.size**2 if variant else 0.0
    return found
