"""One step on one source frame: joins by key, gather, fan-out, union, conditions and drops."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vedette.types.graph import Step, Workflow
from vedette.types.media import Bundle
from vedette.types.operators import Signature

Call = tuple[int, tuple[Any, ...]]
"""An item number and the operator's positional arguments."""

Each = Callable[[Callable[[Call], Any], Iterable[Call]], Iterable[Any]]
"""``map``, or something that works on several items at once and keeps their order."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """A step with what its signature and its place in the graph say about its inputs.

    ``whole`` says of each input if it holds at most one item, for the frame as a whole: such an
    input is paired with every item of the others.
    """

    step: Step
    signature: Signature
    whole: tuple[bool, ...]

    @property
    def is_union(self) -> bool:
        return len(self.signature.inputs) == 1 and len(self.step.inputs) > 1

    @property
    def gathers(self) -> tuple[bool, ...]:
        """Of each input (of a union: of all together) if its items arrive as one tuple."""
        return tuple(port.arity == "all" for port in self.signature.inputs)


def wire(workflow: Workflow, signatures: Mapping[str, Signature]) -> dict[str, Wiring]:
    """The wiring of every step."""
    whole = {source.name: True for source in workflow.sources}
    found = {}
    for step in workflow.ordered():
        wiring = Wiring(step, signatures[step.operator], tuple(whole[n] for n in step.inputs))
        found[step.name] = wiring
        whole[step.name] = _makes_one(wiring)
    return found


def run_step(
    wiring: Wiring, operator: Callable[..., Any], inputs: Mapping[str, Bundle], each: Each = map
) -> tuple[Bundle, int]:
    """The bundle that a step makes of a frame's bundles, and how often the operator was called.

    ``inputs`` holds the bundles by step name; one that is missing (another source's) is empty.
    """
    present = [inputs[name] for name in wiring.step.inputs if name in inputs]
    here = present[0]
    empty = Bundle(here.stream, here.frame, here.time_s, (), dropped=True)
    bundles = present if wiring.is_union else [inputs.get(n, empty) for n in wiring.step.inputs]
    bundles = [_conditional(wiring, inputs.get(wiring.step.inputs[0]), b) for b in bundles]
    calls = _calls(wiring, bundles)
    results = list(each(lambda call: operator(*call[1]), calls))
    made = _numbered(wiring, calls, results)
    dropped = _is_dropped(wiring, bundles, results)
    return Bundle(here.stream, here.frame, here.time_s, made, dropped), len(calls)


def _makes_one(wiring: Wiring) -> bool:
    if wiring.signature.output.arity == "all":
        return False
    if wiring.is_union:
        return wiring.gathers[0]
    return all(a or b for a, b in zip(wiring.whole, wiring.gathers, strict=True))


def _conditional(wiring: Wiring, first: Bundle | None, bundle: Bundle) -> Bundle:
    when = wiring.step.when
    if bundle is not first or not when:
        return bundle
    kept = tuple(
        (number, item)
        for number, item in bundle.items
        if all(getattr(item, name) in values for name, values in when.items())
    )
    return Bundle(bundle.stream, bundle.frame, bundle.time_s, kept, bundle.dropped)


def _calls(wiring: Wiring, bundles: Sequence[Bundle]) -> list[Call]:
    if wiring.is_union:
        return _union_calls(wiring, bundles)
    common: list[Any] = []
    for bundle, whole, gathers in zip(bundles, wiring.whole, wiring.gathers, strict=True):
        if bundle.dropped or (whole and not gathers and not bundle.items):
            return []
        if gathers:
            common.append([tuple(item for _, item in bundle.items)])
        else:
            common.append([bundle.items[0][1]] if whole else dict(bundle.items))
    keyed = [each for each in common if isinstance(each, dict)]
    numbers = [n for n in keyed[0] if all(n in each for each in keyed)] if keyed else [0]
    return [(n, tuple(c[n] if isinstance(c, dict) else c[0] for c in common)) for n in numbers]


def _union_calls(wiring: Wiring, bundles: Sequence[Bundle]) -> list[Call]:
    items = [item for bundle in bundles for _, item in bundle.items]
    if wiring.gathers[0]:
        return [] if all(b.dropped for b in bundles) else [(0, (tuple(items),))]
    return [(number, (item,)) for number, item in enumerate(items)]


def _numbered(
    wiring: Wiring, calls: Sequence[Call], results: Sequence[Any]
) -> tuple[tuple[int, Any], ...]:
    if wiring.signature.output.arity == "all":
        return tuple(enumerate(item for made in results if made is not None for item in made))
    pairs = zip(calls, results, strict=True)
    return tuple((number, made) for (number, _), made in pairs if made is not None)


def _is_dropped(wiring: Wiring, bundles: Sequence[Bundle], results: Sequence[Any]) -> bool:
    if wiring.is_union:
        return all(bundle.dropped for bundle in bundles)
    if any(bundle.dropped for bundle in bundles):
        return True
    is_whole = all(a or b for a, b in zip(wiring.whole, wiring.gathers, strict=True))
    return is_whole and all(made is None for made in results)
