"""``vedette plan``: the joint choice of frame rate, width, quality, model and machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from vedette.cli.output import Json, emit, promise, say, show, shown_progress


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
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            metavar="KEY=VALUE[,...]",
            help="Only say what would be chosen if this were so, forecast from the stored profile: "
            "`link.edge-cloud.rate_mbps=5`, `device.edge.cores=x2`, `floor.event_f1=.95`, "
            "`ceiling.latency_p95_ms=none`, `weight.…`, `knob.…`, `place.STEP=DEVICE`. Repeatable.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Find the cheapest plan that keeps the accuracy, and check it by running it.

    Example: `vedette plan workflow.yaml cluster.yaml -o plan.yaml`

    Without a run: `vedette plan workflow.yaml cluster.yaml --what-if device.edge.cores=4`
    """
    from vedette import session
    from vedette.reporting.terminal import plan_text

    if what_if:
        _say_what_if(workflow, cluster, profile or Path("profile.json"), what_if, json=json)
        return
    promise(output)
    declared, machines = session.load_declaration(workflow, cluster)
    with shown_progress() as progress:
        measured = session.load_profile(profile) if profile else None
        plan = session.plan(declared, machines, measured, method=method, progress=progress)
    session.save(plan, output)
    if json:
        emit(plan)
    else:
        show(plan_text(plan))
        say(f"\nwritten to {output}; next: vedette rehearse {output}")


def _say_what_if(
    workflow: Path, cluster: Path, profile: Path, scenarios: list[str], *, json: bool
) -> None:
    from vedette import session
    from vedette.reporting.supposing import what_if_text

    declared, machines = session.load_declaration(workflow, cluster)
    outcomes = session.what_if(declared, machines, session.load_profile(profile), scenarios)
    if json:
        emit(outcomes)
    else:
        show(what_if_text(declared, outcomes))
