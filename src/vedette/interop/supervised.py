"""Detections to and from ``supervision`` (Roboflow), which draws, counts and filters them.

``pip install supervision`` where it is wanted: it is imported when one of these is called.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from vedette.errors import InputError, Problem
from vedette.types.media import Detections, Frame


def to_supervision(found: Detections) -> Any:
    """``sv.Detections`` of one frame; ``tracker_id`` is None where no track is confirmed.

    ``data`` holds ``class_name`` and ``group`` as text, ``metadata`` stream, frame and time.
    """
    return _supervision().Detections(
        xyxy=found.boxes.copy(),
        confidence=found.confidence.copy(),
        class_id=found.label.astype(np.int64),
        tracker_id=found.track.astype(np.int64) if (found.track >= 0).any() else None,
        data={
            "class_name": np.array([found.labels[each] for each in found.label], np.str_),
            "group": np.array([found.groups[each] for each in found.group], np.str_),
        },
        metadata={
            "stream": found.key.stream,
            "frame": found.key.frame,
            "time_s": float(found.time_s),
        },
    )


def from_supervision(
    found: Any,
    at: Frame | Detections,
    *,
    labels: Sequence[str] = (),
    classes: Mapping[str, Sequence[str]] | None = None,
) -> Detections:
    """Detections of the frame ``at``, from ``sv.Detections``.

    ``labels`` are the names of ``class_id``; by default those in ``data["class_name"]``.
    ``classes`` maps groups to the labels they merge, as the step ``detect`` has it, and leaves out
    what nobody asked for; by default ``data["group"]``, else each label is a group of its own.
    Where nothing says how sure it is, confidence is 1. Raises InputError for boxes without names.
    """
    count = len(found.xyxy)
    names = _names(found, labels, count)
    groups = _groups(found, names, classes)
    kept = np.array([each is not None for each in groups], np.bool_).reshape(count)
    confidence = np.ones(count) if found.confidence is None else np.asarray(found.confidence)
    track = np.full(count, -1) if found.tracker_id is None else np.asarray(found.tracker_id)
    known = tuple(dict.fromkeys([*labels, *(n for n, k in zip(names, kept, strict=True) if k)]))
    asked = tuple(dict.fromkeys([*(classes or ()), *(each for each in groups if each)]))
    return Detections(
        key=at.key,
        time_s=at.time_s,
        size=at.size,
        boxes=np.asarray(found.xyxy, np.float32).reshape(count, 4)[kept],
        confidence=confidence.astype(np.float32)[kept],
        label=_indices([n for n, k in zip(names, kept, strict=True) if k], known),
        group=_indices([each for each in groups if each is not None], asked),
        track=track.astype(np.int32)[kept],
        labels=known,
        groups=asked,
    )


def _names(found: Any, labels: Sequence[str], count: int) -> list[str]:
    if labels and found.class_id is not None:
        wrong = [each for each in found.class_id if not 0 <= each < len(labels)]
        if wrong:
            known = f"0 to {len(labels) - 1}, one for each label"
            raise InputError(
                Problem(f"the class_id {wrong[0]}", known, "all of the model's labels")
            )
        return [labels[each] for each in found.class_id]
    named = found.data.get("class_name")
    if named is None and count:
        hint = "labels=model.names"
        raise InputError(Problem("boxes without class_name", "the names of their classes", hint))
    return [str(each) for each in (named if named is not None else ())]


def _groups(
    found: Any, names: Sequence[str], classes: Mapping[str, Sequence[str]] | None
) -> list[str | None]:
    if classes is None:
        return [str(each) for each in found.data.get("group", names)]
    group_of = {label: group for group, merged in classes.items() for label in merged}
    return [group_of.get(each) for each in names]


def _indices(names: Sequence[str], known: Sequence[str]) -> np.ndarray:
    number = {name: place for place, name in enumerate(known)}
    return np.array([number[name] for name in names], np.int32)


def _supervision() -> Any:
    try:
        return import_module("supervision")
    except ModuleNotFoundError:
        found, expected = "no package supervision", "supervision, which is optional"
        raise InputError(Problem(found, expected, "pip install supervision")) from None
