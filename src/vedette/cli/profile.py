"""``vedette profile``: measure the golden setting and each knob alone."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.output import Json, emit, promise, say, shown_progress


def command(
    workflow: Annotated[Path, typer.Argument(help="The workflow to measure.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The profile.")] = Path(
        "profile.json"
    ),
    *,
    device: Annotated[
        str | None,
        typer.Option(help="This machine is that device: add its speed to the profile at OUTPUT."),
    ] = None,
    cluster: Annotated[
        Path | None, typer.Option(help="The cluster that declares the device.")
    ] = None,
    max_batch: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Also what up to so many frames take in one pass of a model, for devices that "
            "have a max_batch.",
        ),
    ] = 1,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many; by default one a core.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure what every knob costs and how accurate it is, on the part to plan on.

    What was measured is cached by content: a killed run goes on where it was.

    Example: `vedette profile workflow.yaml -o profile.json`, then on the edge box itself:
    `vedette profile workflow.yaml -o profile.json --device edge --cluster cluster.yaml`
    """
    from vedette import session
    from vedette.errors import InputError, Problem
    from vedette.reporting.wording import passes_text

    if (device is None) != (cluster is None):
        raise InputError(
            Problem(
                "one of --device and --cluster",
                "both, to measure a device, or neither",
                "--device edge --cluster cluster.yaml",
            )
        )
    promise(output)
    with shown_progress() as progress:
        if device is not None and cluster is not None:
            declared, machines = session.load_declaration(workflow, cluster)
            known = session.load_profile(output)
            profile = session.profile_device(declared, machines, device, known, progress=progress)
        else:
            declared = session.load_workflow(workflow)
            profile = session.profile(
                declared, max_batch=max_batch, processes=processes, progress=progress
            )
    session.save(profile, output)
    if json:
        emit(
            {
                "profile": output,
                "machine": profile.machine,
                "passes": profile.passes,
                "sweeps": [
                    {"knob": knob, "value": value, "scores": sweep.scores}
                    for (knob, value), sweep in profile.sweeps.items()
                ],
            }
        )
    else:
        say(f"{output}: {len(profile.sweeps)} settings measured")
        for variant, passes in profile.passes.items():
            say(f"{variant}: {passes_text(passes)}")
        for name, ratio in profile.device_ratio.items():
            say(f"{name} takes {ratio:.2f} times what its declared speed promises")
