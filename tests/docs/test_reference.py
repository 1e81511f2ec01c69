"""The pages name every command, knob, metric, key and error that the code has, and no other."""

import re
from typing import Any, get_args

import pytest

import vedette as vd
from vedette import cli, errors
from vedette.declaring.operator import operators, signatures
from vedette.declaring.shape import fields
from vedette.errors import Problem, VedetteError
from vedette.records import syntax
from vedette.types.graph import Accuracy, Metric

ERRORS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, VedetteError)
]
SYNTAX = [
    kind
    for kind in vars(syntax).values()
    if isinstance(kind, type) and issubclass(kind, syntax.Syntax)
]


def test_the_reference_is_what_the_code_says(
    maker: dict[str, Any],
) -> None:
    assert maker["stale"]() == [], "run: python docs/make_reference.py"


def test_the_reference_has_every_command(reference: str) -> None:
    assert re.findall(r"^## `vedette (\w+)`", reference, re.MULTILINE) == list(cli.VERBS)


def test_the_reference_has_every_name_of_the_package(reference: str) -> None:
    assert re.findall(r"^## `vd\.(\w+)`", reference, re.MULTILINE) == vd.__all__


def test_the_reference_has_every_knob_of_our_operators(reference: str) -> None:
    ours = [name for name, each in operators().items() if each.__module__.startswith("vedette.")]
    knobs = {
        (setting.name, ", ".join(f"`{value}`" for value in setting.choices))
        for name in ours
        for setting in signatures()[name].settings.values()
        if setting.choices
    }
    lines = [line.split(" | ") for line in reference.splitlines()]
    assert knobs <= {(cells[0].strip("| `"), cells[-1].strip("| ")) for cells in lines}


def test_the_pages_have_every_metric(reference: str, written: str) -> None:
    for metric in (*get_args(Metric), *get_args(Accuracy)):
        assert f"`{metric}`" in reference
        assert f"`{metric}`" in written


@pytest.mark.parametrize("kind", SYNTAX, ids=lambda kind: kind.__name__)
def test_the_pages_explain_every_key(kind: type[syntax.Syntax], written: str) -> None:
    assert [name for name in fields(kind) if f"`{name}`" not in written] == []


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_a_command_ends_with_the_exit_status_that_the_reference_states(
    kind: type[VedetteError], reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app() -> None:
        raise kind(Problem("one", "another"))

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert f"| `{kind.__name__}` | {ended.value.code} |" in reference
