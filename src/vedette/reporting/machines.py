"""The sections about the plan itself: where its steps run, and where time and bits go."""

from collections.abc import Mapping

from vedette.reporting.graph import draw_plan, is_load_of, link_load, link_mbps
from vedette.reporting.markup import Child, Markup, html, tag
from vedette.reporting.parts import bar, label, note, section, table, wide
from vedette.reporting.story import Story
from vedette.reporting.wording import NONE, chosen, number, place_name, share

SMALL = 0.005
"""Parts of a whole below this share are summed into one line."""


def plan(story: Story) -> Markup:
    ran = story.ran
    words = (
        "A column for each machine. Milliseconds are what a step adds to an analysed frame; "
        "bandwidth is of all streams together. "
    )
    tables = tag("div", _choice_table(story), _load_table(story), class_="beside")
    drawing = wide("the plan", draw_plan(story.plan, ran))
    content = tag("div", drawing, tables, class_="plan-and-tables")
    return section("plan", "The plan", note(words, label(ran.label)), content)


def _choice_table(story: Story) -> Markup | None:
    rows = [[*row] for row in chosen(story.plan)]
    return table("What was chosen", ["Setting", "Value"], rows) if rows else None


def _load_table(story: Story) -> Markup | None:
    """Devices first, then links with what crosses them."""
    expected, ran, links = story.plan.predicted, story.ran, story.plan.cluster.links
    names = dict.fromkeys((*expected.load, *ran.load))
    rows: list[list[Child]] = [
        [name, _load(expected.load.get(name)), _load(ran.load.get(name))]
        for name in names
        if not any(is_load_of(name, link) for link in links)
    ]
    for link in links:
        mbps = f"{number(link_mbps(story.plan, ran, link))} Mbit/s"
        name = html(f"{link.source} \u2013 {link.target}", tag("span", mbps, class_="cell-note"))
        rows.append([name, _load(link_load(expected, link)), _load(link_load(ran, link))])
    heads = ["Machine or link", label(expected.label), label(ran.label)]
    return table("Loads: above 80\u202f% a plan is infeasible", heads, rows) if names else None


def _load(value: float | None) -> Child:
    if value is None:
        return NONE
    return tag("strong", f"{share(value)}, too much") if value > 0.8 else share(value)


def flows(story: Story) -> Markup | None:
    """Where latency and bits go, step by step, the plan above the baseline."""
    if not (story.ran.step_ms or story.ran.step_mbps):
        return None
    names = [story.chosen.name] + ([story.baseline.name] if story.baseline else [])
    swatches = [
        tag("span", tag("span", class_=f"swatch {class_}"), name)
        for name, class_ in zip(names, ("mine", "theirs"), strict=False)
    ]
    base = story.baseline.figures if story.baseline else None
    ms = _flow("Mean latency of an analysed frame", "ms", story, base.step_ms if base else {})
    mbps = _flow("Bandwidth", "Mbit/s", story, base.step_mbps if base else {})
    return section(
        "flows",
        "Where time and bits go",
        tag("p", swatches, " ", label(story.ran.label), class_="note swatches"),
        tag("div", ms, mbps, class_="columns"),
    )


def _flow(caption: str, unit: str, story: Story, theirs: Mapping[str, float]) -> Markup | None:
    mine = story.ran.step_ms if unit == "ms" else story.ran.step_mbps
    if not mine:
        return None
    names = _merged(list(mine), list(theirs))
    whole = max(sum(mine.values()), sum(theirs.values())) or 1.0
    shown = [name for name in names if max(mine.get(name, 0), theirs.get(name, 0)) > SMALL * whole]
    others = [name for name in names if name not in shown]
    longest = max((max(mine.get(n, 0), theirs.get(n, 0)) for n in shown), default=1.0)
    compared = bool(theirs)

    def row(name: str, value: float | None, other: float | None) -> list[Child]:
        return [place_name(name), _bars(value, other, longest, compared=compared)]

    rows = [row(name, mine.get(name), theirs.get(name)) for name in shown]
    if others:
        rest = (sum(each.get(name, 0) for name in others) for each in (mine, theirs))
        rows.append(row(f"{len(others)} more", *rest))
    sums = [sum(mine.values()), *([sum(theirs.values())] if theirs else [])]
    rows.append(["Sum", tag("strong", " \u00b7 ".join(number(each) for each in sums))])
    return table(caption, ["Step, link or wait", unit], rows, "flow")


def _merged(mine: list[str], theirs: list[str]) -> list[str]:
    """Both in one order: what only they have comes after what comes before it there.

    >>> _merged(["resize", "encode", "detect"], ["encode", "wan", "detect"])
    ['resize', 'encode', 'wan', 'detect']
    """
    names, place = list(mine), 0
    for name in theirs:
        if name not in names:
            names.insert(place, name)
        place = names.index(name) + 1
    return names


def _bars(mine: float | None, theirs: float | None, longest: float, *, compared: bool) -> Markup:
    """Two bars, the plan's first; a plan without the step has a dash."""

    def line(value: float | None, class_: str) -> Markup:
        words = NONE if value is None else number(value)
        return tag("span", bar((value or 0) / longest, class_), tag("span", words), class_="gauged")

    return html(line(mine, "mine"), line(theirs, "theirs") if compared else None)
