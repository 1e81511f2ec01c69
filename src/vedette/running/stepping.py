"""One step on one source frame: joins by key, gather, fan-out, union, conditions and drops.

An optional input is None where its step made nothing of the frame; a step that has no other
inputs, and nothing in any of these, is not called.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import or_
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
    is_union: bool = field(init=False)
    gathers: tuple[bool, ...] = field(init=False)
    """Of each input (of a union: of all together) if its items arrive as one tuple."""
    optional: tuple[bool, ...] = field(init=False)
    """Of each input (of a union: of all together) if it may be None."""
    is_whole: bool = field(init=False)
    """Whether it is called at most once a frame, for all that there is of it."""

    def __post_init__(self) -> None:
        count = len(self.step.inputs)
        is_union = self.signature.unites(count)
        ports = self.signature.inputs if is_union else self.signature.ports(count)
        object.__setattr__(self, "is_union", is_union)
        object.__setattr__(self, "gathers", tuple(port.arity == "all" for port in ports))
        object.__setattr__(self, "optional", tuple(port.may_drop for port in ports))
        is_whole = not is_union and all(map(or_, self.whole, self.gathers))
        object.__setattr__(self, "is_whole", is_whole)


def wire(workflow: Workflow, signatures: Mapping[str, Signature]) -> dict[str, Wiring]:
    """The wiring of every step."""
    whole = {source.name: True for source in workflow.sources}
    found = {}
    for step in workflow.ordered():
        wiring = Wiring(step, signatures[step.operator], tuple(whole[n] for n in step.inputs))
        found[step.name] = wiring
        whole[step.name] = _makes_one(wiring)
    return found


@dataclass(frozen=True, slots=True)
class Ready:
    """A step that has what it reads of one frame, and the calls that this leads to."""

    wiring: Wiring
    bundles: Sequence[Bundle]
    calls: Sequence[Call]

    def bundle(self, results: Sequence[Any] = ()) -> Bundle:
        """What the step makes of the frame, given what each call came to."""
        here = self.bundles[0]
        if not self.calls and self.wiring.is_whole:
            return Bundle(here.stream, here.frame, here.time_s, (), dropped=True)
        made = _numbered(self.wiring, self.calls, results)
        dropped = _is_dropped(self.wiring, self.bundles, results)
        return Bundle(here.stream, here.frame, here.time_s, made, dropped)


def ready(wiring: Wiring, inputs: Mapping[str, Bundle]) -> Ready:
    """``inputs`` has bundles by step name; one that is missing (another source's) is empty."""
    present = [inputs[name] for name in wiring.step.inputs if name in inputs]
    bundles = present
    if not wiring.is_union and len(present) < len(wiring.step.inputs):
        here = present[0]
        empty = Bundle(here.stream, here.frame, here.time_s, (), dropped=True)
        bundles = [inputs.get(name, empty) for name in wiring.step.inputs]
    if wiring.step.when:
        first = inputs.get(wiring.step.inputs[0])
        bundles = [_conditional(wiring, first, each) for each in bundles]
    return Ready(wiring, bundles, _calls(wiring, bundles))


def _makes_one(wiring: Wiring) -> bool:
    if wiring.signature.output.arity == "all":
        return False
    if wiring.is_union:
        return wiring.gathers[0]
    return wiring.is_whole


def _conditional(wiring: Wiring, first: Bundle | None, bundle: Bundle) -> Bundle:
    when = wiring.step.when
    if bundle is not first:
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
    if all(wiring.optional) and not any(bundle.items for bundle in bundles):
        return []
    common: list[list[Any] | dict[int, Any]] = []
    numbered: list[tuple[dict[int, Any], bool]] = []
    for bundle, whole, gathers, optional in zip(
        bundles, wiring.whole, wiring.gathers, wiring.optional, strict=True
    ):
        if bundle.dropped or (whole and not gathers and not bundle.items):
            if not optional:
                return []
            common.append([None])
        elif gathers:
            common.append([tuple(item for _, item in bundle.items)])
        elif whole:
            common.append([bundle.items[0][1]])
        else:
            items = dict(bundle.items)
            common.append(items)
            numbered.append((items, optional))
    return [
        (n, tuple(each.get(n) if isinstance(each, dict) else each[0] for each in common))
        for n in _numbers(numbered)
    ]


def _numbers(numbered: Sequence[tuple[dict[int, Any], bool]]) -> list[int]:
    """Of the items to be joined: those that all have who must, or else those that anyone has."""
    if not numbered:
        return [0]
    needed = [items for items, optional in numbered if not optional]
    if needed:
        return [n for n in needed[0] if all(n in each for each in needed)]
    return sorted({n for items, _ in numbered for n in items})


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
    gone = [bundle.dropped for bundle in bundles]
    needed = [is_gone for is_gone, o in zip(gone, wiring.optional, strict=True) if not o]
    if any(needed) if needed else all(gone):
        return True
    return wiring.is_whole and all(made is None for made in results)
