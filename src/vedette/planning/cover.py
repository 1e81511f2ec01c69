"""A trace for every stream of a workflow, where only some of them were measured."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vedette.types.graph import Workflow
from vedette.types.profile import StepTrace, Trace


def cover(trace: Trace, workflow: Workflow) -> Trace:
    """Streams that a trace does not hold borrow the frames of one of their source that it does.

    Lenders take turns, in declared order. Of n streams that show one stream's frames, the k-th
    begins k/n of them later and goes round, so that they are not all busy at once. What was seen
    is not borrowed: one physical event counts once. A trace that holds every stream comes back as
    it is.
    """
    lent = lenders(trace, workflow)
    if not lent:
        return trace
    streams, stream, taken = lent_rows(trace, lent)
    shown = _shifted(streams, stream, taken, lent)
    return replace(
        trace,
        streams=streams,
        stream=stream,
        frame=trace.frame[taken],
        time_s=trace.time_s[taken],
        analysed=trace.analysed[shown],
        steps={name: _rows(step, shown) for name, step in trace.steps.items()},
        sizes=_lent(trace.sizes, lent),
        rates=_lent(trace.rates, lent),
    )


def lenders(trace: Trace, workflow: Workflow) -> dict[str, str]:
    """Whose frames each stream borrows that a trace does not hold."""
    is_known = np.bincount(trace.stream, minlength=len(trace.streams)) > 0
    known = {name for name, held in zip(trace.streams, is_known, strict=True) if held}
    found: dict[str, str] = {}
    for source in workflow.sources:
        names = [stream.name for stream in source.streams]
        lending = [name for name in names if name in known]
        missing = [name for name in names if name not in known]
        found |= {name: lending[i % len(lending)] for i, name in enumerate(missing) if lending}
    return found


def lent_rows(
    trace: Trace, lent: Mapping[str, str]
) -> tuple[tuple[str, ...], NDArray[np.int32], NDArray[np.intp]]:
    """The names of all streams, and of each row then the stream's number and the row it repeats."""
    streams = tuple(dict.fromkeys((*trace.streams, *lent)))
    parts, owners = [np.arange(len(trace.frame))], [trace.stream]
    for name, lender in lent.items():
        rows = np.flatnonzero(trace.stream == trace.streams.index(lender))
        parts.append(rows)
        owners.append(np.full(len(rows), streams.index(name), np.int32))
    return streams, np.concatenate(owners), np.concatenate(parts)


def _shifted(
    streams: tuple[str, ...],
    stream: NDArray[np.int32],
    taken: NDArray[np.intp],
    lent: Mapping[str, str],
) -> NDArray[np.intp]:
    """The row that each row shows once those who borrow begin in turn at another frame."""
    shown = taken.copy()
    borrowers: dict[str, list[str]] = {}
    for name, lender in lent.items():
        borrowers.setdefault(lender, []).append(name)
    for names in borrowers.values():
        for place, name in enumerate(names, start=1):
            own = stream == streams.index(name)
            rows = taken[own]
            shown[own] = np.roll(rows, -(place * len(rows)) // (len(names) + 1))
    return shown


V = TypeVar("V")


def _rows(step: StepTrace, taken: NDArray[np.intp]) -> StepTrace:
    return StepTrace(*(getattr(step, each.name)[taken] for each in fields(step)))


def _lent(values: Mapping[str, V], lenders: Mapping[str, str]) -> dict[str, V]:
    lent = {name: values[lender] for name, lender in lenders.items() if lender in values}
    return {**values, **lent}
