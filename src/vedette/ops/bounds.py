"""What the settings of operators may be: kinds of numbers, and the labels of a detector."""

from typing import Annotated

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator

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
