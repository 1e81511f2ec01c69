"""What ``import vedette`` promises: a handful of names, that no package ever takes away."""

import importlib
import pkgutil
from types import FunctionType

import pytest

import vedette as vd
from vedette import ops
from vedette.declaring.operator import operators, signatures
from vedette.types.operators import Signature

VERBS = (
    "load",
    "save",
    "check",
    "profile",
    "plan",
    "explain",
    "simulate",
    "rehearse",
    "run",
    "learn",
)
OTHERS = ("what_if", "workflow", "choose", "operator", "Model", "Knob")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(vd.__path__, "vedette.")
    if not module.name.endswith("__main__")
]


def test_the_public_names_are_these() -> None:
    assert sorted(vd.__all__) == sorted((*VERBS, *OTHERS))
    assert set(dir(vd)) == {*vd.__all__, "__version__"}


def test_no_module_has_the_name_of_a_verb() -> None:
    for name in MODULES:
        importlib.import_module(name)
    assert {verb for verb in VERBS if not isinstance(getattr(vd, verb), FunctionType)} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_can_be_called_after_all_modules_were_imported(verb: str) -> None:
    for name in MODULES:
        importlib.import_module(name)
    with pytest.raises(TypeError, match=r"missing .* required positional argument"):
        getattr(vd, verb)()


@pytest.mark.parametrize("name", vd.__all__)
def test_each_name_is_there_and_says_what_it_is_for(name: str) -> None:
    assert (getattr(vd, name).__doc__ or "").strip()


def test_other_names_are_told_as_missing() -> None:
    with pytest.raises(AttributeError, match="'vedette' has no attribute 'plann'"):
        vd.plann  # noqa: B018  # that is what is asked


def test_a_workflow_begins_and_ends_as_a_value() -> None:
    flow = vd.workflow("gate")
    source = flow.source("street", gate="gate.mp4")
    flow.step("detect", "detect", source, classes={"car": ["car"]}, model=vd.choose("a", "b"))
    built = flow.build()
    assert built.knobs()["detect.model"] == ("a", "b")


@pytest.mark.parametrize("module", [m.name for m in pkgutil.iter_modules(ops.__path__)])
def test_operators_of_a_module_have_signatures(module: str) -> None:
    home = f"vedette.ops.{module}"
    importlib.import_module(home)
    mine = {name for name, target in operators().items() if target.__module__ == home}
    known = signatures()
    assert all(isinstance(known[name], Signature) for name in mine)
    assert [name for name in mine if not known[name].doc or not known[name].inputs] == []
