"""One source frame, or one checkpoint, on its way through the stages of a plan in virtual time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import simpy

from vedette.running.course import Course
from vedette.running.segment import Stage
from vedette.running.tally import Passed
from vedette.types.commit import SavedState
from vedette.types.media import Bundle, Checkpoint

Parts = dict[str, float]
"""Where a frame's time has gone so far: seconds by step, link and wait."""


@dataclass(slots=True)
class Passage:
    """A frame with the outputs that somebody still needs, and when they are where.

    ``arrival(name, device)`` happens when an output is on a device; its value is the moment and
    where the time went until then.
    """

    env: simpy.Environment
    course: Course
    fate: Passed
    bundles: dict[str, Bundle]
    _left: Counter[str] = field(default_factory=Counter)
    _arrivals: dict[tuple[str, str], simpy.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = Counter(self.course.readers)

    def arrival(self, name: str, device: str) -> simpy.Event:
        return self._arrivals.setdefault((name, device), self.env.event())

    def latest(self, places: Iterable[tuple[str, str]]) -> tuple[float, Parts]:
        """Of outputs that have arrived, when the last one did and where its time went."""
        came: list[Any] = [self._arrivals[place].value for place in places]
        moment_s, parts = max(came, key=lambda value: value[0])
        return moment_s, dict(parts)

    def read(self, stage: Stage) -> None:
        """A stage has run: forget what nobody else needs."""
        for name in self.course.inputs(stage):
            self._left[name] -= 1
            if not self._left[name]:
                self.bundles.pop(name, None)
        for step in stage.steps:
            if step.name not in stage.outputs:
                self.bundles.pop(step.name, None)


@dataclass(slots=True)
class CheckpointPassage:
    """A checkpoint and the states it has met, by step."""

    checkpoint: Checkpoint
    course: Course
    states: dict[str, SavedState] = field(default_factory=dict)
    shared: dict[str, SavedState] = field(default_factory=dict)
