"""Every planner on a table of its own: plain values in, plain values out, for ``vedette solve``."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vedette.planning import (
    cascade_table,
    fleet_table,
    knob_table,
    placement_table,
    replica_table,
)
from vedette.planning.answer import known
from vedette.planning.cascade_table import CascadeTable, solve_cascade
from vedette.planning.fleet_answer import solve_fleet
from vedette.planning.fleet_table import FleetTable
from vedette.planning.knob_table import KnobsTable, solve_knobs
from vedette.planning.placement_table import PlacementTable, solve_placement
from vedette.planning.replica_table import ReplicasTable, solve_replicas

Table = KnobsTable | PlacementTable | FleetTable | CascadeTable | ReplicasTable
INPUTS: Mapping[str, type[Table]] = {
    "knobs": KnobsTable,
    "placement": PlacementTable,
    "fleet": FleetTable,
    "cascade": CascadeTable,
    "replicas": ReplicasTable,
}
EXAMPLES: Mapping[str, Table] = {
    "knobs": knob_table.EXAMPLE,
    "placement": placement_table.EXAMPLE,
    "fleet": fleet_table.EXAMPLE,
    "cascade": cascade_table.EXAMPLE,
    "replicas": replica_table.EXAMPLE,
}


def input_type(planner: str) -> type[Table]:
    """The dataclass of a planner's table, from which its JSON Schema is made."""
    known("planner", planner, INPUTS)
    return INPUTS[planner]


def example(planner: str) -> dict[str, Any]:
    """A small valid table."""
    input_type(planner)
    return asdict(EXAMPLES[planner])


def solve(planner: str, table: Table, method: str | None = None) -> dict[str, Any]:
    """The answer with its objective, bound, gap, method and number of options evaluated.

    ``method`` None: trying all where that is little, else the planner's quick method. Raises
    InputError for a table that makes no sense, InfeasibleError (with the nearest miss) where
    nothing fits.
    """
    input_type(planner)
    if isinstance(table, KnobsTable):
        return solve_knobs(table, method)
    if isinstance(table, CascadeTable):
        return solve_cascade(table, method)
    if isinstance(table, FleetTable):
        return solve_fleet(table, method)
    if isinstance(table, ReplicasTable):
        return solve_replicas(table, method)
    return solve_placement(table, method)
