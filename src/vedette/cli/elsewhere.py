"""Who does the steps of a plan that are not done here, as ``vedette run`` is told."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from vedette.running.remote import Hosts
    from vedette.types.plan import Deployment

Executor = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--executor",
        help="`ray`: have the steps of all devices but the sources' own done by actors of Ray.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="The head of the Ray cluster, of which this machine is a node (see `ray start`). "
        "Without it, --executor ray starts a Ray on this machine, for a trial.",
    ),
]


def elsewhere(
    plan: "Deployment",
    path: Path,
    workers: list[str],
    authority: Path | None,
    *,
    executor: Literal["local", "ray"],
    address: str | None,
) -> "AbstractContextManager[Hosts | None]":
    """The workers or actors that a run has. Raises InputError."""
    from vedette.errors import InputError, Problem
    from vedette.session.workers import hosted

    if executor == "local" and address is None:
        return hosted(plan, path, workers, authority)
    if executor == "local" or workers:
        found = "--workers and a Ray cluster" if workers else f"--address {address} without Ray"
        expected = "--workers, or --executor ray with its --address"
        raise InputError(Problem(found, expected, "--executor ray --address HOST:PORT"))
    from vedette.serve.on_ray import on_ray

    return on_ray(plan, address or "")
