"""The contract of work: what a step makes of a frame, and what that costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from vedette.declaring.operator import signature
from vedette.errors import InputError
from vedette.types.coding import coding_of
from vedette.types.commit import SavedState
from vedette.types.events import Incident
from vedette.types.graph import SOURCE, Scalar, Step
from vedette.types.media import Bundle, Checkpoint, Packet
from vedette.types.operators import Signature
from vedette.types.plan import Deployment

Operators = Mapping[str, Callable[..., Any]]
Models = Callable[[str], Any]
"""A variant's name -> what a step calls to run it."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step's output for one frame, how often its operator was called, and what it took.

    ``cpu_s`` at speed 1; ``size_bytes`` is what the output takes on a link (packets only).
    """

    bundle: Bundle
    calls: int
    cpu_s: float
    size_bytes: float

    def without_content(self) -> "Done":
        """The same with items that are numbers alone, as in a trace."""
        if all(item is None for _, item in self.bundle.items):
            return self
        items = tuple((number, None) for number, _ in self.bundle.items)
        return replace(self, bundle=replace(self.bundle, items=items))


class Work(Protocol):
    """Does steps. Frames of a stream reach a stateful step one at a time, in order."""

    def do(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        """One step on one frame; ``inputs`` has the bundles by the names the step reads."""
        ...

    def save(self, step: Step, stream: str) -> SavedState:
        """A stateful step's state as a checkpoint passes it."""
        ...

    def load(self, step: Step, stream: str, state: SavedState) -> None: ...


class StepFailed(Exception):  # noqa: N818  # what happened; it never leaves the package
    """An operator raised; the cause is its own error."""

    def __init__(self, step: str, stream: str, frame: int) -> None:
        super().__init__(f"step {step}, stream {stream}, frame {frame}")
        self.step, self.stream, self.frame = step, stream, frame

    def incident(self) -> Incident:
        cause = self.__cause__ or self
        detail = f"step {self.step}, frame {self.frame}: {type(cause).__name__}: {cause}"
        return Incident("failed step", self.stream, detail)

    def explained(self) -> BaseException:
        """The operator's own error, which now says where in the run it was raised."""
        error = self.__cause__ or self
        if not isinstance(error, InputError):
            error.add_note(f"in {self}")
            return error
        told = [replace(each, found=f"{each.found} (in {self})") for each in error.problems]
        return type(error)(*told).with_traceback(error.__traceback__)


def saved(work: Work, step: Step, at: Checkpoint) -> SavedState:
    """A step's state as a checkpoint passes it. Raises StepFailed."""
    try:
        return work.save(step, at.stream)
    except Exception as error:
        raise StepFailed(step.name, at.stream, at.frame) from error


def signatures_of(plan: Deployment, operators: Operators) -> dict[str, Signature]:
    """The signatures of the operators that a plan's steps run."""
    return {step.operator: signature(operators[step.operator]) for step in plan.workflow.steps}


def packed_size(bundle: Bundle) -> float:
    return float(sum(len(each.payload) for _, each in bundle.items if isinstance(each, Packet)))


def is_encoder(step: Step) -> bool:
    return step.operator == "encode"


def is_decoder(step: Step) -> bool:
    return step.operator == "decode"


def is_free(plan: Deployment, step: Step) -> bool:
    """If a step's device encodes frames without using a core (a camera's own encoder)."""
    device = plan.cluster.device(plan.placement[step.name])
    if not is_encoder(step) or step.settings.get("kind") != "frame":
        return False
    return coding_of(quality_of(step)).codec == device.encoder


def quality_of(step: Step) -> Scalar:
    """The value of the knob transport.qp with which a step encodes frames."""
    found = step.settings.get("qp", SOURCE)
    return found if isinstance(found, int | str) else SOURCE
