"""``vedette bench``: the claims of this project, measured on this machine."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vedette.cli.extras import of_extra
from vedette.cli.output import Json, emit, say, shown_progress

if TYPE_CHECKING:
    from vedette.bench import Claim, Result


def command(
    track: Annotated[str, typer.Argument(help="The track; without one, they are listed.")] = "",
    *,
    clips: Annotated[
        Path | None, typer.Option(help="A folder of clips; without it some rows are not run.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="About a minute of the same code.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A folder for tables and pictures; lets it go on."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a claim: rows of real models on real video, and the targets beside them.

    Example: `vedette bench ep --clips clips/ -o bench-ep`, `vedette bench overhead --quick`
    """
    from vedette import bench
    from vedette.errors import InputError, Problem
    from vedette.records.files import make_folder

    if not track:
        _list(bench.TRACKS, json=json)
        return
    if clips is not None and not clips.is_dir():
        raise InputError(Problem(f"no folder {clips}", "a folder of clips", "--clips FOLDER"))
    with of_extra("serve"):  # no other track imports more than the plain install has
        measuring = bench.track(track)
    if output is not None:
        make_folder(output)
    with shown_progress() as progress:
        result = measuring.run(bench.Setting(clips, quick, output), progress)
    if json:
        emit(document(result))
    else:
        _show(result)


def document(result: "Result") -> dict[str, Any]:
    """A result as ``--json`` prints it: claims with whether they are met."""
    fields = ("name", "paper", "target", "op", "value", "unit", "spread", "label", "reason")
    claims = [
        {**{name: getattr(claim, name) for name in fields}, "met": claim.is_met}
        for claim in result.claims
    ]
    return {
        "track": result.track,
        "setup": result.setup,
        "quick": result.quick,
        "claims": claims,
        "rows": result.rows,
        "notes": result.notes,
    }


def _list(tracks: "dict[str, str]", *, json: bool) -> None:
    if json:
        emit({"tracks": tracks})
        return
    width = max(map(len, tracks))
    for name, what in tracks.items():
        typer.echo(f"{name:{width}}  {what}")
    say("\nnext: vedette bench TRACK --quick")


def _show(result: "Result") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if typer.get_text_stream("stdout").isatty() else 180)
    columns = result.shown or tuple(dict.fromkeys(name for row in result.rows for name in row))
    table = Table(*columns, box=None, title=f"{result.track}{' (quick)' if result.quick else ''}")
    for row in result.rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console.print(table)
    claims = Table("claim", "target", "value", "spread", "paper", "met", box=None)
    for claim in result.claims:
        claims.add_row(*_claim_cells(claim))
    console.print(claims)
    for note in (*_reasons(result.claims), *result.notes):
        console.print(f"- {note}")


def _claim_cells(claim: "Claim") -> Iterable[str]:
    met = {True: "yes", False: "no", None: "not run"}[claim.is_met]
    spread = f"{_cell(claim.spread[0])} to {_cell(claim.spread[1])}" if claim.spread else ""
    target = f"{claim.op} {_cell(claim.target)} {claim.unit}".strip()
    return claim.name, target, _cell(claim.value), spread, _cell(claim.paper), met


def _reasons(claims: "Iterable[Claim]") -> Iterable[str]:
    return (f"{claim.name}: {claim.reason}" for claim in claims if claim.reason)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
