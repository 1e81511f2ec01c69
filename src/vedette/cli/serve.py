"""``vedette serve``: models behind the Open Inference Protocol V2, over HTTP and gRPC."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vedette.cli.extras import of_extra
from vedette.cli.output import INTERRUPTED, Json, emit, say

if TYPE_CHECKING:
    from vedette.serve.server import Server


def command(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="Variants of the zoo (see `vedette models`) and ONNX files; NAME=MODEL gives "
            "another name, NAME:2=MODEL a version.",
        ),
    ],
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
            help="What clients must send (Authorization: Bearer TOKEN). Better in the environment: "
            "options are seen by all users of a machine.",
        ),
    ] = None,
    max_batch: Annotated[
        int, typer.Option(min=1, max=4096, help="Rows of requests that are computed together.")
    ] = 8,
    max_wait_ms: Annotated[
        float, typer.Option(min=0, max=60_000, help="How long a request may wait for others.")
    ] = 0.0,
    threads: Annotated[
        int | None, typer.Option(min=1, max=256, help="Batches of a model at once; as CPUs.")
    ] = None,
    max_body_mb: Annotated[
        int, typer.Option(min=1, max=2000, help="What one request may hold.")
    ] = 64,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Speak TLS, with this certificate (PEM, followed by those that vouch for it)."
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The certificate's private key (PEM, without a password).")
    ] = None,
    load_later: Annotated[
        bool, typer.Option("--load-later", help="Open models when a client asks for that.")
    ] = False,
    json: Json = False,
) -> None:
    """Serve models to any client of the Open Inference Protocol (KServe, Triton).

    Ctrl-C refuses what is new, answers what was asked, and ends with exit status 130.

    Example: `vedette serve yolox-nano-416 street=models/street.onnx --grpc-port 8001`
    """
    import asyncio

    from vedette import __version__
    from vedette.models.rows import Batching
    from vedette.models.wire import Limits

    with of_extra("serve"):
        from uvloop import new_event_loop

        from vedette.serve.opening import openers, told
        from vedette.serve.server import Server, Settings
        from vedette.serve.tls import certificate as shown

    rows = Batching(max_rows=max_batch, max_wait_s=max_wait_ms / 1e3, max_queue=32 * max_batch)
    settings = Settings(
        host=host,
        port=port,
        grpc_port=grpc_port,
        token=token,
        load_later=load_later,
        limits=Limits(body_bytes=max_body_mb << 20),
        certificate=shown(certificate, key),
    )
    cores = threads or len(os.sched_getaffinity(0))
    served = openers([told(each) for each in models], batching=rows, threads=cores)
    server = Server(served, settings, __version__)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        raise typer.Exit(runner.run(until_stopped(server, host, json)))


async def until_stopped(server: "Server", host: str, json: bool) -> int:
    """Serve until a signal; returns the exit status."""
    import asyncio
    import contextlib
    import gc
    import signal

    loop, stopped, mine = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()
    said: list[int] = []

    def stop(number: int) -> None:
        said.append(number)
        stopped.set()
        if len(said) > 1 and mine is not None:
            mine.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    with contextlib.suppress(asyncio.CancelledError):
        async with server:
            gc.collect()
            gc.freeze()  # what is loaded by now stays: nothing to look through again
            _tell(server, host, json)
            await stopped.wait()
            say("stopping: what was asked is answered; once more stops at once")
    return INTERRUPTED if said[0] == signal.SIGINT else 0


def _tell(server: "Server", host: str, json: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    models = [f"{each.name}:{each.version}" for each in server.repository.index()]
    if json:
        emit({"host": host, "port": server.port, "grpc_port": server.grpc_port, "models": models})
    say(f"serving {', '.join(models)} at {server.scheme}://{shown}:{server.port}/v2")
    if server.grpc_port:
        say(f"and by gRPC at {shown}:{server.grpc_port}")
