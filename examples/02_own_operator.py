"""Write two operators of your own and run them: things that cross a line become events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

import vedette as vd
from vedette.image import ArrayPicture
from vedette.media.render import render
from vedette.types.cluster import Cluster, Device
from vedette.types.events import Event
from vedette.types.graph import Workflow
from vedette.types.media import Detections, Frame
from vedette.types.plan import Deployment

LINE_X = 160


@vd.operator
def find_bright(frame: Frame, *, threshold: int = 128) -> Detections:
    """A box around each bright thing. A function: it remembers nothing."""
    bright = (frame.picture.luma() > threshold).astype(np.uint8)
    count, _, found, _ = cv2.connectedComponentsWithStats(bright)
    left, top, width, height = found[1:, :4].T  # the first is the background
    rows = count - 1
    return Detections(
        key=frame.key,
        time_s=frame.time_s,
        size=frame.size,
        boxes=np.stack([left, top, left + width, top + height], axis=1).astype(np.float32),
        confidence=np.ones(rows, np.float32),
        label=np.zeros(rows, np.int32),
        group=np.zeros(rows, np.int32),
        track=np.full(rows, -1, np.int32),
        labels=("thing",),
        groups=("thing",),
    )


@dataclass(frozen=True, slots=True)
class LastSides:
    """For each track, if it was right of the line when it was last seen."""

    is_right: Mapping[int, bool] = field(default_factory=dict)


@vd.operator
class CountCrossings:
    """An event whenever a track comes to the other side of a vertical line.

    A class, since it remembers: all that changes is ``state``, which a run saves and restores.
    """

    def __init__(self, *, x: int) -> None:
        self.x = x
        self.state = LastSides()

    def __call__(self, found: Detections) -> tuple[Event, ...]:
        events, sides = [], dict(self.state.is_right)
        for row in np.flatnonzero(found.track >= 0):
            x0, y0, x1, y1 = found.boxes[row].tolist()
            track, is_right = int(found.track[row]), (x0 + x1) / 2 > self.x
            if sides.get(track, is_right) != is_right:
                events.append(
                    Event(
                        stream=found.key.stream,
                        kind="crossing",
                        label="to the right" if is_right else "to the left",
                        start_frame=found.key.frame,
                        end_frame=found.key.frame,
                        start_s=found.time_s,
                        end_s=found.time_s,
                        frame=found.key.frame,
                        time_s=found.time_s,
                        box=(x0, y0, x1, y1),
                        confidence=float(found.confidence[row]),
                        ordinal=track,
                    )
                )
            sides[track] = is_right
        self.state = LastSides(sides)
        return tuple(events)


def pictures() -> Iterator[ArrayPicture]:
    """Three seconds: a square goes right, a disc left, and a bar stays where it is."""
    for number in range(75):
        pixels = np.zeros((240, 320, 3), np.uint8)
        cv2.rectangle(pixels, (20 + 4 * number, 40), (50 + 4 * number, 70), (255, 255, 255), -1)
        cv2.circle(pixels, (290 - 3 * number, 120), 16, (255, 255, 255), -1)
        cv2.rectangle(pixels, (200, 190), (240, 210), (255, 255, 255), -1)
        yield ArrayPicture(pixels)


def declared(video: Path) -> Workflow:
    flow = vd.workflow("line")
    hall = flow.source("hall", hall=str(video))
    found = flow.step("find", find_bright, hall)
    tracked = flow.step("track", "track", found)
    flow.step("count", CountCrossings, tracked, x=LINE_X)
    return flow.build()


def main() -> None:
    video = Path("hall.mkv")
    print(f"{video}: {render(pictures(), video)} frames")
    workflow = declared(video)
    here = Cluster("here", (Device("box", "edge", cores=1),), ())
    placement = {"hall": "box"} | {step.name: "box" for step in workflow.steps}
    by_hand = Deployment(workflow=workflow, cluster=here, choice={}, placement=placement)
    ran = vd.run(by_hand, store="line.db")
    for stored in ran.events:
        event = stored.event
        print(
            f"frame {event.frame}, {float(event.time_s):.2f} s: thing {event.ordinal} {event.label}"
        )
    print(f"{ran.figures.analysed} of {ran.figures.frames} frames analysed")


if __name__ == "__main__":
    main()
