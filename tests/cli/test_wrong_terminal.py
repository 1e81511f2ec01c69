"""Where a command's words come from and its answers go: odd names, full disks, nobody listening."""

import io
import json
import os
import subprocess
import sys
from errno import ENOSPC
from pathlib import Path

import pytest
from tests.cli.conftest import Vedette
from tests.cli.test_wrong_input import assert_told


class Full(io.StringIO):
    """A file on a disk without space left."""

    def write(self, _: str) -> int:
        raise OSError(ENOSPC, os.strerror(ENOSPC))


@pytest.mark.parametrize(
    "name", ["a\x1b[31mred", "two\nlines", "turned\u202etxt", os.fsdecode(b"caf\xe9"), "bell\x07"]
)
@pytest.mark.parametrize("content", ["", "x: [", "hello"])
def test_no_message_repeats_what_a_terminal_obeys(
    vedette: Vedette, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    said = vedette("rehearse", name, "--json")
    told = json.loads(said.out)
    assert (said.status, told["error"]) == (2, "input")
    assert [each for each in said.err if not each.isprintable() and each != "\n"] == []
    assert len(said.err.splitlines()) == 3 * len(told["problems"])


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("nope",),
        ("check", "--bogus"),
        ("plan", "a", "b", "--method", "magic"),
        ("profile", "a", "--processes", "0"),
    ],
)
def test_words_that_nobody_knows_are_json_where_that_is_asked_for(
    vedette: Vedette, words: tuple[str, ...]
) -> None:
    said = vedette(*words, "--json")
    told = json.loads(said.out)
    (problem,) = told["problems"]
    assert (said.status, told["error"]) == (2, "input")
    assert problem["found"]
    assert problem["hint"] == "the same with --help"


@pytest.mark.parametrize(
    "words", [("schema", "workflow"), ("solve", "knobs", "--example"), ("models",), ("--help",)]
)
def test_an_answer_that_finds_no_space_is_told(
    vedette: Vedette, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert_told(vedette(*words), "no space left")


def test_an_error_that_finds_no_space_for_its_json_is_told_all_the_same(
    vedette: Vedette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert_told(vedette("rehearse", "nowhere.yaml", "--json"), "nowhere.yaml: found no such file")


@pytest.mark.parametrize("words", [("schema", "workflow"), ("rehearse", "nowhere", "--json")])
def test_a_reader_that_went_away_is_no_fault(words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "vedette", *words]
    ended = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(writer)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_a_terminal_without_the_characters_gets_others(
    vedette: Vedette, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert vedette("models").status == 0
    assert b"yolox-nano" in written.getvalue()


def test_no_standard_input_is_an_empty_table(
    vedette: Vedette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert_told(vedette("solve", "knobs", "-"), "no JSON")
