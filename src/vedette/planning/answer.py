"""What every planner on a table shares: one form of answer, and errors that list what is known."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vedette.errors import InputError, Problem, nearest
from vedette.types.plan import Proof

MOST_TRIED = 20_000
"""Up to here the default method tries all."""
LARGEST = 1e12
"""Of any figure in a table: sums of products of larger ones would overflow."""


def known(kind: str, word: str, known: Mapping[str, object]) -> None:
    if word not in known:
        expected = f"one of {', '.join(known)}"
        raise InputError(Problem(f"{kind} {word!r}", expected, nearest(word, [*known])))


def answer(proof: Proof, **more: object) -> dict[str, Any]:
    return {
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "method": proof.method,
        "evaluated": proof.evaluated,
        **more,
    }


def repeated(kind: str, names: Iterable[str]) -> Iterator[Problem]:
    """Names that several have: answers are told apart by them."""
    for name, count in Counter(names).items():
        if count > 1:
            found = f"{count} {kind}s of the name {name!r}"
            yield Problem(found, "a name of its own for each", f"{name}2")


def require(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        raise InputError(*found)
