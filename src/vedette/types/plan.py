"""What to do, what it will cost, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vedette.types.cluster import Cluster
from vedette.types.figures import Figures, Score
from vedette.types.graph import Choice, Workflow
from vedette.types.passes import Passes

Verdict = Literal["held", "not supportable", "not checked"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One choice and placement that was weighed, and what became of it."""

    choice: Choice
    placement: Mapping[str, str]
    objective: float
    accuracy: float
    figures: Figures
    scores: Mapping[str, Score] = field(default_factory=dict)
    outcome: str = ""
    replicas: Mapping[str, int] = field(default_factory=dict)
    batches: Mapping[str, Passes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """How good a decision is: its objective, a bound on any, and what it took to find.

    The bound is as far-reaching as ``method`` says: of all options, or of those that were weighed.
    """

    objective: float
    bound: float
    method: str
    evaluated: int

    @property
    def gap(self) -> float:
        return (self.objective - self.bound) / max(abs(self.objective), 1e-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What an executor runs: steps with every setting fixed, and where each of them runs.

    ``workflow`` is expanded and holds the transport steps; ``placement`` has a device for each of
    its steps (a ``per_stream`` device stands for each stream's own) and for each source.
    ``parallel_items``: a stateless step may use several cores for one frame's items.
    ``replicas``: how many machines stand behind a device, where these are not one. Each stream
    stays with one of them, whose steps keep its state; streams are dealt out in turn. ``batches``:
    the steps whose model takes several of the frames that wait in one pass, with what that saves.
    """

    workflow: Workflow
    cluster: Cluster
    choice: Choice
    placement: Mapping[str, str]
    parallel_items: bool = False
    replicas: Mapping[str, int] = field(default_factory=dict)
    batches: Mapping[str, Passes] = field(default_factory=dict)

    def replica_of(self, device: str, stream: str) -> int:
        """Which of a device's machines does a stream's steps, from 0."""
        count = self.replicas.get(device, 1)
        if count == 1:
            return 0
        names = [each.name for _, each in self.workflow.streams()]
        return names.index(stream) % count


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Deployment):
    """A deployment with what was expected of it and why it was chosen.

    ``declared`` is the workflow as its user stated it, so that a plan file stands alone.
    """

    predicted: Figures
    scores: Mapping[str, Score]
    verdict: Verdict
    proof: Proof
    binding: tuple[str, ...] = ()
    tried: tuple[Candidate, ...] = ()
    frontier: tuple[Candidate, ...] = ()
    runners_up: tuple[Candidate, ...] = ()
    declared: Workflow | None = None
    name: str = "plan"
    version: int = 1
