"""What people labelled, what golden saw, and whether golden can stand in for the people.

Two clips of pedestrians (TUD-Campus and TUD-Stadtmitte of MOT15; Andriluka et al., CVPR 2008) with
human boxes. Each setting is scored twice on all frames: against the labels and against golden.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from scipy.stats import kendalltau

import vedette as vd
from vedette.bench.claims import Claim, Result, Setting
from vedette.bench.judging import FIGURES, is_there, mot_figures
from vedette.interop import of_tracks, read_annotations
from vedette.models.zoo import variants
from vedette.profiling.measure import workers
from vedette.profiling.sweep import Measuring, default_cache, measure_golden
from vedette.profiling.truth import reference
from vedette.scoring import score
from vedette.session.common import Progress, frames_of, quiet
from vedette.types.annotations import Annotations
from vedette.types.graph import EventRule, Scalar, Stream, Workflow
from vedette.types.profile import Trace

CLIPS = ("tud_campus", "tud_stadtmitte")
GOLDEN = "golden"
SETTINGS: Mapping[str, Mapping[str, Scalar]] = {
    GOLDEN: {},
    "model 416 wide": {"model": "yolox-nano-416-wide"},
    "model 416": {"model": "yolox-nano-416"},
    "model 256 wide": {"model": "yolox-nano-256-wide"},
    "width 320": {"width": 320},
    "rate 12.5": {"rate_fps": 12.5},
    "rate 5": {"rate_fps": 5},
    "rate 2": {"rate_fps": 2},
}
"""What each setting changes of golden, one knob alone."""
QUICK = (GOLDEN, "model 416 wide", "model 256 wide", "rate 5")
RULE = EventRule(min_duration_s=1.0)
LEAST_TAU = 0.7
REASON = (
    "golden finds people whom nobody labelled, so that a model that sees less agrees more with "
    "the labels; label your own clips where the difference matters"
)


def labels_beside(folder: Path, clip: str) -> Path | None:
    """The clip's labels: in ``labels`` beside the folder of clips, or among the clips."""
    name = f"{clip}.mot.txt"
    places = (folder.parent / "labels" / name, folder / name)
    return next((place for place in places if place.is_file()), None)


def run(setting: Setting, progress: Progress = quiet) -> Result:
    """Every setting of every clip that is there, against labels and against golden."""
    names = QUICK if setting.is_quick else tuple(SETTINGS)
    clips = dict(_found(setting.clips))
    rows: list[dict[str, Any]] = []
    with workers() as pool:
        for clip, (video, labels) in clips.items():
            asked = question(video, labels)
            measuring = Measuring(pool, frames_of(asked), quiet, default_cache())
            best = measure_golden(asked, "all", measuring)
            for name in names:
                fixed = question(video, labels, **SETTINGS[name])
                trace = measure_golden(fixed, "all", measuring)
                rows.append({"clip": clip, "setting": name, **_scores(asked, best, trace)})
                progress("score settings", len(rows), len(names) * len(clips))
    missing = [clip for clip in CLIPS if clip not in clips]
    rows += [{"clip": clip, "setting": "not run"} for clip in missing]
    return Result(
        track="labels",
        setup={"clips": sorted(clips), "settings": list(names), "trackeval": is_there()},
        quick=setting.is_quick,
        claims=tuple(_claims(rows)),
        rows=tuple(rows),
        notes=() if is_there() else ("MOTA, IDF1 and HOTA: not run (pip install trackeval)",),
    )


def question(video: Path, labels: Path, **fixed: Scalar) -> Workflow:
    """Persons in one labelled clip; a knob that is not fixed is at its golden value."""
    flow = vd.workflow("labels")
    street = flow.source("street", Stream("clip", str(video), labels=str(labels)))
    sampled = flow.step("sample", "sample", street, rate_fps=fixed.get("rate_fps", "source"))
    resized = flow.step("resize", "resize", sampled, width=fixed.get("width", "source"))
    model = fixed.get("model", next(iter(variants())))
    classes = {"person": ["person"]}
    found = flow.step("detect", "detect", resized, model=model, classes=classes)
    flow.step("track", "track", found)
    return flow.build(events=RULE)


def _found(folder: Path | None) -> Iterator[tuple[str, tuple[Path, Path]]]:
    if folder is None:
        return
    for clip in CLIPS:
        video, labels = folder / f"{clip}.mp4", labels_beside(folder, clip)
        if video.is_file() and labels is not None:
            yield clip, (video, labels)


def _scores(asked: Workflow, best: Trace, trace: Trace) -> dict[str, Any]:
    by_people = score(reference(best, asked), trace, RULE)
    by_golden = score(best, trace, RULE)
    row: dict[str, Any] = {"frames": len(trace.frame), "analysed": int(trace.analysed.sum())}
    for metric in ("frame_f1", "event_f1"):
        row[f"{metric} labels"] = by_people[metric].f1
        row[f"{metric} golden"] = by_golden[metric].f1
    row["events"] = by_people["event_f1"].recall.total
    (_, stream), *_ = asked.streams()
    if stream.labels is None or not is_there():
        return row
    people = read_annotations(stream.labels)
    with tempfile.TemporaryDirectory() as folder:
        figures = mot_figures(people, carried(trace), len(trace.frame), Path(folder))
    return row | {name: figures[name] for name in FIGURES}


def carried(trace: Trace) -> Annotations:
    """A trace's boxes in every frame: those of the last analysed one where it was not analysed."""
    seen = of_tracks(trace, trace.streams[0])
    last = np.maximum.accumulate(np.where(trace.analysed, trace.frame, -1))
    rows = [np.flatnonzero(seen.frame == each) for each in last]
    order = np.concatenate([*rows, np.zeros(0, np.intp)]).astype(np.intp)
    return Annotations(
        covered=trace.frame,
        frame=np.repeat(trace.frame, [len(each) for each in rows]),
        track=seen.track[order],
        box=seen.box[order],
        confidence=seen.confidence[order],
        label=seen.label[order],
        labels=seen.labels,
    )


def _claims(rows: list[dict[str, Any]]) -> Iterator[Claim]:
    """Whether golden orders settings as people do; a clip at a time, their mean is the value."""
    name = "order of settings by frame F1: golden's and people's (Kendall's tau)"
    found = []
    for clip in CLIPS:
        here = [row for row in rows if row["clip"] == clip and row["setting"] in SETTINGS]
        others = [row for row in here if row["setting"] != GOLDEN]
        if others:
            golden, people = (
                [row[f"frame_f1 {by}"] for row in others] for by in ("golden", "labels")
            )
            found.append(float(kendalltau(golden, people).statistic))
    if not found:
        yield Claim(name, LEAST_TAU, ">=", None, "", "rehearsed", reason="no clips (--clips DIR)")
        return
    spread = (min(found), max(found))
    reason = REASON if mean(found) < LEAST_TAU else ""
    yield Claim(name, LEAST_TAU, ">=", mean(found), "", "rehearsed", spread=spread, reason=reason)
