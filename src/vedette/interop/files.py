"""Files of boxes by their ending: ``.txt`` as MOTChallenge has them, ``.json`` as COCO has them."""

from collections.abc import Iterable
from pathlib import Path

from vedette.errors import DeclarationError, Place, Problem
from vedette.interop.coco import coco_annotations, coco_text
from vedette.interop.mot import mot_annotations, mot_text, no_number, unnumbered
from vedette.records.files import read_bytes, write_bytes
from vedette.types.annotations import Annotations

READERS = {".txt": mot_annotations, ".json": coco_annotations}
MOST_BYTES = 64 << 20
"""About a million boxes."""


def read_annotations(path: str | Path, *, frames: int | None = None) -> Annotations:
    """The boxes in a file; ``frames`` is how many its video has, where that is known.

    Raises DeclarationError with the file and line of every mistake.
    """
    path = Path(path)
    known = ending_problem(path)
    if known is not None:
        raise DeclarationError(known)
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no plain file"
        raise DeclarationError(Problem(kind, "a file of labels", "a file", Place(str(path))))
    content = read_bytes(path, DeclarationError, most_bytes=MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        place = Place(str(path), line)
        raise DeclarationError(
            Problem("bytes that are no text", "text in UTF-8", "the file of labels", place)
        ) from None
    return READERS[path.suffix.lower()](text, str(path), frames=frames)


def write_annotations(path: str | Path, seen: Annotations, size: tuple[int, int]) -> None:
    """Write boxes, wholly or not at all; ``size`` is the stream's (width, height).

    Raises InputError where the ending is neither or MOTChallenge has no number for a label.
    """
    path = Path(path)
    if known := ending_problem(path):
        raise DeclarationError(known)
    name = path.name.partition(".")[0]
    text = mot_text(seen) if path.suffix.lower() == ".txt" else coco_text(seen, size, name)
    write_bytes(path, f"{text}\n".encode())


def unwritable(path: Path, labels: Iterable[str]) -> tuple[Problem, ...]:
    """Why boxes with these labels could not be written there, before they are there."""
    if known := ending_problem(path):
        return (known,)
    unknown = unnumbered(labels) if path.suffix.lower() == ".txt" else []
    return (no_number(unknown),) if unknown else ()


def ending_problem(path: Path) -> Problem | None:
    """What is wrong with a file's ending, None where nothing is."""
    if path.suffix.lower() in READERS:
        return None
    hint = f"{path.stem or 'street'}.mot.txt or {path.stem or 'street'}.coco.json"
    expected = ".txt, as MOTChallenge has it, or .json, as COCO has it"
    return Problem(f"the ending {path.suffix!r}", expected, hint, Place(str(path)))
