"""``vedette explain``: what binds a plan, and what one more unit would buy."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, promise, say, show


def command(
    plan: Annotated[Path, typer.Argument(help="The plan.")],
    profile: Annotated[Path, typer.Option(help="The profile that it was made from.")] = Path(
        "profile.json"
    ),
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write it as a page, the frontier drawn."),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Say which constraint binds, what one more Mbit/s or core would buy, and who came second.

    Example: `vedette explain plan.yaml --profile profile.json`
    """
    from vedette import session
    from vedette.reporting.explaining import explanation_text
    from vedette.reporting.why import write_explanation

    promise(output)
    chosen = session.load_plan(plan)
    explanation = session.explain(chosen, session.load_profile(profile))
    if json:
        emit(explanation)
    else:
        show(explanation_text(chosen, explanation))
    if output:
        write_explanation(chosen, explanation, output)
        say(f"\nwritten to {output}")
