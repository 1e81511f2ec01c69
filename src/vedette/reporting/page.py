"""The report: one page that needs nothing but itself, made of the sections that have data.

To add a section, write a function from the story to markup (None: nothing to say) and put it into
``SECTIONS`` where it should be read.
"""

from collections.abc import Callable
from pathlib import Path

from vedette.records.files import write_bytes
from vedette.reporting import answers, choosing, machines, record, requests
from vedette.reporting.markup import Markup
from vedette.reporting.parts import document
from vedette.reporting.story import Story

Section = Callable[[Story], Markup | None]
SECTIONS: tuple[Section, ...] = (
    answers.headline,
    answers.comparison,
    answers.over_time,
    answers.alerts,
    record.notes,
    machines.plan,
    machines.flows,
    requests.requests,
    choosing.frontier,
    choosing.floors,
    choosing.tried,
    choosing.runners_up,
    record.prediction,
    record.run,
)


def render(story: Story) -> str:
    """The page as text."""
    return document(story.title, (section(story) for section in SECTIONS))


def write_report(story: Story, path: Path | str) -> None:
    """Write the page, all of it or nothing; raises RecordError where that fails."""
    write_bytes(Path(path), render(story).encode())
