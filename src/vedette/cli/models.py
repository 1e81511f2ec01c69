"""``vedette models``: the zoo, its licences, and what is on this machine."""

import sys
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
    from vedette.errors import ModelError, Problem, nearest
    from vedette.models import zoo
    from vedette.models.assets import fetch as fetched

    known = {name: entry.asset for name, entry in zoo.MODELS.items()} | dict(zoo.CLIPS)
    unknown = [name for name in fetch or () if name not in known]
    if unknown:
        found = f"the model {unknown[0]!r}"
        raise ModelError(Problem(found, "one of the zoo", nearest(unknown[0], list(known))))

    with shown_progress() as progress:
        for name in fetch or ():

            def told(done: int, total: int | None, name: str = name) -> None:
                progress(f"fetch {name}", done, total or done)

            path = fetched(known[name], told)
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
            f"{entry.size_bytes / 1e6:.1f}" if entry.size_bytes else "?",
            "yes" if entry.cached else "no",
            ", ".join(entry.standing),
            entry.sources[0].partition("#")[0],
        )
    width = None if sys.stdout.isatty() else 160
    Console(width=width).print(table)
    say(f"\nvariants, the most accurate first: {', '.join(zoo.variants())}")
