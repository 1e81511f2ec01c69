"""What a verb prints: one JSON document, or text; progress and errors on standard error."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Annotated, Any

import typer

from vedette.errors import InfeasibleError, VedetteError

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; everything else on stderr.")
]
Progress = Callable[[str, int, int], None]


def jsonable(value: Any) -> Any:
    """Plain JSON of our frozen records; fractions as floats, pictures as base64."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="null", fallback=_fallback)


def _fallback(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else str(value)


def emit(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(jsonable(value), indent=2, allow_nan=False))


def say(text: str) -> None:
    """Tell the person at the terminal, on standard error."""
    typer.echo(text, err=True)


def report_error(error: VedetteError) -> None:
    """The three-part messages on stderr, and as JSON on stdout where JSON was asked for."""
    if "--json" in sys.argv:
        kind = "infeasible" if isinstance(error, InfeasibleError) else "input"
        emit({"error": kind, "problems": error.problems})
    for problem in error.problems:
        say(str(problem))


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """A bar with the time left on a terminal; silence in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress
