"""``vedette solve``: every planner as a command on its table."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit


def command(
    planner: Annotated[str, typer.Argument(help="knobs, placement or fleet.")],
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

    Example: `vedette solve knobs --example | vedette solve knobs - --method exact`, and for many
    cameras with a table each `vedette solve fleet cameras.json`
    """
    from vedette.errors import InputError, Problem
    from vedette.planning import tables
    from vedette.records.codec import adapter, from_json
    from vedette.records.files import read_bytes

    del json  # the answer is JSON either way
    kind = tables.input_type(planner)
    if schema:
        emit(adapter(kind).json_schema())
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
        is_stdin = str(file) == "-"
        content = _standard_input() if is_stdin else read_bytes(file)
        table = from_json(kind, content, file=str(file))
        emit(tables.solve(planner, table, method))


def _standard_input() -> bytes:
    """All of it; nothing where it is closed."""
    return sys.stdin.buffer.read() if sys.stdin is not None else b""
