"""What a run or a rehearsal came to, as a page to look at."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from vedette.image import ArrayPicture
from vedette.media.jpeg import encode_jpeg
from vedette.media.source import open_source
from vedette.profiling.cache import machine
from vedette.reporting.page import write_report
from vedette.reporting.story import Row, Sighting, Story
from vedette.session.rehearsing import Rehearsal
from vedette.session.running import Ran
from vedette.types.events import Event
from vedette.types.graph import Span, Workflow
from vedette.types.plan import Plan

RIGHT, WRONG = (80, 200, 60), (60, 60, 230)
MOST_PICTURES = 24


def write_page(plan: Plan, ran: Rehearsal | Ran, path: Path, *, command: str = "") -> None:
    """A report of one run: the plan, where its costs go, and what it saw."""
    seen = [each.event if not isinstance(each, Event) else each for each in ran.events]
    story = Story(
        title=plan.workflow.name,
        question=f"{plan.name} on {plan.cluster.name}",
        plan=plan,
        ran=ran.figures,
        rows=(Row(plan.name, "", ran.figures, dict(ran.scores)),),
        sightings=sightings(plan.workflow, seen),
        notes=tuple(f"{each.stream}: {each.detail} ({each.count})" for each in ran.incidents),
        command=command,
        machine=machine(),
    )
    write_report(story, path)


def sightings(
    workflow: Workflow,
    events: Sequence[Event],
    is_right: Callable[[Event], bool | None] = lambda _event: None,
) -> tuple[Sighting, ...]:
    """Each event on the frame where it was decided, its box drawn; the first two dozen."""
    streams = {stream.name: stream for _, stream in workflow.streams()}
    shown = []
    for event in list(events)[:MOST_PICTURES]:
        right = is_right(event)
        with open_source(streams[event.stream]) as reader:
            frames = reader.frames(Span(event.frame, event.frame + 1))
            picture = next(frames, None)
        if picture is None:
            shown.append(Sighting(event, event.picture, right))
            continue
        pixels = picture.picture.bgr().copy()
        draw_box(pixels, event.box, f"{event.label} {event.confidence:.2f}", right is not False)
        shown.append(Sighting(event, encode_jpeg(ArrayPicture(pixels), 85), right))
    return tuple(shown)


def draw_box(pixels: np.ndarray, box: Iterable[float], text: str, is_right: bool) -> None:
    """Draw a box with its text above it, in place."""
    colour = RIGHT if is_right else WRONG
    x0, y0, x1, y1 = (round(side) for side in box)
    cv2.rectangle(pixels, (x0, y0), (x1, y1), colour, 2, cv2.LINE_AA)
    scale = max(0.4, pixels.shape[1] / 1600)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    top = y0 - height - 6 if y0 > height + 6 else y1 + 2
    left = max(0, min(x0, pixels.shape[1] - width - 6))
    cv2.rectangle(pixels, (left, top), (left + width + 6, top + height + 6), colour, -1)
    place = (left + 3, top + height + 2)
    cv2.putText(pixels, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
