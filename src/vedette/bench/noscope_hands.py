"""Who does the noscope track's work: the learner as anybody calls it, a process to run it in."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vedette import session
from vedette.bench.noscope_cells import Decode
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_rows import ONE_PASS, REFERENCE, Learned
from vedette.bench.noscope_timing import Timed, decoded, timed
from vedette.declaring.opening import choose
from vedette.errors import InfeasibleError, InputError, ModelError
from vedette.learning.asking import asked as asked_in
from vedette.learning.choosing import Chosen
from vedette.learning.trainer import Recipe
from vedette.models.zoo import variants
from vedette.planning.cascade import search
from vedette.planning.cascade_scored import Setting, Space, budget
from vedette.planning.expand import expand
from vedette.profiling.measure import Workers, workers
from vedette.profiling.settings import WORKSHOP
from vedette.records.files import make_folder
from vedette.session.common import Progress, frames_of
from vedette.session.learning import chosen, study, written
from vedette.session.lesson import Lesson
from vedette.types.cascade import Cascade, Promise
from vedette.types.graph import EventRule, Span, Stream, Workflow
from vedette.types.plan import Deployment

CAMERA, GATE = "camera", "gate"
"""The one stream, and the step that answers."""
QUICK_RECIPE = Recipe(epochs=6)


def declared(asked: Asked) -> Workflow:
    """The question as its user would write it, planned on the first half, reported on the rest."""
    if asked.clip is None:
        raise ValueError(f"no clip of {asked.about}")
    question = asked.question
    flow = session.workflow(asked.name.replace(" ", "-"))
    source = flow.source(CAMERA, Stream(CAMERA, str(asked.clip)))
    flow.step(
        GATE,
        "presence",
        source,
        model=choose(REFERENCE, ONE_PASS),
        classes={group: list(labels) for group, labels in question.classes.items()},
        confidence=question.confidence,
        zone=None if question.zone is None else [list(corner) for corner in question.zone],
    )
    return halved(flow.build(events=EventRule(tracks=GATE)))


def halved(workflow: Workflow) -> Workflow:
    """The workflow with its stream's halves written out."""
    frames = frames_of(workflow)[CAMERA] or 0
    (source,) = workflow.sources
    (stream,) = source.streams
    parts = replace(stream, plan_on=Span(0, frames // 2), report_on=Span(frames // 2, frames))
    return replace(workflow, sources=(replace(source, streams=(parts,)),))


def deployment(workflow: Workflow, answering: str | Cascade) -> Deployment:
    """The question answered by a variant, or by a cascade, everything on one machine."""
    if isinstance(answering, Cascade):
        workflow = replace(workflow, cascades=(answering,))
    name = answering.name if isinstance(answering, Cascade) else answering
    expanded = expand(workflow, {f"{GATE}.model": name}, variants(workflow.own, larger=True))
    names = [CAMERA, *(step.name for step in expanded.steps)]
    placement = dict.fromkeys(names, "site")  # where the answers are wanted
    return Deployment(workflow=expanded, cluster=WORKSHOP, choice={}, placement=placement)


@dataclass(slots=True)
class Process:
    """Runs ways of answering on the reported part in a process that is started when it is due."""

    workflow: Workflow
    scope: ExitStack
    pool: list[Workers] = field(default_factory=list)

    def variant(self, model: str) -> Timed:
        return self._timed(deployment(self.workflow, model))

    def cascade(self, cascade: Cascade, decode: Decode = "all") -> Timed:
        (source,) = self.workflow.sources
        (stream,) = source.streams
        source = replace(source, streams=(replace(stream, decode=decode),))
        return self._timed(deployment(replace(self.workflow, sources=(source,)), cascade))

    def decoding(self) -> Timed:
        return self._called(decoded, self._stream.url, self._stream.report_on)

    @property
    def _stream(self) -> Stream:
        (_, stream), *_ = self.workflow.streams()
        return stream

    def _timed(self, plan: Deployment) -> Timed:
        return self._called(timed, plan, self._stream.report_on, GATE)

    def _called(self, function: Callable[..., Timed], *given: Any) -> Timed:
        if not self.pool:
            self.pool.append(self.scope.enter_context(workers(1)))
        return self.pool[0].call(function, *given).result()


@dataclass(slots=True)
class Trained:
    """Learns as ``vedette learn cascade`` does; what is learned of a question serves its rates."""

    is_quick: bool = False
    known: dict[str, "_Studied"] = field(default_factory=dict)

    def learned(self, question: Asked, rate: float, folder: Path, progress: Progress) -> Learned:
        studied = self._studied(question, folder, progress)
        if studied.lesson is None:
            return Learned(None, studied.reason)
        return _chosen(studied.lesson, Promise(rate, rate), folder / f"{rate:g}", progress)

    @contextmanager
    def stopwatch(self, question: Asked) -> Iterator[Process]:
        with ExitStack() as scope:
            yield Process(declared(question), scope)

    def _studied(self, question: Asked, folder: Path, progress: Progress) -> "_Studied":
        if question.name not in self.known:
            self.known.clear()  # one at a time: a lesson holds every picture that it was given
            self.known[question.name] = self._study(question, folder, progress)
        return self.known[question.name]

    def _study(self, question: Asked, folder: Path, progress: Progress) -> "_Studied":
        workflow = declared(question)
        make_folder(folder)
        session.save(workflow, folder / "workflow.yaml")
        asking = asked_in(workflow, variants(workflow.own, larger=True), step=GATE)
        recipe = QUICK_RECIPE if self.is_quick else Recipe()
        work = folder / "learning"
        try:
            lesson = study(workflow, asking, work, recipe=recipe, progress=progress)
        except ModelError:
            raise
        except (InfeasibleError, InputError) as error:
            return _Studied(None, error.problems[0].found)
        return _Studied(lesson)


@dataclass(frozen=True, eq=False, slots=True)
class _Studied:
    """What was learned of a question, or why nothing can be."""

    lesson: Lesson | None
    reason: str = ""


def _chosen(lesson: Lesson, promise: Promise, folder: Path, progress: Progress) -> Learned:
    """A cascade that keeps the promise, or why there is none; and what a plain search takes."""
    begun_s = time.process_time()
    try:
        found = chosen(lesson, promise, progress=progress)
    except InfeasibleError as error:
        return Learned(None, error.problems[0].found)
    searching_s = time.process_time() - begun_s
    is_found = found.problem is None
    return Learned(
        cascade=written(lesson, found, promise, folder / "cascade") if is_found else None,
        reason="" if found.problem is None else found.problem.found,
        plain=_plain(lesson, found, promise, folder / "plain"),
        labelling_s=lesson.material.labelling_s,
        training_s=sum(each.cpu_s for each in lesson.parts.fitted.values()),
        searching_s=searching_s,
    )


def _plain(lesson: Lesson, found: Chosen, promise: Promise, folder: Path) -> Cascade | None:
    """The cheapest that keeps the rate on the part that selects, whatever it does elsewhere."""
    table = lesson.parts.tables[-1]
    (best,) = search([table], lesson.parts.costs, [budget([table], promise)], Space()).best
    if best is None or best.setting == Setting():
        return None
    cascade = written(lesson, replace(found, setting=best.setting), promise, folder)
    return replace(cascade, audit=0.0, evidence=None)
