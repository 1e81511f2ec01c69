"""The comparison of plans as lines of text: what the page and the terminal both show."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vedette.reporting.story import Row, TargetResult
from vedette.reporting.wording import (
    MEASURES,
    NONE,
    accuracy,
    change,
    counts,
    place_name,
    score_name,
    share,
)
from vedette.types.figures import Figures


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one plan: how it stands to the baseline, and what it was counted on."""

    text: str
    against: str = ""
    counted: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of every plan, in the order of the plans."""

    name: str
    unit: str
    cells: tuple[Cell, ...]


def compare(rows: Sequence[Row]) -> tuple[Line, ...]:
    """What was found, how accurately, and at what cost; percent is against the first row.

    Nothing is said against a baseline that is infeasible, nor of a plan that is.
    """
    return (*_target_lines(rows), *_score_lines(rows), *_cost_lines(rows), *_frame_lines(rows))


def saving(row: Row, baseline: Row, value: float, base: float) -> str:
    """The change against the baseline where both can run, otherwise nothing."""
    if row is baseline or not (row.feasible and baseline.feasible):
        return ""
    return change(value, base)


def late_text(target: TargetResult) -> str:
    """How long after it could first be seen, from the earliest to the latest alert.

    >>> late_text(TargetResult(2, 2, (0.8, 0.3), 0))
    '0.30\u20130.80'
    """
    if not target.late_s:
        return NONE
    first, last = f"{min(target.late_s):.2f}", f"{max(target.late_s):.2f}"
    return first if first == last else f"{first}\u2013{last}"


def busiest(figures: Figures) -> str:
    """The device or link with the highest load."""
    if not figures.load:
        return NONE
    name, load = max(figures.load.items(), key=lambda item: item[1])
    return f"{place_name(name)} {share(load)}"


def _target_lines(rows: Sequence[Row]) -> Iterator[Line]:
    if not any(row.target for row in rows):
        return

    def line(name: str, unit: str, says: Callable[[TargetResult], str]) -> Line:
        cells = tuple(Cell(says(row.target) if row.target else NONE) for row in rows)
        return Line(name, unit, cells)

    yield line("Target found", "", lambda target: f"{target.found} of {target.total}")
    yield line("Alert delay", "s", late_text)
    yield line("False alerts", "", lambda target: str(target.false_alerts))


def _score_lines(rows: Sequence[Row]) -> Iterator[Line]:
    for metric in dict.fromkeys(metric for row in rows for metric in row.scores):
        scores = [row.scores.get(metric) for row in rows]
        cells = (
            Cell(accuracy(score.value), counted=counts(score)) if score else Cell(NONE)
            for score in scores
        )
        yield Line(score_name(metric), "", tuple(cells))


def _cost_lines(rows: Sequence[Row]) -> Iterator[Line]:
    for measure in MEASURES:
        base = measure.of(rows[0].figures) if rows else 0.0
        cells = (
            Cell(measure.says(row.figures), saving(row, rows[0], measure.of(row.figures), base))
            for row in rows
        )
        yield Line(measure.name, measure.unit, tuple(cells))


def _frame_lines(rows: Sequence[Row]) -> Iterator[Line]:
    figures = [row.figures for row in rows]
    yield Line("Frames analysed", "", tuple(Cell(f"{f.analysed} of {f.frames}") for f in figures))
    if any(each.dropped for each in figures):
        yield Line("Frames dropped", "", tuple(Cell(str(each.dropped)) for each in figures))
    if any(each.load for each in figures):
        yield Line("Highest load", "", tuple(Cell(busiest(each)) for each in figures))
