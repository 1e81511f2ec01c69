"""``vedette schema``: the JSON Schemas of the files."""

from typing import Annotated

import typer

from vedette.cli.output import Json, emit


def command(
    name: Annotated[str, typer.Argument(help="workflow, cluster, plan, profile or events.")],
    *,
    json: Json = False,
) -> None:
    """Print the JSON Schema of a file that Vedette reads or writes.

    That of a workflow knows every operator that is installed, with its settings.

    Example: `vedette schema workflow > workflow.schema.json`
    """
    from vedette.errors import InputError, Problem, nearest
    from vedette.session.schemas import NAMES, schema

    del json  # a schema is JSON either way
    if name not in NAMES:
        raise InputError(Problem(f"the file {name!r}", "one of ours", nearest(name, NAMES)))
    emit(schema(name))
