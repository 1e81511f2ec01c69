"""Markdown as the tests read it: fenced blocks with their language and line, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(`{3,})(.*)\n((?:.*\n)*?)\1[ ]*$", re.MULTILINE)
FRAGMENT = "fragment"
"""A word after the language that says: this is a part of a file and cannot stand alone."""


def pages() -> list[Path]:
    """Every page that somebody wrote or that is made: the site's and the repository's own."""
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*own, *sorted(DOCS.rglob("*.md"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `language` is the first word after the fence, `words` are the others."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def blocks(page: Path, language: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a page, in order; of one language if one is named."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        first, *words = found[2].split() or [""]
        line = text.count("\n", 0, found.start()) + 1
        if language in {None, first}:
            yield Block(page, line, first, tuple(words), found[3])


def all_blocks(language: str) -> list[Block]:
    return [block for page in pages() for block in blocks(page, language)]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))
