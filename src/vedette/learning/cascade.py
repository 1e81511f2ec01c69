"""From labelled frames to what a search for a cascade is given: scores, changes and costs."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vedette.change import Change, changes_by_age, learn_change
from vedette.image import planar
from vedette.learning.dataset import Indices, Samples
from vedette.learning.labelling import Labels, Looking, regions
from vedette.learning.networks import Architecture
from vedette.learning.splits import Splits, cut
from vedette.learning.trainer import Recipe
from vedette.learning.training import CrossFitted, Step, cross_fit, probabilities
from vedette.models import reference_call
from vedette.models.onnx_backend import OnnxBackend
from vedette.planning.cascade_scored import Costs, Scored
from vedette.running.reference import Yardstick
from vedette.types.cascade import Question
from vedette.types.graph import Span
from vedette.types.media import Pixels

SPECIAL = "special"
TIMED_CALLS = 64


@dataclass(frozen=True, eq=False, slots=True)
class Material:
    """What was labelled, and what it costs: the planning part of one camera.

    ``size`` is the source's (width, height), ``rate`` its frames a second. ``detector_ms`` has
    the CPU milliseconds at speed 1 of the reference and of each cheaper variant. ``labelling_s``
    is what labelling took, in CPU seconds at speed 1 as those costs have it.
    """

    labels: Labels
    question: Question
    size: tuple[int, int]
    rate: float
    looking: Looking
    detector_ms: Mapping[str, float]

    @property
    def reference(self) -> str:
        return self.labels.models[0]

    @property
    def truth(self) -> NDArray[np.bool_]:
        return self.labels.truth(self.question)

    @property
    def labelling_s(self) -> float:
        return len(self.labels) * (sum(self.detector_ms.values()) + self.looking.decode) / 1000


@dataclass(frozen=True, eq=False, slots=True)
class Parts:
    """All that a cascade may be put together from.

    ``fitted`` are specialised models by name, ``change`` what the difference detector learned.
    ``tables`` decide: the training part, each block as seen by what never saw it, and the
    selection part as seen by what runs; one table of everything where nothing was trained.
    ``spans`` are their blocks in time, in frames of the planning part.
    """

    fitted: Mapping[str, CrossFitted]
    change: Change
    tables: tuple[Scored, ...]
    spans: tuple[Span, ...]
    costs: Costs


def fit(
    material: Material,
    splits: Splits,
    architectures: Sequence[Architecture],
    recipe: Recipe,
    *,
    folder: Path | None,
    progress: Callable[[Step], None],
) -> dict[str, CrossFitted]:
    """Train each architecture on the training part, and once for each fold of it."""
    labels = material.labels
    samples = Samples(
        pixels=labels.patch,
        labels=material.truth,
        frames=labels.frame,
        blocks=np.zeros(len(labels), np.int32),
    )
    folds = [(_rows(*fold.trained), _rows(fold.scored)) for fold in splits.folds]
    return {
        each.name: cross_fit(
            samples,
            each,
            folds,
            recipe,
            rows=_rows(splits.train),
            folder=folder and folder / each.name,
            progress=progress,
        )
        for each in architectures
    }


def trained_parts(
    material: Material,
    splits: Splits,
    fitted: Mapping[str, CrossFitted],
    *,
    most_age: int,
    timed: Callable[[Change], "Calls"],
    told: Callable[[int, int], None],
) -> Parts:
    """Scores and changes of everything that decides; ``timed`` measures what one call costs.

    ``told`` is given how many blocks have their changes, and of how many.
    """
    change = _learned(material, _rows(splits.train))
    names = [name for name in ("last", "background", "blocks") if _has(change, name)]
    blocks = [(fold.scored, _learned(material, _rows(*fold.trained))) for fold in splits.folds]
    columns = []
    last = [(splits.select, change)] if splits.select in splits.deciding else []
    for number, (span, own) in enumerate([*blocks, *last]):
        told(number, len(blocks) + 1)
        usable = {name: own if _has(own, name) else change for name in names}
        columns.append(_changes(material, span, usable, most_age))
    told(len(blocks) + 1, len(blocks) + 1)
    inner = columns[: len(blocks)]
    joined = {name: np.concatenate([each[name] for each in inner]) for name in names}
    out = {name: each.probability for name, each in fitted.items()}
    tables = [_table(material, [span for span, _ in blocks], out, joined)]
    if last:
        pixels = material.labels.patch
        final = {name: probabilities(each.network, pixels) for name, each in fitted.items()}
        tables.append(_table(material, [splits.select], final, columns[-1]))
    return Parts(
        fitted=fitted,
        change=change,
        tables=tuple(tables),
        spans=splits.deciding,
        costs=_costs(material, timed(change)),
    )


def untrained_parts(
    material: Material,
    *,
    most_age: int,
    timed: Callable[[Change], "Calls"],
    told: Callable[[int, int], None],
) -> Parts:
    """What needs no training: detectors, and the change since the frame evaluated last.

    All frames then decide, since nothing has seen any of them.
    """
    small, _ = regions(material.question, material.size)
    change, spans = Change(small), cut(material.truth)
    columns = []
    for number, span in enumerate(spans):
        told(number, len(spans))
        columns.append(_changes(material, span, {"last": change}, most_age)["last"])
    told(len(spans), len(spans))
    return Parts(
        fitted={},
        change=change,
        tables=(_table(material, spans, {}, {"last": np.concatenate(columns)}),),
        spans=spans,
        costs=_costs(material, timed(change)),
    )


def _table(
    material: Material,
    spans: Sequence[Span],
    special: Mapping[str, NDArray[np.float32]],
    changes: Mapping[str, NDArray[np.float32]],
) -> Scored:
    labels, rows = material.labels, np.concatenate([_rows(each) for each in spans])
    scores = {f"{SPECIAL}:{name}": column[rows] for name, column in special.items()}
    scores |= {name: labels.by(name)[rows] for name in labels.models[1:]}
    block = np.concatenate([np.full(len(_rows(s)), i) for i, s in enumerate(spans)])
    return Scored(
        truth=material.truth[rows],
        scores=scores,
        changes=changes,
        block=block,
        first={i: int(labels.frame[span.start]) for i, span in enumerate(spans)},
    )


def _learned(material: Material, rows: Indices) -> Change:
    small, _ = regions(material.question, material.size)
    return learn_change(small, material.labels.thumbnail[rows], material.truth[rows])


def _has(change: Change, method: str) -> bool:
    learned = {"background": change.background, "blocks": change.weights}
    return method not in learned or learned[method] is not None


def _changes(
    material: Material, span: Span, by_method: Mapping[str, Change], most_age: int
) -> dict[str, NDArray[np.float32]]:
    thumbnails = material.labels.thumbnail[_rows(span)]
    return {
        name: changes_by_age(change, name, thumbnails, most_age)
        for name, change in by_method.items()
    }


def _costs(material: Material, calls: "Calls") -> Costs:
    looking = material.looking
    cheaper = {name: material.detector_ms[name] for name in material.labels.models[1:]}
    special = {name: ms + looking.patch for name, ms in calls.special.items()}
    return Costs(
        reference=material.detector_ms[material.reference],
        models={**special, **cheaper},
        decode={1: looking.decode},
        difference={name: ms + looking.thumbnail for name, ms in calls.difference.items()},
    )


@dataclass(frozen=True, slots=True)
class Calls:
    """CPU milliseconds at speed 1 of one call: by method of difference, by specialised model."""

    difference: Mapping[str, float]
    special: Mapping[str, float]


def call_costs(
    change: Change, networks: Mapping[str, Path], thumbnails: Pixels, patches: Pixels
) -> Calls:
    """Time the cheap stages, on thumbnails and patches of frames in a row.

    ``networks`` are files of specialised models by architecture.
    """
    yardstick = Yardstick(reference_call(), time.process_time)
    thumbnails, patches = thumbnails[:TIMED_CALLS], patches[:TIMED_CALLS]
    pairs = list(zip(thumbnails[1:], thumbnails, strict=False))
    methods = [name for name in ("last", "background", "blocks") if _has(change, name)]
    difference = {
        name: _mean_ms(yardstick, [partial(change.of, name, *pair) for pair in pairs])
        for name in methods
    }
    special = {}
    for name, file in networks.items():
        ask = partial(_asked, OnnxBackend(file, input="pixels", any_size=False))
        special[f"{SPECIAL}:{name}"] = _mean_ms(yardstick, [partial(ask, p) for p in patches])
    return Calls(difference, special)


def _asked(network: OnnxBackend, patch: Pixels) -> object:
    return network.submit({"pixels": planar(patch[None])}).result()


def _mean_ms(yardstick: Yardstick, calls: Iterable[Callable[[], object]]) -> float:
    """The mean of the calls but for the first, which takes many times what later ones do."""
    took = []
    for call in calls:
        start = time.process_time()
        call()
        took.append(yardstick.normal_s(time.process_time() - start))
    return 1000 * float(np.mean(took[1:])) if len(took) > 1 else 0.0


def _rows(*spans: Span) -> Indices:
    return np.concatenate([np.arange(each.start, each.end) for each in spans]).astype(np.int64)
