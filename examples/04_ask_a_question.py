"""Ask of every frame if a car is in a zone, and be told from when to when it was."""

from collections.abc import Iterator

import vedette as vd
from vedette.media.source import open_source
from vedette.models import loader
from vedette.models.assets import fetch
from vedette.models.zoo import CLIPS
from vedette.ops.episodes import Episodes
from vedette.ops.zone import presence
from vedette.types.events import Event
from vedette.types.graph import EventRule, Span, Stream, Workflow

MODEL = "yolox-nano-416-wide"
CLASSES = {"vehicle": ["car", "bus", "truck"]}
LEFT_LANE = [[40.0, 90.0], [250.0, 90.0], [250.0, 200.0], [40.0, 200.0]]


def declared(zone: list[list[float]]) -> Workflow:
    """The question as a workflow: whatever plans and runs workflows does so with this one."""
    flow = vd.workflow("lane")
    street = flow.source("street", Stream("gate", str(fetch(CLIPS["bikes"]))))
    asked = flow.step("lane", "presence", street, classes=CLASSES, zone=zone, model=MODEL)
    flow.step("passages", "episodes", asked)
    return flow.build(events=EventRule(tracks="lane"))


def passages() -> Iterator[Event]:
    """The same by hand, on every sixth frame of one shot: operators are plain functions."""
    model, episodes = loader(())(MODEL), Episodes()
    with open_source(Stream("gate", str(fetch(CLIPS["bikes"])))) as reader:
        for frame in list(reader.frames(Span(132, 200)))[::6]:
            answer = presence(frame, model=model, classes=CLASSES, zone=LEFT_LANE)
            event = episodes(answer, frame)
            if event:
                yield event


def main() -> None:
    print("Held to:", dict(declared(LEFT_LANE).objective.floors))
    for problem in vd.check(declared([[40.0, 90.0], [900.0, 90.0], [250.0, 200.0]])):
        print(problem)
    for event in passages():
        start_s, end_s = float(event.start_s), float(event.end_s)
        print(f"{event.label} in the lane from {start_s:.2f} s to {end_s:.2f} s")


if __name__ == "__main__":
    main()
