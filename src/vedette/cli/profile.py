"""``vedette profile``: measure the golden setting and each knob alone."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, say, shown_progress


def command(
    workflow: Annotated[Path, typer.Argument(help="The workflow to measure.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The profile.")] = Path(
        "profile.json"
    ),
    *,
    processes: Annotated[int | None, typer.Option(help="How many; by default one a core.")] = None,
    json: Json = False,
) -> None:
    """Measure what every knob costs and how accurate it is, on the part to plan on.

    What was measured is cached by content: a killed run goes on where it was.

    Example: `vedette profile workflow.yaml -o profile.json`
    """
    from vedette import session

    with shown_progress() as progress:
        profile = session.profile(
            session.load_workflow(workflow), processes=processes, progress=progress
        )
    session.save(profile, output)
    if json:
        emit(
            {
                "profile": output,
                "machine": profile.machine,
                "sweeps": [
                    {"knob": knob, "value": value, "scores": sweep.scores}
                    for (knob, value), sweep in profile.sweeps.items()
                ],
            }
        )
    else:
        say(f"{output}: {len(profile.sweeps)} settings measured")
