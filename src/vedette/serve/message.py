"""What a request and an answer of HTTP hold, and what a stranger may hold of this machine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from vedette.models.wire import WireError
from vedette.models.wire.tensor import Chunk


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection, and all together, may take.

    A message has ``patience_s`` and the time that ``slowest_bytes_s`` allows for its length; a
    connection without one is closed after ``idle_s``.
    """

    body_bytes: int = 64 << 20
    held_bytes: int = 1 << 30
    head_bytes: int = 32 << 10
    headers: int = 100
    connections: int = 1024
    patience_s: float = 10.0
    slowest_bytes_s: float = 32 << 10
    idle_s: float = 75.0


@dataclass(slots=True)
class Request:
    """``headers`` by lower-case name; of a repeated one the last."""

    method: str = ""
    target: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes | bytearray | memoryview = b""

    @property
    def has_body(self) -> bool:
        """Whether one follows, by what the headers say."""
        has_length = self.headers.get(b"content-length", b"0").strip(b"0") != b""
        return has_length or b"transfer-encoding" in self.headers


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    chunks: Sequence[Chunk] = ()
    headers: Sequence[tuple[str, str]] = (("Content-Type", "application/json"),)

    @classmethod
    def of(cls, error: WireError) -> "Response":
        """With the header that HTTP demands beside 401, and 405, whose problem names methods."""
        demanded = {401: ("WWW-Authenticate", "Bearer"), 405: ("Allow", error.problems[0].expected)}
        told = [demanded[error.status]] if error.status in demanded else []
        return cls(error.status, (error.body(),), (("Content-Type", "application/json"), *told))


@dataclass(slots=True)
class Asked:
    """A whole request, or what is to be answered in its place before the connection ends."""

    request: Request
    refusal: WireError | None
    is_last: bool
    held_bytes: int


Answer = Callable[[Request], Awaitable[Response]]
Admit = Callable[[Request], None]
"""Sees a request before its body; raises WireError for one that is not to be answered."""
