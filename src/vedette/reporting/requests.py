"""Where time goes in Distributed NoScope's four parts: of frames, and of what was really asked."""

from vedette.reporting.markup import Child, Markup
from vedette.reporting.parts import label, note, section, table
from vedette.reporting.story import Story
from vedette.reporting.wording import NONE, PARTS, number, whole
from vedette.types.figures import Breakdown

WORDS = (
    "Transmission is links, and packing and unpacking what crosses them; the client's queue is the "
    "wait for a link or a turn, the server's the wait for a machine. "
)


def requests(story: Story) -> Markup | None:
    """The four parts of a frame's latency, and of the requests to each segment or model."""
    rows = [_row(*each) for each in _frames(story)]
    rows += [_row(name, each) for name, each in story.ran.requests.items()]
    if not rows:
        return None
    heads = ["", *(f"{name}, ms" for name in PARTS), "Sum, ms", "Requests"]
    caption = "Mean milliseconds of an analysed frame, or of a request"
    words, shown = note(WORDS, label(story.ran.label)), table(caption, heads, rows, "figures")
    return section("requests", "Transmission, queues and compute", words, shown)


def _frames(story: Story) -> list[tuple[str, Breakdown]]:
    """Those of frames that go from machine to machine; what was asked really says more."""
    plans = [(story.chosen.name, story.ran)]
    plans += [(story.baseline.name, story.baseline.figures)] if story.baseline else []
    crosses = any("->" in name for name in story.ran.step_ms)
    found = [(name, figures.breakdown()) for name, figures in plans if figures.step_ms]
    return found if crosses and not story.ran.requests else []


def _row(name: str, each: Breakdown) -> list[Child]:
    spent = [number(getattr(each, f"{part}_ms")) for part in PARTS.values()]
    return [name, *spent, number(each.total_ms), whole(each.count) if each.count else NONE]
