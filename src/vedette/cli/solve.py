"""``vedette solve``: every planner as a command on its table."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from vedette.cli.output import Json, emit

Budget = Literal["half", "full"]


def command(
    planner: Annotated[str, typer.Argument(help="knobs, placement, fleet, cascade or replicas.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The table as JSON; - for stdin. Of a cascade also NoScope's scores, CSV."
        ),
    ] = None,
    *,
    method: Annotated[
        str | None, typer.Option(help="The algorithm; `exact` is always one.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the table's JSON Schema.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a small valid table.")] = False,
    truth: Annotated[
        Path | None, typer.Option(help="What the reference saw, for NoScope's scores, CSV.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="The objects in it that are asked for.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="The share of either answer that may be wrong.")
    ] = None,
    budget: Annotated[Budget, typer.Option(help="Spend the whole rate, or half of it.")] = "full",
    json: Json = False,
) -> None:
    """Solve one planning problem from a JSON table; the answer states its bound and gap.

    Example: `vedette solve knobs --example | vedette solve knobs - --method exact`, for many
    cameras with a table each `vedette solve fleet cameras.json`, for how many servers answer in
    time `vedette solve replicas servers.json`. NoScope's own files:
    `vedette solve cascade scores.csv.gz --truth yolo.csv.gz --rate 0.01`
    """
    from vedette.errors import InputError, Problem
    from vedette.planning import tables
    from vedette.records.codec import adapter, from_json
    from vedette.records.files import read_bytes

    del json  # the answer is JSON either way
    kind = tables.input_type(planner)
    if schema:
        emit(adapter(kind).json_schema())
    elif example:
        emit(tables.example(planner))
    elif file is None:
        raise InputError(
            Problem(
                "no table",
                "a JSON file, or - for standard input",
                f"vedette solve {planner} --example",
            )
        )
    elif planner == "cascade" and _is_noscope(file):
        emit(_noscope(file, truth, label, rate, half=budget == "half", method=method))
    elif truth or rate is not None or label:
        raise InputError(
            Problem(
                f"--truth, --label or --rate with {file.name}",
                "them with NoScope's scores alone, a file .csv or .csv.gz",
                "the promise in the table",
            )
        )
    else:
        is_stdin = str(file) == "-"
        content = _standard_input() if is_stdin else read_bytes(file)
        table = from_json(kind, content, file=str(file))
        emit(tables.solve(planner, table, method))


def _is_noscope(file: Path) -> bool:
    return file.name.lower().removesuffix(".gz").endswith(".csv")


def _noscope(
    scores: Path,
    truth: Path | None,
    label: str | None,
    rate: float | None,
    *,
    half: bool,
    method: str | None,
) -> dict[str, Any]:
    """Thresholds for NoScope's scores under NoScope's cost model."""
    from vedette.errors import InputError, Problem
    from vedette.interop.noscope import read_scores, read_truth
    from vedette.planning.cascade_noscope import Sampled
    from vedette.planning.cascade_table import solve_noscope

    if truth is None or rate is None:
        missing = "--truth" if truth is None else "--rate"
        hint = f"vedette solve cascade {scores.name} --truth yolo.csv.gz --rate 0.01"
        raise InputError(Problem(f"NoScope's scores without {missing}", "both of them", hint))
    difference, model = read_scores(scores)
    sampled = Sampled(read_truth(truth, len(model), label), difference, model)
    return solve_noscope(sampled, rate, half, method)


def _standard_input() -> bytes:
    """All of it; nothing where it is closed."""
    return sys.stdin.buffer.read() if sys.stdin is not None else b""
