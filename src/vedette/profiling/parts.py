"""Which frames choose, which check, and which are reported on."""

from collections.abc import Mapping
from dataclasses import dataclass

from vedette.types.graph import Span, Stream, Workflow


@dataclass(frozen=True, slots=True)
class Parts:
    """One stream's spans; ``choose`` and ``verify`` are the halves of what is planned on."""

    choose: Span
    verify: Span
    report: Span

    @property
    def plan(self) -> Span:
        return Span(self.choose.start, self.verify.end)


def split(plan_on: Span | None, report_on: Span | None, frames: int | None) -> Parts:
    """A stream's parts; by default the first half plans and the second is reported on.

    ``frames`` is how many there are in one play, None where nobody can know (a live stream).
    Where only ``plan_on`` is stated, the longer side of what it leaves is reported on.

    >>> split(None, None, 100).verify, split(Span(0, 30), None, 100).report
    (Span(start=25, end=50), Span(start=30, end=100))
    """
    end = frames if frames is not None else 0
    plan = within(plan_on if plan_on is not None else Span(0, end // 2), frames)
    plan_end = plan.end or 0
    middle = (plan.start + plan_end) // 2
    return Parts(
        choose=Span(plan.start, middle),
        verify=Span(middle, plan_end),
        report=within(report_on, frames) if report_on is not None else _beside(plan, frames),
    )


def within(span: Span, frames: int | None) -> Span:
    """The part of a span that is there; open ends stay open only where nobody knows the end."""
    if frames is None:
        return span
    end = frames if span.end is None else min(span.end, frames)
    return Span(min(span.start, end), end)


def spans(workflow: Workflow, frames: Mapping[str, int | None], part: str) -> dict[str, Span]:
    """Each stream's span of a part: choose, verify, plan, report or all.

    ``frames`` counts all plays of a stream; only the first of them is planned and reported on,
    since a repeat shows nothing new. "all" is every frame of every play.
    """
    if part == "all":
        return {stream.name: Span() for _, stream in workflow.streams()}
    return {stream.name: getattr(_parts(stream, frames), part) for _, stream in workflow.streams()}


def _parts(stream: Stream, frames: Mapping[str, int | None]) -> Parts:
    every = frames[stream.name]
    return split(stream.plan_on, stream.report_on, every and every // stream.repeat)


def _beside(plan: Span, frames: int | None) -> Span:
    before = Span(0, plan.start)
    after = Span(plan.end or 0, frames)
    if frames is None or frames - after.start >= plan.start:
        return after
    return before
