"""``vedette rehearse``: a plan's real work and real bytes, on emulated machines and links."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, promise, say, show, shown_progress


def command(
    plan: Annotated[Path, typer.Argument(help="The plan.")],
    part: Annotated[str, typer.Option(help="Which part: report, plan or all.")] = "report",
    report: Annotated[Path | None, typer.Option(help="Write a page to look at.")] = None,
    tracks: Annotated[
        Path | None, typer.Option(help="Write the tracks: NAME.mot.txt or NAME.coco.json.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a film with boxes, tracks and events drawn in.")
    ] = None,
    *,
    store: Annotated[
        str | None, typer.Option(help="Keep how far forecasts were off: a file, or a database URL.")
    ] = None,
    real_time: Annotated[
        bool,
        typer.Option("--real-time", help="Run it by the clock, too: machines and links are slept."),
    ] = False,
    json: Json = False,
) -> None:
    """Do every operator, encoder and byte of a plan once, and charge it to its machines.

    Example: `vedette rehearse plan.yaml --report report.html`
    """
    from vedette import session
    from vedette.reporting.terminal import beside_text

    promise(report, annotate)
    chosen = session.load_plan(plan)
    if tracks:
        promise(tracks)
        session.ensure_tracks(chosen.workflow, tracks)
    with shown_progress() as progress:
        rehearsal = session.rehearse(
            chosen,
            part=part,
            real_time=real_time,
            store=store,
            annotate=annotate,
            progress=progress,
        )
    if report:
        session.write_page(chosen, rehearsal, report, command=f"vedette rehearse {plan}")
        say(f"report: {report}")
    if tracks:
        say(f"tracks: {', '.join(map(str, session.write_tracks(rehearsal, tracks)))}")
    if json:
        names = ("figures", "scores", "events", "measured", "calibration")
        emit({name: getattr(rehearsal, name) for name in names})
        return
    show(beside_text(chosen.predicted, rehearsal.figures, rehearsal.scores))
    if rehearsal.measured is not None:
        show("")
        show(beside_text(rehearsal.figures, rehearsal.measured, {}))
