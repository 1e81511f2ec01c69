"""Which frames choose, which check, and which are reported on."""

from collections.abc import Mapping
from dataclasses import dataclass

from vedette.types.graph import Span, Workflow


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

    ``frames`` is how many there are, None where nobody can know (a live stream).

    >>> split(None, None, 100).verify
    Span(start=25, end=50)
    """
    end = frames if frames is not None else 0
    plan = plan_on if plan_on is not None else Span(0, end // 2)
    plan_end = end if plan.end is None else plan.end
    middle = (plan.start + plan_end) // 2
    whole = Span(0, None) if plan_on is not None else Span(plan_end, frames)
    return Parts(
        choose=Span(plan.start, middle),
        verify=Span(middle, plan_end),
        report=report_on if report_on is not None else whole,
    )


def spans(workflow: Workflow, frames: Mapping[str, int | None], part: str) -> dict[str, Span]:
    """Each stream's span of a part: choose, verify, plan, report or all."""
    if part == "all":
        return {stream.name: Span() for _, stream in workflow.streams()}
    return {
        stream.name: getattr(split(stream.plan_on, stream.report_on, frames[stream.name]), part)
        for _, stream in workflow.streams()
    }
