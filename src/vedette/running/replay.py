"""Work that is read from a trace: nothing is done, everything costs what it cost then."""

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from vedette.errors import Problem, RecordError
from vedette.planning.demand import PLAIN_EVENT_BYTES
from vedette.running.work import Done, is_decoder, is_encoder, is_free
from vedette.types.commit import SavedState
from vedette.types.events import Incident
from vedette.types.graph import Span, Step, Stream
from vedette.types.media import Bundle, Checkpoint, Frame, Key
from vedette.types.plan import Deployment
from vedette.types.profile import Trace


class TraceWork:
    """Replays a trace. Items are numbers without content.

    A step that packs or unpacks and that the trace does not know by name costs what packing its
    producer's output was measured to cost.
    """

    def __init__(self, plan: Deployment, trace: Trace) -> None:
        self._trace, self._tracks = trace, plan.workflow.events.tracks
        self._free = {step.name: is_free(plan, step) for step in plan.workflow.steps}
        pairs = zip(trace.stream.tolist(), trace.frame.tolist(), strict=True)
        self._rows = {(trace.streams[s], frame): row for row, (s, frame) in enumerate(pairs)}

    def do(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        here = next(inputs[name] for name in step.inputs if name in inputs)
        row = self._rows[here.stream, here.frame]
        items, cpu_s, size_bytes = self._costs(step, row)
        made = tuple((number, None) for number in range(items))
        calls = int(self._trace.analysed[row]) if step.name == self._tracks else items
        bundle = Bundle(here.stream, here.frame, here.time_s, made)
        return Done(bundle, calls, 0.0 if self._free[step.name] else cpu_s, size_bytes)

    def save(self, step: Step, stream: str) -> SavedState:  # noqa: ARG002  # no state in a trace
        return SavedState("null")

    def load(self, step: Step, stream: str, state: SavedState) -> None:
        pass

    def _costs(self, step: Step, row: int) -> tuple[int, float, float]:
        own = self._trace.steps.get(step.name)
        if own is not None:
            size_bytes = float(own.size_bytes[row])
            known_bytes = 0.0 if math.isnan(size_bytes) else size_bytes
            return int(own.items[row]), float(own.cpu_s[row]), known_bytes
        produced = self._trace.steps.get(step.part_of)
        if produced is None or not (is_encoder(step) or is_decoder(step)):
            raise _unmeasured(step)
        packs = is_encoder(step)
        cpu_s = float((produced.encode_s if packs else produced.decode_s)[row])
        items = int(produced.items[row])
        size_bytes = float(produced.size_bytes[row]) if packs else 0.0
        if packs and step.settings.get("picture") is False:
            size_bytes = PLAIN_EVENT_BYTES * items
        if items and math.isnan(cpu_s + size_bytes):
            raise _unmeasured(step)
        return items, cpu_s if items else 0.0, size_bytes if items else 0.0


class TraceSource:
    """The frames of one stream of a trace: their numbers and times, and no picture."""

    def __init__(self, trace: Trace, stream: Stream) -> None:
        self.stream, self._trace = stream, trace
        self.size, self.rate = trace.sizes[stream.name], trace.rates[stream.name]

    def frames(
        self,
        span: Span = Span(),  # noqa: B008  # a frozen value
        resume: Checkpoint | None = None,
    ) -> Iterator[Frame]:
        start = max(span.start, resume.frame if resume else 0)
        rows = np.flatnonzero(self._trace.stream == self._trace.streams.index(self.stream.name))
        for row in rows[np.argsort(self._trace.frame[rows], kind="stable")].tolist():
            number = int(self._trace.frame[row])
            if number >= start and (span.end is None or number < span.end):
                time_s = Fraction(float(self._trace.time_s[row]))
                yield Frame(Key(self.stream.name, number), time_s, _UNSEEN, self.size, _NOWHERE)

    def seek_point(self) -> tuple[int, int] | None:
        return None

    def incidents(self) -> tuple[Incident, ...]:
        return ()


_UNSEEN: Any = None
_NOWHERE = (0.0, 0.0, 0.0, 0.0)


def _unmeasured(step: Step) -> RecordError:
    return RecordError(
        Problem(
            f"no measurement of step {step.name!r} in the trace",
            "a trace that has every step of the plan",
            "to profile the workflow again, or to rehearse the plan",
        )
    )
