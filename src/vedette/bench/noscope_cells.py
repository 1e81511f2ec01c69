"""The cells of the noscope track: each question at each rate, learned, run and kept.

Who learns and who holds the stopwatch is told from outside, so that all else can be tried without.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, Protocol

from vedette.bench.claims import Row
from vedette.bench.kept import Kept, code
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_rows import (
    ONE_PASS,
    RATES,
    REFERENCE,
    Arm,
    Beside,
    Learned,
    Measured,
    head,
    row,
)
from vedette.bench.noscope_timing import Timed
from vedette.profiling.cache import LIBRARIES, machine, stream_digest
from vedette.records.codec import digest, from_plain, to_plain
from vedette.session.common import Progress
from vedette.types.cascade import Cascade
from vedette.types.graph import Stream

Decode = Literal["all", "asked"]
QUICK_RATES = (0.05,)
OFTEN, ENOUGH_S = 5, 10.0
"""An arm is run this often, or until its runs took so many CPU-seconds together."""
TIMING = ("noscope_hands.py", "noscope_long.py", "noscope_timing.py", "synthetic.py")
"""Modules of this track on which its rows depend."""


class Stopwatch(Protocol):
    """Runs ways of answering on a question's reported part, in a process of its own."""

    def variant(self, model: str) -> Timed:
        """A detector alone, on every frame."""
        ...

    def cascade(self, cascade: Cascade, decode: Decode = "all") -> Timed:
        """``decode`` "asked": no picture is decoded that no stage asks for."""
        ...

    def decoding(self) -> Timed: ...


class Hands(Protocol):
    """What the track has done: learning, and timing what was learned."""

    def learned(self, question: Asked, rate: float, folder: Path, progress: Progress) -> Learned:
        """Learn on the first half of the question's clip."""
        ...

    def stopwatch(self, question: Asked) -> AbstractContextManager[Stopwatch]: ...


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of all questions. What ``folder`` holds already is not done again."""

    folder: Path
    hands: Hands
    progress: Progress
    is_quick: bool = False

    def rows(self, questions: tuple[Asked, ...]) -> Iterator[Row]:
        """A line for each question and rate, also for those that are not run."""
        here = [each for each in questions if each.clip is not None]
        run = [each.name for each in (here[:1] if self.is_quick else here)]
        rates = QUICK_RATES if self.is_quick else RATES
        total, done = len(run) * len(rates), 0
        for question in questions:
            cells = self._of(question) if question.name in run else None
            for rate in RATES:
                if cells is None or rate not in rates:
                    yield {**head(question, rate), "status": "not run", "reason": _why(question)}
                    continue
                self.progress("cells", done, total)
                yield cells.row(rate)
                done += 1

    def _of(self, question: Asked) -> "Question":
        place = self.folder / f"{question.name}{'-quick' * self.is_quick}".replace(" ", "-")
        kept = Kept(place / "measured.jsonl", fingerprint(question))
        return Question(question, place, self.hands, self.progress, kept)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: what was learned at each rate, and the runs that its cells share."""

    asked: Asked
    folder: Path
    hands: Hands
    progress: Progress
    kept: Kept

    def row(self, rate: float) -> Row:
        learned = from_plain(Learned, self.kept.row(f"learned {rate:g}", self._learned(rate)))
        with self.hands.stopwatch(self.asked) as watch:
            reference, one_pass = (
                partial(watch.variant, REFERENCE),
                partial(watch.variant, ONE_PASS),
            )
            beside = Beside(
                self._arm("reference", REFERENCE, reference),
                self._arm("one pass", ONE_PASS, one_pass),
                self._arm("decode", "decode", watch.decoding),
            )
            return row(self.asked, rate, learned, beside, self._measured(learned, watch))

    def _learned(self, rate: float) -> Callable[[], Row]:
        def learn() -> Row:
            found: Row = to_plain(self.hands.learned(self.asked, rate, self.folder, self.progress))
            return found

        return learn

    def _measured(self, learned: Learned, watch: Stopwatch) -> Measured:
        chosen, plain = learned.cascade, learned.plain
        if chosen is None:
            return Measured(plain=None if plain is None else self._run("plain", plain, watch))
        return Measured(
            cascade=self._run("cascade", chosen, watch),
            asked=self._run("cascade", chosen, watch, decode="asked")
            if chosen.frame_step > 1
            else None,
            stages=tuple(self._run(name, part, watch, fewest=1) for name, part in alone(chosen)),
            plain=None if plain is None else self._run("plain", plain, watch),
        )

    def _run(
        self,
        name: str,
        cascade: Cascade,
        watch: Stopwatch,
        *,
        decode: Decode = "all",
        fewest: int = 2,
    ) -> Arm:
        """Cascades of equal stages are one arm, whatever rate they were learned for."""
        stages = [cascade.difference, cascade.scores, cascade.frame_step, cascade.audit]
        what = digest([*stages, cascade.digests, decode])
        return self._arm(name, what, partial(watch.cascade, cascade, decode), fewest)

    def _arm(self, name: str, what: str, run: Callable[[], Timed], fewest: int = 2) -> Arm:
        self.progress(f"time {self.asked.name}: {name}", 0, 1)
        kept = self.kept.row(f"arm {what}", partial(_repeated, run, fewest))
        return Arm(name, tuple(from_plain(Timed, each) for each in kept["runs"]))


def alone(cascade: Cascade) -> Iterator[tuple[str, Cascade]]:
    """Each stage of several as if it were the only one before the reference.

    >>> from vedette.types.cascade import DifferenceStage, Promise, Question, ScoreStage
    >>> both = Cascade("c", Question({}), Promise(0.01, 0.01), "tiled", (320, 240),
    ...                DifferenceStage("last", 2.5, 30), (ScoreStage("special", 0.1, 0.9),))
    >>> [(name, each.difference is None, len(each.scores)) for name, each in alone(both)]
    [('difference', False, 0), ('special', True, 1)]
    """
    parts: dict[str, Mapping[str, Any]] = {}
    if cascade.frame_step > 1:
        parts["frame step"] = {"frame_step": cascade.frame_step}
    if cascade.difference is not None:
        parts["difference"] = {"difference": cascade.difference}
    parts |= {each.model: {"scores": (each,)} for each in cascade.scores}
    nothing: Mapping[str, Any] = {"difference": None, "scores": (), "frame_step": 1}
    for name, part in parts.items() if len(parts) > 1 else ():
        yield name, replace(cascade, **{**nothing, **part})


def fingerprint(question: Asked) -> str:
    """What a question's runs depend on: its clip, the code that decides, this machine."""
    clip = "" if question.clip is None else stream_digest(Stream("clip", str(question.clip)))
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return digest([clip, question.question, code(*TIMING), versions, machine()])


def _repeated(run: Callable[[], Timed], fewest: int) -> Row:
    """Runs of an arm: the short ones often, the long ones at least ``fewest`` times."""
    runs: list[Timed] = []
    spent_s = 0.0
    while len(runs) < fewest or (len(runs) < OFTEN and spent_s < ENOUGH_S):
        runs.append(run())
        spent_s += runs[-1].frame_ms * max(1, len(runs[-1].said)) / 1000
    return {"runs": to_plain(runs)}


def _why(question: Asked) -> str:
    return "quick" if question.clip is not None else f"no clip {question.about}"
