"""The command line: the same verbs as the Python API, one file each.

Exit status: 0 done, 2 the input is wrong, 3 no plan can meet the objective, 1 a fault of ours,
130 stopped by Ctrl-C.
"""

import errno
import importlib
import sys

import typer

from vedette.cli.output import (
    INTERRUPTED,
    any_text_goes,
    nobody_listens,
    report_error,
    report_fault,
    report_full_disk,
    report_words,
    say,
)
from vedette.cli.own import with_operators
from vedette.cli.tab import completing
from vedette.errors import InfeasibleError, VedetteError

VERBS = (
    "check",
    "learn",
    "profile",
    "plan",
    "explain",
    "simulate",
    "rehearse",
    "run",
    "demo",
    "init",
    "solve",
    "models",
    "schema",
    "bench",
    "serve",
    "worker",
)
_RUN_OPERATORS = frozenset(
    {
        "check",
        "learn",
        "profile",
        "plan",
        "explain",
        "simulate",
        "rehearse",
        "run",
        "schema",
        "worker",
    }
)

FULL = {errno.ENOSPC, errno.EDQUOT}

app = typer.Typer(
    name="vedette",
    help="Plan and run video analytics across cameras, edge boxes and a cloud.\n\n"
    "Declare a workflow and a cluster in YAML, then: check, profile, plan, explain, "
    "simulate, rehearse, run. Start with `vedette demo`, or `vedette init` for your own video.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback(invoke_without_command=True)
def _root(*, version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        from vedette import __version__

        typer.echo(f"vedette {__version__}")
        raise typer.Exit


for _verb in VERBS:
    _command = completing(_verb, importlib.import_module(f"vedette.cli.{_verb}").command)
    app.command(_verb)(with_operators(_command) if _verb in _RUN_OPERATORS else _command)


def main() -> None:
    """Run the command line; errors become messages and exit statuses."""
    any_text_goes()
    try:
        _run()
    except BrokenPipeError:
        nobody_listens()
        sys.exit(1)


def _run() -> None:
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer's way to end on Ctrl-C
            say("stopped by Ctrl-C; what was done is kept")
        report_words(end.__context__)
        raise
    except InfeasibleError as error:
        report_error(error)
        sys.exit(3)
    except VedetteError as error:
        report_error(error)
        sys.exit(2)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is our fault
        if isinstance(error, OSError) and error.errno in FULL:
            report_full_disk(error)
            sys.exit(2)
        report_fault(error)
        sys.exit(1)
