"""How model servers are asked, as ``vedette run`` is told."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vedette.models.endpoint_coded import Wanted
    from vedette.models.rows import Batching

Coding = Annotated[
    str,
    typer.Option(
        metavar="CODING[,CODING...]",
        help="How inputs travel to --remote servers that know it, the best first: int8+zstd (loses "
        "nothing of pixels), h264, jpeg, zstd ... A coding that loses something changes answers.",
    ),
]
AnswerCoding = Annotated[
    str,
    typer.Option(
        metavar="CODING[,CODING...]",
        help="How outputs travel back, in the same words: zstd loses nothing, int8+zstd little.",
    ),
]
Batch = Annotated[
    int,
    typer.Option(
        min=1,
        max=4096,
        help="Frames, of whatever streams, that --remote servers are asked about in one request; "
        "no more than a server's --max-batch.",
    ),
]
BatchWait = Annotated[
    float,
    typer.Option(min=0, max=60_000, help="How long a frame may wait for others of its batch."),
]


def wanted(inputs: str, outputs: str) -> "Wanted":
    """The codings of two options."""
    from vedette.models.endpoint_coded import Wanted

    return Wanted(_listed(inputs), _listed(outputs))


def batching(rows: int, wait_ms: float) -> "Batching | None":
    """None for batches of one."""
    from vedette.models.rows import Batching

    return Batching(rows, wait_ms / 1e3, 32 * rows) if rows > 1 else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
