"""Which frames choose, which check, and which are reported on."""

import pytest

from vedette.profiling.parts import Parts, spans, split
from vedette.types.graph import Source, Span, Stream, Workflow


@pytest.mark.parametrize(
    ("plan_on", "report_on", "frames", "parts"),
    [
        (None, None, 100, Parts(Span(0, 25), Span(25, 50), Span(50, 100))),
        (None, None, 7, Parts(Span(0, 1), Span(1, 3), Span(3, 7))),
        (None, None, 0, Parts(Span(0, 0), Span(0, 0), Span(0, 0))),
        (Span(10, 30), None, 100, Parts(Span(10, 20), Span(20, 30), Span(30, 100))),
        (Span(60, 90), None, 100, Parts(Span(60, 75), Span(75, 90), Span(0, 60))),
        (Span(10, None), Span(0, 10), 50, Parts(Span(10, 30), Span(30, 50), Span(0, 10))),
        (Span(0, 0), None, 50, Parts(Span(0, 0), Span(0, 0), Span(0, 50))),
        (Span(0, 20), None, None, Parts(Span(0, 10), Span(10, 20), Span(20, None))),
    ],
)
def test_a_stream_is_split(
    plan_on: Span | None, report_on: Span | None, frames: int | None, parts: Parts
) -> None:
    assert split(plan_on, report_on, frames) == parts


def test_the_planning_part_is_both_halves() -> None:
    assert split(Span(10, 31), None, 100).plan == Span(10, 31)


def test_all_is_every_frame_of_every_stream() -> None:
    streams = (Stream("a", "a.mp4", plan_on=Span(0, 4)), Stream("b", "b.mp4"))
    workflow = Workflow("two", (Source("both", streams),), ())
    assert spans(workflow, {"a": 10, "b": 20}, "all") == {"a": Span(), "b": Span()}
    assert spans(workflow, {"a": 10, "b": 20}, "verify") == {"a": Span(2, 4), "b": Span(5, 10)}


def test_what_is_planned_on_ends_where_the_clip_does() -> None:
    parts = split(Span(0, 500), None, 92)
    assert (parts.choose, parts.verify) == (Span(0, 46), Span(46, 92))


def test_repeats_are_neither_planned_nor_reported_on() -> None:
    workflow = Workflow("loop", (Source("a", (Stream("a", "a.mp4", repeat=4),)),), ())
    assert spans(workflow, {"a": 400}, "verify") == {"a": Span(25, 50)}
    assert spans(workflow, {"a": 400}, "report") == {"a": Span(50, 100)}
