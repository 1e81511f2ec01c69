"""``vedette plan``: the joint choice of frame rate, width, quality, model and machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from vedette.cli.output import Json, emit, promise, say, shown_progress


def command(
    workflow: Annotated[Path, typer.Argument(help="What to find.")],
    cluster: Annotated[Path, typer.Argument(help="The machines and links.")],
    profile: Annotated[
        Path | None, typer.Option(help="A stored profile; measured now if there is none.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The plan.")] = Path("plan.yaml"),
    *,
    method: Annotated[
        Literal["joint", "baseline", "frames"],
        typer.Option(
            help="joint; baseline (golden setting, all in the cloud); frames (the "
            "baseline with only frame rate, width and quality chosen)."
        ),
    ] = "joint",
    json: Json = False,
) -> None:
    """Find the cheapest plan that keeps the accuracy, and check it by running it.

    Example: `vedette plan workflow.yaml cluster.yaml -o plan.yaml`
    """
    from vedette import session
    from vedette.reporting.terminal import plan_text

    promise(output)
    declared, machines = session.load_declaration(workflow, cluster)
    with shown_progress() as progress:
        measured = (
            session.load_profile(profile)
            if profile
            else session.profile(declared, progress=progress)
        )
        plan = session.plan(declared, machines, measured, method=method, progress=progress)
    session.save(plan, output)
    if json:
        emit(plan)
    else:
        typer.echo(plan_text(plan))
        say(f"\nwritten to {output}; next: vedette rehearse {output}")
