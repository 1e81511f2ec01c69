"""The decorator that makes an operator of a function or class, and reads its signature.

Positional parameters are inputs, keyword-only ones are settings, the return annotation is the
output. ``tuple[Crop, ...]`` as an input gathers a frame's items; as an output it makes several.
``| None`` means that it may drop the item; of an input, that it is None where another step dropped
it. ``*verdicts: Verdict | None`` takes any number of inputs. ``Annotated[float, Knob(...)]`` is a
setting that the planner may choose and ``Model[Detector]`` a model that the executor fills in.
"""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from vedette.declaring.registry import operator_name, operators, register
from vedette.errors import DeclarationError, Problem
from vedette.types.graph import Knob
from vedette.types.operators import Port, Setting, Signature

__all__ = ["Model", "Resource", "operator", "operator_name", "operators", "signature", "signatures"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Resource:
    """Marks a parameter that the executor fills with a model backend."""


Model = Annotated[T, Resource()]
K = TypeVar("K", Knob, Resource)


def operator(target: F) -> F:
    """Register a function (stateless) or class (stateful) under its snake-case name."""
    register(operator_name(target), target)
    return target


class Signatures(Mapping[str, Signature]):
    """The signatures of operators, each read when it is asked for."""

    def __init__(self, known: Mapping[str, Callable[..., Any]]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> Signature:
        return signature(self._known[name])

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def signatures() -> Mapping[str, Signature]:
    """The signature of every known operator.

    Looking up one that cannot be used raises DeclarationError.
    """
    return Signatures(operators())


@cache
def signature(target: Callable[..., Any]) -> Signature:
    """What the annotations of an operator declare; raises DeclarationError where they do not."""
    try:
        return _read(target)
    except (AttributeError, IndexError, KeyError, NameError, TypeError, ValueError) as error:
        raise DeclarationError(
            Problem(
                f"an operator that does not say what it is: {_named(target)} ({error!r})",
                "annotated inputs and output, and every setting keyword-only",
                "def blur(frame: Frame, *, strength: int = 3) -> Frame: ...",
            )
        ) from error


def _read(target: Callable[..., Any]) -> Signature:
    is_class = inspect.isclass(target)
    call = vars(target)["__call__"] if isinstance(target, type) else target
    call_hints, parameters = _parameters(call)
    settings = parameters
    if is_class:
        hints, settings = _parameters(target.__init__)
        hints.pop("self", None)
    else:
        hints = call_hints
    inputs = [p for p in parameters if p.kind is not p.KEYWORD_ONLY and p.name != "self"]
    keywords = [p for p in settings if p.kind is p.KEYWORD_ONLY]
    models = [
        p.name
        for p in parameters
        if p.kind is p.KEYWORD_ONLY and _marker(call_hints[p.name], Resource) is not None
    ]
    return Signature(
        name=operator_name(target),
        inputs=tuple(
            replace(_port(call_hints[p.name]), repeats=p.kind is p.VAR_POSITIONAL) for p in inputs
        ),
        output=_port(call_hints["return"]),
        settings={p.name: _setting(p, hints[p.name]) for p in keywords if p.name not in models},
        models=tuple(models),
        kinds={name: get_args(call_hints[name])[0].__name__ for name in models},
        stateful=is_class,
        doc=inspect.getdoc(target) or "",
    )


def _named(target: Callable[..., Any]) -> str:
    return f"{getattr(target, '__name__', target)!s} in {getattr(target, '__module__', '?')}"


def _parameters(function: Callable[..., Any]) -> tuple[dict[str, Any], list[inspect.Parameter]]:
    hints = get_type_hints(function, include_extras=True)
    return hints, list(inspect.signature(function).parameters.values())


def _marker(hint: Any, kind: type[K]) -> K | None:
    if get_origin(hint) is not Annotated:
        return None
    return next((extra for extra in get_args(hint)[1:] if isinstance(extra, kind)), None)


def _port(hint: Any) -> Port:
    may_drop = False
    if get_origin(hint) in (Union, types.UnionType):
        kept = [each for each in get_args(hint) if each is not type(None)]
        may_drop, hint = len(kept) < len(get_args(hint)), kept[0]
    if get_origin(hint) is tuple:
        return Port(get_args(hint)[0].__name__, "all", may_drop)
    return Port(getattr(hint, "__name__", str(hint)), "one", may_drop)


def _setting(parameter: inspect.Parameter, hint: Any) -> Setting:
    knob = _marker(hint, Knob)
    required = parameter.default is parameter.empty
    return Setting(
        name=parameter.name,
        schema=_without(knob, hint) if knob else hint,
        default=None if required else parameter.default,
        required=required,
        choices=knob.values if knob else (),
    )


def _without(knob: Knob, hint: Any) -> Any:
    """A knob's type, with the bounds that stand beside the knob."""
    inner, *marks = get_args(hint)
    bounds = tuple(mark for mark in marks if mark is not knob)
    return Annotated[(inner, *bounds)] if bounds else inner
