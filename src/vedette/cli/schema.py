"""``vedette schema``: the JSON Schemas of the files."""

from typing import Annotated

import typer

from vedette.cli.output import emit


def command(
    name: Annotated[str, typer.Argument(help="workflow, cluster, plan, profile or events.")],
) -> None:
    """Print the JSON Schema of a file that Vedette reads or writes.

    Example: `vedette schema workflow > workflow.schema.json`
    """
    from vedette.records.schemas import schema

    emit(schema(name))
