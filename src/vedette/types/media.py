"""What moves through a workflow: frames, detections, crops, and the bundles that carry them.

Everything that happens to one source frame travels as one :class:`Bundle`. A step that drops a
frame sends the bundle on with no items, so joins and gathers complete by key, never by waiting.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vedette.types.cascade import Decision

Pixels = NDArray[np.uint8]
Region = tuple[float, float, float, float]
"""x0, y0, x1, y1 in source pixels."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """An item's name for ever: stream, position in the decoder's output, number in the frame."""

    stream: str
    frame: int
    item: int = 0


class Picture(Protocol):
    """Pixels that are converted when somebody asks, once, straight to the size asked for."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        """Read-only (height, width, 3), resized by area or bilinear; its own size by default."""
        ...

    def luma(self) -> Pixels:
        """Read-only (height, width), without a conversion through BGR where there is one."""
        ...


class Columns:
    """Shared by records that hold arrays: they are read-only, also after pickling or copying."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # only dataclasses mix this in
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A picture of a region of one source frame: all of it, a tile, or what a crop cut out.

    ``size`` is the source frame's (width, height); ``region`` is what the picture shows of it,
    in source pixels. A resized frame keeps its region and has a smaller picture.
    """

    key: Key
    time_s: Fraction
    picture: Picture
    size: tuple[int, int]
    region: Region


@dataclass(frozen=True, eq=False, slots=True)
class Detections(Columns):
    """Objects of one frame, one row each, boxes in source pixels.

    ``boxes`` (n, 4) float32 x0 y0 x1 y1; ``confidence`` (n,) float32; ``label`` (n,) int32 into
    ``labels``; ``group`` (n,) int32 into ``groups``, the classes as the question merges them;
    ``track`` (n,) int32, -1 where no track is confirmed. ``size`` is the source's (width, height).
    """

    key: Key
    time_s: Fraction
    size: tuple[int, int]
    boxes: NDArray[np.float32]
    confidence: NDArray[np.float32]
    label: NDArray[np.int32]
    group: NDArray[np.int32]
    track: NDArray[np.int32]
    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one stage of a cascade says of a frame, and how sure it is.

    ``decision`` "same": the last answer still holds; "unsure": somebody else must say. ``score``
    is from 0 to 1, or the change that a difference detector saw, in its own unit. ``size`` is the
    source's (width, height).
    """

    key: Key
    time_s: Fraction
    size: tuple[int, int]
    decision: Decision
    score: float


@dataclass(frozen=True, eq=False, slots=True)
class Crop:
    """One detected object cut out of its frame: ``frame.region`` is its box."""

    frame: Frame
    box: Region
    label: str
    group: str
    confidence: float
    track: int


@dataclass(frozen=True, slots=True)
class Match:
    """What a matcher thinks of one track so far; ``box`` is where the object is now.

    ``colour`` is what it was asked to find.
    """

    key: Key
    time_s: Fraction
    track: int
    label: str
    box: Region
    score: float
    is_match: bool
    crop: Crop
    colour: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Packet:
    """An encoded item on its way between machines. ``kind`` says which decoder it needs."""

    key: Key
    time_s: Fraction
    kind: str
    payload: bytes


@dataclass(frozen=True, eq=False, slots=True)
class Bundle:
    """All that a step made of one source frame: (item number, value) pairs, none if it dropped.

    ``dropped``: the frame itself was dropped, so that a step which gathers items is not called. A
    fan-out that made no items leaves it False.
    """

    stream: str
    frame: int
    time_s: Fraction
    items: tuple[tuple[int, Any], ...]
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Passes between frames ``frame - 1`` and ``frame``; each stateful step saves its state.

    ``seek`` is the last keyframe's (frame number, pts) at or before ``frame`` in the source
    file, or None where only decoding from the start finds ``frame`` again.
    """

    stream: str
    frame: int
    time_s: Fraction
    seek: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The stream has no more frames. ``frames`` counts what it delivered."""

    stream: str
    frames: int


Message = Bundle | Checkpoint | End
