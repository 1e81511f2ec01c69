"""YAML as plain values that know their file, line and column.

The only module that knows a YAML library. It reads the parser's events instead of letting the
library build objects: so nothing in a file is ever called, and a file that would grow without
bound (aliases of aliases, a thousand brackets) is refused before it does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from vedette.errors import DeclarationError, Place, Problem
from vedette.records.files import read_bytes
from vedette.records.mistakes import ElementPath, Mistake
from vedette.records.scalars import scalar
from vedette.types.graph import Scalar, Value

MOST_BYTES = 4_000_000
MOST_NODES = 100_000
"""Reading so many takes about ten seconds; a hundred cameras need some thousands."""
MOST_DEPTH = 60
SYNTAX_HINT = "spaces in place of tabs, quotes around text with ': ' or '#', closing every bracket"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file: a scalar, a tuple of nodes, or nodes by name."""

    value: Scalar | tuple["Node", ...] | dict[str, "Node"] | None
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Value:
        """The value without places, as JSON would hold it."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def place_of(self, path: ElementPath, *, at_key: bool = False) -> Place:
        """Where an element is; the nearest element around it where the file lacks it.

        A scalar is where it is written, a mapping or list where its name is.
        """
        node, key_place = self, self.place
        for part in path:
            below = node._below(part)
            if below is None:
                break
            key_place = node.keys[part] if isinstance(part, str) else below.place
            node = below
        is_scalar = not isinstance(node.value, (dict, tuple))
        return node.place if is_scalar and not at_key else key_place

    def _below(self, part: str | int) -> "Node | None":
        if isinstance(self.value, dict):
            return self.value.get(part) if isinstance(part, str) else None
        if isinstance(self.value, tuple) and isinstance(part, int) and part < len(self.value):
            return self.value[part]
        return None


@dataclass(frozen=True, slots=True)
class Document:
    """A file's tree, and what is wrong with it already as YAML."""

    root: Node
    mistakes: tuple[Mistake, ...] = ()


def read_document(path: Path) -> Document:
    """The YAML file at ``path``; raises DeclarationError where it is missing or no YAML."""
    return parse(read_bytes(path, DeclarationError, most_bytes=MOST_BYTES), str(path))


def parse(content: bytes, file: str) -> Document:
    """YAML text in UTF-8 as a document; ``file`` is what its places are called."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(
            Place(file, line),
            f"a byte that is no UTF-8 text (0x{content[error.start]:02x})",
            "text in UTF-8",
            "saving the file as UTF-8",
        )
    return _document(text, file)


@lru_cache(maxsize=4)
def _document(text: str, file: str) -> Document:
    """Read once, though first asked what kind of file it is."""
    return _Parser(text, file).document()


def _refuse(place: Place, found: str, expected: str, hint: str = "") -> NoReturn:
    raise DeclarationError(Problem(found, expected, hint, place))


class _Parser:
    """One pass over a text's events, counting what it builds."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.events = self._parsed(text)
        self.anchors: dict[str, Node] = {}
        self.mistakes: list[Mistake] = []
        self.nodes = 0

    def _parsed(self, text: str) -> Iterator[Event]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except YAMLError as error:
            _refuse(*_syntax_error(error, self.file))
        except (ValueError, RecursionError, OverflowError) as error:
            # The scanner trips over escapes such as "\UFFFFFFFF" without an error of its own.
            _refuse(Place(self.file), f"text that is no YAML ({error})", "YAML", SYNTAX_HINT)

    def document(self) -> Document:
        root = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    place = self._place(event)
                    _refuse(
                        place, "a second document (---)", "one document in a file", "deleting ---"
                    )
                root = self._node(next(self.events), (), 0)
            elif isinstance(event, StreamEndEvent):
                break
        if root is None or root.value is None:
            _refuse(
                Place(self.file), "an empty file", "YAML", "vedette init, for one to start from"
            )
        return Document(root, tuple(self.mistakes))

    def _place(self, event: Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def _node(self, event: Event, path: ElementPath, depth: int) -> Node:
        place = self._place(event)
        if depth > MOST_DEPTH:
            _refuse(
                place,
                f"more than {MOST_DEPTH} levels",
                "a file that is less deep",
                "closing brackets",
            )
        if isinstance(event, AliasEvent):
            node = self._alias(event, place)
        elif isinstance(event, ScalarEvent):
            is_plain = event.implicit[0]
            node = Node(scalar(event.value) if is_plain else event.value, place)
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(place, path, depth)
        else:
            node = self._sequence(place, path, depth)
        self._count(node if isinstance(event, AliasEvent) else Node(None, place))
        if isinstance(event, NodeEvent) and not isinstance(event, AliasEvent):
            self._note(event, node, path)
        return node

    def _count(self, node: Node) -> None:
        self.nodes += node.size
        if self.nodes > MOST_NODES:
            _refuse(
                node.place,
                f"more than {MOST_NODES} values, aliases expanded",
                "a smaller file",
                "fewer aliases (*name)",
            )

    def _note(self, event: Any, node: Node, path: ElementPath) -> None:
        """Remember what an anchor names; a tag would ask for an object, which nobody makes."""
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        tag = event.tag
        if tag is not None and tag != "!":
            self.mistakes.append(
                Mistake(path, f"the tag {tag}", "values without tags", "leaving it out", node.place)
            )

    def _alias(self, event: Any, place: Place) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            names = ", ".join(f"&{name}" for name in self.anchors) or "none"
            _refuse(
                place,
                f"*{event.anchor}",
                f"the name of an earlier anchor (known: {names})",
                "the value",
            )
        return known

    def _sequence(self, place: Place, path: ElementPath, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return Node(tuple(items), place, size=1 + sum(item.size for item in items))

    def _mapping(self, place: Place, path: ElementPath, depth: int) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        size = 1
        while not isinstance(event := next(self.events), MappingEndEvent):
            key_place = self._place(event)
            key = self._key(event, key_place)
            node = self._node(next(self.events), (*path, key), depth + 1)
            size += node.size
            if key in values:
                self._duplicate(path, key, key_place, keys[key])
            else:
                values[key], keys[key] = node, key_place
        return Node(values, place, keys, size)

    def _key(self, event: Any, place: Place) -> str:
        if isinstance(event, AliasEvent):
            key = self._alias(event, place).value
        elif isinstance(event, ScalarEvent):
            key = event.value
            self._note(event, Node(key, place), ())
        else:
            key = None
        if not isinstance(key, str):
            _refuse(place, "a list or mapping as a name", "text as a name", "name: value")
        return key

    def _duplicate(self, path: ElementPath, key: str, place: Place, first: Place) -> None:
        found = f"{key!r} a second time (first on line {first.line})"
        mistake = Mistake((*path, key), found, "each name once", "deleting one", place, at_key=True)
        self.mistakes.append(mistake)


def _syntax_error(error: YAMLError, file: str) -> tuple[Place, str, str, str]:
    mark = getattr(error, "problem_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable text"
    around = getattr(error, "context", None)
    found = (
        f"text that is no YAML ({around}: {what})" if around else f"text that is no YAML ({what})"
    )
    return place, found, "YAML", SYNTAX_HINT
