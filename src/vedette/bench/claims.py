"""What a track is asked and what it answers: rows that were measured, and claims held to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from vedette.types.figures import Label

Row = Mapping[str, Any]
"""One line of a track's table, by column; ``not run`` in a cell says that, and nothing else."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a track is run.

    ``clips``: a folder of clips that no package delivers; ``is_quick``: about a minute of the same
    code; ``folder``: where pictures and tables are kept, and what lets a stopped track go on.
    """

    clips: Path | None = None
    is_quick: bool = False
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure with its target. ``value`` is None where it was not run, and ``reason`` says why.

    ``paper`` is what the source system's authors published, None where they did not. ``spread`` is
    the least and the greatest of several runs, or an interval. ``reason`` also tells why a target
    was missed, where that is known.
    """

    name: str
    target: float
    op: Literal[">=", "<="]
    value: float | None
    unit: str
    label: Label
    paper: float | None = None
    spread: tuple[float, float] | None = None
    reason: str = ""

    @property
    def is_met(self) -> bool | None:
        """None where it was not run."""
        if self.value is None:
            return None
        return self.value >= self.target if self.op == ">=" else self.value <= self.target


def median_claim(  # noqa: PLR0917 - the order of the claim's own fields
    name: str,
    target: float,
    op: Literal[">=", "<="],
    values: Sequence[float],
    unit: str,
    label: Label,
    *,
    paper: float | None = None,
    reason: str = "",
) -> Claim:
    """A claim of the median of several values, with their least and greatest.

    >>> median_claim("gap", 0.02, "<=", [0.01, 0.03, 0.015], "", "measured").spread
    (0.01, 0.03)
    """
    if not values:
        return Claim(name, target, op, None, unit, label, paper, None, reason or "not run")
    spread = (min(values), max(values))
    return Claim(name, target, op, median(values), unit, label, paper, spread, reason)


@dataclass(frozen=True, slots=True)
class Result:
    """What a track came to: ``setup`` says on what, ``rows`` are its table, one mapping a line.

    ``shown`` are the columns that a terminal has room for; all of them where it is empty.
    """

    track: str
    setup: Mapping[str, Any]
    quick: bool
    claims: tuple[Claim, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
