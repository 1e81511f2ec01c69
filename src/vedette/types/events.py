"""Something seen in the world (Event), and something that befell the run (Incident)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from vedette.types.media import Region


@dataclass(frozen=True, slots=True)
class Event:
    """Seen in the world, with start and end. An operator returns it; the run gives it a home.

    ``ordinal`` tells apart events that one step starts in one frame (a track id will do).
    ``frame`` is the frame at which it was decided and ``box`` where the object was then.
    ``picture`` is WebP, or empty; base64 in JSON.
    """

    __pydantic_config__ = {"val_json_bytes": "base64"}  # noqa: RUF012  # read, never changed

    stream: str
    kind: str
    label: str
    start_frame: int
    end_frame: int
    start_s: Fraction
    end_s: Fraction
    frame: int
    time_s: Fraction
    box: Region
    confidence: float
    ordinal: int
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class Incident:
    """Befell the run (drop, lost link, skipped packet); never in the event table."""

    kind: str
    stream: str
    detail: str
    count: int = 1
