"""Operators of installed packages and of the user's files: there when asked for, and not before."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.packages import BLUR, install

from vedette import ops
from vedette.declaring import registry
from vedette.declaring.operator import operators, signatures
from vedette.declaring.registry import files, load_file, registered
from vedette.errors import DeclarationError

_ = ops
Installed = Callable[..., None]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers and imports is forgotten after it."""
    modules = set(sys.modules)
    monkeypatch.setattr(registry, "_HERE", dict(registered()))
    monkeypatch.setattr(registry, "_FILES", [])
    yield
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def put(package: str, source: str, **points: str) -> None:
        install(tmp_path / "site", package, source, points)
        registry._declared.cache_clear()

    return put


def refused(name: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        signatures()[name]
    (problem,) = caught.value.problems
    assert problem.found
    assert problem.expected
    assert problem.hint
    return str(problem)


def test_a_packages_operator_is_known_without_being_imported(installed: Installed) -> None:
    installed("plates", BLUR, blur="plates_ops")
    assert "blur" in operators()
    assert "blur" in list(signatures())
    assert "plates_ops" not in sys.modules


@pytest.mark.parametrize("value", ["plates_ops", "plates_ops:blur"])
def test_it_is_imported_when_it_is_asked_for(installed: Installed, value: str) -> None:
    installed("plates", BLUR, blur=value)
    known = signatures()["blur"]
    assert (known.name, list(known.settings)) == ("blur", ["strength"])
    assert operators()["blur"] is sys.modules["plates_ops"].blur


def test_an_object_need_not_be_decorated(installed: Installed) -> None:
    installed("plates", BLUR.replace("@vd.operator", ""), blur="plates_ops:blur")
    assert signatures()["blur"].settings["strength"].default == 3


def test_a_package_that_does_not_import_is_named_when_it_is_used(installed: Installed) -> None:
    installed("plates", "import no_such_library\n" + BLUR, blur="plates_ops")
    assert "resize" in signatures()["resize"].name
    said = refused("blur")
    assert "plates 1.0" in said
    assert "no_such_library" in said


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (BLUR, "plates_ops:absent"),
        (BLUR + "\nblur = 7", "plates_ops:blur"),
        ("", "plates_ops"),
        (BLUR.replace("blur", "smear"), "plates_ops"),
        (BLUR.replace("blur", "smear"), "plates_ops:smear"),
    ],
)
def test_an_entry_point_without_an_operator_is_named(
    installed: Installed, source: str, value: str
) -> None:
    installed("plates", source, blur=value)
    assert "plates 1.0" in refused("blur")


def test_a_package_cannot_take_one_of_our_names(installed: Installed) -> None:
    installed("plates", BLUR.replace("blur", "resize"), resize="plates_ops")
    said = refused("resize")
    assert "plates 1.0 and Vedette itself" in said
    assert "plates_ops" not in sys.modules
    assert signatures()["sample"].name == "sample"


def test_a_package_cannot_take_one_of_our_names_by_the_way(installed: Installed) -> None:
    ours = operators()["resize"]
    installed("plates", BLUR + BLUR.replace("blur", "resize"), blur="plates_ops")
    assert "plates 1.0" in refused("blur")
    assert operators()["resize"] is ours
    assert "blur" not in registered()


def test_two_packages_with_one_name_are_both_named(installed: Installed) -> None:
    installed("plates", BLUR, blur="plates_ops")
    installed("smudge", BLUR, blur="smudge_ops")
    assert "plates 1.0 and smudge 1.0" in refused("blur")


def test_a_signature_that_says_nothing_is_refused(installed: Installed) -> None:
    installed("plates", "def blur(frame, strength=3): return frame", blur="plates_ops:blur")
    assert "blur in plates_ops" in refused("blur")


def test_a_file_is_run_once_and_its_operators_are_known(tmp_path: Path) -> None:
    path = tmp_path / "my_ops.py"
    path.write_text(BLUR)
    load_file(path)
    load_file(tmp_path / "." / "my_ops.py")
    assert files() == (path.resolve(),)
    assert signatures()["blur"].doc.startswith("A frame that nobody")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\nimport no_such_library", "my_ops.py:2"),
        ("def blur(:", "my_ops.py:1"),
        ("x = 1", "found no operator"),
        (BLUR.replace("blur", "resize"), "a second operator 'resize'"),
    ],
)
def test_a_file_that_cannot_be_used_leaves_nothing_behind(
    tmp_path: Path, source: str, said: str
) -> None:
    path = tmp_path / "my_ops.py"
    path.write_text(source)
    before = dict(registered())
    with pytest.raises(DeclarationError, match=said):
        load_file(path)
    assert registered() == before
    assert str(path) not in sys.modules
    assert files() == ()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"none\.py: found no Python file"):
        load_file(tmp_path / "none.py")
