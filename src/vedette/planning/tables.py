"""Every planner on a table of its own: plain values in, plain values out, for ``vedette solve``."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vedette.planning import knob_table, placement_table
from vedette.planning.answer import known
from vedette.planning.knob_table import KnobsTable, solve_knobs
from vedette.planning.placement_table import PlacementTable, solve_placement

INPUTS: Mapping[str, type[KnobsTable] | type[PlacementTable]] = {
    "knobs": KnobsTable,
    "placement": PlacementTable,
}


def input_type(planner: str) -> type[KnobsTable] | type[PlacementTable]:
    """The dataclass of a planner's table, from which its JSON Schema is made."""
    known("planner", planner, INPUTS)
    return INPUTS[planner]


def example(planner: str) -> dict[str, Any]:
    """A small valid table."""
    return asdict(
        knob_table.EXAMPLE if input_type(planner) is KnobsTable else placement_table.EXAMPLE
    )


def solve(
    planner: str, table: KnobsTable | PlacementTable, method: str | None = None
) -> dict[str, Any]:
    """The answer with its objective, bound, gap, method and number of options evaluated.

    ``method`` None: trying all where that is little, else the planner's quick method. Raises
    InputError for a table that makes no sense, InfeasibleError (with the nearest miss) where
    nothing fits.
    """
    input_type(planner)
    if isinstance(table, KnobsTable):
        return solve_knobs(table, method)
    return solve_placement(table, method)
