"""A profile on disk: a JSON file that a person can read, and beside it its arrays.

The arrays' file carries its digest in its name, and the JSON file names it: so the JSON file's
rename replaces both at once, and a profile is never made of two halves.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from vedette.errors import Place, Problem, RecordError
from vedette.records.codec import from_json, to_json
from vedette.records.files import read_bytes, write_bytes
from vedette.records.measured import faults
from vedette.types.figures import Score
from vedette.types.graph import Choice, Scalar
from vedette.types.passes import Passes
from vedette.types.profile import Alert, Profile, StepTrace, Sweep, Trace, Tracks

MOST_ARRAY_BYTES = 8_000_000_000
Arrays = dict[str, NDArray[Any]]
T = TypeVar("T")
AGAIN = "measuring again (vedette profile)"


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """A trace without its arrays: ``rows`` source frames, ``boxes`` rows of tracks."""

    choice: Choice
    rows: int
    boxes: int
    streams: tuple[str, ...]
    sizes: Mapping[str, tuple[int, int]]
    rates: Mapping[str, Fraction]
    steps: tuple[str, ...]
    track_streams: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A knob at one value, and how that scored."""

    knob: str
    value: Scalar
    trace: TraceRecord
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class ArraysRecord:
    """The file beside this one that holds the arrays, and its SHA-256."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """What profile.json holds."""

    workflow: str
    digest: str
    machine: str
    reference_ms: float
    golden: TraceRecord
    verify_golden: TraceRecord
    sweeps: tuple[SweepRecord, ...]
    arrays: ArraysRecord
    device_ratio: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, Score] = field(default_factory=dict)
    passes: Mapping[str, Passes] = field(default_factory=dict)
    version: Literal[1] = 1


def write_profile(path: Path, profile: Profile) -> None:
    """Write the JSON file ``path`` and its arrays beside it, wholly or not at all."""
    arrays: Arrays = {}
    traces = {name: _taken(trace, name, arrays) for name, trace in _traces(profile)}
    content = _packed(arrays)
    sha256 = hashlib.sha256(content).hexdigest()
    beside = path.with_name(f"{path.stem}-{sha256[:12]}.npz")
    record = ProfileRecord(
        workflow=profile.workflow,
        digest=profile.digest,
        machine=profile.machine,
        reference_ms=profile.reference_ms,
        golden=traces["golden"],
        verify_golden=traces["verify_golden"],
        sweeps=tuple(
            SweepRecord(knob, value, traces[f"sweep{number}"], sweep.scores)
            for number, ((knob, value), sweep) in enumerate(profile.sweeps.items())
        ),
        arrays=ArraysRecord(beside.name, sha256),
        device_ratio=profile.device_ratio,
        scores=profile.scores,
        passes=profile.passes,
        version=1,
    )
    is_new = not beside.exists()
    write_bytes(beside, content)
    try:
        write_bytes(path, f"{to_json(record, indent=1)}\n".encode())
    except RecordError:
        if is_new:
            beside.unlink(missing_ok=True)
        raise
    for old in path.parent.glob(f"{path.stem}-{'[0-9a-f]' * 12}.npz"):
        if old != beside:
            with suppress(OSError):
                old.unlink()


def read_profile(path: Path) -> Profile:
    """The profile at ``path``; raises RecordError where either of its files is not as written."""
    record = from_json(ProfileRecord, read_bytes(path), file=str(path))
    arrays = _unpacked(path.parent, record.arrays, str(path))
    file = str(path.parent / record.arrays.file)
    sweeps = {
        (sweep.knob, sweep.value): Sweep(
            _given(sweep.trace, f"sweep{number}", arrays, file), sweep.scores
        )
        for number, sweep in enumerate(record.sweeps)
    }
    profile = Profile(
        workflow=record.workflow,
        digest=record.digest,
        machine=record.machine,
        reference_ms=record.reference_ms,
        golden=_given(record.golden, "golden", arrays, file),
        verify_golden=_given(record.verify_golden, "verify_golden", arrays, file),
        sweeps=sweeps,
        device_ratio=record.device_ratio,
        scores=record.scores,
        passes=record.passes,
        version=record.version,
    )
    if arrays:
        raise _foreign(file, f"an array {next(iter(arrays))!r}", "only those that are named")
    place = Place(str(path))
    if wrong := [Problem(found, expected, AGAIN, place) for found, expected in faults(profile)]:
        raise RecordError(*wrong)
    return profile


def trace_bytes(trace: Trace) -> bytes:
    """One trace as one file's content: its arrays, and its record as JSON among them."""
    arrays: Arrays = {}
    record = to_json(_taken(trace, "trace", arrays)).encode()
    return _packed({**arrays, "record": np.frombuffer(record, np.uint8)})


def trace_from_bytes(content: bytes, file: str) -> Trace:
    """Raises RecordError where the content is not what :func:`trace_bytes` made."""
    try:
        arrays = _loaded(content)
        record = from_json(TraceRecord, arrays.pop("record").tobytes(), file=file)
    except RecordError:
        raise
    except Exception as cause:  # noqa: BLE001  # numpy and zipfile raise a dozen kinds
        raise _foreign(file, f"no trace ({type(cause).__name__})", "a trace") from None
    return _given(record, "trace", arrays, file)


def _traces(profile: Profile) -> Iterator[tuple[str, Trace]]:
    yield "golden", profile.golden
    yield "verify_golden", profile.verify_golden
    for number, sweep in enumerate(profile.sweeps.values()):
        yield f"sweep{number}", sweep.trace


def _columns(kind: type[Any], rows: int) -> Iterator[tuple[str, np.dtype[Any], tuple[int, ...]]]:
    """Name, dtype and shape of each array that a record of ``rows`` rows holds."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        hint = hints[each.name]
        if getattr(hint, "__origin__", None) is np.ndarray:
            dtype = np.dtype(get_args(get_args(hint)[1])[0])
            yield each.name, dtype, (rows, 4) if each.name == "box" else (rows,)


def _taken(trace: Trace, prefix: str, arrays: Arrays) -> TraceRecord:
    """Move a trace's arrays to ``arrays``; what stays is its record."""
    rows, boxes = len(trace.frame), len(trace.tracks.frame)
    parts = [(prefix, trace, rows), (f"{prefix}/tracks", trace.tracks, boxes)]
    parts += [
        (f"{prefix}/steps/{number}", step, rows) for number, step in enumerate(trace.steps.values())
    ]
    for start, part, length in parts:
        for name, dtype, shape in _columns(type(part), length):
            array = getattr(part, name)
            if array.dtype != dtype or array.shape != shape:
                message = f"{start}/{name} is {array.dtype}{array.shape}, not {dtype}{shape}"
                raise TypeError(message)
            arrays[f"{start}/{name}"] = array
    return TraceRecord(
        choice=trace.choice,
        rows=rows,
        boxes=boxes,
        streams=trace.streams,
        sizes=trace.sizes,
        rates=trace.rates,
        steps=tuple(trace.steps),
        track_streams=trace.tracks.streams,
        labels=trace.tracks.labels,
        groups=trace.tracks.groups,
        alerts=trace.alerts,
    )


def _given(record: TraceRecord, prefix: str, arrays: Arrays, file: str) -> Trace:
    """A trace from its record and the arrays of its name, which leave ``arrays``."""
    tracks = Tracks(
        streams=record.track_streams,
        labels=record.labels,
        groups=record.groups,
        **_popped(Tracks, record.boxes, f"{prefix}/tracks", arrays, file),
    )
    for name, known in (
        ("stream", tracks.streams),
        ("label", tracks.labels),
        ("group", tracks.groups),
    ):
        _within(getattr(tracks, name), len(known), f"{prefix}/tracks/{name}", file)
    own: dict[str, Any] = _popped(Trace, record.rows, prefix, arrays, file)
    _within(own["stream"], len(record.streams), f"{prefix}/stream", file)
    return Trace(
        choice=record.choice,
        streams=record.streams,
        steps={
            name: StepTrace(
                **_popped(StepTrace, record.rows, f"{prefix}/steps/{number}", arrays, file)
            )
            for number, name in enumerate(record.steps)
        },
        tracks=tracks,
        sizes=record.sizes,
        rates=record.rates,
        alerts=record.alerts,
        **own,
    )


def _popped(
    kind: type[Any], rows: int, prefix: str, arrays: Arrays, file: str
) -> dict[str, NDArray[Any]]:
    found = {}
    for name, dtype, shape in _columns(kind, rows):
        array = arrays.pop(f"{prefix}/{name}", None)
        if array is None:
            raise _foreign(file, f"no array {prefix}/{name}", f"{dtype}{shape}")
        if array.dtype != dtype or array.shape != shape:
            text = f"{array.dtype}{array.shape} in {prefix}/{name}"
            raise _foreign(file, text, f"{dtype}{shape}")
        found[name] = array
    return found


def _within(numbers: NDArray[Any], end: int, name: str, file: str) -> None:
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < end):
        expected = f"numbers from 0 to {end - 1}"
        raise _foreign(file, f"{numbers.min()} to {numbers.max()} in {name}", expected)


def _packed(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # its other keyword is a flag
    return buffer.getvalue()


def _unpacked(folder: Path, record: ArraysRecord, file: str) -> Arrays:
    """Arrays whose bytes are those that the JSON file names: a plain file in its folder."""
    if Path(record.file).name != record.file:
        raise _foreign(file, f"the arrays' file {record.file!r}", "the name of a file beside this")
    path = folder / record.file
    content = read_bytes(path)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != record.sha256:
        raise _foreign(
            str(path), f"SHA-256 {sha256[:12]}...", f"{record.sha256[:12]}..., as {file} says"
        )
    try:
        return _loaded(content)
    except Exception as cause:  # noqa: BLE001  # numpy and zipfile raise a dozen kinds
        found = f"no arrays ({type(cause).__name__}: {cause})"
        raise _foreign(str(path), found, "an .npz file") from None


def _loaded(content: bytes) -> Arrays:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_ARRAY_BYTES:
        message = f"{size:,} bytes unpacked, more than {MOST_ARRAY_BYTES:,}"
        raise ValueError(message)
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _foreign(file: str, found: str, expected: str) -> RecordError:
    return RecordError(Problem(found, expected, AGAIN, Place(file)))
