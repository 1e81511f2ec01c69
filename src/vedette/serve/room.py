"""What requests unfold to in memory, bounded over all that are under way and not only for each."""

from collections.abc import Iterator
from contextlib import contextmanager

from vedette.models.wire import wrong

HELD_BYTES = 1 << 30


class Room:
    """Bytes for requests that are larger than what came over the wire; used on one event loop.

    >>> room = Room(100)
    >>> with room.held(80):
    ...     room.taken_bytes
    80
    >>> room.taken_bytes
    0
    """

    def __init__(self, most_bytes: int = HELD_BYTES) -> None:
        self._most_bytes = most_bytes
        self.taken_bytes = 0

    @contextmanager
    def held(self, size_bytes: int) -> Iterator[None]:
        """Raises WireError (503) where that is not free now."""
        if self.taken_bytes + size_bytes > self._most_bytes:
            raise wrong(
                "more bytes, once unfolded, than the server can hold now",
                "fewer at once",
                "trying again later",
                status=503,
            )
        self.taken_bytes += size_bytes
        try:
            yield
        finally:
            self.taken_bytes -= size_bytes
