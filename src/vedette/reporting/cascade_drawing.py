"""Pictures of a cascade: cost and accuracy of what was searched, answers over time, learning."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vedette.reporting.cascade_story import Curve, Point, Weighed
from vedette.reporting.frontier import Axis
from vedette.reporting.markup import Markup, html, tag
from vedette.reporting.story import Timeline
from vedette.reporting.wording import number

WIDTH, HEIGHT = 760.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 24.0, 22.0, 52.0
CELL = 4.0
BEYOND = 4.0
"""Times the promise: what errs more is drawn at the upper edge."""
LINE_FRAMES, MOST_LINES = 1500, 8
BAND, GAP = 15.0, 5.0


def draw_scatter(weighed: Weighed, points: Sequence[Point], promise: tuple[float, float]) -> Markup:
    """Everything that was searched by cost and by its worse mistakes, and what has a name."""
    costs = [*weighed.cost_ms.tolist(), *(each.cost_ms for each in points)]
    low, high = max(min(costs), 1e-3) * 0.85, max(costs) * 1.15
    x_axis = Axis(low, high, LEFT, WIDTH - RIGHT, is_log=high > 8 * low)
    y_axis = Axis(0.0, BEYOND, HEIGHT - BOTTOM, TOP)
    used = _used(weighed.fnr, weighed.fpr, promise)
    return tag(
        "svg",
        tag("title", f"Cost and mistakes of {len(weighed.cost_ms)} cascades"),
        _frame(x_axis, y_axis),
        tag("path", d=f"M{LEFT:g} {y_axis(1.0):.1f}H{WIDTH - RIGHT:g}", class_="floor"),
        _text("the promise", WIDTH - RIGHT, y_axis(1.0) - 6, "floor-name", "end"),
        tag(
            "g",
            [
                tag("circle", cx=x, cy=y, r=2)
                for x, y in _cells(weighed.cost_ms, used, x_axis, y_axis)
            ],
            class_="point weighed",
        ),
        list(_all_named(points, promise, x_axis, y_axis)),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        class_="frontier",
        role="img",
    )


def _used(
    fnr: NDArray[np.float64], fpr: NDArray[np.float64], promise: tuple[float, float]
) -> NDArray[np.float64]:
    """The worse mistake as a share of what was promised of it; 0 promised counts as .01%."""
    fn, fp = (max(each, 1e-4) for each in promise)
    return np.minimum(np.maximum(fnr / fn, fpr / fp), BEYOND)


def _cells(
    x: NDArray[np.float64], y: NDArray[np.float64], x_axis: Axis, y_axis: Axis
) -> Iterator[tuple[float, float]]:
    """One dot for all that would hide one another."""
    taken: set[tuple[int, int]] = set()
    for across, up in zip(x.tolist(), y.tolist(), strict=True):
        cell = round(x_axis(across) / CELL), round(y_axis(up) / CELL)
        if cell not in taken:
            taken.add(cell)
            yield cell[0] * CELL, cell[1] * CELL


def _all_named(
    points: Sequence[Point], promise: tuple[float, float], x_axis: Axis, y_axis: Axis
) -> Iterator[Markup]:
    """Marks with their names above them, each higher than the last where they would touch."""
    taken: list[tuple[float, float, float]] = []
    for point in sorted(points, key=lambda each: (not each.is_chosen, -each.cost_ms)):
        share = _used(np.array([point.fnr]), np.array([point.fpr]), promise)
        x, y = x_axis(point.cost_ms), y_axis(float(share[0]))
        half = 3.4 * len(point.name) + 4
        middle = min(max(x, LEFT + half), WIDTH - RIGHT - half)
        at = y - 14
        while any(abs(middle - m) < half + h and abs(at - t) < 14 for m, h, t in taken):
            at -= 15
        taken.append((middle, half, at))
        yield _named(point, (x, y), (middle, at))


def _named(point: Point, place: tuple[float, float], name: tuple[float, float]) -> Markup:
    x, y = place
    tip = f"{point.name}: {number(point.cost_ms)} ms, FNR {point.fnr:.2%}, FPR {point.fpr:.2%}"
    diamond = tag("path", d=f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z", class_="diamond")
    ring = tag("circle", cx=round(x, 1), cy=round(y, 1), r=9, class_="ring")
    is_far = y - name[1] > 20
    return tag(
        "g",
        tag("title", tip),
        tag("path", d=f"M{x:.1f} {y - 8:.1f}V{name[1] + 3:.1f}", class_="axis") if is_far else None,
        ring if point.is_chosen else diamond,
        _text(point.name, *name, "chosen-name" if point.is_chosen else "mark-name", "middle"),
    )


def _frame(x_axis: Axis, y_axis: Axis) -> Markup:
    floor = HEIGHT - BOTTOM
    return html(
        [
            html(
                tag("path", d=f"M{LEFT:g} {y_axis(y):.1f}H{WIDTH - RIGHT:g}", class_="grid"),
                _text(
                    f"{'≥ ' if y == BEYOND else ''}{y:g}x", LEFT - 8, y_axis(y) + 4, "small", "end"
                ),
            )
            for y in (0.0, 1.0, 2.0, 3.0, 4.0)
        ],
        [
            html(
                tag("path", d=f"M{x_axis(x):.1f} {floor:g}v4", class_="axis"),
                _text(f"{x:g}", x_axis(x), floor + 18, "small", "middle"),
            )
            for x in x_axis.ticks()
        ],
        tag("path", d=f"M{LEFT:g} {floor:g}H{WIDTH - RIGHT:g}", class_="axis"),
        _text("CPU ms a source frame", WIDTH - RIGHT, HEIGHT - 12, "axis-name", "end"),
        tag(
            "text",
            "Mistakes, of what was promised",
            x=14,
            y=TOP,
            class_="axis-name",
            text_anchor="end",
            transform=f"rotate(-90 14 {TOP:g})",
        ),
    )


def draw_timeline(timeline: Timeline) -> Markup:
    """Bands of yes by the reference and by the cascade, of mistakes, and of who answered."""
    count = len(timeline.frame)
    lines = min(MOST_LINES, max(1, -(-count // LINE_FRAMES)))
    edges = np.linspace(0, count, lines + 1).round().astype(int)
    lanes = 4 + len(np.unique(timeline.by))
    high = lanes * (BAND + GAP) + 34
    parts = [
        tag(
            "g",
            _line(timeline, slice(int(start), int(end))),
            transform=f"translate(0 {number_ * high:g})",
        )
        for number_, (start, end) in enumerate(pairwise(edges))
    ]
    return tag(
        "svg",
        tag("title", "Answers over time"),
        parts,
        viewBox=f"0 0 {1090:g} {high * lines:g}",
        class_="timeline",
        role="img",
    )


_START, _END = 190.0, 1080.0


def _line(timeline: Timeline, part: slice) -> Markup:
    truth, answer, by = timeline.truth[part], timeline.answer[part], timeline.by[part]
    frames, used = timeline.frame[part], set(timeline.by.tolist())
    rows: list[tuple[str, NDArray[np.bool_], str]] = [
        ("reference: yes", truth, "band-yes"),
        (f"{timeline.name}: yes", answer, "band-yes"),
        ("answered no", truth & ~answer, "band-wrong"),
        ("answered yes", ~truth & answer, "band-wrong"),
    ]
    rows += [
        (f"by {name}", by == number_, "band-by")
        for number_, name in enumerate(timeline.stages)
        if number_ in used
    ]
    top = 4.0
    drawn = []
    for name, here, kind in rows:
        drawn.append(_text(name, _START - 8, top + BAND - 4, "small", "end"))
        drawn.append(
            tag("rect", x=_START, y=top, width=_END - _START, height=BAND, class_="band-none")
        )
        path = "".join(_bars(here, top))
        drawn.append(tag("path", d=path, class_=kind) if path else html())
        top += BAND + GAP
    return html(drawn, _ticks(frames, timeline.rate, top))


def _bars(here: NDArray[np.bool_], top: float) -> Iterator[str]:
    """Runs as bars; what is there is never narrower than a pixel."""
    scale = (_END - _START) / max(1, len(here))
    changes = np.flatnonzero(np.diff(np.concatenate([[False], here, [False]]).astype(np.int8)))
    last = -1.0
    for start, end in changes.reshape(-1, 2).tolist():
        x0 = max(_START + start * scale, last)
        x1 = max(_START + end * scale, x0 + 1.0 if x0 > last or last < 0 else x0)
        if x1 - x0 < 0.05:
            continue
        last = x1
        yield f"M{x0:.1f} {top:g}H{x1:.1f}v{BAND:g}H{x0:.1f}z"


def _ticks(frames: NDArray[np.int64], rate: float, top: float) -> Markup:
    """Where in the recording: frames left out between blocks are a jump."""
    if not len(frames):
        return html()
    jumps = np.flatnonzero(np.diff(frames) > 1) + 1
    scale = (_END - _START) / len(frames)
    places = np.linspace(0, len(frames) - 1, 7).round().astype(int)
    return html(
        [
            tag(
                "path",
                d=f"M{_START + jump * scale:.1f} 2V{top - GAP + 2:.1f}",
                class_="band-jump",
            )
            for jump in jumps.tolist()
        ],
        [
            _text(
                _clock(float(frames[place]) / rate),
                _START + place * scale,
                top + 9,
                "small",
                "middle",
            )
            for place in places.tolist()
        ],
    )


def _clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> _clock(75.4)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def draw_curves(curve: Curve) -> Markup:
    """The loss by epoch, on what trained and on what was held out."""
    wide, high, left, floor = 360.0, 190.0, 44.0, 160.0
    values = [*curve.trained, *curve.held_out]
    x_axis = Axis(0.0, max(1.0, len(curve.trained) - 1.0), left, wide - 12)
    y_axis = Axis(0.0, max(*values, 1e-6), floor, 14.0)
    best = x_axis(float(curve.best)), y_axis(curve.held_out[curve.best])
    return tag(
        "svg",
        tag("title", f"Loss of {curve.name} by epoch"),
        [
            html(
                tag("path", d=f"M{left:g} {y_axis(y):.1f}H{wide - 12:g}", class_="grid"),
                _text(f"{y:g}", left - 6, y_axis(y) + 4, "small", "end"),
            )
            for y in y_axis.ticks()
        ],
        tag("path", d=_path(curve.trained, x_axis, y_axis), class_="curve theirs"),
        tag("path", d=_path(curve.held_out, x_axis, y_axis), class_="curve mine"),
        tag("circle", cx=best[0], cy=best[1], r=4.5, class_="ring"),
        _text("epoch 1", left, floor + 18, "small", "start"),
        _text(str(len(curve.trained)), wide - 12, floor + 18, "small", "end"),
        _text("held out", wide - 14, 24, "curve-name", "end"),
        _text("trained on", wide - 74, 24, "small", "end"),
        viewBox=f"0 0 {wide:g} {high:g}",
        class_="curves",
        role="img",
    )


def _path(values: Iterable[float], x_axis: Axis, y_axis: Axis) -> str:
    places = [f"{x_axis(float(i)):.1f} {y_axis(value):.1f}" for i, value in enumerate(values)]
    return "M" + "L".join(places)


def _text(words: str, x: float, y: float, kind: str, anchor: str) -> Markup:
    return tag("text", words, x=round(x, 1), y=round(y, 1), class_=kind, text_anchor=anchor)
