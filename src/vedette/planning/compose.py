"""What a choice of knobs would have measured, from each knob measured alone.

Chameleon (Jiang et al., SIGCOMM 2018) profiles n knobs of m values in n x m runs instead of m^n,
assuming that they act independently. Here that means: accuracies relative to golden multiply, and
so do a step's CPU seconds, items and bytes; a knob that keeps frames back (a rate, a difference
threshold) keeps the same frames back whatever the others are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from vedette.errors import Problem, RecordError
from vedette.planning.placement import is_packing
from vedette.types.coding import coding_of
from vedette.types.graph import SOURCE, Choice, Scalar, Workflow
from vedette.types.profile import Profile, StepTrace, Sweep, Trace

Floats = NDArray[np.float64]
CODING = "transport.qp"
FIELDS = ("cpu_s", "items", "size_bytes", "encode_s", "decode_s")


def accuracy(profile: Profile, choice: Choice, metric: str) -> float:
    """That of a choice: golden's own (1 without labels) times what each knob alone keeps of it.

    Assumes independent knobs (Chameleon), which the verification by running then checks.
    """
    best = golden_accuracy(profile, metric)
    alone = (_sweep(profile, *knob).scores[metric].value for knob in moved(profile, choice).items())
    return min(best * prod(each / best for each in alone), 1.0) if best else 0.0


def golden_accuracy(profile: Profile, metric: str) -> float:
    """How the golden setting itself scores: against labels less than 1."""
    return profile.scores[metric].value if metric in profile.scores else 1.0


def moved(profile: Profile, choice: Choice) -> dict[str, Scalar]:
    """The knobs that a choice sets to something else than golden, in the order of the profile."""
    golden = profile.golden.choice
    return {knob: choice[knob] for knob in golden if choice.get(knob, golden[knob]) != golden[knob]}


def compose(profile: Profile, choice: Choice, expanded: Workflow) -> Trace:
    """The trace of a choice that nobody measured, with the steps of its ``expanded`` workflow.

    A step that has a knob of its own starts from that knob's trace, any other from golden's; each
    other knob scales its figures by (sum with the knob) / (sum golden). Downstream of a knob that
    keeps frames back only the frames remain that it let through in its own measurement, and the
    sums are over those. A choice measured as a whole (golden, one knob alone) is taken as it is,
    except for bytes that nobody measured there. ``tracks`` are golden's. A picture that is coded by
    itself is as large whatever came before it, so where frames travel as such a knob that keeps
    frames back changes nothing of those that remain.
    """
    knobs = moved(profile, choice)
    whole = _measured(profile, knobs)
    effects = {knob: _effect(profile, knob, value) for knob, value in knobs.items()}
    steps = dict[str, StepTrace]()
    for node in _nodes(expanded):
        part = _compose_step(profile, node, effects)
        if coding_of(choice.get(CODING, SOURCE)).is_still:
            part = _stilled(part, node, effects)
        steps[node.name] = part if whole is None else _filled(whole.steps[node.name], part)
    base = profile.golden if whole is None else whole
    analysed = base.analysed.copy()
    for effect in effects.values():
        analysed &= effect.trace.analysed if whole is None else True
    return replace(base, choice=dict(choice), analysed=analysed, steps=steps)


def _stilled(part: StepTrace, node: "_Node", effects: Mapping[str, "_Effect"]) -> StepTrace:
    """The step with what frames take that are coded one by one, scaled by what changes them."""
    coded = effects[CODING].trace.steps.get(node.name)
    if coded is None or not np.isfinite(coded.size_bytes).all():
        return part
    factors, kept = dict.fromkeys(FIELDS, 1.0), np.ones(len(coded.items), bool)
    for knob, effect in effects.items():
        concerns = effect.step == node.declared or effect.step in node.above
        if effect.kept is not None and concerns:
            kept = kept & effect.kept
        elif knob != CODING:
            ratio = effect.plain.get(node.name, {})
            factors = {field: factors[field] * ratio.get(field, 1.0) for field in FIELDS}
    still = _scaled(coded, factors, kept)
    return replace(
        part, size_bytes=still.size_bytes, encode_s=still.encode_s, decode_s=still.decode_s
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Effect:
    """What one knob at one value does to every step.

    ``kept`` are the frames that the knob's own step let through (None: all that golden does).
    ``plain`` and ``masked`` hold the ratio of sums to golden's, over all frames and over ``kept``,
    by the step's name, and by ``=declared`` for all parts of a declared step together.
    """

    step: str
    trace: Trace
    kept: NDArray[np.bool_] | None
    plain: Mapping[str, Mapping[str, float]]
    masked: Mapping[str, Mapping[str, float]]


@lru_cache(maxsize=512)
def _effect(profile: Profile, knob: str, value: Scalar) -> _Effect:
    golden, trace = profile.golden, _sweep(profile, knob, value).trace
    step = knob.rpartition(".")[0]
    kept = None
    if step in trace.steps:
        through = trace.steps[step].items > 0
        if through.sum() < (golden.steps[step].items > 0).sum():
            kept = through
    plain = _ratios(golden, trace, np.ones(len(golden.frame), bool))
    masked = plain if kept is None else _ratios(golden, trace, kept)
    return _Effect(step, trace, kept, plain, masked)


def _ratios(golden: Trace, trace: Trace, kept: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    above, below = _sums(trace, kept), _sums(golden, kept)
    return {
        name: {field: _ratio(above[name][field], below[name][field]) for field in FIELDS}
        for name in above.keys() & below.keys()
    }


def _sums(trace: Trace, kept: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """By step; ``=declared`` adds the CPU of a step's parts and takes the output of the last."""
    found: dict[str, dict[str, float]] = {}
    for name, step in trace.steps.items():
        found[name] = {field: float(getattr(step, field)[kept].sum()) for field in FIELDS}
    for name in list(found):
        declared = declared_name(name)
        group = found.setdefault(f"={declared}", {**found.get(declared, found[name]), "cpu_s": 0.0})
        group["cpu_s"] += found[name]["cpu_s"]
    return found


def _ratio(above: float, below: float) -> float:
    """1 where nobody measured it or where golden has nothing to scale."""
    return above / below if np.isfinite(above) and np.isfinite(below) and below > 0 else 1.0


def declared_name(name: str) -> str:
    """The declared step that a part belongs to: parts are named ``step.part``."""
    return name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Node:
    """A source or step, all parts of its declared step, and the declared steps above that."""

    name: str
    declared: str
    parts: frozenset[str]
    above: frozenset[str]


def _compose_step(profile: Profile, node: _Node, effects: Mapping[str, _Effect]) -> StepTrace:
    name, declared, parts = node.name, node.declared, node.parts
    is_whole = _groups(profile.golden).get(declared) == parts
    mine = (effect for effect in effects.values() if effect.step == declared)
    own = next((effect for effect in mine if _groups(effect.trace).get(declared) == parts), None)
    if own is None and not is_whole:
        raise RecordError(
            Problem(
                f"a profile without the steps {', '.join(sorted(parts))}",
                "a profile of this workflow, with every value of its knobs",
                "profiling again",
            )
        )
    base = (own.trace if own else profile.golden).steps[name]
    if own and name in profile.golden.steps:
        base = _filled(base, profile.golden.steps[name])
    factors, kept = dict.fromkeys(FIELDS, 1.0), None
    for effect in effects.values():
        if effect is own:
            continue
        is_below = effect.step in node.above
        if is_below and effect.kept is not None:
            kept = effect.kept if kept is None else kept & effect.kept
        ratios = effect.masked if is_below else effect.plain
        ratio = ratios.get(name if is_whole else f"={declared}", ratios.get(f"={declared}", {}))
        factors = {field: factors[field] * ratio.get(field, 1.0) for field in FIELDS}
    return _scaled(base, factors, kept)


@lru_cache(maxsize=512)
def _groups(trace: Trace) -> Mapping[str, frozenset[str]]:
    """Each declared step's parts in a trace, without the packing beside them."""
    found: dict[str, set[str]] = {}
    for name in trace.steps:
        if not is_packing(name):
            found.setdefault(declared_name(name), set()).add(name)
    return {declared: frozenset(parts) for declared, parts in found.items()}


def _scaled(
    base: StepTrace, factors: Mapping[str, float], kept: NDArray[np.bool_] | None
) -> StepTrace:
    def scaled(field: str) -> Floats:
        values: Floats = getattr(base, field)
        if factors[field] != 1.0:
            values = values * factors[field]
        return values if kept is None else values * kept

    items = scaled("items")
    if factors["items"] != 1.0:
        # the sum stays true, where rounding each frame would lose it
        items = np.diff(np.floor(np.cumsum(items) + 0.5), prepend=0.0)
    return StepTrace(
        scaled("cpu_s"),
        items.astype(np.int32),
        scaled("size_bytes"),
        scaled("encode_s"),
        scaled("decode_s"),
    )


def _filled(step: StepTrace, other: StepTrace) -> StepTrace:
    """The step, with bytes and packing from another trace where nobody measured them here."""
    if np.isfinite(step.size_bytes).all():
        return step
    return replace(
        step,
        size_bytes=other.size_bytes,
        encode_s=other.encode_s,
        decode_s=other.decode_s,
    )


def _measured(profile: Profile, knobs: Mapping[str, Scalar]) -> Trace | None:
    if not knobs:
        return profile.golden
    if len(knobs) == 1:
        return _sweep(profile, *next(iter(knobs.items()))).trace
    return None


def _sweep(profile: Profile, knob: str, value: Scalar) -> Sweep:
    try:
        return profile.sweeps[knob, value]
    except KeyError:
        known = [str(each) for name, each in profile.sweeps if name == knob]
        raise RecordError(
            Problem(
                f"a profile without {knob} = {value}",
                f"one of the measured values {', '.join(known) or '(none)'}",
                "profiling again",
            )
        ) from None


def _nodes(workflow: Workflow) -> tuple[_Node, ...]:
    steps = tuple((step.name, step.declared, step.inputs) for step in workflow.ordered())
    return _structure(tuple(source.name for source in workflow.sources), steps)


@lru_cache(maxsize=64)
def _structure(
    sources: tuple[str, ...], steps: tuple[tuple[str, str, tuple[str, ...]], ...]
) -> tuple[_Node, ...]:
    """From sources and (name, declared step, inputs) of steps, each after its inputs."""
    declared = {name: name for name in sources} | {name: owner for name, owner, _ in steps}
    above: dict[str, frozenset[str]] = {name: frozenset() for name in sources}
    for name, owner, inputs in steps:
        upstream = frozenset().union(*(above[n] | {declared[n]} for n in inputs))
        above[name] = upstream - {owner}
    parts: dict[str, set[str]] = {}
    for name, owner in declared.items():
        parts.setdefault(owner, set()).add(name)
    return tuple(
        _Node(name, owner, frozenset(parts[owner]), above[name]) for name, owner in declared.items()
    )
