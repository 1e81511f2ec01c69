"""``vedette models``: the zoo, its licences, and what is on this machine."""

from typing import Annotated

import typer

from vedette.cli.output import Json, emit, say, shown_progress


def command(
    fetch: Annotated[list[str] | None, typer.Argument(help="Models to fetch now.")] = None,
    *,
    json: Json = False,
) -> None:
    """List the models with licence, size and where their bytes come from, or fetch some.

    Example: `vedette models`, `vedette models yolox-nano`
    """
    from vedette.models import zoo

    with shown_progress() as progress:
        for name in fetch or ():
            path = zoo.fetch(
                name, progress=lambda done, total, name=name: progress(f"fetch {name}", done, total)
            )
            say(f"{name}: {path}")
    listing = zoo.catalogue()
    if json:
        emit({"models": listing, "variants": list(zoo.variants().values())})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "licence", "MB", "here", "checked", "from", box=None)
    for entry in listing:
        table.add_row(
            entry.name,
            entry.licence,
            f"{entry.size_bytes / 1e6:.1f}",
            "yes" if entry.is_cached else "no",
            entry.trust,
            entry.origin,
        )
    Console().print(table)
    say(f"\nvariants, the most accurate first: {', '.join(zoo.variants())}")
