"""One model server as its clients see it: ask, wait until a deadline, learn where the time went."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vedette.errors import Problem
from vedette.models.wire import (
    InferRequest,
    InferResponse,
    Limits,
    ModelMetadata,
    ServerMetadata,
    WireError,
)


class UnansweredError(WireError):
    """No answer that can be used came: 504 past the deadline, 502 for garbage, 503 otherwise.

    ``sent`` is False where the server surely has none of the request. What a server itself answers
    is a plain WireError with its status.
    """

    def __init__(self, status: int, problem: Problem, *, sent: bool) -> None:
        super().__init__(status, problem)
        self.sent = sent

    def __reduce__(self) -> tuple[object, ...]:  # type: ignore[override]
        return _unanswered, (self.status, self.problems[0], self.sent)


def _unanswered(status: int, problem: Problem, sent: bool) -> UnansweredError:
    return UnansweredError(status, problem, sent=sent)


@dataclass(frozen=True, slots=True)
class Access:
    """How a server is reached.

    ``authority`` is a PEM file of the certificate authority to trust in place of the system's.
    At most ``in_flight`` requests are out at once; others wait their turn within their deadline.
    """

    token: str = field(default="", repr=False)
    authority: Path | None = None
    in_flight: int = 64
    limits: Limits = field(default_factory=Limits)


class Endpoint(Protocol):
    """One server. Used in one event loop; every call may be made many times at once."""

    @property
    def address(self) -> str:
        """As it was given, without secrets."""
        ...

    async def infer(self, request: InferRequest, deadline_s: float) -> InferResponse:
        """The answer, with its timings. Raises WireError, UnansweredError where none came in time.

        ``deadline_s`` is counted from the call and covers the wait for a turn. A cancelled call
        is taken back from the server where the protocol can.
        """
        ...

    async def ready(self, deadline_s: float, model: str = "", version: str = "") -> bool:
        """Whether the server, or one model of it, answers requests. Raises UnansweredError."""
        ...

    async def server(self, deadline_s: float) -> ServerMetadata: ...

    async def model(self, deadline_s: float, name: str, version: str = "") -> ModelMetadata: ...

    async def close(self) -> None:
        """Give its connections back."""
        ...
