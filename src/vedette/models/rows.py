"""Batches as rows: what may stand in one array, and which of those that wait run now.

Nothing here looks at a clock or keeps a thread, so the same decisions are made by a server, by a
client that gathers frames of many streams, and by a simulation.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from vedette.errors import ModelError, Problem
from vedette.models.backend import Arrays
from vedette.models.wire.errors import wrong


@dataclass(frozen=True, slots=True)
class Batching:
    """How requests for one model are put together.

    A batch has at most ``max_rows`` rows. It runs when it is full, or when its oldest request has
    waited ``max_wait_s``; with 0 a free worker takes what is there, so that batches form only
    while all are busy. ``max_queue`` rows may wait; what comes then is refused.
    """

    max_rows: int = 8
    max_wait_s: float = 0.0
    max_queue: int = 256

    def __post_init__(self) -> None:
        if not (0 < self.max_rows <= self.max_queue and 0 <= self.max_wait_s <= 60):
            raise ModelError(
                Problem(
                    f"max_rows {self.max_rows}, max_wait_s {self.max_wait_s}, "
                    f"max_queue {self.max_queue}",
                    "1 <= max_rows <= max_queue, and a wait from 0 to 60 seconds",
                    "max_rows 8, max_wait_s 0.002",
                )
            )


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that waits. Only requests of one ``kind`` can share a batch."""

    rows: int
    kind: Hashable
    at_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Positions in the queue that run now as one batch, or when to ask again.

    ``again_s`` is None where something runs, or where only an arrival can change the answer.
    """

    run: tuple[int, ...] = ()
    again_s: float | None = None


def decide(queue: Sequence[Arrival], now_s: float, batching: Batching) -> Decision:
    """What a free worker does with a ``queue`` in order of arrival.

    Of each kind the oldest leads, and the next join it while they fit; none overtakes one of its
    kind. The batch whose leader has waited ``max_wait_s`` for longest runs; where none has, the
    first that is full. So a leader waits for no longer than that and the work before it, whatever
    else arrives.

    >>> waiting = [Arrival(1, "a", 0.0), Arrival(3, "b", 0.1), Arrival(1, "b", 0.2)]
    >>> decide(waiting, 0.3, Batching(max_rows=4, max_wait_s=1.0))
    Decision(run=(1, 2), again_s=None)
    >>> decide(waiting, 1.0, Batching(max_rows=4, max_wait_s=1.0))
    Decision(run=(0,), again_s=None)
    >>> decide(waiting[:2], 0.3, Batching(max_rows=4, max_wait_s=1.0))
    Decision(run=(), again_s=1.0)
    """
    groups = _groups(queue, batching.max_rows)
    for group in groups:  # in order of their leaders' arrival
        if now_s >= queue[group.members[0]].at_s + batching.max_wait_s:
            return Decision(tuple(group.members))
    for group in groups:
        if group.is_full:
            return Decision(tuple(group.members))
    return Decision(again_s=queue[0].at_s + batching.max_wait_s if queue else None)


@dataclass(slots=True)
class _Group:
    members: list[int]
    rows: int
    is_full: bool


def _groups(queue: Sequence[Arrival], max_rows: int) -> list[_Group]:
    found: dict[Hashable, _Group] = {}
    for position, each in enumerate(queue):
        group = found.setdefault(each.kind, _Group([], 0, is_full=False))
        if group.is_full:
            continue
        if not group.members or group.rows + each.rows <= max_rows:
            group.members.append(position)
            group.rows += each.rows
            group.is_full = group.rows >= max_rows
        else:
            group.is_full = True
    return list(found.values())


def rows_of(arrays: Arrays) -> int:
    """How many rows every array has. Raises WireError (400) where they differ or there are none."""
    counts = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(counts) != 1 or not min(counts):
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise wrong(
            f"inputs {shapes or 'none'}",
            "inputs whose first axis counts the same rows, 1 or more",
            "shapes that begin with the number of pictures",
        )
    return int(counts.pop())


def kind_of(arrays: Arrays) -> Hashable:
    """Equal where arrays may be joined: names, types and all axes but the first."""
    return tuple(sorted((name, array.dtype.str, array.shape[1:]) for name, array in arrays.items()))


def joined(parts: Sequence[Arrays]) -> Arrays:
    """The rows of all parts, in their order; parts must be of one kind. One part is not copied."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def parted(answer: Arrays, rows: Sequence[int]) -> list[Arrays]:
    """Each part's rows of an answer, as views. Raises WireError (500) where it has other rows."""
    total = sum(rows)
    other = {name: array.shape for name, array in answer.items() if array.shape[:1] != (total,)}
    if other:
        raise wrong(
            f"outputs {other} for a batch of {total}",
            "one row of each output for each row of the input",
            "max_rows 1 for this model",
            status=500,
        )
    starts = np.cumsum([0, *rows]).tolist()
    return [
        {name: array[start : start + count] for name, array in answer.items()}
        for start, count in zip(starts, rows, strict=False)
    ]
