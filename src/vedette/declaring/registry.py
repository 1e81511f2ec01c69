"""Operators by name: ours, those of the running program or a file it was given, and installed ones.

Code runs because somebody imported it, named its file on the command line, or installed a package
that declares it; never because a workflow or plan names it. An installed package is imported when
one of its operators is asked for, and not before.
"""

import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from vedette.errors import DeclarationError, Place, Problem

GROUP = "vedette.operators"
"""Entry points of this group are operators: ``blur = "package.module"``, or the object itself."""

Target = Callable[..., Any]
_OURS = "vedette."
_HERE: dict[str, Target] = {}
_FILES: list[Path] = []
_SCRIPT = frozenset({"__main__", "__mp_main__"})  # one module: a worker runs its parent's script


def register(name: str, target: Target) -> None:
    """Know an operator; raises DeclarationError where another module has one of that name."""
    known = _HERE.get(name)
    if known is not None and not _is_again(known.__module__, target.__module__):
        raise DeclarationError(
            Problem(
                f"a second operator {name!r}, in {target.__module__}",
                f"one of each name: {known.__module__} has one",
                "another name for it",
            )
        )
    _HERE[name] = target


def registered() -> Mapping[str, Target]:
    """Every operator whose module was imported by now."""
    return MappingProxyType(_HERE)


def files() -> tuple[Path, ...]:
    """The files that operators were loaded from, in order."""
    return tuple(_FILES)


def load_file(path: Path) -> None:
    """Run a Python file for the operators in it; once, however often it is named.

    It runs as a module by itself: what it imports must be installed. Raises DeclarationError.
    """
    path = path.resolve()
    if path in _FILES:
        return
    before = dict(_HERE)
    spec = importlib.util.spec_from_file_location(str(path), path)
    if spec is None or spec.loader is None or not path.is_file():
        found = "no Python file there"
        raise DeclarationError(Problem(found, "a file.py with operators", "", Place(str(path))))
    module = sys.modules[str(path)] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script of the user's may end itself
        _forget(module, before)
        raise _broken_file(path, error) from error
    if _HERE.keys() == before.keys():
        _forget(module, before)
        hint = "@vedette.operator above a function or class in it"
        raise DeclarationError(Problem("no operator", "at least one", hint, Place(str(path))))
    _FILES.append(path)


def operator_name(target: Target) -> str:
    """What an operator is called in a workflow.

    >>> operator_name(type("SkipStill", (), {}))
    'skip_still'
    """
    plain = getattr(target, "__name__", type(target).__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


class Operators(Mapping[str, Target]):
    """Every known operator by name. Looking one up may import the package that has it.

    Raises DeclarationError, naming the package, where that fails or where two things have one name.
    """

    def __getitem__(self, name: str) -> Target:
        here, claims = _HERE.get(name), _claims().get(name, ())
        if here is not None and not (claims and _is_ours(here)):
            return here
        if here is not None or len(claims) > 1:
            raise _ambiguous(name, claims)
        if not claims:
            raise KeyError(name)
        return _loaded(name, claims[0])

    def __contains__(self, name: object) -> bool:
        return name in _HERE or name in _claims()

    def __iter__(self) -> Iterator[str]:
        return iter(_HERE | _claims())

    def __len__(self) -> int:
        return len(_HERE | _claims())


def operators() -> Mapping[str, Target]:
    """Every known operator by name."""
    return Operators()


def _claims() -> dict[str, tuple[EntryPoint, ...]]:
    """The operators that installed packages declare, by name."""
    return _declared(tuple(sys.path))


@cache
def _declared(_path: tuple[str, ...]) -> dict[str, tuple[EntryPoint, ...]]:
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for each in entry_points(group=GROUP):
        found[each.name] = (*found.get(each.name, ()), each)
    return found


def _loaded(name: str, claim: EntryPoint) -> Target:
    """The operator behind an entry point: an object, or what a module registers by that name."""
    before = dict(_HERE)
    try:
        loaded = claim.load()
    except Exception as error:
        _HERE.clear()
        _HERE.update(before)
        what = str(error) if isinstance(error, DeclarationError) else _in_words(error)
        raise _unusable(
            f"the operator {name!r} of {_package(claim)}, which cannot be imported: {what}",
            f"{claim.value} to be there and to import",
            "installing what it lacks, or another version of it",
        ) from error
    target = _HERE.get(name) if isinstance(loaded, ModuleType) else loaded
    if target is None or not callable(target) or operator_name(target) != name:
        found = f"a {type(loaded).__name__}, which is no operator"
        raise _unusable(
            f"no operator {name!r} in {claim.value} of {_package(claim)}"
            + ("" if isinstance(loaded, ModuleType) else f" but {found}"),
            "a module that registers it with @vedette.operator, or the operator itself",
            "a version of the package made for this Vedette",
        )
    _HERE[name] = target
    return target


def _ambiguous(name: str, claims: tuple[EntryPoint, ...]) -> DeclarationError:
    packages = " and ".join(sorted(_package(each) for each in claims))
    ours = " and Vedette itself" if name in _HERE else ""
    return _unusable(
        f"the operator {name!r} of {packages}{ours}",
        "one operator of that name",
        "uninstalling one of them",
    )


def _unusable(found: str, expected: str, hint: str) -> DeclarationError:
    return DeclarationError(Problem(found, expected, hint))


def _broken_file(path: Path, error: Exception | SystemExit) -> DeclarationError:
    """The first line of the file that is to blame, where that is known."""
    if isinstance(error, DeclarationError):
        return error
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
    return DeclarationError(
        Problem(
            f"a file of operators that cannot be run: {_in_words(error)}",
            "Python that runs, with what it imports installed",
            f"python {path.name}",
            Place(str(path), line),
        )
    )


def _forget(module: ModuleType, before: Mapping[str, Target]) -> None:
    del sys.modules[module.__name__]
    _HERE.clear()
    _HERE.update(before)


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _package(claim: EntryPoint) -> str:
    return f"{claim.dist.name} {claim.dist.version}" if claim.dist else "a package without a name"


def _is_again(known: str, module: str) -> bool:
    return known == module or {known, module} <= _SCRIPT


def _is_ours(target: Target) -> bool:
    return target.__module__.startswith(_OURS)
