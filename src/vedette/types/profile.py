"""What was measured: per-frame traces of every step, for the golden setting and each knob alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from vedette.types.figures import Score
from vedette.types.graph import Choice
from vedette.types.media import Columns, Region
from vedette.types.passes import Passes


@dataclass(frozen=True, eq=False, slots=True)
class StepTrace(Columns):
    """One step on each source frame of a trace (n rows).

    ``cpu_s`` (n,) CPU seconds at speed 1; ``items`` (n,) items it put out; ``size_bytes`` (n,)
    bytes its output takes on a link (NaN where nobody measured it); ``encode_s``, ``decode_s`` (n,)
    what packing and unpacking that output costs at speed 1.
    """

    cpu_s: NDArray[np.float64]
    items: NDArray[np.int32]
    size_bytes: NDArray[np.float64]
    encode_s: NDArray[np.float64]
    decode_s: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Tracks(Columns):
    """The tracking step's output, one row a confirmed box, ordered by stream and frame.

    ``stream`` (m,) int32 into ``streams``; ``frame`` (m,) int32; ``time_s`` (m,) float64; ``track``
    (m,) int32; ``box`` (m, 4) float32 in source pixels; ``confidence`` (m,) float32; ``label`` and
    ``group`` (m,) int32 into ``labels`` and ``groups``.
    """

    streams: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    stream: NDArray[np.int32]
    frame: NDArray[np.int32]
    time_s: NDArray[np.float64]
    track: NDArray[np.int32]
    box: NDArray[np.float32]
    confidence: NDArray[np.float32]
    label: NDArray[np.int32]
    group: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Alert:
    """A step told of an object: in which frame, and where (source pixels) the object was then."""

    step: str
    stream: str
    frame: int
    box: Region


@dataclass(frozen=True, eq=False, slots=True)
class Trace(Columns):
    """One choice of knobs on some frames of some streams; row i is one source frame everywhere.

    ``stream`` (n,) int32 into ``streams``; ``frame`` (n,) int32; ``time_s`` (n,) float64;
    ``analysed`` (n,) bool: the frame reached the tracking step; ``steps`` holds the traces of the
    expanded steps, and of every source under its own name. ``tracks`` is what was seen, ``alerts``
    what of it was told.
    ``sizes`` is each stream's source (width, height), ``rates`` its frame rate. ``labelled`` are
    the streams of which ``tracks`` are what people said, on the rows' frames alone.
    """

    choice: Choice
    streams: tuple[str, ...]
    stream: NDArray[np.int32]
    frame: NDArray[np.int32]
    time_s: NDArray[np.float64]
    analysed: NDArray[np.bool_]
    steps: Mapping[str, StepTrace]
    tracks: Tracks
    sizes: Mapping[str, tuple[int, int]]
    rates: Mapping[str, Fraction]
    labelled: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Sweep:
    """One knob at one value, all others golden: its trace and how it scores."""

    trace: Trace
    scores: Mapping[str, Score]


@dataclass(frozen=True, eq=False, slots=True)
class Profile:
    """The golden setting and each knob alone, on the part that chooses.

    ``golden`` and ``verify_golden`` are on the part that chooses and on the part that checks, and
    the reference there for streams without labels. ``scores`` are golden's own on the part that
    chooses: 1 without labels. ``sweeps`` is keyed by (knob, value). ``reference_ms`` is what the
    reference call took on the machine that measured; ``device_ratio`` is a device's time over the
    declared one where that device measured itself. ``passes`` is what frames take that go through a
    model together, by variant, where that was measured.
    """

    workflow: str
    digest: str
    machine: str
    reference_ms: float
    golden: Trace
    verify_golden: Trace
    sweeps: Mapping[tuple[str, str | int | float | bool], Sweep]
    device_ratio: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)
    passes: Mapping[str, Passes] = field(default_factory=dict)
    version: int = 1
