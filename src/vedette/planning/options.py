"""The choices of knobs that a search weighs, each with what it asks of machines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

import numpy as np

from vedette.planning.compose import accuracy, compose, declared_name
from vedette.planning.cost import LIMIT
from vedette.planning.demand import Demand, demand
from vedette.planning.expand import expand, golden
from vedette.planning.knobs import MOST_CHOICES, KnobTable, KnobValue, reduced, useful
from vedette.planning.layout import Graph, graph
from vedette.planning.passes import passes_of
from vedette.planning.placement import Placement
from vedette.types.cluster import Cluster
from vedette.types.coding import coding_of
from vedette.types.graph import OF_ALERTS, SOURCE, Accuracy, Choice, Objective, Scalar, Workflow
from vedette.types.operators import Signature, Variant
from vedette.types.profile import Profile, Trace


@dataclass(frozen=True, slots=True)
class Limits:
    """``held`` are knobs that are not to be chosen, ``pinned`` declared steps not to be placed.

    ``finalists`` placements of each choice, the best for an average frame, get their percentiles;
    so many with each number of machines and size of passes.
    """

    load: float = LIMIT
    choices: int = MOST_CHOICES
    finalists: int = 12
    verify: int = 5
    pairs: int = 50_000
    held: Choice = field(default_factory=dict)
    pinned: Placement = field(default_factory=dict)


DEFAULT = Limits()
FINE: Accuracy = "frame_f1"
"""Counts hundreds of boxes where event F1 counts a few events."""
NOISE = 0.9
"""The same work, measured twice, differs by less than down to this share."""


@dataclass(frozen=True, slots=True)
class Context:
    """All that a choice is made on, but the cluster."""

    profile: Profile
    workflow: Workflow
    variants: Mapping[str, Variant]
    signatures: Mapping[str, Signature]


@dataclass(frozen=True, eq=False, slots=True)
class Option:
    """One choice with its expanded workflow, what it asks for, and its predicted accuracies."""

    choice: Choice
    workflow: Workflow
    ask: Demand
    accuracy: Mapping[Accuracy, float]


def options(context: Context, cluster: Cluster, limits: Limits) -> tuple[Option, ...]:
    """Every choice, if they are ``limits.choices`` at most, else those of the reduced set.

    In order, golden first. Of the cluster only the devices' names matter.
    """
    shapes: dict[object, Graph] = {}
    found = []
    for picked in _picked(context, limits):
        choice = {**golden(context.workflow), **picked}
        expanded = expand(context.workflow, choice, context.variants)
        shape = shape_of(shapes, expanded, cluster, context.signatures, choice)
        shape = replace(shape, steps=expanded.ordered())
        trace = compose(context.profile, choice, expanded)
        passes = passes_of(expanded, context.signatures, context.profile.passes)
        ask = demand(trace, shape, context.signatures, context.variants, passes)
        found.append(Option(choice, expanded, ask, _accuracies(context, choice)))
    return tuple(found)


def choices(context: Context, limits: Limits) -> int:
    """How many choices there are, weighed or not."""
    return prod(len(values) for values in _values(context, limits).values())


def _values(context: Context, limits: Limits) -> dict[str, tuple[Scalar, ...]]:
    """Each knob's values to weigh: without those that changed nothing where they were measured.

    A width above that of every source is one: its cost differs by noise, and noise may not choose.
    """
    held, profile = limits.held, context.profile
    return {
        knob: (held[knob],) if knob in held else tuple(_telling(profile, knob, values))
        for knob, values in context.workflow.knobs().items()
    }


def _telling(profile: Profile, knob: str, values: Sequence[Scalar]) -> Iterator[Scalar]:
    for value in values:
        sweep = profile.sweeps.get((knob, value))
        is_way = knob == "transport.qp"  # only what has a quality can cross a link
        if is_way or sweep is None or not _is_golden(sweep.trace, profile.golden):
            yield value


def _is_golden(trace: Trace, golden: Trace) -> bool:
    """Whether a trace saw what golden saw, in as many items and bytes, and no cheaper by far."""
    return (
        _cpu_s(trace) > NOISE * _cpu_s(golden)
        and np.array_equal(trace.frame, golden.frame)
        and np.array_equal(trace.tracks.box, golden.tracks.box)
        and np.array_equal(trace.tracks.track, golden.tracks.track)
        and trace.steps.keys() == golden.steps.keys()
        and all(
            np.array_equal(step.items, golden.steps[name].items)
            and np.array_equal(step.size_bytes, golden.steps[name].size_bytes, equal_nan=True)
            for name, step in trace.steps.items()
        )
    )


def _cpu_s(trace: Trace) -> float:
    return sum(float(step.cpu_s.sum()) for step in trace.steps.values())


def _picked(context: Context, limits: Limits) -> Sequence[Choice]:
    values = _values(context, limits)
    if choices(context, limits) > limits.choices:
        return reduced(_tables(context, values), most=limits.choices)
    return [dict(zip(values, row, strict=True)) for row in product(*values.values())]


def shape_of(
    shapes: dict[object, Graph],
    workflow: Workflow,
    cluster: Cluster,
    signatures: Mapping[str, Signature],
    choice: Choice,
) -> Graph:
    """The graph of a choice's workflow, shared by all that differ in settings only."""
    codec = coding_of(choice["transport.qp"]).codec
    key = (codec, *((step.name, step.operator, step.inputs) for step in workflow.steps))
    if key not in shapes:
        shapes[key] = graph(workflow, cluster, signatures, codec)
    return shapes[key]


def tightest(option: Option, objective: Objective) -> Accuracy:
    """The floor's metric with the least room; the workflow's first where there is no floor."""
    floors = objective.floors or {next(iter(option.accuracy)): 0.0}
    return min(floors, key=lambda metric: option.accuracy[metric] - floors[metric])


def promise(option: Option, objective: Objective) -> float:
    """How likely a floor will hold: its own accuracy and frame F1, averaged.

    A short part shows few events: many choices keep all of them, though by far not equally well.
    Frame F1 counts hundreds of boxes, and so tells them apart. Of what is alerted it says little (a
    colour is lost in boxes that are right), so there it weighs a tenth.
    """
    own = option.accuracy[tightest(option, objective)]
    weight = 0.1 if any(metric in OF_ALERTS for metric in objective.floors) else 0.5
    return (1 - weight) * own + weight * option.accuracy.get(FINE, own)


def margin(option: Option, objective: Objective) -> float:
    floors = objective.floors.items()
    return min((option.accuracy[metric] - floor for metric, floor in floors), default=0.0)


def _tables(context: Context, values: Mapping[str, tuple[Scalar, ...]]) -> list[KnobTable]:
    """The useful values of knobs: their accuracies and the sums that become costs once placed."""
    found = []
    for knob, kept in values.items():
        table = KnobTable(knob, tuple(_value_row(context, knob, value) for value in kept))
        found.append(_useful_quality(table) if knob == "transport.qp" else useful(table))
    return found


def _useful_quality(table: KnobTable) -> KnobTable:
    """Quality as the source decodes beats none of the others: such frames cannot cross a link."""
    source = tuple(row for row in table.values if row.value == SOURCE)
    rest = tuple(row for row in table.values if row.value != SOURCE)
    return KnobTable(
        table.name, source + (useful(KnobTable(table.name, rest)).values if rest else ())
    )


def _value_row(context: Context, knob: str, value: Scalar) -> KnobValue:
    profile, choice = context.profile, {**golden(context.workflow), knob: value}
    expanded = expand(context.workflow, choice, context.variants)
    trace, reference = compose(profile, choice, expanded), profile.golden
    shares = _shares_of(trace, reference)
    accuracies = _accuracies(context, choice)
    main = min(accuracies.values())
    losses = [1 / max(each, 1e-9) for each in accuracies.values()]
    return KnobValue(value, main, (*shares, *losses))


def _shares_of(trace: Trace, golden: Trace) -> list[float]:
    """Per declared step CPU and bytes over golden's, and the longest time without an answer."""
    totals = []
    for each in (trace, golden):
        sums: dict[tuple[str, str], float] = {}
        for name, step in each.steps.items():
            declared = declared_name(name)
            sums[declared, "cpu"] = sums.get((declared, "cpu"), 0.0) + float(step.cpu_s.sum())
            if name == declared:
                for part in ("size_bytes", "encode_s", "decode_s"):
                    sums[name, part] = float(np.nansum(getattr(step, part)))
        totals.append(sums)
    chosen, reference = totals
    shares = [chosen[key] / value if value > 0 else 1.0 for key, value in reference.items()]
    return [*shares, _longest_gap_s(trace) / max(_longest_gap_s(golden), 1e-9)]


def _longest_gap_s(trace: Trace) -> float:
    stream, time_s = trace.stream[trace.analysed], trace.time_s[trace.analysed]
    gaps = np.diff(time_s)[np.diff(stream) == 0]
    return float(gaps.max()) if len(gaps) else float("inf")


def _accuracies(context: Context, choice: Choice) -> dict[Accuracy, float]:
    return {m: accuracy(context.profile, choice, m) for m in told(context.workflow)}


def told(workflow: Workflow) -> Sequence[Accuracy]:
    """The accuracies that are forecast: those of floors first, then all that are counted."""
    return list(dict.fromkeys([*workflow.objective.floors, *workflow.scored()]))
