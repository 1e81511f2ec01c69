"""Every command that a page shows is one that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from tests.docs.pages import Block, all_blocks, name_of, pages, prose

from vedette import cli

GROUP: Any = typer.main.get_command(cli.app)
Refused: Any = typer.BadParameter.__base__
"""What a command line that cannot be read raises."""
SHELL = [block for language in ("sh", "console") for block in all_blocks(language)]


def commands(block: Block) -> Iterator[list[str]]:
    """The words of each call of vedette in a block; lines ending in a backslash go on."""
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in re.split(r"[|;]|&&|\$\(", line.removeprefix("$ ")):
            lexer = shlex.shlex(part.strip(), posix=True, punctuation_chars="<>()")
            lexer.whitespace_split = True
            lexer.commenters = "#"
            words = list(lexer)
            while words and re.fullmatch(r"\w+=.*|time|nohup|sudo|!|.*/bin", words[0]):
                del words[0]
            if words and words[0].rpartition("/")[2] == "vedette":
                stop = next((i for i, word in enumerate(words) if word[0] in "<>()&"), None)
                yield words[1:stop]


def parse(words: list[str]) -> None:
    """Read a call as the command line does, without doing it."""
    name = words[0] if words else ""
    if name in {"--version", "--help", ""}:
        return
    found = GROUP.commands[name]
    if "--help" not in words:
        found.make_context(name, words[1:])


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_every_command_of_a_block_can_be_read(block: Block) -> None:
    for words in commands(block):
        try:
            parse(words)
        except (Refused, KeyError) as error:
            pytest.fail(f"vedette {shlex.join(words)}: {error!r}")


def mentions() -> list[tuple[str, str, str]]:
    """Commands in the running text: page, verb and what follows it."""
    return [
        (name_of(page), verb, rest)
        for page in pages()
        for verb, rest in re.findall(r"`vedette ([a-z]+)\b([^`|]*)", prose(page))
    ]


def test_every_command_in_the_text_is_known() -> None:
    unknown = [(page, verb) for page, verb, _ in mentions() if verb not in cli.VERBS]
    assert unknown == []


def test_every_option_in_the_text_is_known() -> None:
    unknown = [
        (page, verb, option)
        for page, verb, rest in mentions()
        for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", rest)
        if option not in options(verb)
    ]
    assert unknown == []


def options(verb: str) -> set[str]:
    return {"--help", *(name for each in GROUP.commands[verb].params for name in each.opts)}


def test_each_command_has_a_page_of_its_own_that_shows_it() -> None:
    shown = {
        block.page.stem
        for block in SHELL
        for words in commands(block)
        if words[:1] == [block.page.stem]
    }
    assert set(cli.VERBS) - shown == set()
