"""Cascades made by hand: their own network answers how light the zone is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from tests.models.fakes import FakeDetector
from tests.models.made import written

from vedette.change import Change
from vedette.image import ArrayPicture
from vedette.models import loader
from vedette.models.learned import change_arrays
from vedette.planning.expand import expand
from vedette.records.cascade import write_cascade
from vedette.types.cascade import Cascade, DifferenceStage, Promise, Question, ScoreStage
from vedette.types.cluster import Cluster, Device
from vedette.types.events import Incident
from vedette.types.graph import EventRule, Source, Span, Step, Stream, Transport, Workflow
from vedette.types.media import Checkpoint, Frame, Key
from vedette.types.models import Variant, variants_of
from vedette.types.plan import Deployment

SIZE = (64, 48)
ZONE = ((16.0, 8.0), (48.0, 8.0), (48.0, 40.0), (16.0, 40.0))
QUESTION = Question({"vehicle": ("car", "truck")}, 0.5, ZONE)
INSIDE = (24.0, 16.0, 40.0, 32.0)
PLAIN = Cascade(
    "learned",
    QUESTION,
    Promise(0.02, 0.02),
    "golden",
    SIZE,
    DifferenceStage("last", 0.05, 10),
    (ScoreStage("special", 0.3, 0.7), ScoreStage("quick", 0.3, 0.8)),
    audit=0.0,
)
GOLDEN = Variant("golden", "golden", 416)
QUICK = Variant("quick", "quick", 416)


def lightness(path: Path) -> bytes:
    """A network whose probability is the mean of its pixels."""
    picture = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 50, 50])
    made = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n"])
    node = helper.make_node("ReduceMean", ["pixels"], ["probability"], axes=[1, 2, 3], keepdims=0)
    return written(path, [node], [picture], [made]).read_bytes()


def learned(folder: Path, cascade: Cascade = PLAIN) -> Cascade:
    """A cascade's folder."""
    special = lightness(folder.with_suffix(".onnx"))
    (x0, y0), (x1, y1) = ZONE[0], ZONE[2]
    change = Change((x0, y0, x1, y1), np.zeros((50, 50), np.uint8), np.full(25, 4.0), -2.0)
    return write_cascade(folder, cascade, special, change_arrays(change))


@dataclass
class Lit:
    """Frames whose lightness is told by their number, ten a second."""

    stream: Stream
    light: Callable[[int], float]
    count: int
    rate: Fraction = Fraction(10)
    size: tuple[int, int] = SIZE
    read: int = field(default=0)

    def frames(self, span: Span = Span(), resume: Checkpoint | None = None) -> Any:  # noqa: B008
        start = max(span.start, resume.frame if resume else 0)
        for number in range(start, min(self.count, span.end or self.count)):
            self.read = number + 1
            level = round(255 * self.light(number))
            pixels = np.full((self.size[1], self.size[0], 3), level, np.uint8)
            region = (0.0, 0.0, float(self.size[0]), float(self.size[1]))
            key = Key(self.stream.name, number)
            yield Frame(key, number / self.rate, ArrayPicture(pixels), self.size, region)

    def seek_point(self) -> tuple[int, int] | None:
        return None

    def incidents(self) -> tuple[Incident, ...]:
        return ()


def asking(cascade: Cascade, *after: Step, model: str = "") -> Workflow:
    """A workflow that asks a cascade's question, of the cascade or of another model."""
    settings: dict[str, Any] = {
        "classes": {name: list(each) for name, each in cascade.question.classes.items()},
        "confidence": cascade.question.confidence,
        "zone": [list(corner) for corner in cascade.question.zone or ()],
        "model": model or cascade.name,
    }
    if cascade.question.zone is None:
        del settings["zone"]
    return Workflow(
        "question",
        (Source("street", (Stream("gate", "gate.mkv"),)),),
        (Step("gate", "presence", ("street",), settings), *after),
        events=EventRule(tracks="gate"),
        transport=Transport(gop_s=1.0),
        cascades=(cascade,),
    )


def deployed(workflow: Workflow, *more: Variant) -> Deployment:
    """All of it on one machine."""
    known = {GOLDEN.name: GOLDEN, QUICK.name: QUICK}
    known |= {each.name: each for own in workflow.own for each in variants_of(own)}
    known |= {each.name: each for each in more}
    steps = expand(workflow, {}, known)
    names = [*(each.name for each in steps.sources), *(each.name for each in steps.steps)]
    cluster = Cluster("one", (Device("box", "edge", cores=2),), ())
    return Deployment(
        workflow=replace(steps), cluster=cluster, choice={}, placement=dict.fromkeys(names, "box")
    )


def says(frames: Mapping[int, float]) -> FakeDetector:
    """A detector that sees a car in the zone, so sure of it, in some frames."""
    return FakeDetector({n: [("car", sure, INSIDE)] for n, sure in frames.items()})


def models(cascade: Cascade, **detectors: FakeDetector) -> Callable[[str], Any]:
    """The cascade's own parts, and detectors by name."""
    load = loader((cascade,))
    return lambda name: detectors[name] if name in detectors else load(name)
