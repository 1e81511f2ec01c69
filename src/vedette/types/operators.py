"""What an operator's signature says: its inputs, settings, knobs, models and output."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vedette.types.graph import Scalar
from vedette.types.models import Variant

__all__ = ["Arity", "Port", "Setting", "Signature", "Variant"]

Arity = Literal["one", "all"]


@dataclass(frozen=True, slots=True)
class Port:
    """``type`` is the item's class name. An input with ``arity`` "all" gathers a frame's items in
    order as a tuple; an output with it makes several items of one call. ``may_drop``: or None,
    which an output is where it drops, and an input where its frame was dropped. An input that
    ``repeats`` stands for any number of them, also for none beside another.
    """

    type: str
    arity: Arity = "one"
    may_drop: bool = False
    repeats: bool = False


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
    same name holds the variant's name (and is a knob when it has choices). ``kinds`` says what
    each of them must be, by the name of its type ("Detector", "Classifier").
    """

    name: str
    inputs: tuple[Port, ...]
    output: Port
    settings: Mapping[str, Setting] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    stateful: bool = False
    doc: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)

    def unites(self, count: int) -> bool:
        """Whether a step that reads ``count`` others takes their items one after the other."""
        return len(self.inputs) == 1 and count > 1 and not self.inputs[0].repeats

    def ports(self, count: int) -> tuple[Port, ...]:
        """What each of a step's ``count`` inputs is; of a wrong count, what is declared."""
        if self.unites(count):
            return self.inputs * count
        *first, last = self.inputs or (None,)
        if last is None or not last.repeats:
            return self.inputs
        fewest = 0 if first else 1
        return (*self.inputs[:-1], *[last] * max(fewest, count - len(first)))
