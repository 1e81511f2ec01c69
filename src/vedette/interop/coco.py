"""COCO JSON (Lin et al., ECCV 2014): pictures, what is in them, and what the classes are called.

COCO knows no video, so a picture's frame is its ``frame_id`` (from 0), else the last number in its
``file_name``. An annotation's track is its ``track_id``, where it has one; what is ``iscrowd`` or
``ignore`` nobody is asked to find. All pictures are covered, those without annotations too.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from pydantic import AllowInfNan, ValidationError

from vedette.errors import DeclarationError, Place, Problem
from vedette.interop.mot import (
    MOST_FRAMES,
    MOST_PROBLEMS,
    MOST_PX,
    MOST_SCORE,
    corner_and_sides,
)
from vedette.records.codec import adapter, problem
from vedette.types.annotations import Annotations, Row, annotations

Position = Annotated[float, Ge(-MOST_PX), Le(MOST_PX), AllowInfNan(False)]
Side = Annotated[float, Gt(0), Le(MOST_PX), AllowInfNan(False)]
Number = Annotated[float, Ge(-MOST_SCORE), Le(MOST_SCORE), AllowInfNan(False)]
FrameNumber = Annotated[int, Ge(0), Lt(MOST_FRAMES)]
TrackNumber = Annotated[int, Ge(-1), Lt(2**31)]
Flag = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, which is one frame of the stream."""

    id: int | str
    file_name: str = ""
    frame_id: FrameNumber | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A class and its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """An object in a picture; ``bbox`` is x, y, width, height."""

    image_id: int | str
    category_id: int
    bbox: tuple[Position, Position, Side, Side]
    track_id: TrackNumber = -1
    score: Number = 1.0
    iscrowd: Flag = 0
    ignore: Flag = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a COCO file holds, as far as it is read."""

    images: tuple[Image, ...]
    categories: tuple[Category, ...]
    annotations: tuple[Annotation, ...] = field(default=())


def coco_annotations(text: str, file: str, *, frames: int | None = None) -> Annotations:
    """The boxes in COCO JSON.

    ``frames`` is how many the video has, where that is known. Raises DeclarationError with the
    line of every mistake: a missing key, NaN, a side that is not above 0, a picture or class that
    is not declared, a track twice in a frame, a frame beyond the video.
    """
    try:
        found = adapter(Dataset).validate_json(text)
    except ValidationError as error:
        details = error.errors(include_url=False)[:MOST_PROBLEMS]
        raise DeclarationError(
            *(problem(each, _place(text, file, each["loc"])) for each in details)
        ) from None
    numbers = [_frame(image) for image in found.images]
    wrong = [
        Problem(what, expected, hint, _place(text, file, path))
        for path, what, expected, hint in _mistakes(found, numbers, frames)
    ]
    if wrong:
        raise DeclarationError(*wrong[:MOST_PROBLEMS])
    frame_of = dict(zip((image.id for image in found.images), numbers, strict=True))
    name_of = {category.id: category.name for category in found.categories}
    rows = [_row(each, frame_of, name_of) for each in found.annotations]
    return annotations(rows, np.unique(np.array(numbers, np.int32)))


def coco_text(seen: Annotations, size: tuple[int, int], name: str = "frame") -> str:
    """A dataset with a picture for each covered frame; ``size`` is the stream's (width, height).

    ``score`` and ``track_id`` stand at each annotation, as no standard says but many tools read.
    """
    width, height = size
    images = [
        {
            "id": frame + 1,
            "file_name": f"{name}_{frame:06d}.jpg",
            "frame_id": frame,
            "width": width,
            "height": height,
        }
        for frame in np.union1d(seen.covered, seen.frame).tolist()
    ]
    rows = zip(
        seen.frame.tolist(),
        seen.track.tolist(),
        seen.box.astype(np.float64).tolist(),
        seen.confidence.tolist(),
        seen.label.tolist(),
        strict=True,
    )
    boxes = [
        {
            "id": number,
            "image_id": frame + 1,
            "category_id": label + 1,
            "bbox": [round(each, 3) for each in corner_and_sides(box)],
            "area": round((box[2] - box[0]) * (box[3] - box[1]), 3),
            "iscrowd": int(confidence == 0),
            "score": round(confidence, 4),
        }
        | ({"track_id": track} if track >= 0 else {})
        for number, (frame, track, box, confidence, label) in enumerate(rows, 1)
    ]
    classes = [{"id": number, "name": label} for number, label in enumerate(seen.labels, 1)]
    return json.dumps({"images": images, "annotations": boxes, "categories": classes})


def _frame(image: Image) -> int:
    """The number of a picture's frame, -1 where nothing says it."""
    if image.frame_id is not None:
        return image.frame_id
    named = re.findall(r"\d+", image.file_name.rpartition("/")[2].rpartition(".")[0])
    return int(named[-1][-9:]) if named else -1


Wrong = tuple[tuple[str, int], str, str, str]
"""Where, what was found, what was expected, what to try."""


def _mistakes(found: Dataset, numbers: list[int], frames: int | None) -> Iterator[Wrong]:
    if not found.images:
        yield ("images", 0), "no images", "one for each frame that was looked at", "another file"
    yield from _image_mistakes(found.images, numbers, frames)
    images = {image.id: number for image, number in zip(found.images, numbers, strict=True)}
    categories = {category.id for category in found.categories}
    seen: set[tuple[int, int]] = set()
    for number, each in enumerate(found.annotations):
        where = ("annotations", number)
        if each.image_id not in images:
            what = f"the image_id {each.image_id!r} in annotations[{number}]"
            yield where, what, "the id of one of the images", "adding the image"
            continue
        if each.category_id not in categories:
            what = f"the category_id {each.category_id} in annotations[{number}]"
            yield where, what, "the id of one of the categories", "adding the category"
        key = images[each.image_id], each.track_id
        if each.track_id >= 0 and key in seen:
            what = f"the track_id {each.track_id} a second time in frame {key[0]}"
            yield where, what, "one box a track and frame", "deleting one of them"
        seen.add(key)


def _image_mistakes(
    images: tuple[Image, ...], numbers: list[int], frames: int | None
) -> Iterator[Wrong]:
    known: set[int] = set()
    ids: set[int | str] = set()
    for number, (image, frame) in enumerate(zip(images, numbers, strict=True)):
        where = ("images", number)
        if frame < 0:
            what, expected = f"an image without a frame in images[{number}]", "a frame_id from 0"
            yield where, what, expected, '"frame_id": 0, or a number in its file_name'
        elif frames is not None and frame >= frames:
            what = f"the frame {frame}, beyond the end of the video, in images[{number}]"
            yield where, what, f"frames from 0 to {frames - 1}", "the video it belongs to"
        if frame in known and frame >= 0:
            what = f"the frame {frame} a second time in images[{number}]"
            yield where, what, "one image a frame", "a file of one stream alone"
        if image.id in ids:
            what = f"the id {image.id!r} a second time in images[{number}]"
            yield where, what, "an id of its own", "another id"
        known.add(frame)
        ids.add(image.id)


def _row(each: Annotation, frame_of: dict[int | str, int], name_of: dict[int, str]) -> Row:
    x, y, width, height = each.bbox
    sure = 0.0 if each.iscrowd or each.ignore else each.score
    frame, label = frame_of[each.image_id], name_of[each.category_id]
    return frame, each.track_id, x, y, x + width, y + height, sure, label


def _place(text: str, file: str, path: tuple[Any, ...]) -> Place:
    """The line on which a list's element begins, of which pydantic knows only the number."""
    match path:
        case (str(name), int(number), *_):
            return Place(file, _line(text, name, number))
        case _:
            return Place(file)


def _line(text: str, name: str, number: int) -> int | None:
    """The line of an element of one of the outermost mapping's lists."""
    decode, space = json.JSONDecoder().raw_decode, re.compile(r"[\s,:]*")

    def after(at: int) -> int:
        found = space.match(text, at)
        return found.end() if found else at

    at = after(text.find("{") + 1)
    try:
        while at < len(text):
            key, at = decode(text, at)
            at = after(at)
            if key == name:
                at = after(at + 1)
                for _ in range(number):
                    at = after(decode(text, at)[1])
                return text.count("\n", 0, at) + 1
            at = after(decode(text, at)[1])
    except (ValueError, RecursionError):
        return None
    return None
