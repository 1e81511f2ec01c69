"""Where it is: objects in a part of the picture, and whether there is one at all.

A question with a yes or no for every frame (:class:`vedette.types.cascade.Question`) is asked with
``presence``. Its yes is one row, the zone itself; its no has none. So a yes passes through whatever
takes detections, and is carried over frames that nobody looked at as boxes are.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated

import numpy as np
from annotated_types import MinLen
from numpy.typing import NDArray

from vedette.boxes import Boxes, centres, inside, polygon_bounds
from vedette.declaring.operator import Model, operator
from vedette.errors import DeclarationError, Problem
from vedette.models.backend import Detector
from vedette.ops.bounds import Classes, Polygon, Share
from vedette.ops.detect import detect
from vedette.types.media import Detections, Frame, Region

Corners = Sequence[Sequence[float]]
Size = tuple[int, int]


@operator
def zone(
    detections: Detections,
    *,
    zones: Annotated[dict[str, Polygon], MinLen(1)],
    split: bool = False,
) -> Detections:
    """The objects whose box's centre lies in one of some named polygons, in source pixels.

    With ``split`` the groups that follow are told apart by zone: a vehicle in the first zone that
    holds it, say ``left``, is of the group ``left vehicle``.
    """
    size = detections.size
    held = np.stack([in_zone(detections.boxes, each, size) for each in zones.values()])
    kept = np.flatnonzero(held.any(axis=0))
    group, groups = detections.group[kept], detections.groups
    if split:
        group = (held.argmax(axis=0)[kept] * len(groups) + group).astype(np.int32)
        groups = tuple(f"{name} {each}" for name in zones for each in groups)
    return replace(
        detections,
        boxes=detections.boxes[kept],
        confidence=detections.confidence[kept],
        label=detections.label[kept],
        group=group,
        track=detections.track[kept],
        groups=groups,
    )


@operator
def presence(
    frame: Frame,
    *,
    model: Model[Detector],
    classes: Classes,
    confidence: Share = 0.5,
    zone: Polygon | None = None,
) -> Detections:
    """Is there an object of any of the classes, its box's centre in the zone, this sure or surer?

    A yes is one row: the zone's box, or the whole picture's, with the confidence of the surest
    object and the joined names of the groups. A no has no row.
    """
    found = detect(frame, model=model, confidence=confidence, classes=classes)
    return present(found, confidence=confidence, zone=zone)


@operator
def present(
    detections: Detections, *, confidence: Share = 0.5, zone: Polygon | None = None
) -> Detections:
    """Is any of the objects this sure or surer, its box's centre in the zone?

    The answer is that of ``presence``, about objects that somebody else found.
    """
    return answer(detections, surest(detections, confidence, zone), zone)


def surest(found: Detections, confidence: float, zone: Corners | None) -> float | None:
    """The highest confidence, from ``confidence`` on, of an object in a zone; None without one."""
    asked = found.confidence >= confidence
    if zone is not None:
        asked &= in_zone(found.boxes, zone, found.size)
    return float(found.confidence[asked].max()) if asked.any() else None


def answer(found: Detections, confidence: float | None, zone: Corners | None) -> Detections:
    """A yes of that confidence, or a no (None), about the frame and the groups of ``found``."""
    rows = 0 if confidence is None else 1
    none = np.zeros(rows, np.int32)
    names = (" or ".join(found.groups),)
    return replace(
        found,
        boxes=np.array([zone_box(zone, found.size)] * rows, np.float32).reshape(-1, 4),
        confidence=np.full(rows, confidence or 0.0, np.float32),
        label=none,
        group=none.copy(),
        track=none.copy(),
        labels=names,
        groups=names,
    )


def zone_box(zone: Corners | None, size: Size) -> Region:
    """The box around a zone; without one that of the whole picture of ``size``."""
    return (0.0, 0.0, float(size[0]), float(size[1])) if zone is None else _bounds(_frozen(zone))


def in_zone(boxes: Boxes, zone: Corners, size: Size) -> NDArray[np.bool_]:
    """Which boxes have their centre in a zone; raises DeclarationError where it leaves a picture
    of that width and height.
    """
    return inside(_within(_frozen(zone), size), centres(boxes))


def _frozen(zone: Corners) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, zone))


@lru_cache(maxsize=256)
def _bounds(zone: tuple[tuple[float, ...], ...]) -> Region:
    return polygon_bounds(np.array(zone))


@lru_cache(maxsize=256)
def _within(zone: tuple[tuple[float, ...], ...], size: Size) -> NDArray[np.float64]:
    problem = zone_problem(zone, size)
    if problem is not None:
        raise DeclarationError(problem)
    corners = np.array(zone, np.float64)
    corners.flags.writeable = False
    return corners


def zone_problem(zone: Corners, size: Size, stream: str = "") -> Problem | None:
    """What is wrong with a zone in a picture of that width and height, if anything is."""
    lost = corner_outside(zone, size)
    if lost is None:
        return None
    x, y = zone[lost]
    of = f" of {stream}" if stream else ""
    return Problem(
        f"a zone with the corner ({x:g}, {y:g})",
        f"corners in the picture{of}, which is {size[0]} x {size[1]}",
        "corners in source pixels, of this camera, upright as it is shown",
    )


def corner_outside(zone: Corners, size: Size) -> int | None:
    """The first corner of a zone that lies beyond the edges of such a picture, by its number."""
    width, height = size
    beyond = (n for n, (x, y) in enumerate(zone) if not (0 <= x <= width and 0 <= y <= height))
    return next(beyond, None)
