"""The sections that answer the user's question: what was found, and what that saved."""

from collections.abc import Iterator

from vedette.reporting.cascade_drawing import draw_timeline
from vedette.reporting.comparison import Cell, compare, late_text, saving
from vedette.reporting.markup import Child, Markup, html, tag
from vedette.reporting.parts import label, note, picture, section, table, wide
from vedette.reporting.story import Row, Sighting, Story, TargetResult
from vedette.reporting.wording import MEASURE, change, join, number, value_text
from vedette.types.figures import Figures
from vedette.types.graph import Metric


def headline(story: Story) -> Markup:
    """The answer to what the user asked, before anything else."""
    chosen, baseline = story.chosen, story.baseline
    tiles = [
        *_target_tiles(chosen),
        *(_saving_tile(each, chosen, baseline) for each in ("wan_mbps", "latency_p95_ms")),
    ]
    return tag(
        "header",
        tag("p", story.title, class_="over-title"),
        tag("h1", story.question or story.title),
        tag("p", _answer(chosen, baseline), class_="answer"),
        tag("div", tiles, class_="tiles"),
    )


def _tile(name: str, value: str, detail: Child, figures: Figures) -> Markup:
    return tag(
        "div",
        tag("h2", name),
        tag("p", value, class_="big"),
        tag("p", detail, tag("br") if detail else None, label(figures.label), class_="detail"),
        class_="tile",
    )


def _target_tiles(row: Row) -> Iterator[Markup]:
    target = row.target
    if target is None:
        return
    late = f"{late_text(target)} s after it could first be seen" if target.late_s else "never"
    yield _tile("Target found", f"{target.found} of {target.total}", late, row.figures)
    detail = "nothing else was alerted" if not target.false_alerts else "alerts that were not it"
    yield _tile("False alerts", str(target.false_alerts), detail, row.figures)


def _saving_tile(field: Metric, row: Row, baseline: Row | None) -> Markup:
    measure = MEASURE[field]
    value = measure.of(row.figures)
    amount = f"{number(value)} {measure.unit}"
    if baseline is None:
        return _tile(measure.name, amount, "", row.figures)
    base = measure.of(baseline.figures)
    percent = saving(row, baseline, value, base)
    if percent:
        detail = f"{number(value)} instead of {number(base)} {measure.unit}"
        return _tile(measure.name, percent, detail, row.figures)
    reason = "" if baseline.feasible else f"{baseline.name} is infeasible, so no saving is claimed"
    return _tile(measure.name, amount, reason, row.figures)


def _answer(row: Row, baseline: Row | None) -> str:
    said = [_found(row.target)] if row.target else []
    if baseline and row.feasible and baseline.feasible:
        wan = _less("WAN bandwidth", "wan_mbps", row, baseline)
        p95 = _less("latency (p95)", "latency_p95_ms", row, baseline)
        said.append(f"Against {baseline.name}, the plan has {join([wan, p95])}.")
    if not row.feasible:
        said.append("It is infeasible: a machine, link or memory is loaded above 80\u202f%.")
    return " ".join(said)


def _found(target: TargetResult) -> str:
    alerts = target.false_alerts
    false = f"{alerts or 'no'} false alert{'s' if alerts != 1 else ''}"
    if not target.found:
        return f"Not found, with {false}."
    late = f", {late_text(target)} s after it could first be seen" if target.late_s else ""
    return f"Found {target.found} of {target.total}{late}, with {false}."


def _less(what: str, field: Metric, row: Row, baseline: Row) -> str:
    value, base = MEASURE[field].of(row.figures), MEASURE[field].of(baseline.figures)
    percent = change(value, base)
    if not percent:
        return f"{number(value)} instead of {number(base)} {MEASURE[field].unit} of {what}"
    return f"{percent[1:]} {'less' if value <= base else 'more'} {what}"


def comparison(story: Story) -> Markup | None:
    """Every figure of every plan that was run on the part that is reported."""
    if not story.rows:
        return None
    heads = ["", *(_plan_head(row, row is story.chosen) for row in story.rows)]
    place = story.rows.index(story.chosen)
    rows = [
        [
            _named(line.name, line.unit),
            *(_figure(cell, index == place) for index, cell in enumerate(line.cells)),
        ]
        for line in compare(story.rows)
    ]
    against = f"Percent is the change against {story.baseline.name}. " if story.baseline else ""
    caption = (
        f"{against}P counts what was right of what was reported (precision), "
        "R what was found of what was there (recall)."
    )
    heading = "What it saved" if story.baseline else "What it cost"
    return section("comparison", heading, table(caption, heads, rows, "figures"))


def _plan_head(row: Row, is_chosen_plan: bool) -> Markup:
    return html(
        tag("span", row.name, class_="plan-name chosen" if is_chosen_plan else "plan-name"),
        tag("span", row.note, class_="plan-note") if row.note else None,
        tag(
            "span",
            label(row.figures.label),
            None if row.feasible else tag("span", "infeasible", class_="label infeasible"),
            class_="labels",
        ),
    )


def _named(name: str, unit: str) -> Markup:
    return html(name, tag("span", f" {unit}", class_="unit") if unit else None)


def _figure(cell: Cell, is_chosen_plan: bool) -> Markup:
    return html(
        tag("strong" if is_chosen_plan else "span", cell.text),
        tag("span", cell.against, class_="against"),
        tag("span", cell.counted, class_="cell-note") if cell.counted else None,
    )


def over_time(story: Story) -> Markup | None:
    """When the reference and the plan said yes, and when they differed."""
    if not story.answered:
        return None
    words = (
        "Yes by the reference and by the plan, and what the plan got wrong against the reference: "
        "yes frames answered no, then no frames answered yes."
    )
    drawn = [
        html(tag("h3", stream), wide(f"answers of {stream}", draw_timeline(timeline)))
        for stream, timeline in story.answered
    ]
    return section("over-time", "Answers over time", note(words), *drawn)


def alerts(story: Story) -> Markup | None:
    if not story.sightings:
        return None
    figures = [_sighting(each) for each in story.sightings]
    return section("alerts", "What was alerted", tag("div", figures, class_="pictures"))


def _sighting(sighting: Sighting) -> Markup:
    event = sighting.event
    title = f"{event.label} on {event.stream}"
    when = f"at {float(event.time_s):.2f} s (frame {event.frame}), seen from"
    matched = ", ".join(f"{name} {value_text(value)}" for name, value in event.attributes.items())
    return tag(
        "figure",
        picture(sighting.picture or event.picture, f"{title}, its box drawn"),
        tag(
            "figcaption",
            tag("strong", title),
            _verdict(sighting.is_right),
            tag("br"),
            f"{when} {float(event.start_s):.2f} s, confidence {event.confidence:.2f}",
            html(tag("br"), f"{event.kind}: {matched}") if matched else None,
        ),
    )


def _verdict(is_right: bool | None) -> Markup | None:
    if is_right is None:
        return None
    words = "\u2713 right" if is_right else "\u2717 false alert"
    return tag("span", words, class_=f"verdict {'right' if is_right else 'wrong'}")
