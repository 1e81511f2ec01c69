"""``vedette models``: the zoo, its licences, what is on this machine, and files of one's own."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vedette.cli.output import Json, emit, promise, say, show, show_table, shown_progress

if TYPE_CHECKING:
    from vedette.session.own_models import ModelReport


def command(
    fetch: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAMES | check FILE | convert CFG WEIGHTS ONNX]",
            help="Models to fetch now; or `check` and a file of yours; or `convert` and Darknet's "
            "two files, and what to write.",
        ),
    ] = None,
    *,
    on: Annotated[
        str | None, typer.Option(help="check: a video or picture to run the model on.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="check: write the frame with the most objects (JPEG).")
    ] = None,
    head: Annotated[str | None, typer.Option(help="check: how its outputs are to be read.")] = None,
    size: Annotated[
        int | None, typer.Option(min=16, max=8192, help="check: pixels of a square input.")
    ] = None,
    json: Json = False,
) -> None:
    """List the models with licence, size and where their bytes come from, or fetch some.

    Or look at a file of your own before anything depends on it: what it takes and gives, how its
    outputs are read and why, what a pass costs, what it sees, and the YAML to declare it with.

    Example: `vedette models`, `vedette models yolox-nano`,
    `vedette models check mine.onnx --on street.mp4`
    """
    match fetch or []:
        case ["check", *files]:
            said = {"head": head, "size": size}
            _check(files, on, picture, {k: v for k, v in said.items() if v is not None}, json)
        case ["convert", *files]:
            _convert(files, json)
        case names:
            _list(names, json)


def _check(
    files: list[str], on: str | None, picture: Path | None, said: dict[str, Any], json: bool
) -> None:
    from vedette.errors import InputError, Problem, nearest
    from vedette.models.heads import HEADS
    from vedette.session.own_models import check_model

    if len(files) != 1:
        raise InputError(Problem(f"{len(files)} files", "one", "vedette models check FILE"))
    if said.get("head", "yolox") not in HEADS:
        hint = nearest(said["head"], list(HEADS))
        raise InputError(Problem(f"the head {said['head']!r}", "one of ours", hint))
    if picture is not None and on is None:
        raise InputError(Problem("--picture without --on", "a video or picture", "--on VIDEO"))
    promise(picture)
    report = check_model(files[0], on=on, picture=picture, **said)
    if json:
        emit(report)
    else:
        show(report_text(report))


def report_text(report: "ModelReport") -> str:
    """What was found out about a file, for a person."""
    relative = (
        f" ({report.pass_ms / report.reference_ms:.2f} of the reference call's "
        f"{report.reference_ms:.1f})"
        if report.reference_ms
        else ""
    )
    labels = ", ".join(report.labels[:8]) + (", ..." if len(report.labels) > 8 else "")
    assumed = ", which its file does not name: check them" if report.labels_assumed else ""
    made = f"opset {report.opset}" if report.opset else "no opset"
    lines = [
        f"{report.file}: {report.size_bytes / 1e6:.1f} MB, {made}, {report.producer or 'unsigned'}",
        f"  sha256  {report.sha256}",
        *(f"  takes   {each}" for each in report.inputs),
        *(f"  gives   {each}" for each in report.answered),
        f"  head    {report.head} ({report.families}): {report.why}",
        *(f"          or {name}: {why}" for name, why in report.others),
        f"  labels  {len(report.labels)}: {labels}{assumed}",
        f"  a pass  {report.pass_ms:.1f} CPU ms at {report.size[0]} x {report.size[1]}{relative}",
    ]
    for seen in report.seen:
        found = ", ".join(f"{label} {sure:.2f}" for label, sure, _ in seen.found) or "nothing"
        lines.append(f"  frame {seen.frame}: {found}")
    return "\n".join([*lines, "", "In a workflow:", "", report.yaml.rstrip()])


def _convert(files: list[str], json: bool) -> None:
    from vedette.errors import InputError, Problem
    from vedette.models.darknet import convert

    if len(files) != 3:
        hint = "vedette models convert yolov3-tiny.cfg yolov3-tiny.weights yolov3-tiny.onnx"
        raise InputError(Problem(f"{len(files)} files", "three", hint))
    configuration, weights, target = map(Path, files)
    promise(target)
    convert(configuration, weights, target)
    if json:
        emit({"written": str(target), "size_bytes": target.stat().st_size})
    else:
        say(f"written to {target}; next: vedette models check {target}")


def _list(fetch: list[str], json: bool) -> None:
    from vedette.errors import ModelError, Problem, nearest
    from vedette.models import zoo
    from vedette.models.assets import fetch as fetched

    known = {name: entry.asset for name, entry in zoo.MODELS.items()} | dict(zoo.CLIPS)
    unknown = [name for name in fetch if name not in known]
    if unknown:
        found = f"the model {unknown[0]!r}"
        raise ModelError(Problem(found, "one of the zoo", nearest(unknown[0], list(known))))

    with shown_progress() as progress:
        for name in fetch:

            def told(done: int, total: int | None, name: str = name) -> None:
                progress(f"fetch {name}", done, total or done)

            path = fetched(known[name], told)
            say(f"{name}: {path}")
    listing = zoo.catalogue()
    if json:
        emit({"models": listing, "variants": list(zoo.variants().values())})
        return
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
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    show_table(table, None if is_terminal else 160)
    say(f"\nvariants, the most accurate first: {', '.join(zoo.variants())}")
