"""What a run makes durable at once: events, how far a stream has come, and the states there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vedette.types.events import Event
from vedette.types.media import Checkpoint


@dataclass(frozen=True, slots=True)
class SavedState:
    """A stateful step's state as plain text and the arrays it names (``.npz`` bytes)."""

    text: str
    arrays: bytes = b""


@dataclass(frozen=True, slots=True)
class Swap:
    """A plan in another's place: what ``before`` tells that one by, and the steps that go on."""

    before: str
    kept: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """An event's name for ever: no clock, nothing random."""

    workflow: str
    step: str
    stream: str
    run: int
    start_frame: int
    ordinal: int

    def __str__(self) -> str:
        """A file name: ``amber-alert-camera4-1-58-3``."""
        parts = (self.workflow, self.step, self.stream, self.run, self.start_frame, self.ordinal)
        return "-".join(plain(str(part)) for part in parts)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything of one stream between two checkpoints, with the states at the second.

    ``events`` and ``evidence`` are (declared step, event) pairs; ``evidence`` events bring only
    their pictures. The stream ``""`` holds the states of steps that all streams share.
    """

    checkpoint: Checkpoint
    events: tuple[tuple[str, Event], ...] = ()
    evidence: tuple[tuple[str, Event], ...] = ()
    states: Mapping[str, SavedState] = field(default_factory=dict)


def plain(name: str) -> str:
    """A name that is safe in a file name, and different for different names."""
    return "".join(c if c.isalnum() or c in "_." else f"%{ord(c):x}" for c in name)
