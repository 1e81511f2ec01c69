"""``vedette run``: a plan on this machine, its events in a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vedette.cli.asking import AnswerCoding, Batch, BatchWait, Coding, batching, wanted
from vedette.cli.elsewhere import Address, Executor, elsewhere
from vedette.cli.output import INTERRUPTED, Json, emit, promise, say, show, shown_progress

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from vedette.models.ledger import Ledger


def command(
    plan: Annotated[Path, typer.Argument(help="The plan.")],
    store: Annotated[str, typer.Option(help="Where events go: a file, or a database URL.")] = (
        "events.db"
    ),
    events: Annotated[
        Path | None, typer.Option(help="Write the run's events as JSON lines, too.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page to look at.")] = None,
    annotate: Annotated[
        Path | None, typer.Option(help="Write a film with boxes, tracks and events drawn in.")
    ] = None,
    *,
    remote: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VARIANT=URL[,URL...]",
            help="Ask this model of servers (see `vedette serve`) instead of computing it here; "
            "may be repeated. Their token: VEDETTE_TOKEN in the environment.",
        ),
    ] = None,
    balancing: Annotated[
        str,
        typer.Option(
            help="Which of a model's servers is asked next: least, random, round-robin, "
            "two-choices or latency."
        ),
    ] = "least",
    coding: Coding = "",
    answer_coding: AnswerCoding = "",
    batch: Batch = 1,
    batch_wait_ms: BatchWait = 0.0,
    authority: Annotated[
        Path | None,
        typer.Option(
            help="With https:// and grpcs://: trust the certificates in this PEM file, in place of "
            "the system's."
        ),
    ] = None,
    workers: Annotated[
        list[str] | None,
        typer.Option(
            metavar="local|DEVICE=URL[,URL...]",
            help="Have a device's steps done by its workers (see `vedette worker`); may be "
            "repeated. `local` starts one for each device on this machine, for a trial.",
        ),
    ] = None,
    metrics: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="While it runs, tell Prometheus where the time of requests to other machines "
            "goes, at http://127.0.0.1:PORT/metrics; 0: any port. Needs vedette[serve].",
        ),
    ] = None,
    executor: Executor = "local",
    address: Address = None,
    after: Annotated[
        Path | None,
        typer.Option(
            help="The plan of a run that was stopped: go on with that run, with this plan in its "
            "place. Steps that are the same in both go on with what they know."
        ),
    ] = None,
    paced: Annotated[
        bool, typer.Option("--paced", help="Take frames of files as they were captured.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin a new run instead of resuming the last one.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a plan on this machine. A killed run goes on where its last commit was.

    Ctrl-C ends it after the frames that are under way, with exit status 130. SIGUSR1 has the plan
    file read again, and what it says now goes on from the last commit.

    Example: `vedette run plan.yaml --store events.db --events events.jsonl`

    With a model on two servers:
    `vedette run plan.yaml --remote yolox-nano-416=http://a:8000,http://b:8000`

    With the cloud's steps done there: `vedette run plan.yaml --workers cloud=http://10.0.0.7:8000`

    With a new plan: `vedette run new.yaml --after plan.yaml`, or `kill -USR1 PID` for a new file

    On a Ray cluster: `vedette run plan.yaml --executor ray --address 10.0.0.7:6379`
    """
    from contextlib import ExitStack

    from vedette import session
    from vedette.models.ledger import Ledger
    from vedette.models.remote import remotes
    from vedette.reporting.terminal import beside_text
    from vedette.session.reloading import Reloading
    from vedette.session.workers import ensure_told

    promise(events, report, annotate)
    served = remotes(
        remote or (),
        balancing=balancing,
        authority=authority,
        wanted=wanted(coding, answer_coding),
        batching=batching(batch, batch_wait_ms),
    )
    chosen, before = session.load_plan(plan), session.load_plan(after) if after else None
    reloading = Reloading(plan, chosen, say, lambda found: ensure_told(found, workers or []))
    ledger, turn = Ledger(), 1
    with ExitStack() as scope:
        if metrics is not None:
            port = scope.enter_context(_metrics(ledger, metrics))
            say(f"metrics: http://127.0.0.1:{port}/metrics")
        progress = scope.enter_context(shown_progress())
        scope.enter_context(reloading.listening())
        while True:
            with elsewhere(
                chosen, plan, workers or [], authority, executor=executor, address=address
            ) as hosts:
                ran = session.run(
                    chosen,
                    store=store,
                    is_fresh=fresh and turn == 1,
                    paced=paced,
                    annotate=_film(annotate, turn),
                    remote=served,
                    hosts=hosts,
                    ledger=ledger,
                    after=before,
                    stop=reloading.stop,
                    progress=progress,
                )
            following = reloading.following()
            if ran.finished or following is None:
                break
            before, chosen, turn = chosen, following, turn + 1
    if events:
        session.export_events(store, events, workflow=chosen.workflow.name, run=ran.run)
    if report:
        session.write_page(chosen, ran, report, command=f"vedette run {plan}")
        say(f"report: {report}")
    if json:
        emit(
            {
                "figures": ran.figures,
                "events": ran.events,
                "incidents": ran.incidents,
                "is_finished": ran.finished,
            }
        )
    else:
        show(beside_text(chosen.predicted, ran.figures, ran.scores))
        say(f"{len(ran.events)} events in {store}")
        for incident in ran.incidents:
            say(
                f"incident: {incident.kind} {incident.stream}: {incident.detail} ({incident.count})"
            )
    if not ran.finished:
        say(f"not at its end: vedette run {plan} --store {store} goes on from here")
        raise typer.Exit(INTERRUPTED)


def _film(annotate: Path | None, turn: int) -> Path | None:
    """Each plan's own."""
    if annotate is None or turn == 1:
        return annotate
    return annotate.with_stem(f"{annotate.stem}-{turn}")


def _metrics(ledger: "Ledger", port: int) -> "AbstractContextManager[int]":
    from vedette.errors import InputError, Problem

    try:
        from vedette.serve.metrics import listening
    except ImportError:
        raise InputError(
            Problem("--metrics without prometheus-client", "the extra serve", "vedette[serve]")
        ) from None
    return listening(ledger, port)
