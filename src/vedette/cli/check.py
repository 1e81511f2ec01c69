"""``vedette check``: every mistake of a declaration at once."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, report_error, say


def command(
    file: Annotated[Path, typer.Argument(help="A workflow, or a cluster alone.")],
    cluster: Annotated[Path | None, typer.Argument(help="The cluster it is to run on.")] = None,
    *,
    json: Json = False,
) -> None:
    """Say everything that is wrong with a workflow and a cluster, with file and line.

    Example: `vedette check workflow.yaml cluster.yaml`
    """
    from vedette import session
    from vedette.errors import DeclarationError

    problems = session.check(file, cluster)
    if json:
        emit({"problems": problems})
    elif problems:
        report_error(DeclarationError(*problems))
    else:
        say("nothing is wrong with " + " and ".join(str(each) for each in (file, cluster) if each))
    if problems:
        raise typer.Exit(2)
