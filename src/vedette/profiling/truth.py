"""What answers are scored against: the labels of streams that have any, golden for the others."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from vedette.declaring.question import question_asked
from vedette.errors import DeclarationError, Place, Problem, VedetteError, nearest
from vedette.interop import read_annotations
from vedette.media.source import local_file, open_source
from vedette.ops.track import Track
from vedette.scoring import answering, with_labels
from vedette.types.annotations import Annotations
from vedette.types.graph import Stream, Workflow
from vedette.types.media import Detections, Key
from vedette.types.profile import Trace

SYNONYMS = {"pedestrian": "person", "motorbike": "motorcycle", "aeroplane": "airplane"}
"""What some call the labels that models know."""


def reference(golden: Trace, workflow: Workflow) -> Trace:
    """Golden's trace, with people's labels in its place for the streams that have any.

    Where the workflow asks a question, these answer it. Files are read anew; raises
    DeclarationError with file and line of what is wrong in them. Where none of a file's boxes has a
    track, our own tracker links them.
    """
    groups = groups_asked(workflow)
    labels = {
        stream.name: _linked(_named(read_annotations(stream.labels), groups), stream.name, golden)
        for _, stream in workflow.streams()
        if stream.labels is not None
    }
    truth, question = with_labels(golden, labels, groups), question_asked(workflow)
    return truth if question is None else answering(truth, question)


def label_problems(stream: Stream, groups: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with a stream's labels, each with its line; ``groups`` as :func:`groups_asked`.

    A video is opened to know how many frames it has; one that cannot be is no problem here.
    """
    if stream.labels is None:
        return
    try:
        found = _named(read_annotations(stream.labels, frames=_frames(stream)), groups)
    except DeclarationError as error:
        yield from error.problems
        return
    if groups and not groups.keys() & set(found.labels):
        labels = ", ".join(found.labels[:8]) or "nothing"
        yield Problem(
            f"labels of {labels}, of which the workflow asks for none",
            f"some of {', '.join(groups)}",
            nearest(labels, tuple(groups)),
            Place(stream.labels),
        )


def groups_asked(workflow: Workflow) -> dict[str, str]:
    """The group of each label that the detecting steps ask for; a group's name stands for itself.

    >>> from vedette.types.graph import Step
    >>> classes = {"vehicle": ["car", "bus"]}
    >>> groups_asked(Workflow("w", (), (Step("d", "detect", ("s",), {"classes": classes}),)))
    {'vehicle': 'vehicle', 'car': 'vehicle', 'bus': 'vehicle'}
    """
    asked = list(_classes(workflow))
    return {group: group for group, _ in asked} | {label: group for group, label in asked}


def labels_asked(workflow: Workflow) -> frozenset[str]:
    """The labels that the detecting steps let through."""
    return frozenset(label for _, label in _classes(workflow))


def _classes(workflow: Workflow) -> Iterator[tuple[str, str]]:
    """(group, label) as the detecting steps merge them."""
    for step in workflow.steps:
        classes = step.settings.get("classes")
        for group, labels in classes.items() if isinstance(classes, Mapping) else ():
            for label in labels if isinstance(labels, (list, tuple)) else ():
                yield str(group), str(label)


def _named(seen: Annotations, groups: Mapping[str, str]) -> Annotations:
    """Labels by the names that the question has, where only case or a synonym lies between."""
    known = {name.lower(): name for name in groups}

    def name(label: str) -> str:
        if label in groups:
            return label
        plain = label.strip().lower()
        return known.get(plain) or known.get(SYNONYMS.get(plain, plain), label)

    return replace(seen, labels=tuple(name(each) for each in seen.labels))


def _frames(stream: Stream) -> int | None:
    if stream.pace == "live" or local_file(stream.url) is None:
        return None
    try:
        with open_source(replace(stream, repeat=1)) as reader:
            return reader.frames_declared
    except VedetteError:
        return None


def _linked(seen: Annotations, stream: str, golden: Trace) -> Annotations:
    """Labels without any track get those that our own tracker makes of them."""
    if (seen.track >= 0).any() or not len(seen):
        return seen
    tracker, track, rate = Track(), seen.track.copy(), golden.rates[stream]
    for frame in seen.covered.tolist():
        here = np.flatnonzero(seen.frame == frame)
        track[here] = tracker(_detections(seen, here, Key(stream, frame), frame / rate)).track
    return replace(seen, track=track)


def _detections(seen: Annotations, rows: np.ndarray, key: Key, time_s: Fraction) -> Detections:
    return Detections(
        key=key,
        time_s=time_s,
        size=(0, 0),
        boxes=seen.box[rows],
        confidence=np.ones(len(rows), np.float32),
        label=seen.label[rows],
        group=seen.label[rows],
        track=np.full(len(rows), -1, np.int32),
        labels=seen.labels,
        groups=seen.labels,
    )
