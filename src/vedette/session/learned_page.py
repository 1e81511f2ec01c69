"""The page of a learned cascade: everything that the search and its data say, as a story."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vedette.image import ArrayPicture, resized
from vedette.learning.caution import with_stage
from vedette.learning.choosing import Chosen
from vedette.learning.training import CrossFitted
from vedette.media.drawing import draw_polygon
from vedette.media.jpeg import encode_jpeg
from vedette.planning.cascade_replay import Replayed, replay
from vedette.planning.cascade_scored import Setting
from vedette.profiling.cache import machine
from vedette.reporting.cascade import write_cascade_report
from vedette.reporting.cascade_story import (
    Curve,
    ErrorRow,
    Point,
    RehearsedRow,
    Scene,
    StageRow,
    Story,
    Weighed,
)
from vedette.reporting.story import Timeline
from vedette.reporting.wording import number
from vedette.scoring.promise import Mistakes, mistakes, runs_of
from vedette.session.common import Progress
from vedette.session.lesson import Lesson
from vedette.session.telling import frames_at
from vedette.types.cascade import Cascade, Promise, ScoreStage
from vedette.types.media import Pixels

MOST_SCENES = 6
SURE = 0.9
PICTURE_WIDTH = 480


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says of the run: its promise, wall seconds of each step, the command."""

    promise: Promise
    probability: float | None
    timings: tuple[tuple[str, float], ...]
    command: str
    progress: Progress


def write_learned(
    lesson: Lesson, found: Chosen, cascade: Cascade | None, told: Told, path: Path
) -> None:
    """Write the page of what was chosen, or of why nothing was."""
    material, costs = lesson.material, lesson.parts.costs
    seen = _Seen.of(lesson, found.setting)
    reference_ms = costs.decode_at(1) + costs.reference
    mistaken, disagreeing = _mistaken(seen), _disagreeing(lesson, seen)
    scenes = [*mistaken, *disagreeing]
    pictures = _pictures(lesson, {each.frame for each in scenes}, told.progress)
    shown = [each.shown(pictures, material.rate) for each in scenes]
    write_cascade_report(
        Story(
            title=path.resolve().parent.name,
            question=material.question,
            cascade=cascade,
            reference=material.reference,
            reference_ms=reference_ms,
            weighed=Weighed(found.scatter.cost_ms, found.scatter.fnr, found.scatter.fpr),
            points=tuple(_points(lesson, found, cascade, reference_ms)),
            stages=tuple(_stages(lesson, found.setting, seen)) if cascade else (),
            errors=tuple(_errors(found, seen)) if cascade else (),
            timeline=seen.timeline(material.rate) if cascade else None,
            curves=tuple(_curves(lesson.parts.fitted)),
            mistakes=tuple(shown[: len(mistaken)]),
            disagreements=tuple(shown[len(mistaken) :]),
            timings=told.timings,
            notes=tuple(filter(None, (lesson.caveat, *_main_reasons(found)))),
            rehearsed=tuple(_rehearsed(found)),
            promise=(told.promise.fnr, told.promise.fpr),
            refusal=f"{found.problem.found}." if found.problem else "",
            command=told.command,
            machine=machine(),
            costs=tuple(_costs(lesson)),
        ),
        path,
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Seen:
    """A setting on all that decided, in time, its tables one after the other.

    ``rows`` (n,) are places in the planning part, ``frame`` (n,) numbers in the source.
    """

    rows: NDArray[np.int64]
    frame: NDArray[np.int64]
    truth: NDArray[np.bool_]
    answer: NDArray[np.bool_]
    by: NDArray[np.int8]
    block: NDArray[np.int64]
    replays: tuple[Replayed, ...]

    @classmethod
    def of(cls, lesson: Lesson, setting: Setting) -> "_Seen":
        tables, labels = lesson.parts.tables, lesson.material.labels
        replays = tuple(replay(table, setting, lesson.parts.costs) for table in tables)
        spans = lesson.parts.spans
        rows = np.concatenate([np.arange(span.start, span.end) for span in spans])
        block = np.repeat(np.arange(len(spans)), [(s.end or 0) - s.start for s in spans])
        return cls(
            rows=rows,
            frame=labels.frame[rows],
            truth=np.concatenate([table.truth for table in tables]),
            answer=np.concatenate([each.answers for each in replays]),
            by=np.concatenate([each.by for each in replays]),
            block=block,
            replays=replays,
        )

    @property
    def stages(self) -> tuple[str, ...]:
        return self.replays[0].stages

    def timeline(self, rate: float) -> Timeline:
        names = tuple(_plain(each) for each in self.stages)
        return Timeline(self.frame, self.truth, self.answer, self.by, names, rate)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Frames of which one is shown, that in the middle."""

    frame: int
    first: int
    last: int
    says: str

    def shown(self, pictures: Mapping[int, bytes], rate: float) -> Scene:
        return Scene(
            pictures.get(self.frame, b""), (self.first, self.last), self.first / rate, self.says
        )


def _mistaken(seen: _Seen) -> list[_Stretch]:
    """The longest runs of mistakes of either kind."""
    return _longest(
        seen,
        {
            "the reference says yes, the cascade no": seen.truth & ~seen.answer,
            "the reference says no, the cascade yes": ~seen.truth & seen.answer,
        },
        lambda rows: f", by {_plain(seen.stages[_most(seen.by[rows])])}",
    )


def _disagreeing(lesson: Lesson, seen: _Seen) -> list[_Stretch]:
    """The longest runs in which a cheaper model was sure of the opposite."""
    kinds = {}
    tables = lesson.parts.tables
    for name in tables[0].scores:
        score = np.concatenate([table.scores[name] for table in tables])
        plain = _plain(name)
        kinds[f"the reference says no, {plain} is sure of yes"] = ~seen.truth & (score >= SURE)
        kinds[f"the reference says yes, {plain} is sure of no"] = seen.truth & (score <= 1 - SURE)
    own = lesson.material.labels.by(lesson.material.reference)[seen.rows]
    return _longest(
        seen,
        kinds,
        lambda rows: f" (the reference's surest box: {own[rows].mean():.2f} in the mean)",
    )


def _longest(
    seen: _Seen, kinds: Mapping[str, NDArray[np.bool_]], more: Callable[[slice], str]
) -> list[_Stretch]:
    found = []
    for says, here in kinds.items():
        runs = runs_of(here, seen.block)
        for start, end in zip(runs.start[runs.answer], runs.end[runs.answer], strict=True):
            rows = slice(int(start), int(end))
            middle = int(start + end) // 2
            frames = seen.frame[rows]
            found.append(
                _Stretch(
                    int(seen.frame[middle]), int(frames[0]), int(frames[-1]), says + more(rows)
                )
            )
    found.sort(key=lambda each: (each.first - each.last, each.first))
    apart: list[_Stretch] = []
    for each in found:
        if len(apart) == MOST_SCENES:
            break
        if all(each.last < other.first or other.last < each.first for other in apart):
            apart.append(each)
    return apart


def _most(values: NDArray[np.int8]) -> int:
    return int(np.bincount(values).argmax())


def _pictures(lesson: Lesson, numbers: set[int], progress: Progress) -> dict[int, bytes]:
    """Frames of the stream as JPEG, small, with the zone drawn in."""
    found: dict[int, bytes] = {}
    progress("draw", 0, max(1, len(numbers)))
    for frame in frames_at(lesson.asking.stream, numbers):
        pixels = frame.picture.bgr().copy()
        if lesson.material.question.zone is not None:
            draw_polygon(pixels, lesson.material.question.zone)
        found[frame.key.frame] = encode_jpeg(ArrayPicture(_small(pixels)), 80)
    progress("draw", max(1, len(numbers)), max(1, len(numbers)))
    return found


def _small(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.shape
    if width <= PICTURE_WIDTH:
        return pixels
    return resized(pixels, PICTURE_WIDTH, round(height * PICTURE_WIDTH / width))


def _main_reasons(found: Chosen) -> tuple[str, ...]:
    """Why it was chosen; what was passed over has a table of its own."""
    said = (each.why_not for each in found.tried)
    passed_over = sum(bool(each) and not each.startswith("it held") for each in said)
    return found.evidence.reasons[: max(1, len(found.evidence.reasons) - passed_over)]


def _points(
    lesson: Lesson, found: Chosen, cascade: Cascade | None, reference_ms: float
) -> Iterator[Point]:
    parts, question = lesson.parts, lesson.material.question
    yield Point("reference", reference_ms, 0.0, 0.0)
    for name in lesson.material.labels.models[1:]:
        alone = _Seen.of(lesson, with_stage(name, question.confidence))
        missed, made_up = mistakes(alone.truth, alone.answer, alone.block)
        yield Point(f"{name} alone", _cost(alone), missed.share, made_up.share)
    if cascade is not None:
        done = found.decided
        yield Point("chosen", done.cost_ms, done.missed.share, done.made_up.share, is_chosen=True)
    if parts.costs.decode:
        yield Point("decoding", parts.costs.decode_at(1), 0.0, 0.0)


def _cost(seen: _Seen) -> float:
    sizes = [len(each.answers) for each in seen.replays]
    return float(np.average([each.cost_ms for each in seen.replays], weights=sizes))


def _stages(lesson: Lesson, setting: Setting, seen: _Seen) -> Iterator[StageRow]:
    costs, total = lesson.parts.costs, len(seen.truth)
    shown = [sum(each.seen[n] for each in seen.replays) / total for n in range(len(seen.stages))]
    answers = [one - other for one, other in pairwise([1.0, *shown, 0.0])]
    every = f"one frame in {setting.frame_step} is looked at" if setting.frame_step > 1 else ""
    yield StageRow("decoding", every, 1.0, answers[0], costs.decode_at(setting.frame_step))
    if setting.difference is not None:
        stage = setting.difference
        unit = "little change means no" if stage.method == "background" else "the last answer holds"
        rule = f"below {number(stage.threshold)} {unit}, for at most {stage.most_age} frames"
        ms = costs.difference[stage.method]
        yield StageRow(f"difference ({stage.method})", rule, shown[0], answers[1], ms)
    for place, each in enumerate(setting.scores, 1):
        rule = _rule(each)
        name = _plain(each.model)
        yield StageRow(name, rule, shown[place], answers[place + 1], costs.models[each.model])
    reference = f"{lesson.material.reference} (reference)"
    yield StageRow(reference, "answers what is left", shown[-1], answers[-1], costs.reference)


def _rule(stage: ScoreStage) -> str:
    """What a model's score means, to as many digits as tell it from never."""
    low = f"no below {stage.low:.4g}" if stage.low > 0 else "never no"
    return f"{low}, {f'yes from {stage.high:.4g}' if stage.high <= 1 else 'never yes'}"


def _rehearsed(found: Chosen) -> Iterator[RehearsedRow]:
    for each in found.tried:
        done = each.rehearsed
        name = each.setting.scores[0].model if each.margin is None else each.family
        yield RehearsedRow(
            name,
            f"{each.margin}" if each.margin else "one pass alone",
            done.cost_ms,
            (done.missed.wrong, done.missed.total),
            (done.made_up.wrong, done.made_up.total),
            each.why_not,
        )


def _errors(found: Chosen, seen: _Seen) -> Iterator[ErrorRow]:
    whole = f"all {len(seen.truth)} frames that decided"
    apart = "each block, chosen without it"
    for part, done in ((apart, found.rehearsed), (whole, found.decided)):
        yield _error(part, "yes frames answered no", done.missed)
        yield _error(part, "no frames answered yes", done.made_up)


def _error(part: str, kind: str, each: Mistakes) -> ErrorRow:
    return ErrorRow(
        part,
        kind,
        each.wrong,
        each.total,
        (each.by_frames.lower, each.by_frames.upper),
        each.runs_wrong,
        each.runs,
        (each.by_runs.lower, each.by_runs.upper),
        each.by_runs.level,
    )


def _curves(fitted: Mapping[str, CrossFitted]) -> Iterator[Curve]:
    for name, each in fitted.items():
        trained = each.final
        yield Curve(
            f"{_plain(name)}, {each.network.architecture.parameters} weights",
            tuple(epoch.loss for epoch in trained.curve),
            tuple(epoch.validation for epoch in trained.curve),
            trained.best - 1,
        )


def _costs(lesson: Lesson) -> Iterator[tuple[str, float]]:
    looking, costs = lesson.material.looking, lesson.parts.costs
    yield "decoding a source frame", looking.decode
    yield "thumbnail of the zone", looking.thumbnail
    yield "patch for a specialised model", looking.patch
    for name, ms in costs.difference.items():
        yield f"difference ({name}), with its thumbnail", ms
    for name, ms in costs.models.items():
        yield f"{_plain(name)}{', with its patch' if ':' in name else ''}", ms
    yield f"{lesson.material.reference}, the reference", costs.reference


def _plain(model: str) -> str:
    """A stage as people read it: "special:s8-16-d16" is the network s8-16-d16."""
    kind, _, name = model.partition(":")
    return f"network {name}" if name and kind == "special" else model
