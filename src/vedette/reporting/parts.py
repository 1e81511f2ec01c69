"""The parts that sections are made of: labels, tables, bars, pictures."""

import base64
from collections.abc import Iterable, Sequence
from importlib.resources import files

from vedette.reporting.markup import Child, Markup, html, tag
from vedette.types.figures import Label


def document(title: str, content: Iterable[Markup | None]) -> str:
    """A page as text: no file, no clock and no network is touched beyond the package's own."""
    style = Markup(files(__package__).joinpath("page.css").read_text("utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    body = tag("body", tag("main", list(content)))
    return html(Markup("<!doctype html>\n"), tag("html", head, body, lang="en"), "\n")


def section(name: str, heading: str, *content: Child) -> Markup:
    return tag(
        "section",
        tag("h2", heading, id=f"{name}-heading"),
        *content,
        id=name,
        aria_labelledby=f"{name}-heading",
    )


def label(word: Label) -> Markup:
    """How a figure came about, said in a word beside it."""
    return tag("span", word, class_=f"label {word}")


def note(*content: Child) -> Markup:
    return tag("p", *content, class_="note")


def wide(name: str, content: Child) -> Markup:
    """Content that scrolls sideways by itself where the page is narrow, also by keyboard."""
    return tag("div", content, class_="wide", tabindex=0, role="region", aria_label=name)


def table(
    caption: str, heads: Sequence[Child], rows: Iterable[Sequence[Child]], class_: str = ""
) -> Markup:
    """The first cell of a row is its heading; cells may be plain text or ``td`` elements."""
    return wide(
        caption,
        tag(
            "table",
            tag("caption", tag("span", caption)),
            tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
            tag("tbody", [_row(row) for row in rows]),
            class_=class_ or None,
        ),
    )


def _row(cells: Sequence[Child]) -> Markup:
    head, *others = cells
    return tag("tr", tag("th", head, scope="row"), [tag("td", cell) for cell in others])


def bar(part: float, class_: str) -> Markup:
    """A bar that fills its place to a share; the figure stands beside it in words."""
    width = 100 * min(max(part, 0.0), 1.0)
    return tag(
        "span",
        tag("span", class_=f"fill {class_}", style=f"width:{width:.1f}%"),
        class_="bar",
        aria_hidden="true",
    )


def picture(content: bytes, alternative: str) -> Markup | None:
    """A JPEG, PNG or WebP inside the page; nothing where the bytes are none of them."""
    kinds = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"RIFF": "webp"}
    kind = next((kind for start, kind in kinds.items() if content.startswith(start)), None)
    if kind is None:
        return None
    encoded = base64.b64encode(content).decode("ascii")
    return tag("img", src=f"data:image/{kind};base64,{encoded}", alt=alternative)
