"""``vedette worker``: a device's share of a plan, for whoever runs the plan."""

from pathlib import Path
from typing import Annotated

import typer

from vedette.cli.extras import of_extra
from vedette.cli.output import Json


def command(
    plan: Annotated[Path, typer.Argument(help="The plan, the same as where it is run.")],
    device: Annotated[str, typer.Option(help="The device of the plan that this machine is.")],
    *,
    host: Annotated[
        str, typer.Option(help="The address to listen on; any but this machine's needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="For HTTP; 0: any.")] = 8000,
    grpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="For gRPC; 0: any. Without it, no gRPC.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="VEDETTE_TOKEN",
            help="What the run must send. Better in the environment: options are seen by all "
            "users of a machine.",
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Speak TLS, with this certificate (PEM, followed by those that vouch for it)."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The certificate's private key (PEM, without a password).")
    ] = None,
    capacity: Annotated[
        int, typer.Option(min=1, max=4096, help="Frames of a stream under way here at once.")
    ] = 32,
    sequences: Annotated[
        int, typer.Option(min=1, max=65536, help="Streams in each segment at once.")
    ] = 64,
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help="Frames in stateless steps at once; as CPUs.")
    ] = None,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="Stop when standard input is closed.")
    ] = False,
    json: Json = False,
) -> None:
    """Do the steps that a plan puts on a device, for a run on another machine.

    Each segment (the steps that a frame meets here, one after the other) is a model of the Open
    Inference Protocol. A worker keeps nothing: one that is killed can be started again at any
    time, and the run goes on where its last checkpoint was.

    Example: `VEDETTE_TOKEN=... vedette worker plan.yaml --device cloud --host 0.0.0.0`

    and where the cameras are: `vedette run plan.yaml --workers cloud=http://10.0.0.7:8000`
    """
    import asyncio

    from vedette import __version__, session
    from vedette.cli.serve import until_stopped

    with of_extra("serve"):
        from vedette.serve.segment_model import Bounds
        from vedette.serve.server import Server, Settings
        from vedette.serve.tls import certificate as shown
        from vedette.serve.worker import segment_openers

    chosen = session.load_plan(plan)
    bounds = Bounds(capacity=capacity, sequences=sequences)
    openers = segment_openers(chosen, device, bounds=bounds, threads=threads)
    settings = Settings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        token=token,
        certificate=shown(certificate, key),
    )
    if until_input_ends:
        _stop_with_input()
    server = Server(openers, settings, __version__)
    raise typer.Exit(asyncio.run(until_stopped(server, host, json)))


def _stop_with_input() -> None:
    import os
    import signal
    import sys
    import threading

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="input", daemon=True).start()
