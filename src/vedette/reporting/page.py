"""The report: one page that needs nothing but itself, made of the sections that have data.

To add a section, write a function from the story to markup (None: nothing to say) and put it into
``SECTIONS`` where it should be read.
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from vedette.records.files import write_bytes
from vedette.reporting import answers, choosing, machines, record
from vedette.reporting.markup import Markup, html, tag
from vedette.reporting.story import Story

Section = Callable[[Story], Markup | None]
SECTIONS: tuple[Section, ...] = (
    answers.headline,
    answers.comparison,
    answers.alerts,
    record.notes,
    machines.plan,
    machines.flows,
    choosing.frontier,
    choosing.floors,
    choosing.tried,
    choosing.runners_up,
    record.prediction,
    record.run,
)


def render(story: Story) -> str:
    """The page as text: no file, no clock and no network is touched beyond the package's own."""
    style = Markup(files(__package__).joinpath("page.css").read_text("utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", story.title),
        tag("style", style),
    )
    main = tag("main", [section(story) for section in SECTIONS])
    return html(Markup("<!doctype html>\n"), tag("html", head, tag("body", main), lang="en"), "\n")


def write_report(story: Story, path: Path | str) -> None:
    """Write the page, all of it or nothing; raises RecordError where that fails."""
    write_bytes(Path(path), render(story).encode())
