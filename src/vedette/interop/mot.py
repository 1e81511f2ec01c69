"""MOTChallenge text (Milan et al., arXiv 1603.00831): one box a line, frames counted from 1.

``frame,id,x,y,w,h,conf`` is followed by nothing, by a class, by class and visibility (MOT16 and
later), or by three coordinates in the world (MOT15, and all results); without a class it is a
pedestrian, who is a ``person`` here. ``conf`` 0 marks a box that nobody is asked to find.
"""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from vedette.errors import DeclarationError, InputError, Place, Problem
from vedette.types.annotations import Annotations, Row, annotations

COLUMNS = {
    7: "frame,id,x,y,w,h,conf",
    8: "frame,id,x,y,w,h,conf,class",
    9: "frame,id,x,y,w,h,conf,class,visibility",
    10: "frame,id,x,y,w,h,conf,x,y,z",
}
CLASSES = {
    -1: "person",
    1: "person",
    2: "person",
    3: "car",
    4: "bicycle",
    5: "motorcycle",
    6: "non-motorised vehicle",
    7: "person",
    8: "person",
    9: "occluder",
    10: "occluder",
    11: "occluder",
    12: "person",
    13: "person",
}
"""What MOTChallenge's numbers mean, by the names of COCO; -1 stands where nobody said."""
EXCUSED = frozenset({2, 7, 8, 12, 13})
"""On a vehicle, standing for ever, a likeness, a reflection, a crowd: finding it is no mistake."""
NUMBERS = {"person": 1, "car": 3, "bicycle": 4, "motorcycle": 5}
MOST_PROBLEMS = 20
"""How many mistakes of one file are told."""
MOST_FRAMES = 10**7
"""Four days at 25 a second; a stray number must not cover more than memory holds."""
MOST_PX = 1e6
MOST_SCORE = 1e6
"""Logits are scores, too; what float32 cannot hold is none."""
_WORLD = 10


def mot_annotations(text: str, file: str, *, frames: int | None = None) -> Annotations:
    """The boxes in MOTChallenge text; the frames from its first to its last row are covered.

    ``frames`` is how many the video has, where that is known. Raises DeclarationError with the
    line of every mistake: wrong columns, NaN, a side that is not above 0, an unknown class, an id
    twice in a frame, a frame beyond the video.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    seen: set[tuple[int, int]] = set()
    width = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split(",")
        width = width or len(cells)
        values = _numbers(cells)
        place = Place(file, number)
        if values is None or len(cells) != width or width not in COLUMNS:
            problems.append(_misread(line, cells, width, place))
        elif found := list(_mistakes(values, frames, seen, place)):
            problems += found
        else:
            rows.append(_row(values))
            seen.add((int(values[0]), int(values[1])))
        if len(problems) >= MOST_PROBLEMS:
            break
    if problems:
        raise DeclarationError(*problems)
    if not rows:
        place = Place(file)
        raise DeclarationError(Problem("no boxes", f"rows of {COLUMNS[10]}", "another file", place))
    first, last = min(row[0] for row in rows), max(row[0] for row in rows)
    return annotations(rows, np.arange(first, last + 1, dtype=np.int32))


def mot_text(seen: Annotations) -> str:
    """One line a box, as MOTChallenge wants results; with class numbers if not all are persons.

    Raises InputError for a label without a number there (a bus or a truck, say).
    """
    unknown = unnumbered(seen.labels[number] for number in np.unique(seen.label))
    if unknown:
        raise InputError(no_number(unknown))
    is_plain = all(seen.labels[number] == "person" for number in np.unique(seen.label))
    return "\n".join(
        ",".join(
            [
                *(str(each) for each in (frame + 1, track)),
                *(_short(each) for each in corner_and_sides(box)),
                f"{confidence:.4f}".rstrip("0").rstrip("."),
                *(("-1", "-1", "-1") if is_plain else (str(NUMBERS[seen.labels[label]]), "-1")),
            ]
        )
        for frame, track, box, confidence, label in zip(
            seen.frame.tolist(),
            seen.track.tolist(),
            seen.box.tolist(),
            seen.confidence.tolist(),
            seen.label.tolist(),
            strict=True,
        )
    )


def unnumbered(labels: Iterable[str]) -> list[str]:
    """The labels that MOTChallenge has no number for."""
    return sorted(set(labels) - NUMBERS.keys())


def no_number(labels: Sequence[str]) -> Problem:
    known = ", ".join(NUMBERS)
    return Problem(
        f"the label {', '.join(labels)}, which has no number in MOTChallenge",
        f"labels that have one ({known})",
        "a file NAME.json, as COCO has it, which takes any label",
    )


def _numbers(cells: Sequence[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _misread(line: str, cells: Sequence[str], width: int, place: Place) -> Problem:
    """What is wrong with a line that is no row of numbers, or not as wide as the first."""
    if len(cells) == width and width in COLUMNS:
        odd = next(cell for cell in cells if _numbers([cell]) is None)
        found, hint = (
            f"the text {odd.strip()[:40]!r}",
            "a number in its place, or deleting a header",
        )
        return Problem(found, f"numbers: {COLUMNS[width]}", hint, place)
    count = f"{len(cells)} column{'s' if len(cells) != 1 else ''}"
    if width in COLUMNS:
        return Problem(count, f"{width}, as in the rows above", COLUMNS[width], place)
    hint = "commas between the numbers" if len(line.split()) in COLUMNS else COLUMNS[_WORLD]
    return Problem(count, " or ".join(f"{n} ({of})" for n, of in COLUMNS.items()), hint, place)


def _mistakes(
    values: Sequence[float], frames: int | None, seen: set[tuple[int, int]], place: Place
) -> Iterator[Problem]:
    """What is wrong with a row of numbers."""
    frame, track, x, y, width, height = values[:6]
    if not all(map(math.isfinite, values)):
        odd = next(each for each in values if not math.isfinite(each))
        hint = "deleting the row, or -1 where nothing is known"
        yield Problem(str(odd), "finite numbers", hint, place)
        return
    if not (frame.is_integer() and 1 <= frame <= MOST_FRAMES):
        expected = "a whole number from 1: MOTChallenge counts frames from 1"
        yield Problem(f"the frame {frame:g}", expected, "adding 1 to every frame", place)
    elif frames is not None and frame > frames:
        found, hint = f"the frame {frame:g}, beyond the end of the video", "the video it belongs to"
        yield Problem(found, f"frames from 1 to {frames}", hint, place)
    if not (track.is_integer() and -1 <= track < 2**31):
        yield Problem(f"the id {track:g}", "a whole number, -1 for none", "1, 2, 3, ...", place)
    elif track >= 0 and (int(frame), int(track)) in seen:
        found = f"the id {track:g} a second time in frame {frame:g}"
        yield Problem(found, "one box an id and frame", "deleting one of them", place)
    if not (0 < width <= MOST_PX and 0 < height <= MOST_PX):
        hint = "x,y,w,h: a corner and sides, not two corners"
        yield Problem(f"a box of {width:g} x {height:g} px", "sides above 0", hint, place)
    if max(abs(x), abs(y)) > MOST_PX:
        yield Problem(f"a box at {x:g}, {y:g}", "pixels of the video", "deleting the row", place)
    if abs(values[6]) > MOST_SCORE:
        yield Problem(f"the conf {values[6]:g}", "0 to 1", "deleting the row", place)
    if _class(values) not in CLASSES:
        known = ", ".join(f"{n} {name}" for n, name in CLASSES.items() if n in (1, 3, 4, 5))
        found, expected = f"the class {_class(values):g}", f"1 to 13 ({known}, ...), -1 for none"
        yield Problem(found, expected, "a COCO file, which names its classes", place)


def _class(values: Sequence[float]) -> float:
    return values[7] if len(values) in (8, 9) else 1


def _row(values: Sequence[float]) -> Row:
    frame, track, x, y, width, height, confidence = values[:7]
    kind = int(_class(values))
    sure = 0.0 if kind in EXCUSED else confidence
    return int(frame) - 1, int(track), x, y, x + width, y + height, sure, CLASSES[kind]


def corner_and_sides(box: Sequence[float]) -> tuple[float, float, float, float]:
    """x, y, width, height: what was cut to nothing at a border keeps a side, to be read again."""
    x0, y0, x1, y1 = box
    return x0, y0, max(x1 - x0, 0.001), max(y1 - y0, 0.001)


def _short(value: float) -> str:
    """A thousandth of a pixel is enough for anybody.

    >>> _short(121.0), _short(35.44604), _short(-0.0001)
    ('121', '35.446', '0')
    """
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
