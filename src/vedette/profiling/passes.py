"""What frames take that go through a model together, measured on a workflow's own pictures."""

import time
from collections.abc import Sequence
from itertools import islice
from statistics import median
from typing import Any

from vedette.declaring.operator import signatures
from vedette.errors import InputError, Problem
from vedette.media.source import open_source
from vedette.models import loader
from vedette.models.gathering import wide
from vedette.models.zoo import variants
from vedette.planning.expand import expand, golden
from vedette.profiling.measure import Workers
from vedette.profiling.settings import alone
from vedette.types.graph import Workflow
from vedette.types.media import Frame
from vedette.types.passes import Passes

REPEATS = 5


def measure_passes(workflow: Workflow, most: int, workers: Workers) -> dict[str, Passes]:
    """Of every model that a choice of knobs may run, by variant; passes of 1, 2, 4, ... ``most``.

    Models that take no batch, or are no quicker for it, come out with passes of one. Raises
    InputError where the workflow's files have fewer frames than that.
    """
    names = sorted(models_of(workflow))
    begun = {name: workers.call(_measured, workflow, name, sizes(most)) for name in names}
    return {name: future.result() for name, future in begun.items()}


def sizes(most: int) -> tuple[int, ...]:
    """How many frames the passes have that are measured.

    >>> sizes(1), sizes(6)
    ((1,), (1, 2, 4, 6))
    """
    return tuple(sorted({most, *(2**i for i in range(most.bit_length()))}))


def models_of(workflow: Workflow) -> set[str]:
    """The variants of models that any choice runs."""
    known, named = variants(workflow.own, larger=True), signatures()
    return {
        str(step.settings[name])
        for choice in (golden(workflow), *alone(workflow).values())
        for step in expand(workflow, choice, known).steps
        for name in named[step.operator].models
    }


def _measured(workflow: Workflow, variant: str, rows: Sequence[int]) -> Passes:
    """In a process of its own, one pass after the other."""
    model = loader(workflow.own)(variant)
    if not hasattr(model, "over"):
        return Passes((1,), (1.0,))
    return passes_of_model(model, _pictures(workflow, max(rows)), rows)


def passes_of_model(model: Any, frames: Sequence[Frame], rows: Sequence[int]) -> Passes:
    """The share of each size: medians of pairs, one by one and together, each time on others."""
    share = {1: 1.0}
    for count in rows:
        if count == 1:
            continue
        together = model.over(wide(model.backend, count), rows_at_once=count)
        _cpu_s(together, frames[:count])  # a model's first batch is run both ways
        _cpu_s(together, frames[:count])
        pairs = []
        for start in range(REPEATS):
            chosen = [frames[(start * count + i) % len(frames)] for i in range(count)]
            alone_s = _cpu_s(model, chosen)
            pairs.append(_cpu_s(together, chosen) / max(alone_s, 1e-9))
        share[count] = median(pairs)
    return Passes(tuple(share), tuple(share.values())).while_it_pays()


def _cpu_s(model: Any, frames: Sequence[Frame]) -> float:
    start = time.process_time()
    if hasattr(model, "classify"):
        model.classify(frames)
    else:
        model.detect(frames, confidence=0.3)
    return time.process_time() - start


def _pictures(workflow: Workflow, count: int) -> list[Frame]:
    """The first frames of one size, of the stream that is the first to have so many."""
    for _, stream in workflow.streams():
        if stream.pace != "file":
            continue
        with open_source(stream, threads=1) as reader:
            found = list(islice(reader.frames(), count))
        if len(found) == count:
            return found
    raise InputError(
        Problem(
            f"no file stream of {workflow.name} with {count} frames",
            f"{count} frames, to measure passes of {count}",
            "a longer clip, or a smaller --max-batch",
        )
    )
