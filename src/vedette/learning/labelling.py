"""What the reference and cheaper detectors say of each frame, and what small models see of it.

Frames are labelled in stretches that are written as soon as they are done, so that a killed run
goes on where it was.
"""

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from vedette import image
from vedette.declaring.operator import operators
from vedette.errors import InputError, Problem, RecordError
from vedette.media.source import Reader, open_source
from vedette.models import loader, reference_call
from vedette.ops.zone import zone_box
from vedette.records.files import write_bytes
from vedette.running.executor import MemorySink
from vedette.running.reference import Yardstick
from vedette.running.virtual import VirtualExecutor
from vedette.types.cascade import Question
from vedette.types.graph import Span
from vedette.types.media import Bundle, Columns, Detections, Frame, Pixels, Region
from vedette.types.plan import Deployment

STRETCH = 50
"""Frames that are written down together."""
TIMED_FRAMES = 96


@dataclass(frozen=True, eq=False, slots=True)
class Labels(Columns):
    """What is known of n source frames in a row.

    ``frame`` (n,) int64; ``thumbnail`` (n, 50, 50) luma of the zone; ``patch`` (n, 50, 50, 3) BGR
    around it; ``score`` (n, m) float32 the confidence of the surest object in the zone by each of
    m ``models``, the reference first, 0 where there is none.
    """

    frame: NDArray[np.int64]
    thumbnail: Pixels
    patch: Pixels
    score: NDArray[np.float32]
    models: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)

    def by(self, model: str) -> NDArray[np.float32]:
        return self.score[:, self.models.index(model)]

    def truth(self, question: Question) -> NDArray[np.bool_]:
        """(n,) what the reference answers."""
        return np.asarray(self.score[:, 0] >= question.confidence)


@dataclass(frozen=True, slots=True)
class Labelling:
    """Frames to be labelled: one step for each of ``models`` in the deployment, of its name."""

    deployment: Deployment
    question: Question
    models: tuple[str, ...]
    folder: Path
    span: Span


def stretches(span: Span) -> Iterator[Span]:
    """The parts of a span that are written down one by one.

    >>> [(each.start, each.end) for each in stretches(Span(100, 160))]
    [(100, 150), (150, 160)]
    """
    end = span.end or 0
    for start in range(span.start, end, STRETCH):
        yield Span(start, min(start + STRETCH, end))


def missing(folder: Path, span: Span) -> tuple[Span, ...]:
    """The stretches of a span that nobody has labelled yet."""
    return tuple(each for each in stretches(span) if not _file(folder, each).exists())


def label(job: Labelling) -> None:
    """Label the stretches of a span that are not yet there, and write each when it is done."""
    for gap in _runs(missing(job.folder, job.span)):
        _label(job, gap)


def labels(folder: Path, span: Span) -> Labels:
    """All that was labelled of a span; raises RecordError where a part is missing or broken.

    A broken part is removed, so that the next run makes it again.
    """
    parts = [_stored(_file(folder, each)) for each in stretches(span)]
    return Labels(
        frame=np.concatenate([part.frame for part in parts]),
        thumbnail=np.concatenate([part.thumbnail for part in parts]),
        patch=np.concatenate([part.patch for part in parts]),
        score=np.concatenate([part.score for part in parts]),
        models=parts[0].models,
    )


def _runs(gaps: Sequence[Span]) -> Iterator[Span]:
    """Stretches that follow one another as one span, so that frames are decoded once."""
    start, end = None, None
    for gap in gaps:
        if start is not None and gap.start == end:
            end = gap.end
            continue
        if start is not None:
            yield Span(start, end)
        start, end = gap.start, gap.end
    if start is not None:
        yield Span(start, end)


@dataclass(slots=True)
class _Notes:
    """Collects what is known of each frame, and writes a stretch when it is full.

    A frame that a step before the question keeps back has the last answer, as it has while running.
    """

    job: Labelling
    span: Span
    source: str
    rows: list[tuple[int, Pixels, Pixels, list[float]]] = field(default_factory=list)
    last: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.last = [0.0] * len(self.job.models)

    def __call__(self, _stream: str, number: int, bundles: Mapping[str, Bundle]) -> None:
        frame: Frame = bundles[self.source].items[0][1]
        self.last = [
            _surest(bundles[model]) if bundles[model].items else carried
            for model, carried in zip(self.job.models, self.last, strict=True)
        ]
        thumbnail, patch = seen(frame, self.job.question)
        self.rows.append((number, thumbnail, patch, self.last))
        if (number + 1 - self.job.span.start) % STRETCH == 0:
            self.write()

    def write(self) -> None:
        if not self.rows:
            return
        frames, thumbnails, patches, scores = zip(*self.rows, strict=True)
        found = Labels(
            frame=np.array(frames, np.int64),
            thumbnail=np.stack(thumbnails),
            patch=np.stack(patches),
            score=np.array(scores, np.float32).reshape(len(frames), -1),
            models=self.job.models,
        )
        self.rows.clear()
        _write(_file(self.job.folder, Span(int(found.frame[0]), int(found.frame[-1]) + 1)), found)


def seen(frame: Frame, question: Question) -> tuple[Pixels, Pixels]:
    """A frame's thumbnail for the difference detector, and its patch for the specialised model."""
    small, large = regions(question, frame.size)
    return image.zone_thumbnail(frame, small), image.patch(frame, large)


def regions(question: Question, size: tuple[int, int]) -> tuple[Region, Region]:
    """What thumbnails and patches show of a picture of that (width, height)."""
    return zone_box(question.zone, size), image.around(question.zone, size)


def _label(job: Labelling, gap: Span) -> None:
    source, stream = next(iter(job.deployment.workflow.streams()))
    notes = _Notes(job, gap, source)
    executor = VirtualExecutor(operators(), loader(job.deployment.workflow.models), onlooker=notes)
    with open_source(stream, threads=1) as reader:
        executor.run(job.deployment, {stream.name: reader}, MemorySink(), spans={stream.name: gap})
    notes.write()


def _surest(answer: Bundle) -> float:
    found = [item for _, item in answer.items if isinstance(item, Detections) and len(item)]
    return float(found[0].confidence.max()) if found else 0.0


def _file(folder: Path, span: Span) -> Path:
    return folder / f"frames-{span.start:08d}-{span.end or 0:08d}.npz"


def _write(file: Path, found: Labels) -> None:
    content = BytesIO()
    np.savez_compressed(
        content,
        frame=found.frame,
        thumbnail=found.thumbnail,
        patch=found.patch,
        score=found.score,
        models=np.array(found.models),
    )
    write_bytes(file, content.getvalue())


def _stored(file: Path) -> Labels:
    try:
        with np.load(BytesIO(file.read_bytes()), allow_pickle=False) as stored:
            models = tuple(stored["models"].tolist())
            return Labels(
                stored["frame"], stored["thumbnail"], stored["patch"], stored["score"], models
            )
    except (ValueError, KeyError, OSError, EOFError, BadZipFile, zlib.error) as error:
        with suppress(OSError):
            file.unlink()
        found = f"labels that cannot be read ({file.name}: {error})"
        hint = "learning again: it is removed now, and made again"
        raise RecordError(Problem(found, "what an earlier run wrote", hint)) from None


@dataclass(frozen=True, slots=True)
class Looking:
    """CPU milliseconds a frame at speed 1 of what comes before any model.

    ``decode`` of a source frame, ``thumbnail`` of its zone, ``patch`` of what a specialised model
    sees of it.
    """

    decode: float
    thumbnail: float
    patch: float


def looking_costs(job: Labelling) -> Looking:
    """Time what comes before any model, on some of the frames in the middle of the span."""
    _, stream = next(iter(job.deployment.workflow.streams()))
    middle = (job.span.start + (job.span.end or 0)) // 2
    yardstick = Yardstick(reference_call(), time.process_time)
    took: dict[str, list[float]] = {"decode": [], "thumbnail": [], "patch": []}
    with open_source(stream, threads=1) as reader:
        small, large = regions(job.question, reader.size)
        for frame, decode_s in islice(_decoded(reader, Span(middle, job.span.end)), TIMED_FRAMES):
            thumbnail_s = _timed(image.zone_thumbnail, frame, small)
            patch_s = _timed(image.patch, frame, large)
            for name, spent_s in zip(took, (decode_s, thumbnail_s, patch_s), strict=True):
                took[name].append(yardstick.normal_s(spent_s))
    if not took["decode"]:
        raise InputError(Problem("no frames to time", "a video that can be read", stream.url))
    return Looking(**{name: 1000 * float(np.mean(each)) for name, each in took.items()})


def _decoded(reader: Reader, span: Span) -> Iterator[tuple[Frame, float]]:
    """Frames with the CPU seconds that each took to decode, but for the first."""
    frames = reader.frames(span)
    next(frames, None)
    while True:
        start = time.process_time()
        frame = next(frames, None)
        if frame is None:
            return
        yield frame, time.process_time() - start


def _timed(look: Callable[[Frame, Region], object], frame: Frame, region: Region) -> float:
    start = time.process_time()
    look(frame, region)
    return time.process_time() - start
