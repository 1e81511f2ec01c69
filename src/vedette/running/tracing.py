"""Writes down what every step did and cost on every frame, to replay it later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from vedette.running.tally import Passed
from vedette.running.work import Done, is_decoder, is_encoder
from vedette.types.events import Event
from vedette.types.graph import Step
from vedette.types.media import Detections
from vedette.types.plan import Deployment
from vedette.types.profile import Alert, StepTrace, Trace, Tracks

Row = tuple[str, int]


@dataclass(slots=True)
class Recorder:
    """Collects rows while a plan runs; frames may come in any order."""

    plan: Deployment
    _frames: dict[Row, Fraction] = field(default_factory=dict)
    _costs: dict[tuple[str, Row], tuple[float, int, float]] = field(default_factory=dict)
    _tracked: dict[Row, Detections] = field(default_factory=dict)
    _analysed: set[Row] = field(default_factory=set)
    _alerts: list[Alert] = field(default_factory=list)

    def arrived(self, stream: str, frame: int, time_s: Fraction) -> None:
        self._frames[stream, frame] = time_s

    def done(self, step: Step, done: Done) -> None:
        row = done.bundle.stream, done.bundle.frame
        size_bytes = done.size_bytes if is_encoder(step) else np.nan
        self._costs[step.name, row] = (done.cpu_s, len(done.bundle.items), size_bytes)
        if not is_decoder(step):
            events = (item for _, item in done.bundle.items if isinstance(item, Event))
            self._alerts += [Alert(step.name, e.stream, e.frame, e.box) for e in events]
        if step.name == self.plan.workflow.events.tracks:
            for _, item in done.bundle.items:
                if isinstance(item, Detections):
                    self._tracked[row] = item

    def ended(self, frame: Passed) -> None:
        if frame.is_analysed:
            self._analysed.add((frame.stream, frame.frame))

    def trace(
        self,
        sizes: Mapping[str, tuple[int, int]],
        rates: Mapping[str, Fraction],
    ) -> Trace:
        """All rows, ordered by stream (as declared) and frame.

        A source itself costs nothing: a camera has its frames from its sensor.
        """
        streams = tuple(stream.name for _, stream in self.plan.workflow.streams())
        rows = sorted(self._frames, key=lambda row: (streams.index(row[0]), row[1]))
        steps = {step.name: self._step(step.name, rows) for step in self.plan.workflow.steps}
        sources = {
            source.name: _step_trace(
                [(0.0, int(s in {each.name for each in source.streams}), np.nan) for s, _ in rows]
            )
            for source in self.plan.workflow.sources
        }
        return Trace(
            choice=dict(self.plan.choice),
            streams=streams,
            stream=np.array([streams.index(stream) for stream, _ in rows], np.int32),
            frame=np.array([frame for _, frame in rows], np.int32),
            time_s=np.array([float(self._frames[row]) for row in rows], np.float64),
            analysed=np.array([row in self._analysed for row in rows], np.bool_),
            steps={**sources, **steps},
            tracks=tracks_of(streams, [self._tracked[row] for row in rows if row in self._tracked]),
            sizes=dict(sizes),
            rates=dict(rates),
            alerts=tuple(
                sorted(self._alerts, key=lambda e: (streams.index(e.stream), e.frame, e.step))
            ),
        )

    def _step(self, name: str, rows: Sequence[Row]) -> StepTrace:
        return _step_trace([self._costs.get((name, row), (0.0, 0, 0.0)) for row in rows])


def tracks_of(streams: Sequence[str], tracked: Sequence[Detections]) -> Tracks:
    """The confirmed boxes of the tracking step's output, one row each."""
    labels: dict[str, int] = {}
    groups: dict[str, int] = {}
    parts: dict[str, list[Any]] = {name: [] for name in _TRACK_TYPES}
    for seen in tracked:
        kept = np.flatnonzero(seen.track >= 0)
        parts["stream"] += [streams.index(seen.key.stream)] * len(kept)
        parts["frame"] += [seen.key.frame] * len(kept)
        parts["time_s"] += [float(seen.time_s)] * len(kept)
        parts["track"] += seen.track[kept].tolist()
        parts["box"] += seen.boxes[kept].tolist()
        parts["confidence"] += seen.confidence[kept].tolist()
        parts["label"] += _numbers(labels, seen.labels, seen.label[kept].tolist())
        parts["group"] += _numbers(groups, seen.groups, seen.group[kept].tolist())
    columns = {name: np.array(parts[name], kind) for name, kind in _TRACK_TYPES.items()}
    columns["box"] = columns["box"].reshape(-1, 4)
    return Tracks(streams=tuple(streams), labels=tuple(labels), groups=tuple(groups), **columns)


_TRACK_TYPES: Mapping[str, Any] = {
    "stream": np.int32,
    "frame": np.int32,
    "time_s": np.float64,
    "track": np.int32,
    "box": np.float32,
    "confidence": np.float32,
    "label": np.int32,
    "group": np.int32,
}


def _numbers(known: dict[str, int], names: Sequence[str], rows: Sequence[int]) -> list[int]:
    """Each row's name as a number, the same for the whole run."""
    return [known.setdefault(names[row], len(known)) for row in rows]


def _step_trace(costs: Sequence[tuple[float, int, float]]) -> StepTrace:
    unknown = np.full(len(costs), np.nan)
    return StepTrace(
        cpu_s=np.array([cost[0] for cost in costs], np.float64),
        items=np.array([cost[1] for cost in costs], np.int32),
        size_bytes=np.array([cost[2] for cost in costs], np.float64),
        encode_s=unknown,
        decode_s=unknown.copy(),
    )
