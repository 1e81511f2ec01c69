"""An explanation as a page: the frontier drawn, with the plan, the baseline and those that lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vedette.planning.explain import Explanation
from vedette.planning.knobs import pareto
from vedette.planning.rivals import Point
from vedette.records.files import write_bytes
from vedette.reporting import choosing
from vedette.reporting.explaining import (
    FRONTIER,
    LETTERS,
    binding_lines,
    bound_lines,
    cost_text,
    frontier_heads,
    frontier_rows,
    price_rows,
    prices_heading,
    rival_rows,
)
from vedette.reporting.frontier import Mark, draw, legend
from vedette.reporting.markup import Markup, tag
from vedette.reporting.parts import document, section, table, wide
from vedette.reporting.story import Story
from vedette.reporting.wording import score_name
from vedette.types.graph import Accuracy
from vedette.types.plan import Candidate, Plan


def write_explanation(plan: Plan, told: Explanation, path: Path) -> None:
    """Write the page, all of it or nothing; raises RecordError where that fails."""
    write_bytes(path, render_explanation(plan, told).encode())


def render_explanation(plan: Plan, told: Explanation) -> str:
    """The page as text; it needs nothing but itself, and no script."""
    title = f"Why {plan.name} of {plan.workflow.name} on {plan.cluster.name}"
    return document(title, _sections(plan, told, title))


def _sections(plan: Plan, told: Explanation, title: str) -> Iterator[Markup | None]:
    story = Story(title, "", plan, plan.predicted)
    yield tag("header", tag("h1", title), tag("p", cost_text(plan, told), class_="answer"))
    notes = [*binding_lines(told), *bound_lines(plan, told)]
    yield section("binds", "What binds", tag("ul", [tag("li", each) for each in notes]))
    yield _pictures(plan, told, story)
    heads = ["", "Differs from the plan in", "Figures (predicted), and why it lost"]
    if told.runners_up:
        rivals = table("Runners-up", heads, rival_rows(plan, told), "")
        yield section("runners-up", "Who lost, and why", rivals)
    heads = ["One more of", "Changes the optimum by", "What would be chosen"]
    prices = table(prices_heading(told), heads, price_rows(told), "")
    yield section("prices", "What a little more would buy", prices)
    yield choosing.floors(story)
    yield choosing.tried(story)


def _pictures(plan: Plan, told: Explanation, story: Story) -> Markup:
    drawn = [
        wide(f"{score_name(metric)} against cost", _picture(plan, told, metric))
        for metric in told.chosen.accuracy
    ]
    *names, _ = frontier_heads(plan, told)
    rows = ([last or "frontier", *cells] for *cells, last in frontier_rows(plan, told))
    listed = table(FRONTIER, ["", *names], rows, "figures")
    return section("frontier", "Accuracy against cost", legend(story), *drawn, listed)


def _picture(plan: Plan, told: Explanation, metric: Accuracy) -> Markup:
    points = [_at(point, metric) for point in (told.chosen, *told.frontier)]
    front = [points[i] for i in pareto([(each.objective, each.accuracy) for each in points])]
    marks = [
        Mark(letter, replace(rival.candidate, accuracy=rival.accuracy[metric]))
        for letter, rival in zip(LETTERS, told.runners_up, strict=False)
    ]
    if told.baseline:
        marks.append(Mark("baseline", _at(told.baseline, metric)))
    floor = plan.workflow.objective.floors.get(metric)
    return draw(plan, points, front, metric, floor, marks=marks)


def _at(point: Point, metric: Accuracy) -> Candidate:
    return replace(point.candidate, accuracy=point.accuracy[metric])
