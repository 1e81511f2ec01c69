"""The index of errors and the code know the same messages."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import vedette

PACKAGE = Path(vedette.__file__).parent
TELLING = {"Mistake", "Problem", "_foreign", "_refuse", "media_error", "refuse", "refused"}
"""What makes a message out of what was found, what was expected and what to try."""
LEAST = 9
"""Shorter pieces of text say nothing by themselves ("one of ", " in ")."""
Words = Mapping[str, list[ast.expr]]


@dataclass(frozen=True, slots=True)
class Message:
    """One place in the code that makes a message, and the pieces of text that it is made of."""

    place: str
    pieces: tuple[str, ...]

    def has(self, quoted: str) -> bool:
        return any(quoted in piece for piece in self.pieces)


def texts(tree: ast.AST) -> list[str]:
    """Every piece of text in a part of the sources."""
    nodes = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [value for value in nodes if isinstance(value, str)]


def messages(path: Path) -> Iterator[Message]:
    """The messages that a module makes, with the text of the variables that they are made of."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    everywhere = assigned(module.body)
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            here = {**everywhere, **assigned(list(ast.walk(function)))}
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) in TELLING:
                    place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                    yield Message(place, tuple(pieces(node, here)))


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def assigned(nodes: list[ast.AST] | list[ast.stmt]) -> Words:
    """What each variable is given anywhere among these statements."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for name in (name for target in node.targets for name in ast.walk(target)):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(node.value)
    return found


def pieces(node: ast.AST, words: Words, depth: int = 3) -> Iterator[str]:
    """The text in an expression, and in the variables that it is made of."""
    yield from texts(node)
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and depth:
            for value in words.get(name.id, ()):
                yield from pieces(value, words, depth - 1)


@pytest.fixture(scope="module")
def told() -> list[Message]:
    return [message for path in sorted(PACKAGE.rglob("*.py")) for message in messages(path)]


@pytest.fixture(scope="module")
def quoted(error_index: str) -> list[str]:
    return re.findall(r"^\| `(.+?)` \|", error_index, re.MULTILINE)


def test_every_quoted_message_is_in_the_code(quoted: list[str]) -> None:
    said = [
        piece for path in PACKAGE.rglob("*.py") for piece in texts(ast.parse(path.read_bytes()))
    ]
    assert [words for words in quoted if not any(words in text for text in said)] == []
    assert "a fault of ours" in "".join(said)


def test_every_quoted_error_is_raised(error_index: str, told: list[Message]) -> None:
    errors = error_index.partition("## Incidents")[0]
    families = re.findall(r"^\| `(.+?)` \|", errors, re.MULTILINE)
    assert len(families) > 200
    assert [words for words in families if not any(each.has(words) for each in told)] == []


def test_no_message_is_quoted_twice(quoted: list[str]) -> None:
    assert sorted(set(quoted)) == sorted(quoted)


def test_every_message_of_the_code_is_in_the_index(told: list[Message], quoted: list[str]) -> None:
    unknown = [
        f"{each.place}: {' | '.join(each.pieces)}"
        for each in told
        if any(len(piece.strip()) >= LEAST and " " in piece.strip() for piece in each.pieces)
        and not any(each.has(words) for words in quoted)
    ]
    assert unknown == [], "docs/errors.md needs a row: some words of the message, cause, cure"
