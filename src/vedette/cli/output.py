"""What a verb prints: one JSON document, or text; progress and errors on standard error."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from vedette.errors import InfeasibleError, Place, Problem, RecordError, VedetteError

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; everything else on stderr.")
]
Progress = Callable[[str, int, int], None]
INTERRUPTED = 130
"""The exit status of what Ctrl-C stopped: 128 and the number of the signal, as shells have it."""


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


def report_fault(error: Exception) -> None:
    """What we did not foresee: its traceback, and a line that owns up to it, last."""
    what = f"{type(error).__name__}: {error}"
    if "--json" in sys.argv:
        emit({"error": "fault", "problems": [Problem(what, "no such fault", "reporting it")]})
    say("".join(traceback.format_exception(error)))
    say(f"a fault of ours: {what}")


def promise(*paths: Path | None) -> None:
    """Refuse a place that cannot be written to before the work whose result goes there."""
    problems = [problem for path in paths if path and (problem := _unwritable(path))]
    if problems:
        raise RecordError(*problems)


def _unwritable(path: Path) -> Problem | None:
    place, folder = Place(str(path)), path.parent
    if path.is_dir():
        return Problem("a folder", "the name of a file to write", f"{path / 'NAME'}", place)
    if not folder.is_dir():
        return Problem(f"no folder {folder}", "one that exists", f"mkdir -p {folder}", place)
    if not os.access(folder, os.W_OK):
        found, hint = f"the folder {folder}, which may not be written to", "another folder"
        return Problem(found, "a place to write to", hint, place)
    return None


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
