"""``vedette init``: a workflow and a cluster to start from."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, say


def command(
    videos: Annotated[list[str], typer.Argument(help="Videos, image folders or stream URLs.")],
    folder: Annotated[Path, typer.Option(help="Where to write.")] = Path(),
    *,
    json: Json = False,
) -> None:
    """Write a workflow.yaml and a cluster.yaml for your own videos, ready to edit.

    Example: `vedette init gate.mp4 yard.mp4`
    """
    from vedette.apps import starter

    written = starter.write(videos, folder)
    if json:
        emit({"written": written})
        return
    for path in written:
        say(f"written: {path}")
    say("next: vedette plan " + " ".join(str(path) for path in written))
