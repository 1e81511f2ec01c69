"""YAML with places, and files that no reader should trust."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import DeclarationError, Place
from vedette.records.layout import yaml_text
from vedette.records.nodes import MOST_NODES, parse, read_document

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=20), below),
    max_leaves=20,
)
TEXT = """\
name: amber
steps:
  detect:
    run: detect
    from: [resize, track]
"""
REFUSED = {
    "an open bracket": ("a: [1,\n", "x.yaml:2:1: found text that is no YAML"),
    "a tab": ("a:\n\tb: 1", "x.yaml:2:1: found text that is no YAML"),
    "a special character": ("a: \x00", "x.yaml: found text that is no YAML"),
    "a wrong escape": ('a: "\\UFFFFFFFF"', "x.yaml: found text that is no YAML"),
    "an unknown anchor": ("a: *b", "x.yaml:1:4: found *b"),
    "an anchor in itself": ("a: &b [*b]", "x.yaml:1:8: found *b"),
    "two documents": ("a: 1\n---\nb: 1", "x.yaml:2:1: found a second document"),
    "a list as a name": ("? [a]\n: 1", "x.yaml:1:3: found a list or mapping as a name"),
    "many brackets": ("[" * 5000, "x.yaml:1:62: found more than 60 levels"),
    "many levels": ("".join(f"{' ' * n}a:\n" for n in range(99)), "x.yaml:62:62: found more than"),
    "nothing": ("", "x.yaml: found an empty file"),
    "a comment": ("# later\n", "x.yaml: found an empty file"),
}


@pytest.mark.parametrize(("text", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_yaml_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse(text.encode(), "x.yaml")
    assert str(caught.value).startswith(complaint)
    assert caught.value.problems[0].hint


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(DeclarationError, match=f"more than {MOST_NODES} values"):
        parse("\n".join(lines).encode(), "x.yaml")


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(
        DeclarationError, match=r"x.yaml:2: found a byte that is no UTF-8 text .0xff"
    ):
        parse(b"a: 1\nb: \xff", "x.yaml")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="found no such file"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(DeclarationError, match="found a folder"):
        read_document(tmp_path)


def test_every_element_knows_its_place() -> None:
    root = parse(TEXT.encode(), "x.yaml").root
    places = {
        (): Place("x.yaml", 1, 1),
        ("name",): Place("x.yaml", 1, 7),
        ("steps", "detect"): Place("x.yaml", 3, 3),
        ("steps", "detect", "from", 1): Place("x.yaml", 5, 20),
        ("steps", "detect", "when", "label"): Place("x.yaml", 3, 3),
    }
    assert {path: root.place_of(path) for path in places} == places
    assert root.place_of(("name",), at_key=True) == Place("x.yaml", 1, 1)


def test_names_given_twice_and_tags_are_mistakes_with_a_place() -> None:
    document = parse(b"a: 1\nb: !!python/object:os.system x\na: 2\n", "x.yaml")
    tag, twice = document.mistakes
    assert (tag.place, twice.place) == (Place("x.yaml", 2, 4), Place("x.yaml", 3, 1))
    assert document.root.plain() == {"a": 1, "b": "x"}


def test_aliases_are_read_as_what_they_stand_for() -> None:
    assert parse(b"a: &x [1]\nb: *x\n", "x").root.plain() == {"a": [1], "b": [1]}


def test_json_is_yaml() -> None:
    value = {"a": [1, 2.5, "é\n", None, True, {"b": {}}]}
    assert parse(json.dumps(value).encode(), "x").root.plain() == value


@given(st.dictionaries(st.text(max_size=20), VALUES, min_size=1))
def test_what_is_written_reads_back_equal(value: dict[str, Any]) -> None:
    text = yaml_text(value)
    again = parse(text.encode("utf-8", "surrogatepass"), "x")
    assert again.mistakes == ()
    assert again.root.plain() == value
    assert repr(again.root.plain()) == repr(value)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse(content, "x").root.plain()
    except DeclarationError as error:
        assert error.problems  # noqa: PT017  # both ways are right


def test_numbers_without_end_are_read_as_infinite() -> None:
    plain = parse(f"[{'9' * 5000}, -{'9' * 5000}, 1e999]".encode(), "x").root.plain()
    assert plain == [math.inf, -math.inf, math.inf]
