"""What a set of replicas is told, how patient it is, and what it says is to be done."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Fault(Enum):
    """What became of an attempt that brought no answer."""

    WRONG = "refused as wrong"
    """The request is to blame: it would fail anywhere."""
    BUSY = "too busy"
    """Later, or elsewhere; nobody is to blame."""
    FAILED = "failed"
    """An error of the replica's, an answer that is none, or none in the time of an attempt."""
    LOST = "lost"
    """The connection broke after the request was sent: it may have been computed."""
    REFUSED = "not reached"
    """The request never got there."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How patient a set of replicas is; times in seconds.

    ``in_flight`` bounds what one replica has under way. A request ends ``deadline_s`` after it was
    asked, or after ``attempts`` that may have been computed; one attempt has ``attempt_s``. A
    replica is asked for a sign of life ``probe_s`` after the last, and has ``silence_s`` for it:
    together they bound for how long a dead one stays.
    """

    in_flight: int = 4
    deadline_s: float = 120.0
    attempt_s: float = 30.0
    attempts: int = 4
    probe_s: float = 0.5
    silence_s: float = 1.25
    failures: int = 3
    rest_s: float = 1.0
    pause_s: float = 0.05


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request to the replica, as that attempt, which ends after ``within_s``."""

    attempt: int
    request: int
    member: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop waiting for an attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """The request is answered, by that attempt."""

    request: int
    attempt: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The request ends without an answer."""

    request: int
    why: Literal["wrong", "attempts", "deadline"]


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask the replica for a sign of life; say within ``within_s`` what became of that."""

    member: int
    within_s: float


@dataclass(frozen=True, slots=True)
class Left:
    member: int
    why: str


@dataclass(frozen=True, slots=True)
class Returned:
    member: int


Act = Send | Drop | Deliver | GiveUp | Probe | Left | Returned
