"""Accuracy against cost, drawn: what was weighed, what was verified, the floor and the choice."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from vedette.reporting.markup import Markup, html, tag
from vedette.reporting.story import Story
from vedette.reporting.wording import (
    accuracy,
    choice_text,
    is_chosen,
    number,
    score_name,
)
from vedette.types.graph import Scalar
from vedette.types.plan import Candidate, Plan

WIDTH, HEIGHT = 680.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 20.0, 20.0, 52.0
CELL = 5.0
"""Dots closer than this many units would hide one another: one is drawn for all of them."""


Key = tuple[frozenset[tuple[str, Scalar]], frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to places on a line, by their logarithm where they span more than a decade."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        scale: Callable[[float], float] = math.log if self.is_log else float
        value = min(max(value, self.low), self.high)
        part = (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values within, some four to nine.

        >>> Axis(0.0, 1.0, 0, 1).ticks()
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        >>> Axis(0.3, 40.0, 0, 1, is_log=True).ticks()
        [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]
        """
        if self.is_log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)))
            digits = (1, 2, 5) if len(decades) < 4 else (1,)
            found = [round(digit * 10.0**decade, 12) for decade in decades for digit in digits]
            return [each for each in (*found, 10.0**decades.stop) if self.low <= each <= self.high]
        size = (self.high - self.low) / 5
        decade = 10.0 ** math.floor(math.log10(size))
        step = next(digit * decade for digit in (1, 2, 5, 10) if digit * decade >= size * 0.99)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate that a picture calls by a short name."""

    name: str
    candidate: Candidate


def draw_frontier(story: Story) -> Markup:
    """An SVG with every candidate; its colours are the page's."""
    floors = story.plan.workflow.objective.floors
    metric = next(iter(floors), "accuracy")
    return draw(story.plan, candidates(story), story.plan.frontier, metric, floors.get(metric))  # type: ignore[call-overload]


def draw(
    plan: Plan,
    everything: Sequence[Candidate],
    frontier: Sequence[Candidate],
    metric: str,
    floor: float | None,
    *,
    marks: Sequence[Mark] = (),
) -> Markup:
    """Candidates by objective and ``accuracy``, which is that of ``metric``; ``marks`` by name."""
    x_axis, y_axis = _axes((*everything, *(each.candidate for each in marks)), metric, floor)

    def place(candidate: Candidate) -> tuple[float, float]:
        return x_axis(candidate.objective), y_axis(candidate.accuracy)

    front = {_key(each) for each in frontier}
    weighed = [each for each in everything if _key(each) not in front]
    verified = [each for each in plan.tried if metric in each.scores]
    return tag(
        "svg",
        tag("title", f"{score_name(metric)} and objective of {len(everything)} candidates"),
        _grid(x_axis, y_axis, "a weighted sum of costs", score_name(metric)),
        _floor(floor, y_axis) if floor is not None else None,
        [_dot(each, place(each), 2.5, "weighed") for each in _thinned(weighed, place)],
        _front(frontier, place),
        [_chosen(place(each)) for each in everything if is_chosen(each, plan)][:1],
        [_verified(each, metric, x_axis, y_axis) for each in verified],
        [_named(each, place(each.candidate)) for each in marks],
        class_="frontier",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
    )


def _named(mark: Mark, at: tuple[float, float]) -> Markup:
    """A square with its name beside it, on the right where that is within the picture."""
    x, y = round(at[0], 1), round(at[1], 1)
    left = x > WIDTH - RIGHT - 70
    return tag(
        "g",
        tag("title", f"{mark.name}\n{_tip(mark.candidate)}"),
        tag("path", d=f"M{x - 5} {y - 5}h10v10h-10z", class_="axis"),
        _text(mark.name, x - 9 if left else x + 9, y + 15, "small", "end" if left else "start"),
        class_="point named",
    )


def candidates(story: Story) -> tuple[Candidate, ...]:
    """Every candidate of a story, each once, the cheapest first."""
    plan = story.plan
    found: list[Candidate] = []
    seen: set[Key] = set()
    for each in (*plan.tried, *plan.frontier, *plan.runners_up, *story.weighed):
        if _key(each) not in seen:
            seen.add(_key(each))
            found.append(each)
    return tuple(sorted(found, key=lambda each: (each.objective, -each.accuracy)))


def _key(candidate: Candidate) -> Key:
    return frozenset(candidate.choice.items()), frozenset(candidate.placement.items())


def _axes(everything: Sequence[Candidate], metric: str, floor: float | None) -> tuple[Axis, Axis]:
    costs = [each.objective for each in everything if math.isfinite(each.objective)] or [1.0]
    low, high = min(costs), max(costs)
    is_log = low > 0 and high > 10 * low
    room = (high - low or abs(high) or 1.0) * 0.05
    ends = (low / 1.15, high * 1.15) if is_log else (low - room, high + room)
    heights = [each.accuracy for each in everything]
    heights += [floor] if floor is not None else []
    heights += [score.lower for each in everything if (score := each.scores.get(metric))]
    bottom = max(0.0, math.floor(10 * (min(heights, default=0.0) - 0.02)) / 10)
    return (
        Axis(*ends, LEFT, WIDTH - RIGHT, is_log),
        Axis(min(bottom, 0.9), 1.02, HEIGHT - BOTTOM, TOP),
    )


def _text(content: str, x: float, y: float, class_: str, anchor: str) -> Markup:
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def _grid(x_axis: Axis, y_axis: Axis, x_name: str, y_name: str) -> Markup:
    floor = HEIGHT - BOTTOM
    return html(
        [
            html(
                tag("path", d=f"M{LEFT:g} {y_axis(y):.1f}H{WIDTH - RIGHT:g}", class_="grid"),
                _text(f"{y:g}", LEFT - 8, y_axis(y) + 4, "small", "end"),
            )
            for y in y_axis.ticks()
        ],
        [
            html(
                tag("path", d=f"M{x_axis(x):.1f} {floor:g}v4", class_="axis"),
                _text(f"{x:g}", x_axis(x), floor + 18, "small", "middle"),
            )
            for x in x_axis.ticks()
        ],
        tag("path", d=f"M{LEFT:g} {floor:g}H{WIDTH - RIGHT:g}", class_="axis"),
        _text(f"Objective: {x_name}", WIDTH - RIGHT, HEIGHT - 10, "axis-name", "end"),
        tag(
            "text",
            y_name,
            x=14,
            y=TOP,
            class_="axis-name",
            text_anchor="end",
            transform=f"rotate(-90 14 {TOP:g})",
        ),
    )


def _floor(floor: float, y_axis: Axis) -> Markup:
    y = y_axis(floor)
    return html(
        tag("path", d=f"M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}", class_="floor"),
        _text(f"floor {floor:g}", WIDTH - RIGHT, y + 14, "floor-name", "end"),
    )


def _tip(candidate: Candidate) -> str:
    figures = candidate.figures
    wan, p95 = number(figures.wan_mbps), number(figures.latency_p95_ms)
    lines = (
        choice_text(candidate),
        f"objective {number(candidate.objective)}, accuracy {accuracy(candidate.accuracy)}",
        f"WAN {wan} Mbit/s, p95 {p95} ms ({figures.label})",
        candidate.outcome,
    )
    return "\n".join(filter(None, lines))


def _dot(candidate: Candidate, at: tuple[float, float], radius: float, class_: str) -> Markup:
    x, y = round(at[0], 1), round(at[1], 1)
    dot = tag("circle", tag("title", _tip(candidate)), cx=x, cy=y, r=radius)
    return tag("g", dot, class_=f"point {class_}")


def _thinned(
    everything: Iterable[Candidate], place: Callable[[Candidate], tuple[float, float]]
) -> Iterator[Candidate]:
    taken: set[tuple[int, int]] = set()
    for each in everything:
        x, y = place(each)
        cell = (round(x / CELL), round(y / CELL))
        if cell not in taken:
            taken.add(cell)
            yield each


def _front(
    frontier: Iterable[Candidate], place: Callable[[Candidate], tuple[float, float]]
) -> Markup:
    ordered = sorted(frontier, key=lambda each: (each.objective, each.accuracy))
    places = [place(each) for each in ordered]
    steps = "".join(f"H{x:.1f}V{y:.1f}" for x, y in places[1:])
    line = f"M{places[0][0]:.1f} {places[0][1]:.1f}{steps}" if places else ""
    return html(
        tag("path", d=line, class_="front") if line else None,
        [_dot(each, at, 4, "on-front") for each, at in zip(ordered, places, strict=True)],
    )


def _verified(candidate: Candidate, metric: str, x_axis: Axis, y_axis: Axis) -> Markup:
    """What a run found: accuracy as a diamond, down to the bound that a floor is held against."""
    score = candidate.scores[metric]
    x, top, low = x_axis(candidate.objective), y_axis(score.value), y_axis(score.lower)
    found = f"{'F1' if score.runs is None else 'answers'} {accuracy(score.value)}"
    tip = f"{_tip(candidate)}\nverified: {found}, lower bound {accuracy(score.lower)}"
    return tag(
        "g",
        tag("title", tip),
        tag("path", d=f"M{x:.1f} {top:.1f}V{low:.1f}m-5 0h10", class_="whisker"),
        tag("path", d=f"M{x:.1f} {top - 6:.1f}l6 6l-6 6l-6 -6z", class_="diamond"),
        class_="point verified",
    )


def _chosen(at: tuple[float, float]) -> Markup:
    """A ring, its name above on the left: a frontier rises to the right and leaves room there."""
    x, y = at
    left = x > LEFT + 80
    return html(
        tag("circle", cx=round(x, 1), cy=round(y, 1), r=9, class_="ring"),
        _text("chosen", x - 10 if left else x, y - 13, "chosen-name", "end" if left else "middle"),
    )


def legend(story: Story) -> Markup:
    """What each mark means, with the marks that the picture has."""
    plan = story.plan
    others = len(candidates(story)) > len(plan.frontier)
    marks = [
        ("weighed", tag("circle", cx=8, cy=8, r=2.5), "weighed, as predicted") if others else None,
        ("on-front", tag("circle", cx=8, cy=8, r=4), "on the frontier, as predicted")
        if plan.frontier
        else None,
        (
            "verified",
            tag("path", d="M8 2l6 6l-6 6l-6 -6z", class_="diamond"),
            "verified by running it, down to its lower bound",
        )
        if plan.tried
        else None,
        ("", tag("circle", cx=8, cy=8, r=7, class_="ring"), "chosen"),
    ]
    items = [
        tag(
            "li",
            tag(
                "svg",
                tag("g", mark, class_=f"point {class_}"),
                width=16,
                height=16,
                aria_hidden="true",
            ),
            f" {words}",
        )
        for class_, mark, words in (each for each in marks if each)
    ]
    return tag("ul", items, class_="legend")
