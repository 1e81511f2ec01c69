"""``vedette solve``: every planner as a command on its table."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit


def command(
    planner: Annotated[str, typer.Argument(help="knobs or placement.")],
    file: Annotated[Path | None, typer.Argument(help="The table as JSON; - for stdin.")] = None,
    *,
    method: Annotated[
        str | None, typer.Option(help="The algorithm; `exact` is always one.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the table's JSON Schema.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a small valid table.")] = False,
    json: Json = False,
) -> None:
    """Solve one planning problem from a JSON table; the answer states its bound and gap.

    Example: `vedette solve knobs --example | vedette solve knobs - --method exact`
    """
    from vedette.errors import InputError, Problem
    from vedette.planning import tables
    from vedette.records.tables import read_table, table_schema

    del json  # the answer is JSON either way
    if schema:
        emit(table_schema(tables.input_type(planner)))
    elif example:
        emit(tables.example(planner))
    elif file is None:
        raise InputError(
            Problem(
                "no table",
                "a JSON file, or - for standard input",
                f"vedette solve {planner} --example",
            )
        )
    else:
        table = read_table(tables.input_type(planner), file)
        emit(tables.solve(planner, table, method))
