"""``vedette simulate``: a plan in virtual time, on measured traces."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, show


def command(
    plan: Annotated[Path, typer.Argument(help="The plan.")],
    profile: Annotated[Path, typer.Option(help="The profile that it was made from.")] = Path(
        "profile.json"
    ),
    *,
    json: Json = False,
) -> None:
    """Replay a plan in virtual time: latency, bandwidth and load without running a model.

    Example: `vedette simulate plan.yaml --profile profile.json`
    """
    from vedette import session
    from vedette.reporting.terminal import figures_text

    figures = session.simulate(session.load_plan(plan), session.load_profile(profile))
    if json:
        emit(figures)
    else:
        show(figures_text(figures))
