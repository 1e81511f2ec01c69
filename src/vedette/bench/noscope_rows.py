"""A cell of the noscope track as a row: one question at one rate, what it costs and how it errs."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from vedette.bench.claims import Row
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_timing import Timed
from vedette.records.codec import to_plain
from vedette.scoring.promise import Mistakes, mistakes, runs_of
from vedette.types.cascade import Cascade

RATES = (0.01, 0.02, 0.05)
REFERENCE, ONE_PASS = "yolox-nano-416-tiled", "yolox-nano-416"
SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning one question at one rate came to.

    ``cascade`` is None where it was refused, and ``reason`` says why. ``plain`` is what a search
    finds that takes the cheapest on the part that selects and holds no promise; None where there
    is nothing to search. Seconds are of CPU, all that this cell needed whoever paid for it first.
    """

    cascade: Cascade | None
    reason: str = ""
    plain: Cascade | None = None
    labelling_s: float = 0.0
    training_s: float = 0.0
    searching_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Arm:
    """One way of answering, run several times."""

    name: str
    runs: tuple[Timed, ...]

    @property
    def frame_ms(self) -> float:
        return median(run.frame_ms for run in self.runs)

    @property
    def work_ms(self) -> float:
        return median(run.work_ms for run in self.runs)

    @property
    def said(self) -> tuple[bool, ...]:
        return self.runs[0].said

    @property
    def spread_ms(self) -> tuple[float, float]:
        times = [run.frame_ms for run in self.runs]
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class Beside:
    """What every cell of a question is held against, on the part that is reported.

    ``decode`` is the clip's, in full, every frame, in one thread.
    """

    reference: Arm
    one_pass: Arm
    decode: Arm


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one cell: nothing where learning refused it.

    ``asked`` is the cascade once more, where it does not look at every frame, on a stream of which
    only those pictures are decoded that somebody asks for.
    """

    cascade: Arm | None = None
    asked: Arm | None = None
    stages: tuple[Arm, ...] = ()
    plain: Arm | None = None


def row(asked: Asked, rate: float, learned: Learned, beside: Beside, measured: Measured) -> Row:
    """One line of the table; frames a CPU-second are at speed 1, decoding included."""
    truth = beside.reference.said
    yes, no = runs_of(truth).count()
    found: dict[str, Any] = {
        **head(asked, rate),
        "status": status(learned.cascade),
        "reason": learned.reason,
        "frames": len(truth),
        "yes_frames": sum(truth),
        "runs": [yes, no],
        "reference_fps": fps(beside.reference),
        "decode_fps": fps(beside.decode),
        **_about("one_pass", beside.one_pass, rate, beside),
        "labelling_cpu_s": learned.labelling_s,
        "training_cpu_s": learned.training_s,
        "searching_cpu_s": learned.searching_s,
    }
    if learned.cascade is not None and measured.cascade is not None:
        found["stages"] = told(learned.cascade)
        best = min(filter(None, (measured.cascade, measured.asked)), key=lambda arm: arm.frame_ms)
        found |= _about("", best, rate, beside, measured.cascade)
        found["decode"] = "asked" if best is measured.asked else "all"
        found["fps_decoding_all"] = fps(measured.cascade)
        found["alone"] = [
            {"stage": arm.name, **_about("", arm, rate, beside)} for arm in measured.stages
        ]
        found["one_pass_wins"] = _beats(beside.one_pass, best, rate, truth)
    if learned.plain is not None and measured.plain is not None:
        found["plain_stages"] = told(learned.plain)
        found |= _about("plain", measured.plain, rate, beside)
    return found


def head(asked: Asked, rate: float) -> dict[str, Any]:
    """What names a row, also one that was not run."""
    return {
        "question": asked.name,
        "clip": asked.about,
        "rate": rate,
        "should_refuse": asked.refused,
    }


def status(cascade: Cascade | None) -> str:
    if cascade is None:
        return "refused"
    return "one pass" if is_one_pass(cascade) else "cascade"


def is_one_pass(cascade: Cascade) -> bool:
    """Whether all that stands before the reference is a cheaper detector, on every frame."""
    is_every = cascade.difference is None and cascade.frame_step == 1
    return is_every and len(cascade.scores) == 1 and cascade.scores[0].model != SPECIAL


def told(cascade: Cascade) -> str:
    """The stages in the order in which a frame meets them.

    >>> from vedette.types.cascade import DifferenceStage, Promise, Question, ScoreStage
    >>> told(Cascade("c", Question({}), Promise(0.01, 0.01), "tiled", (320, 240),
    ...              DifferenceStage("last", 2.5, 30), (ScoreStage("special", 0.1, 0.9),)))
    'last < 2.5, age <= 30; special .1 to .9; tiled'
    """
    parts = [f"1 in {cascade.frame_step}"] if cascade.frame_step > 1 else []
    if cascade.difference is not None:
        stage = cascade.difference
        parts.append(f"{stage.method} < {stage.threshold:.3g}, age <= {stage.most_age}")
    scores = (f"{each.model} {_edge(each.low)} to {_edge(each.high)}" for each in cascade.scores)
    return "; ".join([*parts, *scores, cascade.reference])


def _edge(threshold: float) -> str:
    """A threshold; above 1 is one that no score reaches."""
    return "never" if threshold > 1 else f"{threshold:.3g}".removeprefix("0") or "0"


def fps(arm: Arm) -> float:
    """Source frames a CPU-second of a device of speed 1."""
    return 1000 / arm.frame_ms


def errors(arm: Arm, truth: Sequence[bool]) -> tuple[Mistakes, Mistakes]:
    """Missed yes frames and made-up ones, against the reference."""
    return mistakes(truth, arm.said)


def is_kept(arm: Arm, truth: Sequence[bool], rate: float) -> bool:
    """Whether both shares are at most the rate, or one frame."""
    return all(each.keeps(rate) for each in errors(arm, truth))


def _about(
    prefix: str, arm: Arm, rate: float, beside: Beside, decoded: Arm | None = None
) -> dict[str, Any]:
    """An arm's speed and errors, its columns named after it.

    ``decoded`` is the same with every frame decoded beforehand: its work has no decoding in it.
    """
    truth = beside.reference.said
    missed, made_up = errors(arm, truth)
    least_ms, most_ms = arm.spread_ms
    reference, decode_ms = beside.reference, beside.decode.frame_ms
    usual = reference.runs[0].incidents
    columns = {
        "fn": counted(missed),
        "fp": counted(made_up),
        "kept": is_kept(arm, truth, rate),
        "fps": fps(arm),
        "fps_spread": [1000 / most_ms, 1000 / least_ms],
        "speedup": reference.frame_ms / arm.frame_ms,
        "speedup_spread": [reference.frame_ms / most_ms, reference.frame_ms / least_ms],
        "speedup_without_decode": _over(reference.work_ms, (decoded or arm).work_ms),
        "decodes_a_frame": _over(arm.frame_ms, decode_ms),
        "calls": dict(arm.runs[0].calls),
        "incidents": [each for each in arm.runs[0].incidents if each not in usual],
    }
    return {f"{prefix}_{name}".lstrip("_"): value for name, value in columns.items()}


def counted(found: Mistakes) -> dict[str, Any]:
    """Counts and both intervals as plain values."""
    return {**to_plain(found), "share": found.share}


def _over(one: float, other: float) -> float | None:
    return one / other if other > 0 else None


def _beats(one_pass: Arm, cascade: Arm, rate: float, truth: Sequence[bool]) -> bool:
    """Whether a single pass of the detector, as it is, kept the promise and cost no more."""
    return is_kept(one_pass, truth, rate) and one_pass.frame_ms <= cascade.frame_ms
