"""What settings may be: kinds of numbers, a detector's labels, polygons in the picture."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator

from vedette.boxes import polygon_area
from vedette.models.labels import COCO_LABELS
from vedette.records.syntax import Unit, ZooLabel

Share = Annotated[float, Ge(0), Le(1)]
Duration = Annotated[float, Ge(0), Le(3600), Unit("seconds")]
Label = Annotated[str, ZooLabel(COCO_LABELS, "a label that the model knows")]


def _each_once(classes: dict[str, list[str]]) -> dict[str, list[str]]:
    seen: dict[str, str] = {}
    for group, labels in classes.items():
        for label in labels:
            if label in seen:
                message = f"each label once (found {label} in {seen[label]} and in {group})"
                raise ValueError(message)
            seen[label] = group
    return classes


Classes = Annotated[
    dict[str, Annotated[list[Label], MinLen(1)]], MinLen(1), AfterValidator(_each_once)
]
"""The labels that each group of a question merges."""


def _with_area(corners: list[list[float]]) -> list[list[float]]:
    if len(corners) < 3 or polygon_area(np.array(corners)) <= 0:
        raise ValueError("three corners [x, y] or more, in the order of an outline with an area")
    return corners


Corner = Annotated[list[Annotated[float, Ge(0), Le(1e5)]], MinLen(2), MaxLen(2)]
Polygon = Annotated[list[Corner], AfterValidator(_with_area)]
"""Corners [x, y] in source pixels, in the order of the outline."""
