"""One cascade over scored frames: every answer, who gave it, and what that cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vedette.planning.cascade_scored import Costs, Flags, Scored, Setting
from vedette.planning.cascade_walk import ANSWERED_NO, film, walk


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """``answers``: bool (n,). ``by``: (n,), which stage gave it: see ``stages``.

    ``seen``: how many frames each stage was shown, weighted. ``fn`` and ``fp`` count frames.
    ``cost_ms`` is a source frame's.
    """

    answers: Flags
    by: npt.NDArray[np.int8]
    stages: tuple[str, ...]
    seen: tuple[float, ...]
    fn: float
    fp: float
    cost_ms: float


def replay(table: Scored, setting: Setting, costs: Costs, *, audit: float = 0.0) -> Replayed:
    """What a cascade says of every frame, with the reference's answers where it is asked.

    ``stages`` are "difference" (it says no by itself or repeats an answer; frames not looked at
    have the ``by`` of the answer they carry), the models, and "reference". ``audit`` is the share
    of looked-at frames that go through all stages: it costs, but answers are as without it.

    >>> from vedette.types.cascade import ScoreStage
    >>> table = Scored(np.array([False, True, True]), {"nano": np.array([0.1, 0.4, 0.9])})
    >>> nano = Setting(scores=(ScoreStage("nano", 0.2, 0.8),))
    >>> replayed = replay(table, nano, Costs(reference=30.0, models={"nano": 1.0}))
    >>> replayed.answers.tolist(), replayed.by.tolist(), replayed.cost_ms
    ([False, True, True], [1, 2, 1], 11.0)
    """
    seen = film([table])
    looked = seen.looked(setting.frame_step)
    source = _source(table, setting, seen.starts, looked)
    rows = np.unique(source[source != ANSWERED_NO])
    stages = ("difference", *(stage.model for stage in setting.scores), "reference")
    answer = np.zeros(len(table), bool)
    by = np.zeros(len(table), np.int8)
    weight, shown, left = seen.weight, [float(seen.weight[looked].sum())], rows
    for number, stage in enumerate(setting.scores, 1):
        shown.append(float(weight[left].sum()))
        score = table.scores[stage.model][left]
        sure = (score < stage.low) | (score >= stage.high)
        answer[left] = score >= stage.high
        by[left] = number
        left = left[~sure]
    shown.append(float(weight[left].sum()))
    answer[left], by[left] = seen.truth[left], len(stages) - 1
    whose = source[np.cumsum(np.isin(np.arange(len(table)), looked)) - 1]
    answers = np.where(whose == ANSWERED_NO, False, answer[whose])
    by = np.where(whose == ANSWERED_NO, np.int8(0), by[whose])
    return Replayed(
        answers,
        by,
        stages,
        tuple(shown),
        float(weight[seen.truth & ~answers].sum()),
        float(weight[~seen.truth & answers].sum()),
        _cost_ms(setting, costs, shown, float(weight[rows].sum()), audit) / float(weight.sum())
        + costs.decode_at(setting.frame_step),
    )


def _source(
    table: Scored, setting: Setting, starts: Flags, looked: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    difference = setting.difference
    if difference is None:
        return looked
    found = walk(
        starts,
        looked,
        table.changes[difference.method],
        np.array([difference.threshold]),
        np.array([difference.most_age]),
        says_no=difference.method == "background",
    )
    return found[:, 0].astype(np.intp)


def _cost_ms(
    setting: Setting, costs: Costs, shown: Sequence[float], evaluated: float, audit: float
) -> float:
    """Of all frames, but for decoding."""
    difference = setting.difference
    look = costs.look + (costs.difference.get(difference.method, 0.0) if difference else 0.0)
    each_ms = [costs.take, *(costs.models[stage.model] for stage in setting.scores)]
    looked, counts = shown[0], (evaluated, *shown[1:])
    return looked * look + sum(
        (count + audit * (looked - count)) * ms
        for count, ms in zip(counts, [*each_ms, costs.reference], strict=True)
    )
