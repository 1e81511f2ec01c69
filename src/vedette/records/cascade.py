"""A cascade's folder: ``cascade.json``, and the files whose digests it states.

What lies beside them (a page, working files) is nobody's business here.
"""

import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from vedette.errors import InputError, Place, Problem, RecordError
from vedette.records.codec import from_json, to_json
from vedette.records.files import make_folder, read_bytes, write_bytes
from vedette.types.cascade import Cascade, Question

RECORD, SPECIAL, DIFFERENCE = "cascade.json", "special.onnx", "difference.npz"
NEWEST = 1
SPECIAL_STAGE = "special"
MOST_HIGH = 2.0
"""Of a score from 0 to 1: above 1 is never."""
MOST_BYTES = 64 << 20
"""Of any file: a specialised model has some 100 kB."""
_AGAIN = "vedette learn cascade, which writes the folder again"

Arrays = Mapping[str, NDArray[Any]]


def write_cascade(
    folder: Path, cascade: Cascade, special: bytes | None = None, arrays: Arrays | None = None
) -> Cascade:
    """Write a cascade's files, and last the record with their digests; returns it as written.

    Each file is written wholly or not at all. What a kill leaves half done does not pass for a
    cascade: its digests tell. Raises RecordError.
    """
    make_folder(folder)
    parts = {SPECIAL: special, DIFFERENCE: None if arrays is None else npz_bytes(arrays)}
    digests = {}
    for name, content in parts.items():
        if content is not None:
            write_bytes(folder / name, content)
            digests[name] = hashlib.sha256(content).hexdigest()
    written = replace(cascade, file=str(folder), digests=digests)
    text = to_json(replace(written, file=""), indent=2)
    write_bytes(folder / RECORD, (text + "\n").encode())
    return written


def read_cascade(
    folder: Path, name: str | None = None, error: type[InputError] = RecordError
) -> Cascade:
    """The cascade in a folder, its files not looked at; raises ``error`` where there is none.

    ``name`` is what its user calls it, in place of what it was called when it was learned.
    """
    path = folder / RECORD
    content = read_bytes(path, error, most_bytes=MOST_BYTES)
    _refuse_newer(content, path, error)
    try:
        found = from_json(Cascade, content, file=str(path))
    except RecordError as cause:
        raise error(*cause.problems) from None
    mistakes = tuple(replace(each, place=Place(str(path))) for each in _mistakes(found))
    if mistakes:
        raise error(*mistakes)
    return replace(found, file=str(folder), name=name or found.name)


def read_part(cascade: Cascade, part: str, error: type[InputError] = RecordError) -> bytes:
    """One of a cascade's files; raises ``error`` where it is not the one that was learned."""
    path = Path(cascade.file) / part
    content = read_bytes(path, error, most_bytes=MOST_BYTES)
    if hashlib.sha256(content).hexdigest() != cascade.digests.get(part):
        found = f"a file that is not the one that {cascade.name} was learned with"
        raise error(Problem(found, "the digest in cascade.json", _AGAIN, Place(str(path))))
    return content


def npz_bytes(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def npz_arrays(content: bytes, path: Path, error: type[InputError] = RecordError) -> Arrays:
    """The arrays of a file, never an object; raises ``error``."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, AttributeError, MemoryError) as e:
        place = Place(str(path))
        raise error(
            Problem(f"no arrays ({e})", "NumPy's .npz without objects", _AGAIN, place)
        ) from None


def _refuse_newer(content: bytes, path: Path, error: type[InputError]) -> None:
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        return
    version = plain.get("version", NEWEST) if isinstance(plain, dict) else NEWEST
    if isinstance(version, int) and version > NEWEST:
        expected = f"a version up to {NEWEST}"
        problem = Problem(f"version {version}", expected, "a newer Vedette", Place(str(path)))
        raise error(problem)


def _mistakes(cascade: Cascade) -> Iterator[Problem]:
    """Numbers that no cascade has, and stages without what they use."""
    shares = {"promise.fnr": cascade.promise.fnr, "promise.fpr": cascade.promise.fpr}
    shares |= {"audit": cascade.audit, "question.confidence": cascade.question.confidence}
    for name, value in shares.items():
        if not 0 <= value <= 1:
            yield Problem(f"{value} in {name}", "a share from 0 to 1", _AGAIN)
    width, height = cascade.size
    if not (0 < width < 1 << 16 and 0 < height < 1 << 16):
        yield Problem(f"{width} x {height} in size", "a picture's width and height", _AGAIN)
    if cascade.frame_step < 1:
        yield Problem(f"{cascade.frame_step} in frame_step", "1 or more", _AGAIN)
    yield from _questionable(cascade.question)
    yield from _unfit_difference(cascade)
    yield from _unfit_scores(cascade)


def _unfit_difference(cascade: Cascade) -> Iterator[Problem]:
    stage = cascade.difference
    if stage is None:
        return
    if not (stage.most_age >= 1 and 0 <= stage.threshold <= 1):
        found = f"threshold {stage.threshold}, most_age {stage.most_age} in difference"
        yield Problem(found, "a threshold from 0 to 1, an age from 1", _AGAIN)
    if DIFFERENCE not in cascade.digests:
        yield _undigested(DIFFERENCE)


def _unfit_scores(cascade: Cascade) -> Iterator[Problem]:
    for number, stage in enumerate(cascade.scores):
        if not 0 <= stage.low <= min(stage.high, 1) or stage.high > MOST_HIGH:
            found = f"low {stage.low} and high {stage.high} in scores[{number}]"
            yield Problem(found, f"0 <= low <= 1, low <= high <= {MOST_HIGH:g}", _AGAIN)
    names = [*(stage.model for stage in cascade.scores), cascade.reference]
    if len(set(names)) < len(names):
        yield Problem("a model a second time in scores", "each once, without the reference", _AGAIN)
    if SPECIAL_STAGE in names and SPECIAL not in cascade.digests:
        yield _undigested(SPECIAL)


def _undigested(file: str) -> Problem:
    return Problem(f"no {file} in digests", "the digest of what a stage uses", _AGAIN)


def _questionable(question: Question) -> Iterator[Problem]:
    if not question.classes or not all(question.classes.values()):
        yield Problem("a question without classes", "labels in question.classes", _AGAIN)
    zone = question.zone
    if zone is not None and (len(zone) < 3 or not all(map(math.isfinite, sum(zone, ())))):
        yield Problem("no polygon in question.zone", "three corners or more", _AGAIN)
