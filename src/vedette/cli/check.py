"""``vedette check``: every mistake of a declaration at once."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, report_error, say


def command(
    files: Annotated[
        list[Path], typer.Argument(help="A workflow and, if there is one, a cluster.")
    ],
    *,
    json: Json = False,
) -> None:
    """Say everything that is wrong with a workflow and a cluster, with file and line.

    Example: `vedette check workflow.yaml cluster.yaml`
    """
    from vedette import session
    from vedette.errors import DeclarationError

    problems = session.check(*files)
    if json:
        emit({"problems": problems})
    elif problems:
        report_error(DeclarationError(*problems))
    else:
        say(f"{', '.join(str(file) for file in files)}: nothing to complain of")
    if problems:
        raise typer.Exit(2)
