"""The comparison and the plan for a terminal of 100 columns, in the words of the page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from vedette.reporting.comparison import Cell, compare
from vedette.reporting.layout import TIERS, is_transport
from vedette.reporting.markup import clean
from vedette.reporting.story import Row, Story
from vedette.reporting.wording import (
    MEASURES,
    PARTS,
    VERDICTS,
    accuracy,
    change,
    chosen,
    counted,
    counts,
    number,
    objective_text,
    place_name,
    score_name,
    share,
    whole,
)
from vedette.types.figures import Figures, Score
from vedette.types.plan import Plan

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = 100


def table(rows: Sequence[Row]) -> "Table":
    """Plans as columns, figures as lines, each plan's label under its name."""
    from rich.table import Table  # noqa: PLC0415  # a plan's text needs no rich
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("")
    for row in rows:
        mark = "" if row.feasible else "\ninfeasible"
        name = Text(f"{clean(row.name)}\n{row.figures.label}{mark}", overflow="fold")
        shown.add_column(name, justify="right", overflow="fold")
    for line in compare(rows):
        head = Text(clean(f"{line.name} {line.unit}".rstrip()))
        shown.add_row(head, *(Text(_cell(cell)) for cell in line.cells))
    return shown


def _cell(cell: Cell) -> str:
    first = f"{cell.text} {cell.against:>6}" if cell.against else cell.text
    return clean("\n".join([first, *cell.counted.split(", ")]) if cell.counted else first)


def plan_text(plan: Plan) -> str:
    """What runs where, what was chosen, what it should cost, and why no less."""
    return clean("\n".join(_plan_lines(plan)))


def _plan_lines(plan: Plan) -> Iterator[str]:
    proof, expected = plan.proof, plan.predicted
    yield f"{plan.name} of {plan.workflow.name} on {plan.cluster.name}"
    yield from block("Machines", places(plan))
    yield from block("Choice", chosen(plan))
    yield from block(
        f"Cost ({expected.label})",
        [(each.name, f"{each.says(expected)} {each.unit}".rstrip()) for each in MEASURES],
    )
    loads = ", ".join(f"{place_name(name)} {share(load)}" for name, load in expected.load.items())
    yield from block(f"Loads ({expected.label})", [("", loads)] if loads else [])
    yield from block("Accuracy", list(_floors(plan)))
    yield from block("What binds", [("", each) for each in plan.binding])
    yield from block(
        "Decision",
        [
            ("", f"least {objective_text(plan.workflow.objective)}"),
            ("", f"{number(proof.objective)}, none weighed below {number(proof.bound)}"),
            ("", f"{proof.method}, {whole(proof.evaluated)} evaluated"),
        ],
    )


def block(heading: str, lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A heading and its lines, names in a column, long texts wrapped beside it."""
    if not lines:
        return
    yield ""
    yield heading
    column = min(max(len(name) for name, _ in lines), 36)
    room = COLUMNS - column - 4
    for name, text in lines:
        first, *rest = [part for line in text.splitlines() for part in wrap(line, room)] or [""]
        yield f"  {name:<{column}}  {first}".rstrip() if column else f"  {first}"
        yield from (f"  {'':<{column}}  {each}" if column else f"  {each}" for each in rest)


def places(plan: Plan) -> list[tuple[str, str]]:
    """Each device with work, and its steps in order."""
    return [(counted(plan, plan.cluster.device(name)), _steps(plan, name)) for name in _busy(plan)]


def _busy(plan: Plan) -> list[str]:
    """Devices with work, from camera to cloud."""
    busy = set(plan.placement.values())
    devices = sorted(plan.cluster.devices, key=lambda device: TIERS.index(device.tier))
    return [device.name for device in devices if device.name in busy]


def _steps(plan: Plan, device: str) -> str:
    sources = [
        each.name for each in plan.workflow.sources if plan.placement.get(each.name) == device
    ]
    steps = [
        step.operator if is_transport(step) else step.name
        for step in plan.workflow.ordered()
        if plan.placement.get(step.name) == device
    ]
    return " \u2192 ".join([*sources, *steps])


def _floors(plan: Plan) -> Iterator[tuple[str, str]]:
    for metric, floor in plan.workflow.objective.floors.items():
        yield f"{score_name(metric)} at least {floor:g}", VERDICTS[plan.verdict]
    for name, score in plan.scores.items():
        words = f"{accuracy(score.value)} ({counts(score)}), lower bound {accuracy(score.lower)}"
        yield score_name(name), words


def figures_text(figures: Figures) -> str:
    """Figures alone, with the label that says how they came about."""
    costs = [(each.name, f"{each.says(figures)} {each.unit}".rstrip()) for each in MEASURES]
    loads = [(place_name(name), share(load)) for name, load in figures.load.items()]
    lines = [*block(f"Cost ({figures.label})", costs), *block("Loads", loads)]
    return clean("\n".join(lines).strip("\n"))


def beside_text(expected: Figures, ran: Figures, scores: Mapping[str, Score]) -> str:
    """What a plan promised beside what came, and how far the promise lies above or below it."""
    lines = [f"{'':<24}{expected.label:>12}{ran.label:>14}{'error':>10}"]
    for each in MEASURES:
        name = f"{each.name} {each.unit}".rstrip()
        off = change(each.of(expected), each.of(ran))
        lines.append(f"{name:<24}{each.says(expected):>12}{each.says(ran):>14}{off:>10}")
    analysed = f"{ran.analysed} of {ran.frames}"
    lines.append(f"{'Frames analysed':<36}{analysed:>14}")
    for metric, score in scores.items():
        lines.append(f"{score_name(metric):<36}{accuracy(score.value):>14}  ({counts(score)})")
    lines += requests_lines(ran)
    if ran.label == "measured":
        lines += ["", "CPU is this machine's here, and that of a machine of speed 1 there."]
    if math.isnan(ran.latency_p50_ms):
        lines.append("Latency and age are those of frames as they are captured: see --paced.")
    return clean("\n".join(lines))


def requests_lines(figures: Figures) -> Iterator[str]:
    """Where requests to other machines spent their time, a line for each segment or model."""
    if figures.requests:
        yield ""
        yield f"{'Requests, mean ms':<24}" + "".join(f"{name:>14}" for name in (*PARTS, "count"))
    for name, each in figures.requests.items():
        spent = [number(getattr(each, f"{part}_ms")) for part in PARTS.values()]
        yield f"{name:<24}" + "".join(f"{text:>14}" for text in (*spent, whole(each.count)))


def story_lines(story: Story) -> Iterator[str]:
    """What is said under the comparison: what was chosen, how long it took, what to know."""
    yield from block("The plan", places(story.plan))
    yield from block("Its settings", chosen(story.plan))
    yield from block("Accuracy on what checked it", list(_floors(story.plan)))
    yield from block("Time taken", [(what, f"{took:.1f} s") for what, took in story.timings])
    yield from block("To know", [("", note) for note in story.notes])
