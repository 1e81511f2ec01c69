"""What a verb prints: one JSON document, or text; progress and errors on standard error."""

import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from vedette.errors import (
    InfeasibleError,
    Place,
    Problem,
    RecordError,
    VedetteError,
    readable,
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; everything else on stderr.")
]
Progress = Callable[[str, int, int], None]
WORDS_ERROR: Any = typer.BadParameter.__base__
"""What typer raises for any mistake in words; it has no public name."""
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
    show(json.dumps(jsonable(value), indent=2, allow_nan=False))


def show(text: str) -> None:
    """Print an answer; raises RecordError where standard output takes no more (a full disk)."""
    with _answering():
        typer.echo(_shown(text))


def show_table(table: Any, width: int | None = None) -> None:
    """Print what rich lays out; raises RecordError as :func:`show` does."""
    from rich.console import Console

    with _answering():
        Console(width=width).print(table)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        found = f"standard output that cannot be written to ({(error.strerror or '').lower()})"
        hint = "another place, with space left"
        raise RecordError(Problem(found, "a place for the answer", hint)) from None


def say(text: str) -> None:
    """Tell the person at the terminal, on standard error."""
    typer.echo(_shown(text), err=True)


def _shown(text: str) -> str:
    """Lines of text, without what a terminal would obey."""
    return "\n".join(map(readable, text.split("\n")))


def any_text_goes() -> None:
    """Let no answer fail for a character that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def nobody_listens() -> None:
    """The reader of a pipe went away: what is still to be written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def report_error(error: VedetteError) -> None:
    """The three-part messages on stderr, and as JSON on stdout where JSON was asked for."""
    for problem in error.problems:
        say(str(problem))
    _tell_program("infeasible" if isinstance(error, InfeasibleError) else "input", error.problems)


def report_words(error: BaseException | None) -> None:
    """As JSON, where that was asked for: words that the command line does not know.

    Its own box is on stderr by then.
    """
    if isinstance(error, WORDS_ERROR):
        known = "a command and options that vedette knows"
        _tell_program("input", [Problem(error.format_message(), known, "the same with --help")])


def report_fault(error: Exception) -> None:
    """What we did not foresee: its traceback, and a line that owns up to it, last."""
    what = f"{type(error).__name__}: {error}"
    say("".join(traceback.format_exception(error)))
    say(f"a fault of ours: {what}")
    _tell_program("fault", [Problem(what, "no such fault", "reporting it")])


def report_full_disk(error: OSError) -> None:
    """Whoever was writing has removed what was half there."""
    place = Place(str(error.filename)) if error.filename else None
    report_error(RecordError(Problem("no space left", "a disk with space", "freeing some", place)))


def _tell_program(kind: str, problems: Sequence[Problem]) -> None:
    """Where JSON was asked for; if it cannot be printed, stderr has been told all the same."""
    if "--json" in sys.argv:
        with suppress(RecordError):
            emit({"error": kind, "problems": problems})


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
