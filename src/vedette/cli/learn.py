"""``vedette learn``: a cascade that answers a question as its reference would, at less cost."""

from dataclasses import replace
from os.path import relpath
from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from vedette.cli.output import Json, emit, say, show, shown_progress


def command(
    what: Annotated[  # noqa: ARG001  # there is one thing to learn so far
        Literal["cascade"], typer.Argument(help="What to learn.")
    ],
    workflow: Annotated[Path, typer.Argument(help="The workflow that asks the question.")],
    target: Annotated[
        str | None,
        typer.Option(
            help="What to look for: a class, or a group of classes, of the question. May be left "
            "out where one presence step asks."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="Where: a presence step, a named polygon of a zone step, or corners in source "
            "pixels: `'110,150 268,150 252,200 55,200'`. Left out: where the presence step asks."
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The cascade's folder; its name is the variant's."),
    ] = Path("learned/cascade"),
    *,
    fnr: Annotated[
        float, typer.Option(help="Of the reference's yes frames, the most that may be answered no.")
    ] = 0.01,
    fpr: Annotated[
        float, typer.Option(help="Of the reference's no frames, the most that may be answered yes.")
    ] = 0.01,
    probability: Annotated[
        float | None,
        typer.Option(
            help="Promise both only where events (not frames) support them with this probability, "
            "as 0.9. It takes hundreds of events."
        ),
    ] = None,
    step: Annotated[str | None, typer.Option(help="The presence step, where several ask.")] = None,
    stream: Annotated[
        str | None, typer.Option(help="The camera, where the question has several.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            help="A folder for labels and networks, which learnings of one question share; by "
            "default OUTPUT/learning. A killed run goes on from it."
        ),
    ] = None,
    architectures: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,...]",
            help="Specialised networks to train, as s8-16-d16 (filters, then dense units).",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One small network, few epochs: to see how it goes.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the first weights and of all drawing.")] = 0,
    json: Json = False,
) -> None:
    """Learn to answer a yes-or-no question without the big model, where that is safe.

    A question is classes, a confidence and a zone: is there a car in the gate? The frames to plan
    on are labelled with the reference (the presence step's first model). Then small networks are
    trained, difference detectors fitted, and all combinations searched for the cheapest that keeps
    the promise on frames that did not choose it. What comes out is one more variant of the step.

    Where the data support no promise, nothing is promised: exit status 3 says what it would take.

    Example: `vedette learn cascade workflow.yaml --target car --region gate --fnr 0.01 --fpr 0.01
    -o learned/gate-1pct`
    """
    from vedette import session
    from vedette.errors import InfeasibleError
    from vedette.learning.networks import SEARCHED
    from vedette.learning.trainer import QUICK, Recipe
    from vedette.reporting.cascade_text import learned_text, to_declare
    from vedette.session.learning import learn

    names = architectures.split(",") if architectures else SEARCHED[:1] if quick else SEARCHED
    declared = session.load_workflow(workflow)
    given = {
        "--fnr": f"{fnr:g}",
        "--fpr": f"{fpr:g}",
        "--target": target,
        "--region": region,
        "--step": step,
        "--stream": stream,
        "--probability": probability,
        "--architectures": architectures,
        "--seed": seed or None,
        "--work": work,
        "-o": output,
    }
    options = [f"{name} {quote(str(value))}" for name, value in given.items() if value is not None]
    options += ["--quick"] if quick else []
    with shown_progress() as progress:
        try:
            learned = learn(
                declared,
                target=target,
                region=region,
                step=step,
                stream=stream,
                fnr=fnr,
                fpr=fpr,
                probability=probability,
                output=output,
                work=work,
                architectures=[name.strip() for name in names],
                recipe=replace(QUICK if quick else Recipe(), seed=seed),
                command=f"vedette learn cascade {quote(str(workflow))} {' '.join(options)}",
                progress=progress,
            )
        except InfeasibleError:
            if (output / "report.html").exists():
                say(f"report: {output / 'report.html'}")
            raise
    if json:
        emit({"cascade": learned.cascade, "folder": learned.folder, "report": learned.report})
        return
    show(learned_text(learned.cascade))
    say(f"\nreport: {learned.report}")
    folder = relpath(learned.folder, workflow.parent)
    lines = to_declare(learned.cascade, learned.asking.step, folder, learned.asking.is_declared)
    say(f"\nto let a plan weigh it, {workflow} needs\n\n{lines}\n")
    say(f"then: vedette plan {workflow} CLUSTER.yaml")
