"""What an operator's signature says: its inputs, settings, knobs, models and output."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vedette.types.graph import Scalar

Arity = Literal["one", "all"]


@dataclass(frozen=True, slots=True)
class Port:
    """``type`` is the item's class name. An input with ``arity`` "all" gathers a frame's items in
    order as a tuple; an output with it makes several items of one call. ``may_drop``: or None.
    """

    type: str
    arity: Arity = "one"
    may_drop: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A keyword-only parameter. ``default`` is meaningless where ``required``.

    ``choices`` (a knob) holds the values that the planner may choose, the most accurate first.
    ``schema`` is the annotated type, to check what a user wrote against.
    """

    name: str
    schema: Any
    default: Any = None
    required: bool = False
    choices: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """``stateful`` operators are classes: one instance a stream, items in order.

    ``models`` names the keyword parameters that a model backend fills; a step's setting of the
    same name holds the variant's name (and is a knob when it has choices).
    """

    name: str
    inputs: tuple[Port, ...]
    output: Port
    settings: Mapping[str, Setting] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    stateful: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """A model at one input size; with ``expansion`` it becomes several steps before placement.

    ``shape`` "square": ``size`` x ``size``; "picture": ``size`` on the picture's longer side, and
    as much on the other as it needs, rounded up to 32. ``over`` is the variant that an expansion's
    inner step runs.
    """

    name: str
    model: str
    size: int
    shape: Literal["square", "picture"] = "square"
    provider: str = "cpu"
    expansion: str | None = None
    over: str | None = None
