"""Learning a cascade: label, train, score, search, and write one more variant of a step.

What is learned of a question (:func:`study`) serves any promise; which cascade keeps one is chosen
after it (:func:`learn` does both).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypedDict

from vedette.change import Change
from vedette.errors import InfeasibleError, InputError, Problem
from vedette.learning.asking import Asked, asked
from vedette.learning.cascade import (
    SPECIAL,
    TIMED_CALLS,
    Calls,
    Material,
    call_costs,
    fit,
    trained_parts,
    untrained_parts,
)
from vedette.learning.choosing import Chosen, Terms, choose
from vedette.learning.networks import SEARCHED, architecture, exported
from vedette.learning.splits import Splits, check_deciding, crossed, split
from vedette.learning.trainer import Recipe, version
from vedette.learning.training import CrossFitted, Step
from vedette.models.learned import change_arrays
from vedette.models.zoo import variants
from vedette.planning.cascade_scored import Space
from vedette.profiling.measure import Workers, workers
from vedette.records.cascade import write_cascade
from vedette.records.files import make_folder, write_bytes
from vedette.session.common import Progress, quiet
from vedette.session.files import ensure_right
from vedette.session.labelling import labelled
from vedette.session.learned_page import Told, write_learned
from vedette.session.lesson import Lesson
from vedette.types.cascade import Cascade, Point, Promise
from vedette.types.graph import Span, Workflow

AUDIT = 0.01
"""The least share of looked-at frames that reach the reference, so that it can object."""
MOST_RATE = 0.5


@dataclass(frozen=True, eq=False, slots=True)
class Learned:
    """A cascade as it lies in its folder, and the page that tells of it."""

    cascade: Cascade
    folder: Path
    report: Path
    asking: Asked
    chosen: Chosen


def learn(
    workflow: Workflow,
    *,
    target: str | None = None,
    region: str | Sequence[Point] | None = None,
    step: str | None = None,
    stream: str | None = None,
    fnr: float = 0.01,
    fpr: float = 0.01,
    probability: float | None = None,
    output: str | Path = "learned/cascade",
    work: str | Path | None = None,
    architectures: Sequence[str] = SEARCHED,
    recipe: Recipe = Recipe(),  # noqa: B008  # a frozen value
    command: str = "",
    progress: Progress = quiet,
) -> Learned:
    """Learn a cascade for a question of the workflow, and write its folder ``output``.

    The question is a ``presence`` step's, or made of a ``target`` (a class or group) and a
    ``region`` (that step, a named zone, or corners). At most ``fnr`` of the reference's yes
    frames may be answered no and ``fpr`` of its no frames yes; with ``probability`` that is to
    hold with it, counted by events. ``work`` keeps what another learning of the same question
    goes on with, by default ``output``/learning.

    Needs the extra ``torch``. Raises InputError where the question cannot be learned, and
    InfeasibleError (the reference alone is to answer) where no cascade keeps the promise or the
    data support none. The folder then has a report of what was searched, if anything was; a cascade
    that lies there from before stays, with the promise that it was made for.
    """
    ensure_right(workflow)
    promise = _promise(fnr, fpr, probability)
    folder = Path(output)
    known = variants(workflow.own, larger=True)
    asking = asked(workflow, known, target=target, region=region, step=step, stream=stream)
    make_folder(folder)
    report = folder / "report.html"
    report.unlink(missing_ok=True)
    lesson = study(
        workflow,
        asking,
        Path(work) if work else folder / "learning",
        architectures=architectures,
        recipe=recipe,
        progress=progress,
    )
    began = time.monotonic()
    found = chosen(lesson, promise, probability=probability, progress=progress)
    took = (*lesson.timings, ("search", time.monotonic() - began))
    cascade = None if found.problem else written(lesson, found, promise, folder)
    told = Told(promise, probability, took, command, progress)
    write_learned(lesson, found, cascade, told, report)
    found.require()
    if cascade is None:
        raise AssertionError("what kept its promise was written")
    return Learned(cascade, folder, report, asking, found)


def study(
    workflow: Workflow,
    asking: Asked,
    work: Path,
    *,
    architectures: Sequence[str] = SEARCHED,
    recipe: Recipe = Recipe(),  # noqa: B008  # a frozen value
    progress: Progress = quiet,
) -> Lesson:
    """Label, train and score all that a cascade for the question may be put together from.

    What ``work`` has already is not done again, whoever was killed while doing it.
    """
    shapes = [architecture(name) for name in architectures]
    if shapes:
        version()  # without torch nobody waits for labels in vain
    clock = _Clock()
    with workers() as pool:
        material = labelled(workflow, asking, pool, work, progress)
        clock.done("label")
        _ensure_anything(material)
        train = partial(
            fit,
            material,
            architectures=shapes,
            recipe=recipe,
            folder=work / "training",
            progress=_told(progress),
        )
        nothing: _Trained = None, {}, ""
        splits, fitted, caveat = trained(material, asking, train) if shapes else nothing
        clock.done("train")
        files = {name: work / f"{name}.onnx" for name in fitted}
        for name, file in files.items():
            write_bytes(file, exported(fitted[name].network))
        how: _How = {
            "most_age": max(Space().most_ages),
            "timed": lambda change: _timed(pool, change, files, material),
            "told": lambda done, total: progress("compare frames", done, total),
        }
        if splits is not None:
            found = trained_parts(material, splits, fitted, **how)
        else:
            found = untrained_parts(material, **how)
        clock.done("compare frames")
    return Lesson(asking, material, splits, found, tuple(clock.took), caveat)


class _How(TypedDict):
    most_age: int
    timed: Callable[[Change], Calls]
    told: Callable[[int, int], None]


_Trained = tuple[Splits | None, dict[str, CrossFitted], str]


def trained(
    material: Material, asking: Asked, train: Callable[..., dict[str, CrossFitted]]
) -> _Trained:
    """How the recording is split, what was trained on it, and what is to be said of that.

    Neither where nothing can be trained: a cascade needs no network of its own. Raises
    InfeasibleError where there are too few runs for anything to be promised.
    """
    truth, rate, caveat = material.truth, material.rate, ""
    try:
        splits = split(truth, rate, question=_what(asking))
    except InfeasibleError:
        check_deciding(truth, [Span(0, len(truth))], rate)
        if (folds := crossed(truth)) is None:
            return None, {}, "the recording is too short to train a network of its own on"
        splits = folds
        caveat = (
            "the recording is too short for a part that only selects: every frame decides, as seen "
            "by networks that have not trained on it"
        )
    try:
        return splits, train(splits=splits), caveat
    except InfeasibleError as error:
        check_deciding(truth, [Span(0, len(truth))], rate)
        return None, {}, f"no network of its own was trained: {error.problems[0].found}"


def chosen(
    lesson: Lesson,
    promise: Promise,
    *,
    probability: float | None = None,
    progress: Progress = quiet,
) -> Chosen:
    """Which cascade keeps a promise; raises InfeasibleError where the data support none."""
    material, found = lesson.material, lesson.parts
    terms = Terms(promise, probability, material.question.confidence, material.rate, AUDIT)
    return choose(
        found.tables,
        found.costs,
        terms,
        told=lambda done, of: progress("search", done, of),
    )


def written(lesson: Lesson, found: Chosen, promise: Promise, folder: Path) -> Cascade:
    """Write the cascade that was chosen into its folder, and return it as written."""
    setting = found.setting
    stages, special = [], None
    for stage in setting.scores:
        kind, _, name = stage.model.partition(":")
        if kind == SPECIAL:
            special = exported(lesson.parts.fitted[name].network)
            stages.append(replace(stage, model=SPECIAL))
            continue
        stages.append(stage)
    cascade = Cascade(
        name=folder.resolve().name,
        question=lesson.material.question,
        promise=promise,
        reference=lesson.material.reference,
        size=lesson.material.size,
        difference=setting.difference,
        scores=tuple(stages),
        frame_step=setting.frame_step,
        audit=AUDIT,
        evidence=found.evidence,
    )
    arrays = None if setting.difference is None else change_arrays(lesson.parts.change)
    return write_cascade(folder, cascade, special, arrays)


class _Clock:
    """What was done since it was last asked, in wall seconds."""

    def __init__(self) -> None:
        self.took: list[tuple[str, float]] = []
        self._since = time.monotonic()

    def done(self, what: str) -> None:
        now = time.monotonic()
        self.took.append((what, now - self._since))
        self._since = now


def _promise(fnr: float, fpr: float, probability: float | None) -> Promise:
    shares = {"fnr": fnr, "fpr": fpr}
    wrong = [name for name, value in shares.items() if not 0 <= value <= MOST_RATE]
    if wrong:
        raise InputError(
            Problem(
                f"{wrong[0]} of {shares[wrong[0]]:g}",
                f"a share of frames from 0 to {MOST_RATE:g}",
                f"--{wrong[0]} 0.01",
            )
        )
    if probability is not None and not 0.5 <= probability < 1:
        raise InputError(
            Problem(f"a probability of {probability:g}", "one from 0.5 to below 1", "0.9")
        )
    return Promise(fnr, fpr)


def _ensure_anything(material: Material) -> None:
    """A reference that finds nothing at all is no matter of another zone or confidence."""
    if not material.labels.score[:, 0].any():
        raise InputError(
            Problem(
                f"nothing that {material.reference} finds in the zone in any of "
                f"{len(material.labels)} frames",
                "a reference that sees the target",
                "another class, another zone, or a larger model as the step's first choice",
            )
        )


def _what(asking: Asked) -> str:
    return " or ".join(asking.question.classes)


def _told(progress: Progress) -> Callable[[Step], None]:
    """An epoch of at most so many, each network by its name; one that stops early is done."""

    def told(step: Step) -> None:
        progress(f"train {step.network}", step.epoch.number, step.epochs)

    return told


def _timed(pool: Workers, change: Change, files: Mapping[str, Path], material: Material) -> Calls:
    labels = material.labels
    start = len(labels) // 2
    some = slice(start, start + TIMED_CALLS)
    return pool.call(call_costs, change, files, labels.thumbnail[some], labels.patch[some]).result()
