"""Which candidate wins once candidates are really run: a conversation without any I/O.

Each candidate that is tested is another chance to be lucky, so the tests are ordered: from dearest
to cheapest, ending at the first that fails, and the last that held wins. Then the chance that a
plan below the floor passes is that of one test, not of as many as there are candidates
(fixed-sequence testing: Maurer, Hothorn and Lehmacher, 1995). A candidate that breaks a ceiling or
a load is passed over: that says nothing of its accuracy, and so is no test of it.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vedette.types.figures import Score
from vedette.types.graph import OF_ALERTS, Objective
from vedette.types.plan import Candidate, Verdict

FEWEST_EVENTS, FEWEST_RUNS = 8, 5
"""Reference events, and runs of yes and of no, that a lower bound needs to mean something."""
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Checked:
    """What running a candidate showed, by metric.

    ``scores`` count what the choice has not seen (the part that checks); ``whole`` is the whole
    planning part, asked for where ``scores`` count too little (empty: take ``scores``). ``perfect``
    is what an answer without a mistake scores where ``scores`` were counted, if anybody says.
    ``usual`` is what the baseline scores, of what nobody is held to more of: where ``scores`` were
    counted, or on the ``whole``. ``broken``: the ceiling that it broke when what it did was
    simulated, if any.
    """

    scores: Mapping[str, Score]
    whole: Mapping[str, Score] = field(default_factory=dict)
    perfect: Mapping[str, Score] = field(default_factory=dict)
    usual: Mapping[str, Score] = field(default_factory=dict)
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """``chosen`` is None if not even the dearest held; ``tested`` carry scores and outcomes."""

    chosen: Candidate | None
    verdict: Verdict
    tested: tuple[Candidate, ...]


def verify(
    candidates: Sequence[Candidate], objective: Objective, ladder: Sequence[Candidate] = ()
) -> Generator[Candidate, Checked, Verified]:
    """Yields each candidate to run, is sent what it scored, and returns which one won.

    ``candidates`` are tested in their order, dearest first. After a failure as many as are left of
    their number are taken from ``ladder``, of which each promises less than the one before it.
    Drive it with ``send``, until StopIteration brings the answer. Without floors nothing has to
    be run: the cheapest wins, "not checked".
    """
    if not objective.floors:
        chosen = candidates[-1] if candidates else None
        return Verified(chosen, "not checked", tuple(candidates))
    tests = _Tests(objective)
    for candidate in candidates:
        tests.add(candidate, (yield candidate))
        if tests.failed is not None:
            break
    while len(tests.tested) < len(candidates) and (between := tests.between(ladder)):
        candidate = between[len(between) // 2]
        tests.add(candidate, (yield candidate))
    return Verified(tests.chosen, tests.verdict, tuple(tests.tested))


@dataclass(slots=True)
class _Tests:
    """Those made so far. ``held`` is ``chosen`` as it was before it was run."""

    objective: Objective
    tested: list[Candidate] = field(default_factory=list)
    chosen: Candidate | None = None
    verdict: Verdict = "not checked"
    held: Candidate | None = None
    failed: Candidate | None = None
    _run: list[int] = field(default_factory=list)

    def add(self, candidate: Candidate, checked: Checked) -> None:
        judged, reason = judge(checked, self.objective)
        outcome = f"{judged or 'failed'}: {reason}"
        self.tested.append(replace(candidate, scores=dict(checked.scores), outcome=outcome))
        self._run.append(id(candidate))
        if judged is not None:
            self.held, self.chosen, self.verdict = candidate, self.tested[-1], judged
        elif not checked.broken:
            self.failed = candidate

    def between(self, ladder: Sequence[Candidate]) -> list[Candidate]:
        """What is not run yet between the last that held and the first that failed."""
        if self.held is None or self.failed is None:
            return []
        places = {id(each): place for place, each in enumerate(ladder)}
        start, end = (places.get(id(each), 0) for each in (self.held, self.failed))
        return [each for each in ladder[start + 1 : end] if id(each) not in self._run]


def supports(perfect: Score, floor: float = 0.0) -> bool:
    """Whether enough is counted for lower bounds to say something, given a perfect score.

    Of answers also whether those of a perfect score hold the floor: no score could otherwise.
    """
    if perfect.runs is None:
        return perfect.support >= FEWEST_EVENTS
    return perfect.support >= FEWEST_RUNS and perfect.lower >= floor


def asked(objective: Objective, perfect: Mapping[str, Score]) -> Objective:
    """An objective with the floors that candidates will be held to, given perfect scores.

    Where these count too little accuracy has to reach floor + .05, so nothing that is forecast to
    reach less is worth a run.

    >>> from vedette.types.figures import Share
    >>> perfect = Score("event_f1", Share(5, 5, 0.85), Share(5, 5, 0.85))
    >>> asked(Objective(floors={"event_f1": 0.9}), {"event_f1": perfect}).floors
    {'event_f1': 0.95}
    """
    floors = {
        metric: floor if supports(perfect[metric], floor) else round(min(floor + MARGIN, 1.0), 9)
        for metric, floor in objective.floors.items()
    }
    return replace(objective, floors=floors)


def judge(checked: Checked, objective: Objective) -> tuple[Verdict | None, str]:
    """Whether every floor holds (None: no), and why.

    A floor holds when the lower bounds of precision and recall hold it. Under 8 reference events,
    or 5 runs of yes or of no, these say nothing, and under some hundred frames of either answer
    they cannot hold a high floor: then the accuracy on the whole planning part has to reach
    floor + .05, and the verdict is "not supportable" with the data there is. Where the reference
    alerts nothing, no alert is right, and that is all that can be said.
    """
    if checked.broken:
        return None, checked.broken
    verdict: Verdict = "held"
    reasons = []
    for metric, floor in objective.floors.items():
        score = checked.scores[metric]
        whole = checked.whole.get(metric, score)
        if whole.support == 0 and metric not in OF_ALERTS:
            return None, f"there is no {_lacking(whole)} to count {metric} on"
        usual = checked.usual.get(metric)
        if supports(checked.perfect.get(metric, score), floor):
            value, needed = score.lower, floor
            limit = usual.lower if usual else needed
            reason = f"the lower bound of {metric} is {value:.3f}"
        else:
            verdict, needed = "not supportable", min(floor + MARGIN, 1.0)
            value = whole.value
            limit = usual.value if usual else needed
            reason = f"only {supported(score)}, {metric} is {value:.3f}"
        asked = f"{needed:g}" if limit >= needed else f"the baseline's {limit:.3f}"
        if value < min(needed, limit) - 1e-12:
            return None, f"{reason}, less than {asked}"
        reasons.append(f"{reason}, at least {asked}")
    return verdict, "; ".join(reasons)


def supported(score: Score) -> str:
    """What a score counts, in words."""
    if score.metric in OF_ALERTS:
        return f"{score.recall.total} events that the reference alerts"
    if score.runs is None:
        return f"{score.recall.total} reference events"
    yes, no = score.runs
    frames = f"{score.recall.total} and {score.precision.total} frames"
    return f"{yes} runs of yes and {no} of no ({frames})"


def _lacking(score: Score) -> str:
    """What the reference shows none of."""
    if score.runs is None:
        return "reference event"
    return "yes of the reference" if score.runs[0] == 0 else "no of the reference"
