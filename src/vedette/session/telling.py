"""What a run or a rehearsal came to, as a page to look at."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import numpy as np

from vedette.image import ArrayPicture
from vedette.media.drawing import RIGHT, WRONG, draw_box
from vedette.media.jpeg import encode_jpeg
from vedette.media.source import local_file, open_source
from vedette.profiling.cache import machine
from vedette.records.files import read_bytes
from vedette.reporting.page import write_report
from vedette.reporting.story import Row, Sighting, Story, Timeline
from vedette.scoring import answers
from vedette.session.rehearsing import Rehearsal
from vedette.session.running import Ran
from vedette.store import StoredEvent
from vedette.types.events import Event
from vedette.types.graph import Span, Stream, Workflow
from vedette.types.media import Frame
from vedette.types.plan import Plan

MOST_PICTURES = 24


def write_page(plan: Plan, ran: Rehearsal | Ran, path: Path, *, command: str = "") -> None:
    """A report of one run: the plan, where its costs go, and what it saw."""
    seen = [each if isinstance(each, Event) else _with_picture(each) for each in ran.events]
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
        answered=tuple(_answered(plan, ran)) if isinstance(ran, Rehearsal) else (),
    )
    write_report(story, path)


def _answered(plan: Plan, ran: Rehearsal) -> Iterator[tuple[str, Timeline]]:
    """What the reference and a rehearsed plan answered, for each stream of a question."""
    if ran.reference is None or "answers" not in ran.scores:
        return
    given = {each.stream: each for each in answers(ran.trace)}
    for wanted in answers(ran.reference):
        frame, rate = wanted.frame.astype(np.int64), float(ran.trace.rates[wanted.stream])
        said = given[wanted.stream].at(wanted.frame)
        nobody = np.zeros(len(frame), np.int8)
        yield wanted.stream, Timeline(frame, wanted.yes, said, nobody, (), rate, plan.name)


def sightings(
    workflow: Workflow,
    events: Sequence[Event],
    is_right: Callable[[Event], bool | None] = lambda _event: None,
) -> tuple[Sighting, ...]:
    """The first two dozen events, each on the frame where it was decided, its box drawn.

    Files are read once more for that, each in one pass. An event of another stream shows what it
    brought along: nobody goes back in a live one.
    """
    first = list(events)[:MOST_PICTURES]
    frames = {
        (stream.name, frame.key.frame): frame
        for _, stream in workflow.streams()
        for frame in frames_at(stream, {each.frame for each in first if each.stream == stream.name})
    }
    shown = []
    for event in first:
        right, frame = is_right(event), frames.get((event.stream, event.frame))
        picture = event.picture if frame is None else _marked(frame, event, right is not False)
        shown.append(Sighting(event, picture, right))
    return tuple(shown)


def frames_at(stream: Stream, numbers: AbstractSet[int]) -> Iterator[Frame]:
    """Some frames of a file or a folder, in one pass; of anything else none."""
    file = local_file(stream.url)
    if not numbers or stream.pace == "live" or file is None or not file.exists():
        return
    with open_source(stream) as reader:
        for frame in reader.frames(Span(min(numbers), max(numbers) + 1)):
            if frame.key.frame in numbers:
                yield frame


def _marked(frame: Frame, event: Event, is_right: bool) -> bytes:
    pixels = frame.picture.bgr().copy()
    colour = RIGHT if is_right else WRONG
    draw_box(pixels, event.box, f"{event.label} {event.confidence:.2f}", colour)
    return encode_jpeg(ArrayPicture(pixels), 85)


def _with_picture(stored: StoredEvent) -> Event:
    if stored.picture is None:
        return stored.event
    return replace(stored.event, picture=read_bytes(stored.picture))
