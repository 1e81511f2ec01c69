"""The plan as a picture: its steps on the machines, what crosses the links, and the loads."""

from collections.abc import Iterable, Iterator, Mapping

from vedette.reporting.layout import WIDTH, Arrow, Box, Drawing, Lane, arrange, is_transport
from vedette.reporting.markup import Markup, html, tag
from vedette.reporting.wording import counted, number, settings_text, share, value_text
from vedette.running.work import quality_of
from vedette.types.cluster import Link
from vedette.types.coding import coding_of
from vedette.types.figures import Figures
from vedette.types.graph import Step
from vedette.types.plan import Plan

HEADER = 70.0
LINK_ROW = 26.0
LINK_REACH = 112.0
"""How far a link's line reaches into the lanes at its ends."""
SMALLEST = 780.0
"""A drawing shrinks to this width with its page; then it scrolls."""
LIMIT = 0.8
"""Above this load a device or link is not feasible."""


def draw_plan(plan: Plan, figures: Figures) -> Markup:
    """An SVG of its natural size; its colours are the page's."""
    drawing = arrange(plan, _heights(plan))
    links = _link_rows(drawing, plan)
    top = HEADER + LINK_ROW * (1 + max((row for *_, row in links), default=-1)) + 6
    streams = {source.name: len(source.streams) for source in plan.workflow.sources}
    return tag(
        "svg",
        tag("title", f"The steps of {plan.name} on the machines of {plan.cluster.name}"),
        [_lane(lane, drawing, top, figures, counted(plan, lane.device)) for lane in drawing.lanes],
        [_link(*link, figures) for link in links],
        tag(
            "g",
            [_arrow(arrow) for arrow in drawing.arrows],
            [_box(box, figures, streams) for box in drawing.boxes],
            [_crossing(arrow, plan, figures) for arrow in _leaving(drawing)],
            transform=f"translate(0 {top:g})",
        ),
        class_="plan",
        viewBox=f"0 0 {drawing.width:g} {drawing.height + top:g}",
        width=drawing.width,
        height=drawing.height + top,
        style=f"min-width:{min(drawing.width, SMALLEST):g}px",
        role="img",
    )


def is_load_of(name: str, link: Link) -> bool:
    """If a key of ``Figures.load`` speaks of a link: it begins and ends with the names of its ends.

    >>> is_load_of("edge->cloud", Link("edge", "cloud", 10, 10, 40))
    True
    """
    return _joins(name, link.source, link.target) or _joins(name, link.target, link.source)


def link_load(figures: Figures, link: Link) -> float | None:
    """The load of a link, the busier way."""
    loads = (load for name, load in figures.load.items() if is_load_of(name, link))
    return max(loads, default=None)


def link_mbps(plan: Plan, figures: Figures, link: Link) -> float:
    """What crosses a link, both ways: the cameras' or the WAN's figure where it is the only one."""
    cluster = plan.cluster
    for is_kind, mbps in (
        (cluster.is_camera_link, figures.camera_mbps),
        (cluster.is_wan_link, figures.wan_mbps),
    ):
        if is_kind(link) and sum(map(is_kind, cluster.links)) == 1:
            return mbps
    return sum(mbps for _, mbps, links in _sent(plan, figures) if link in links)


def sent_mbps(plan: Plan, figures: Figures, name: str) -> float | None:
    """What a packing step sends, where it is known.

    It is stated under its own name, or under the step it packs for if nothing else packs for that.
    """
    packing = {step.name: step for step in plan.workflow.steps if step.operator == "encode"}
    if name not in packing or name in figures.step_mbps:
        return figures.step_mbps.get(name)
    declared = packing[name].declared
    alone = sum(step.declared == declared for step in packing.values()) == 1
    return figures.step_mbps.get(declared) if alone else None


def _joins(name: str, start: str, end: str) -> bool:
    between = name.removeprefix(start).removesuffix(end)
    return len(name) > len(start) + len(end) and name == start + between + end


def _sent(plan: Plan, figures: Figures) -> Iterator[tuple[str, float, set[Link]]]:
    """Each packing step, its bits, and the links they cross to all that unpack them."""
    for step in plan.workflow.steps:
        if is_transport(step) and step.operator == "encode":
            readers = [each.name for each in plan.workflow.steps if step.name in each.inputs]
            here = plan.placement[step.name]
            links = {
                link
                for reader in readers
                for link, _ in plan.cluster.route(here, plan.placement[reader])
            }
            yield step.name, sent_mbps(plan, figures, step.name) or 0.0, links


def _heights(plan: Plan) -> Mapping[str, float]:
    sources = {source.name: _height(1) for source in plan.workflow.sources}
    return sources | {step.name: _height(len(_lines(step))) for step in plan.workflow.steps}


def _height(lines: int) -> float:
    return 28.0 + 14.0 * lines


def _lines(step: Step) -> tuple[str, ...]:
    """What is set, in at most three lines; the rest is in the tooltip."""
    operator = [step.operator] if step.operator != step.name else []
    lines = [""]
    for part in (*operator, *settings_text(step)):
        longer = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(longer) > 38 and lines[-1]:
            lines.append(part)
        else:
            lines[-1] = longer
    if len(lines) > 3:
        lines[2:] = [f"{lines[2]}, \u2026"]
    return tuple(line for line in lines if line)


def _fit(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}\u2026"


def _text(content: str, x: float, y: float, class_: str, anchor: str | None = None) -> Markup:
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def _lane(lane: Lane, drawing: Drawing, top: float, figures: Figures, name: str) -> Markup:
    device, height = lane.device, drawing.height + top
    facts = f"{device.tier}, {device.cores:g} cores of speed {device.speed:g}"
    load = figures.load.get(device.name)
    return tag(
        "g",
        tag("rect", x=lane.x, y=0, width=lane.width, height=height, rx=8, class_="lane"),
        _text(_fit(name, 20), lane.x + 16, 25, "device"),
        _text(_fit(facts, 40), lane.x + 16, 43, "small"),
        _load(lane.x + 16, lane.width - 32, load) if load is not None else None,
    )


def _load(left: float, width: float, load: float) -> Markup:
    """A gauge across the lane, with a mark where a load becomes too much."""
    over = load > LIMIT
    words = f"{share(load)} load{', too much' if over else ''}"
    filled = "gauge-over" if over else "gauge-in"
    return html(
        _text(words, left + width, 25, "over" if over else "load", "end"),
        tag("rect", x=left, y=53, width=width, height=4, rx=2, class_="gauge"),
        tag("rect", x=left, y=53, width=width * min(load, 1), height=4, rx=2, class_=filled),
        tag("rect", x=left + width * LIMIT, y=51, width=1, height=8, class_="gauge-limit"),
    )


def _link_rows(drawing: Drawing, plan: Plan) -> list[tuple[Link, float, float, int]]:
    """Each link between drawn devices: where its line starts and ends, in a row of its own."""
    lanes = {lane.device.name: lane for lane in drawing.lanes}
    rows: list[tuple[Link, float, float, int]] = []
    for link in plan.cluster.links:
        if link.source not in lanes or link.target not in lanes:
            continue
        left, right = sorted((lanes[link.source], lanes[link.target]), key=lambda lane: lane.x)
        start, end = left.x + left.width - LINK_REACH, right.x + LINK_REACH
        taken = {row for _, first, last, row in rows if first < end and start < last}
        free = next(row for row in range(len(rows) + 1) if row not in taken)
        rows.append((link, start, end, free))
    return rows


def _link(link: Link, start: float, end: float, row: int, figures: Figures) -> Markup:
    y = HEADER + LINK_ROW * row + 8
    load = link_load(figures, link)
    rate = f"{link.rate_mbps:g} Mbit/s, {link.rtt_ms:g} ms"
    words = f"{rate}, {share(load)} load" if load is not None else rate
    return tag(
        "g",
        tag("title", f"Link from {link.source} to {link.target}: {words}"),
        tag("path", d=f"M{start:g} {y:g}H{end:g}", class_="link"),
        tag("circle", cx=start, cy=y, r=3, class_="link-end"),
        tag("circle", cx=end, cy=y, r=3, class_="link-end"),
        _text(words, (start + end) / 2, y + 4, "link-text", "middle"),
    )


def _arrow(arrow: Arrow) -> Markup:
    return tag(
        "g",
        tag("path", d=_rounded(arrow.points), class_="cross" if arrow.crossing else "arrow"),
        tag("path", d=_head(*arrow.points[-1]), class_="head-cross" if arrow.crossing else "head"),
    )


def _rounded(points: tuple[tuple[float, float], ...], radius: float = 5.0) -> str:
    """A path through the points with its corners rounded, ending just before the arrow's tip."""
    *rest, (x, y) = points
    points = (*rest, (x, y - 4))
    parts = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{near[0]:g} {near[1]:g}Q{corner[0]:g} {corner[1]:g} {far[0]:g} {far[1]:g}")
    return f"{''.join(parts)}L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(
    start: tuple[float, float], end: tuple[float, float], by: float
) -> tuple[float, float]:
    """Along a horizontal or vertical line, at most half of it."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    part = min(by / length, 0.5)
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _head(x: float, y: float) -> str:
    return f"M{x:g} {y:g}l-3.5 -6h7z"


def _box(box: Box, figures: Figures, streams: Mapping[str, int]) -> Markup:
    cost = figures.step_ms.get(box.name)
    cost_text = f"{number(cost)} ms" if cost is not None else ""
    if box.is_small and box.step:
        return tag(
            "g",
            tag("title", _tip(box, cost_text)),
            tag("rect", x=box.x, y=box.y, width=WIDTH, height=box.height, rx=11, class_="pill"),
            _text(_fit(_packing(box.step), 26), box.x + 12, box.y + 15, "small"),
            _text(cost_text, box.x + WIDTH - 12, box.y + 15, "cost", "end"),
        )
    lines = _lines(box.step) if box.step else (_streams_text(streams[box.name]),)
    return tag(
        "g",
        tag("title", _tip(box, cost_text)),
        tag(
            "rect",
            x=box.x,
            y=box.y,
            width=WIDTH,
            height=box.height,
            rx=6 if box.step else 14,
            class_="step" if box.step else "source",
        ),
        _text(_fit(box.name, 20), box.x + 12, box.y + 19, "name"),
        _text(cost_text, box.x + WIDTH - 12, box.y + 19, "cost", "end"),
        [
            _text(_fit(line, 38), box.x + 12, box.y + 34 + 14 * index, "small")
            for index, line in enumerate(lines)
        ],
    )


def _streams_text(count: int) -> str:
    return f"{count} stream{'s' if count != 1 else ''}"


def _packing(step: Step) -> str:
    """What a transport step does, in few words.

    >>> _packing(Step("a.encode", "encode", ("a",), {"kind": "frame", "qp": 22}))
    'encode h264, qp 22'
    >>> _packing(Step("alert.evidence", "encode", ("alert",), {"kind": "event"}))
    'encode event'
    """
    settings = step.settings
    if step.operator == "decode" or settings.get("kind") != "frame":
        return f"{step.operator} {value_text(settings.get('kind', ''))}".strip()
    return f"encode {coding_of(quality_of(step))}"


def _tip(box: Box, cost: str) -> str:
    parts = [f"{box.name} on {box.device}"]
    if box.step:
        parts += [f"operator {box.step.operator}", *settings_text(box.step)]
    return "\n".join([*parts, f"adds {cost}"] if cost else parts)


def _leaving(drawing: Drawing) -> Iterable[Arrow]:
    """One line for each place where bits leave a lane, however many read them there."""
    return {arrow.crossing: arrow for arrow in drawing.arrows if arrow.crossing}.values()


def _crossing(arrow: Arrow, plan: Plan, figures: Figures) -> Markup | None:
    """The bits on a line between devices, where they are known."""
    mbps = sent_mbps(plan, figures, arrow.start)
    if arrow.crossing is None or mbps is None:
        return None
    x, y = arrow.crossing
    words = f"{number(mbps)} Mbit/s"
    wide = 6.2 * len(words) + 10
    return tag(
        "g",
        tag("title", f"{words} leave {plan.placement[arrow.start]}, all streams together"),
        tag("rect", x=x - wide / 2, y=y - 8, width=wide, height=16, rx=8, class_="bits-back"),
        _text(words, x, y + 4, "bits", "middle"),
    )
