"""NoScope's own files (Kang et al., VLDB 2017): scores of every frame, and objects as the truth.

Scores are ``frame,status,diff_confidence,cnn_confidence,yolo_confidence,label``, a row a frame,
after lines that start with ``#``. The truth is ``frame,object_name,confidence,xmin,ymin,xmax,ymax``
with that header, a row an object; frames count from 0, which is the first row of scores. Both may
be compressed with gzip.
"""

import zlib
from collections import Counter
from gzip import BadGzipFile, GzipFile
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vedette.errors import InputError, Place, Problem, nearest
from vedette.records.files import MOST_BYTES, read_bytes

Floats = npt.NDArray[np.float64]

SCORES = "frame,status,diff_confidence,cnn_confidence,yolo_confidence,label"
TRUTH = "frame,object_name,confidence,xmin,ymin,xmax,ymax"
MOST_PROBLEMS = 20
"""How many mistakes of one file are told."""
_GZIP = b"\x1f\x8b"


def read_scores(path: str | Path) -> tuple[Floats, Floats]:
    """Each frame's score by the difference detector and by the specialised model, (n,) each.

    Raises InputError with the line of every mistake: other columns, text, NaN, frames that do not
    follow on each other.
    """
    path = Path(path)
    rows: list[tuple[float, float]] = []
    problems: list[Problem] = []
    expected = None
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("#") or line.strip() == SCORES:
            continue
        place = Place(str(path), number)
        cells = line.split(",")
        if len(cells) != len(SCORES.split(",")):
            problems.append(_columns(cells, SCORES, place))
            break
        if (numbers := _numbers([cells[0], *cells[2:4]])) is None:
            problems.append(
                Problem(f"the row {line[:60]!r}", f"finite numbers: {SCORES}", "", place)
            )
        elif expected is not None and numbers[0] != expected:
            found = f"frame {cells[0].strip()} after frame {expected - 1:g}"
            problems.append(Problem(found, "one row a frame, in order", "sorting them", place))
            expected = numbers[0] + 1
        else:
            rows.append((numbers[1], numbers[2]))
            expected = numbers[0] + 1
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise InputError(*problems)
    if not rows:
        raise InputError(Problem("no scored frames", f"rows of {SCORES}", "", Place(str(path))))
    scores = np.array(rows)
    return scores[:, 0], scores[:, 1]


def read_truth(path: str | Path, frames: int, label: str | None = None) -> npt.NDArray[np.bool_]:
    """Whether each of ``frames`` has an object of that name; None where all have one name.

    Raises InputError with the line of every mistake, and where no object has the name.
    """
    path = Path(path)
    seen = _objects(path, frames)
    names = Counter(name for _, name in seen)
    if label is None and len(names) > 1:
        raise InputError(
            Problem(
                f"objects of {len(names)} names ({', '.join(sorted(names))})",
                "one, or the name that is asked for",
                f"--label {names.most_common(1)[0][0]}",
                Place(str(path)),
            )
        )
    label = label or next(iter(names))
    if label not in names:
        expected = f"objects of the name {label!r}"
        raise InputError(
            Problem(f"none of {label!r}", expected, nearest(label, [*names]), Place(str(path)))
        )
    truth = np.zeros(frames, bool)
    truth[[frame for frame, name in seen if name == label]] = True
    return truth


def _objects(path: Path, frames: int) -> list[tuple[int, str]]:
    """Frame and name of every object within the frames that have scores."""
    found: list[tuple[int, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("#") or line.strip() == TRUTH:
            continue
        place = Place(str(path), number)
        cells = line.split(",")
        if len(cells) != len(TRUTH.split(",")):
            problems.append(_columns(cells, TRUTH, place))
            break
        if (frame := _numbers(cells[:1])) is None or frame[0] < 0 or frame[0] % 1:
            problems.append(
                Problem(f"the frame {cells[0][:40]!r}", "a whole number from 0", "", place)
            )
        elif frame[0] < frames:
            found.append((int(frame[0]), cells[1].strip()))
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise InputError(*problems)
    if not found:
        expected = f"rows of {TRUTH}"
        hint = "the truth that belongs to the scores"
        raise InputError(
            Problem(f"no object in the {frames} scored frames", expected, hint, Place(str(path)))
        )
    return found


def _lines(path: Path) -> list[str]:
    content = read_bytes(path, InputError)
    place = Place(str(path))
    if content.startswith(_GZIP):
        content = _unpacked(content, place)
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        hint = "a file .csv or .csv.gz"
        raise InputError(Problem("bytes that are no text", "text in UTF-8", hint, place)) from None


def _unpacked(content: bytes, place: Place) -> bytes:
    """What is in a gzip of any number of parts, up to as much as a file may have."""
    try:
        with GzipFile(fileobj=BytesIO(content)) as packed:
            unpacked = packed.read(MOST_BYTES + 1)
    except EOFError:
        found, expected = "gzip that ends early", "a whole .gz"
        raise InputError(Problem(found, expected, "the file again", place)) from None
    except (BadGzipFile, zlib.error) as cause:
        found = f"gzip that cannot be unpacked ({cause})"
        raise InputError(Problem(found, "a whole .gz", "the file again", place)) from None
    if len(unpacked) > MOST_BYTES:
        found = f"more than {MOST_BYTES:,} bytes unpacked"
        raise InputError(Problem(found, "a smaller file", "another file", place))
    return unpacked


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _columns(cells: list[str], expected: str, place: Place) -> Problem:
    count = f"{len(cells)} column{'s' if len(cells) != 1 else ''}"
    return Problem(count, f"{len(expected.split(','))}: {expected}", "NoScope's own files", place)
