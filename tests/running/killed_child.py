"""A run in a process of its own, which may end itself at a step of its choice, unasked.

``python killed_child.py STORE DIES_AT``: the process kills itself when its operators have been
called ``DIES_AT`` times (0: never).
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from tests.running.scripted import OPERATORS, Number, no_models, plan_of, sources_for

from vedette.running.local import LocalExecutor
from vedette.store import Store
from vedette.types.events import Event
from vedette.types.graph import Step

FRAMES = 60
STEPS = [
    Step("keep", "drop_some", ("street",)),
    Step("look", "look", ("keep",)),
    Step("follow", "follow", ("look",)),
    Step("follow.encode", "encode", ("follow",), {"kind": "item"}, part_of="follow"),
    Step("follow.decode@box", "decode", ("follow.encode",), {"kind": "item"}, part_of="follow"),
    Step("parts", "spread", ("follow.decode@box",)),
    Step("tell", "announce_parts", ("parts",)),
]


@dataclass(frozen=True)
class Open:
    """A thing that is being followed."""

    begun: int
    votes: tuple[int, ...]


@dataclass(frozen=True)
class Following:
    things: dict[int, Open]
    made: int = 0


class Follow:
    """Keeps a memory of what it has seen, as a tracker does, and shows it in what it says."""

    def __init__(self) -> None:
        self.state = Following({})

    def __call__(self, number: Number) -> Number:
        thing = number.value % 5
        known = self.state.things.get(thing, Open(number.key.frame, ()))
        votes = (*known.votes, number.value)[-3:]
        things = {**self.state.things, thing: replace(known, votes=votes)}
        self.state = Following(things, self.state.made + 1)
        return replace(number, value=known.begun + sum(votes) + self.state.made)


class AnnounceParts:
    """An event with a picture for every second item of all frames."""

    def __init__(self) -> None:
        self.state = Following({})

    def __call__(self, number: Number) -> Event | None:
        self.state = Following({}, self.state.made + 1)
        if self.state.made % 2:
            return None
        frame, time_s = number.key.frame, number.time_s
        return Event(
            stream=number.key.stream,
            kind="part",
            label=str(number.value),
            start_frame=frame,
            end_frame=frame,
            start_s=time_s,
            end_s=time_s,
            frame=frame,
            time_s=time_s,
            box=(0.0, 0.0, 1.0, 1.0),
            confidence=0.5,
            ordinal=self.state.made,
            picture=str(number.value).encode(),
        )


def dying(target: Any, calls: Callable[[], int], dies_at: int) -> Any:
    """The operator, which counts its calls and kills the process at one of them."""
    call = target.__call__

    def counted(self: Any, number: Number) -> Any:
        if calls() == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(self, number)

    counted.__annotations__ = call.__annotations__
    return type(target.__name__, (target,), {"__call__": counted})


def run(place: str, dies_at: int) -> None:
    calls = count(1).__next__
    operators = {
        **OPERATORS,
        "follow": dying(Follow, calls, dies_at),
        "announce_parts": dying(AnnounceParts, calls, dies_at),
    }
    plan = plan_of(STEPS, streams={"street": ("a", "b")}, gop_s=0.7)
    with Store(place) as store:
        sink = store.begin_run("scripted", store.unfinished_run("scripted"))
        executor = LocalExecutor(operators, no_models, workers=2)
        report = executor.run(plan, sources_for(plan, FRAMES), sink)
        if report.finished:
            sink.finish()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
