"""What a server refuses: a status and a problem, in three parts here and in one line outside."""

import json

from vedette.errors import ModelError, Problem


class WireError(ModelError):
    """A request or an answer that cannot be used.

    ``status`` is HTTP's; :data:`GRPC_CODES` has gRPC's. A server answers with :meth:`body` or
    :meth:`line`, a client raises what it was answered.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem)
        self.status = status

    def __reduce__(self) -> tuple[type["WireError"], tuple[int, Problem]]:  # type: ignore[override]
        return type(self), (self.status, self.problems[0])

    def line(self) -> str:
        """The problem in one line.

        >>> WireError(404, Problem("the model 'x'", "one that is served", "y")).line()
        "found the model 'x'; expected one that is served; try y"
        """
        problem = self.problems[0]
        parts = {"found": problem.found, "expected": problem.expected, "try": problem.hint}
        return "; ".join(f"{word} {part}" for word, part in parts.items() if part)

    def body(self) -> bytes:
        """The protocol's own form of an error, in JSON."""
        return json.dumps({"error": self.line()}).encode()


def wrong(found: str, expected: str, hint: str = "", *, status: int = 400) -> WireError:
    """What a request has that it cannot have."""
    return WireError(status, Problem(found, expected, hint))


GRPC_CODES = {
    400: 3,  # INVALID_ARGUMENT
    401: 16,  # UNAUTHENTICATED
    403: 7,  # PERMISSION_DENIED
    404: 5,  # NOT_FOUND
    408: 4,  # DEADLINE_EXCEEDED
    409: 6,  # ALREADY_EXISTS
    413: 8,  # RESOURCE_EXHAUSTED
    429: 8,
    499: 1,  # CANCELLED
    500: 13,  # INTERNAL
    501: 12,  # UNIMPLEMENTED
    503: 14,  # UNAVAILABLE
    504: 4,
}
"""gRPC's status code for each of HTTP's that a server of ours answers with."""

HTTP_STATUS = {3: 400, 16: 401, 7: 403, 5: 404, 6: 409, 8: 429, 1: 499, 12: 501, 14: 503, 4: 504}
"""HTTP's status for gRPC's code; any other is 500."""
