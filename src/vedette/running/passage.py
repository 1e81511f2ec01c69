"""One source frame, or one checkpoint, on its way through the stages of a plan in virtual time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import simpy

from vedette.running.course import Course
from vedette.running.tally import Passed
from vedette.running.work import Done
from vedette.types.commit import SavedState
from vedette.types.graph import Step
from vedette.types.media import Bundle, Checkpoint

Parts = dict[str, float]
"""Where a frame's time has gone so far: seconds by step, link and wait."""


@dataclass(slots=True)
class Passage:
    """A frame's way: what was done for it, and when each output is where.

    The frame itself is gone when its work is done, which is as soon as it begins: what then
    queues in virtual time are costs (``done``, items without content) and ``answers``.
    ``arrival(name, device)`` happens when an output is on a device; its value is the moment and
    where the time went until then.
    """

    env: simpy.Environment
    course: Course
    fate: Passed
    frame: Bundle | None
    done: dict[str, Done] = field(default_factory=dict)
    answers: dict[str, Bundle] = field(default_factory=dict)
    _arrivals: dict[tuple[str, str], simpy.Event] = field(default_factory=dict)

    def work(self, do: Callable[[Step, Mapping[str, Bundle]], Done]) -> None:
        """Do all steps in order, and forget each output when nobody needs it any more."""
        bundles = {self.course.source: self.frame} if self.frame else {}
        self.frame = None
        for stage in self.course.stages:
            for step in stage.steps:
                done = do(step, bundles)
                bundles[step.name] = done.bundle
                self.done[step.name] = done.without_content()
            for name in bundles.keys() - self.course.needed_after(stage):
                del bundles[name]
        self.answers = bundles

    def arrival(self, name: str, device: str) -> simpy.Event:
        return self._arrivals.setdefault((name, device), self.env.event())

    def latest(self, places: Iterable[tuple[str, str]]) -> tuple[float, Parts]:
        """Of outputs that have arrived, when the last one did and where its time went."""
        came: list[Any] = [self._arrivals[place].value for place in places]
        moment_s, parts = max(came, key=lambda value: value[0])
        return moment_s, dict(parts)


@dataclass(slots=True)
class CheckpointPassage:
    """A checkpoint and the states it has met, by step."""

    checkpoint: Checkpoint
    course: Course
    states: dict[str, SavedState] = field(default_factory=dict)
    shared: dict[str, SavedState] = field(default_factory=dict)
