"""What the noscope track asks of which clip: seven questions, and those of a folder's own file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le, MinLen
from pydantic import ValidationError

from vedette.bench.scenes import SUFFIXES
from vedette.errors import DeclarationError, Problem
from vedette.records.codec import from_plain, problem
from vedette.records.nodes import read_document
from vedette.types.cascade import Question

OWN = "questions.yaml"
"""A file beside the clips that adds questions, and replaces those of the same name."""

HINT = "NAME: {clip: file, classes: {vehicle: [car]}, zone: [[x, y], ...], confidence: 0.5}"

Coordinate = Annotated[float, Ge(0), Le(1e5)]
Corner = tuple[Coordinate, Coordinate]
Word = Annotated[str, MinLen(1)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a clip, named by its file without the ending.

    ``clip`` is None where no such file is there. ``refused`` says that its clip cannot support any
    promise: a cascade that is accepted then is a mistake.
    """

    name: str
    about: str
    question: Question
    clip: Path | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A question as a file has it."""

    clip: Word
    classes: Annotated[dict[Word, Annotated[tuple[Word, ...], MinLen(1)]], MinLen(1)]
    zone: Annotated[tuple[Corner, ...], MinLen(3)] | None = None
    confidence: Annotated[float, Ge(0), Le(1)] = 0.5
    refused: bool = False


@dataclass(frozen=True, slots=True)
class WrittenQuestions:
    """A file of questions, by name."""

    questions: Annotated[dict[Word, Written], MinLen(1)]


def asked(folder: Path | None) -> tuple[Asked, ...]:
    """The packaged questions and the folder's own, with the clips that are there.

    Raises DeclarationError with every mistake in the folder's file.
    """
    packaged = files("vedette.bench") / "noscope_questions.yaml"
    with as_file(packaged) as file:
        known = dict(read_questions(file))
    if folder is not None and (folder / OWN).is_file():
        known |= read_questions(folder / OWN)
    clips = {} if folder is None else _clips(folder)
    return tuple(
        Asked(
            name=name,
            about=each.clip,
            question=Question(each.classes, each.confidence, each.zone),
            clip=clips.get(each.clip),
            refused=each.refused,
        )
        for name, each in known.items()
    )


def read_questions(file: Path) -> Mapping[str, Written]:
    """The questions in a file, by name; raises DeclarationError with every mistake in it."""
    document = read_document(file)
    if document.mistakes:
        raise DeclarationError(
            *(Problem(m.found, m.expected, m.hint, m.place) for m in document.mistakes)
        )
    try:
        return from_plain(WrittenQuestions, document.root.plain()).questions
    except ValidationError as error:
        raise DeclarationError(
            *(
                replace(problem(detail, document.root.place_of(detail["loc"])), hint=HINT)
                for detail in error.errors(include_url=False)
            )
        ) from None


def _clips(folder: Path) -> dict[str, Path]:
    return {each.stem: each.resolve() for each in folder.iterdir() if each.suffix in SUFFIXES}
