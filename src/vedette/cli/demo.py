"""``vedette demo``: find the white car, from nothing to a report."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, show, show_table, shown_progress


def command(
    out: Annotated[Path, typer.Option(help="The folder that everything is written to.")] = Path(
        "amber"
    ),
    *,
    json: Json = False,
) -> None:
    """Find the white car: five cameras, an edge box and a cloud, planned and rehearsed.

    Fetches about 6 MB (a detector and a video) and writes a report to look at.

    Example: `vedette demo --out amber`
    """
    from vedette.apps import amber

    with shown_progress() as progress:
        story = amber.demo(out, progress=progress)
    page = out / "report.html"
    if json:
        emit(amber.summary(story, page))
        return
    from rich.console import Console

    from vedette.reporting.terminal import story_lines, table

    show_table(table(story.rows), max(100, Console().width))
    for line in (*story_lines(story), "", f"Report: {page}"):
        show(line)
