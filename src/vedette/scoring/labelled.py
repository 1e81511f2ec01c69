"""What people said is there, in the place of what the golden setting saw."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.boxes import centres, inside
from vedette.types.annotations import Annotations
from vedette.types.cascade import Question
from vedette.types.profile import Trace, Tracks

PAUSE_S = 1.0
"""Frames between two that labels cover count for events where these lie no further apart."""
_NAMES = ("streams", "labels", "groups")


def with_labels(
    golden: Trace, labels: Mapping[str, Annotations], groups: Mapping[str, str]
) -> Trace:
    """The reference: golden's trace, but for labelled streams what their labels say.

    Of these only the frames remain that the labels cover. ``groups`` has the group of each label
    that the question asks for; boxes with other labels are left out. A box without a track is one
    by itself, so it is no event. Times are golden's.
    """
    there = tuple(name for name in golden.streams if name in labels)
    if not there:
        return golden
    kept, is_labelled = np.ones(len(golden.frame), np.bool_), np.zeros(len(golden.frame), np.bool_)
    parts = [_without(golden.tracks, there)]
    for name in there:
        here = golden.stream == golden.streams.index(name)
        kept[here] = is_labelled[here] = np.isin(golden.frame[here], labels[name].covered)
        times = dict(zip(golden.frame[here & kept], golden.time_s[here & kept], strict=True))
        parts.append(_tracks(name, times, labels[name], groups))
    return replace(
        golden,
        stream=golden.stream[kept],
        frame=golden.frame[kept],
        time_s=golden.time_s[kept],
        analysed=(golden.analysed | is_labelled)[kept],
        steps={},
        tracks=_together(parts, golden.streams),
        labelled=there,
    )


def answering(reference: Trace, question: Question) -> Trace:
    """The reference with only those of the labelled boxes that make a question's answer a yes."""
    tracks = reference.tracks
    labelled = [number for number, name in enumerate(tracks.streams) if name in reference.labelled]
    groups = [n for n, name in enumerate(tracks.groups) if name in (question.classes or {name})]
    is_yes = (tracks.confidence > 0) & np.isin(tracks.group, groups)
    if question.zone is not None:
        is_yes &= inside(np.array(question.zone), centres(tracks.box))
    return replace(reference, tracks=_rows(tracks, is_yes | ~np.isin(tracks.stream, labelled)))


def counted(answer: Trace, reference: Trace) -> Tracks:
    """An answer's tracks, of labelled streams only where the labels cover or hardly pause."""
    tracks = answer.tracks
    kept = np.ones(len(tracks.frame), np.bool_)
    for name in set(reference.labelled) & set(tracks.streams):
        here = tracks.stream == tracks.streams.index(name)
        covered = reference.frame[reference.stream == reference.streams.index(name)]
        most = float(PAUSE_S * reference.rates[name])
        kept[here] = _is_near(tracks.frame[here], covered, most)
    return _rows(tracks, kept)


def _is_near(
    frame: NDArray[np.int32], covered: NDArray[np.int32], most: float
) -> NDArray[np.bool_]:
    """Whether each frame lies between two covered ones that are ``most`` frames apart or less."""
    if not len(covered):
        return np.zeros(len(frame), np.bool_)
    before = np.searchsorted(covered, frame, "right") - 1
    after = np.searchsorted(covered, frame, "left")
    inside = (before >= 0) & (after < len(covered))
    pause = covered[np.minimum(after, len(covered) - 1)] - covered[np.maximum(before, 0)]
    return np.asarray(inside & (pause <= most), np.bool_)


def _tracks(
    stream: str, times: Mapping[int, float], seen: Annotations, groups: Mapping[str, str]
) -> Tracks:
    """The labelled boxes of the frames whose times are known, of labels that are asked for."""
    names = tuple(dict.fromkeys(groups.values()))
    group_of = np.array(
        [names.index(groups[each]) if each in groups else -1 for each in seen.labels], np.int32
    )
    asked = np.isin(seen.frame, list(times)) & (group_of[seen.label] >= 0)
    track = seen.track[asked]
    lone = np.flatnonzero(track < 0)
    track[lone] = max(track.max(initial=-1), -1) + 1 + np.arange(len(lone))
    frame = seen.frame[asked]
    return Tracks(
        streams=(stream,),
        labels=seen.labels,
        groups=names,
        stream=np.zeros(len(frame), np.int32),
        frame=frame,
        time_s=np.array([times[each] for each in frame.tolist()], np.float64),
        track=track,
        box=seen.box[asked],
        confidence=(seen.confidence[asked] != 0).astype(np.float32),
        label=seen.label[asked],
        group=group_of[seen.label[asked]],
    )


def _without(tracks: Tracks, streams: Sequence[str]) -> Tracks:
    gone = [number for number, name in enumerate(tracks.streams) if name in streams]
    return _rows(tracks, ~np.isin(tracks.stream, gone))


def _rows(tracks: Tracks, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Tracks:
    return replace(tracks, **{name: getattr(tracks, name)[kept] for name in _columns()})


def _together(parts: Sequence[Tracks], streams: tuple[str, ...]) -> Tracks:
    """Tracks of several streams as one table, ordered by stream and frame."""
    known: dict[str, dict[str, int]] = {name: {} for name in _NAMES}
    known["streams"] = {name: number for number, name in enumerate(streams)}
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _columns()}
    for part in parts:
        for name, found in columns.items():
            values = getattr(part, name)
            if f"{name}s" in known:
                table = known[f"{name}s"]
                numbers = [table.setdefault(each, len(table)) for each in getattr(part, f"{name}s")]
                values = np.array(numbers, np.int32)[values]
            found.append(values)
    joined: dict[str, Any] = {name: np.concatenate(found) for name, found in columns.items()}
    order = np.lexsort((joined["frame"], joined["stream"]))
    names: dict[str, Any] = {name: tuple(table) for name, table in known.items()}
    return Tracks(**names, **{name: column[order] for name, column in joined.items()})


def _columns() -> tuple[str, ...]:
    return tuple(each.name for each in fields(Tracks) if each.name not in _NAMES)
