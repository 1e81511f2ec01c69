"""HTML and SVG as nested calls: what is written is balanced, and what came from outside is escaped.

>>> tag("p", "a < b", class_="note")
'<p class="note">a &lt; b</p>'
>>> tag("p", tag("b", "bold"), None, [" and ", "plain"])
'<p><b>bold</b> and plain</p>'
"""

import re
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

VOID = frozenset({"br", "col", "hr", "img", "link", "meta"})
UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, marks that reorder text, and halves of characters that have no encoding."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"


def clean(text: str) -> str:
    """Text without the characters that would break a page or a terminal.

    >>> clean("evil" + chr(27) + "[2Jname")
    'evil\ufffd[2Jname'
    """
    return UNSHOWABLE.sub("\ufffd", text)


def html(*children: Child) -> Markup:
    """Children one after the other; strings that are not markup yet are escaped."""
    return Markup("".join(_parts(children)))


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """One element. ``class_`` is written ``class``, ``data_x`` is ``data-x``; None is left out."""
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{opening}>")
    return Markup(f"<{name}{opening}>{html(*children)}</{name}>")


def _parts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Markup):
            yield child
        elif isinstance(child, str):
            yield escape(clean(child))
        elif child is not None:
            yield from _parts(child)


def _value(value: str | float) -> str:
    return escape(clean(value)) if isinstance(value, str) else f"{round(value, 2):g}"
