"""A stream of bytes into one file, never more than agreed, with progress."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vedette.addresses import without_secrets
from vedette.errors import ModelError, Problem

Progress = Callable[[int, int | None], None]
"""Called with (bytes done, bytes in all or None)."""

CHUNK_BYTES = 1 << 18


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: a source's bytes in ``target``, at most ``limit_bytes`` of them."""

    source: str
    target: Path
    limit_bytes: int
    progress: Progress


def quiet(done: int, total: int | None) -> None:
    """Progress for nobody."""


def pour(stream: Readable, order: Order, total: int | None, start: int = 0) -> int:
    """Append the stream to the first ``start`` bytes of the target; returns its new length."""
    done = start
    order.progress(done, total)
    with order.target.open("ab" if start else "wb") as file:
        while max(done, total or 0) <= order.limit_bytes and (chunk := stream.read(CHUNK_BYTES)):
            file.write(chunk)
            done += len(chunk)
            order.progress(done, total)
    if max(done, total or 0) > order.limit_bytes:
        order.target.unlink()
        raise ModelError(
            Problem(
                f"{without_secrets(order.source)} holds more than {order.limit_bytes} bytes",
                f"at most {order.limit_bytes} bytes",
                "another source; nothing was kept",
            )
        )
    return done


def refused(source: str, expected: str) -> ModelError:
    return ModelError(Problem(f"the source {without_secrets(source)}", expected))
