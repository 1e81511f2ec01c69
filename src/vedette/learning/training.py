"""When a network has learned enough, what is kept so that it can go on, and scores held out."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.errors import InputError, ModelError, Problem
from vedette.image import planar
from vedette.learning.calibration import (
    Calibration,
    Reliability,
    calibrate,
    reliability,
)
from vedette.learning.dataset import Indices, Samples, ensure_trainable
from vedette.learning.networks import Architecture, Network
from vedette.learning.trainer import Recipe, Trainer, logits, version
from vedette.records.files import make_folder, read_bytes, write_bytes

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.json"
CHUNKS = 20
"""Stretches of time that the rows to learn from are cut into; every fifth validates."""
EVERY = 5

Fold = tuple[Indices, Indices]
"""Rows to train on, and rows that the network which did so scores."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """``loss`` over what was drawn and varied; ``validation`` over the part that says when to stop,
    either answer counting for half; ``accuracy`` there, likewise.
    """

    number: int
    loss: float
    validation: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Step:
    """What a training run tells after each epoch: ``left_s`` is the longest that it may go on."""

    network: str
    epoch: Epoch
    epochs: int
    left_s: float


Progress = Callable[[Step], None]


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """A network with its weights of the ``best`` epoch (from 1), and how it came to them.

    ``cpu_s`` is what all its epochs took, whichever process they ran in.
    """

    network: Network
    curve: tuple[Epoch, ...]
    best: int
    cpu_s: float


@dataclass(frozen=True, eq=False, slots=True)
class CrossFitted:
    """A network, calibrated, and what networks like it say about what they have not seen.

    ``probability`` (n,) float32, a row a sample, from the fold that held it out; NaN where none
    did. ``reliability`` is theirs; ``folds`` and ``final`` are the training runs.
    """

    network: Network
    probability: NDArray[np.float32]
    reliability: Reliability
    folds: tuple[Trained, ...]
    final: Trained

    @property
    def cpu_s(self) -> float:
        return self.final.cpu_s + sum(each.cpu_s for each in self.folds)


def silent(step: Step) -> None:
    """Tell nobody."""


def train(
    samples: Samples,
    architecture: Architecture,
    recipe: Recipe = Recipe(),  # noqa: B008  # a frozen value
    *,
    rows: Indices | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
    name: str = "",
) -> Trained:
    """A network that has learned from some rows of the samples (all of them by default).

    A fifth of them, whole stretches of time, only says when to stop. With a ``folder`` the state
    is saved after each epoch, and a run that was killed goes on from there: the weights are the
    same as if it had not been. ``curve.json`` in it is the learning curve. A state of other
    samples, settings or another torch is not used. Raises InfeasibleError where there are too few
    of either answer, and ModelError without torch.
    """
    rows = np.arange(len(samples)) if rows is None else np.asarray(rows, np.int64)
    ensure_trainable(samples.labels[rows], "the samples to train on")
    part = samples.at(rows)
    learned, validated = carved(part.labels)
    mean = planar(part.pixels[learned]).mean(axis=0, dtype=np.float64).astype(np.float32)
    run = _Run(
        Trainer(architecture, mean, recipe, part.pixels, part.labels),
        recipe,
        _key(part, architecture, recipe),
        folder,
    )
    run.resume()
    began = time.monotonic()
    first = len(run.curve)
    while not run.is_over():
        run.epoch(part.labels, learned, validated)
        each = (time.monotonic() - began) / (len(run.curve) - first)
        left_s = each * run.most_left()
        progress(Step(name or architecture.name, run.curve[-1], recipe.epochs, left_s))
    return run.trained(Network(architecture, run.weights, mean))


def cross_fit(
    samples: Samples,
    architecture: Architecture,
    folds: Sequence[Fold],
    recipe: Recipe = Recipe(),  # noqa: B008  # a frozen value
    *,
    rows: Indices | None = None,
    folder: Path | None = None,
    progress: Progress = silent,
) -> CrossFitted:
    """A network of all ``rows`` (all samples by default), calibrated by what ``folds`` held out.

    Each fold trains a network of its own, in a folder of its own. Raises what :func:`train` does,
    and InputError where a fold scores what it trains on, or two folds score the same.
    """
    _check(folds, len(samples))
    raw = np.full(len(samples), np.nan, np.float32)
    runs = []
    for i, (trained, scored) in enumerate(folds, 1):
        found = train(
            samples,
            architecture,
            recipe,
            rows=trained,
            folder=folder and folder / f"fold{i}",
            progress=progress,
            name=f"{architecture.name}, fold {i} of {len(folds)}",
        )
        raw[scored] = logits(found.network, samples.pixels[scored], threads=recipe.threads)
        runs.append(found)
    final = train(
        samples,
        architecture,
        recipe,
        rows=rows,
        folder=folder and folder / "final",
        progress=progress,
        name=architecture.name,
    )
    fitted = calibrate(raw, samples.labels)
    network = Network(
        architecture, final.network.weights, final.network.mean, fitted.slope, fitted.offset
    )
    return CrossFitted(
        network,
        fitted.probability(raw),
        reliability(_calibrated_apart(raw, samples.labels, folds, fitted), samples.labels),
        tuple(runs),
        final,
    )


def probabilities(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the exported network says, (n,), of (n, 50, 50, 3) pixels, computed with torch."""
    return Calibration(network.slope, network.offset).probability(logits(network, pixels))


def carved(labels: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Rows that learn and rows that validate: every fifth of 20 stretches, both answers in each.

    Of the five ways to do so, the one whose share of yes is nearest to the whole's. Where none
    leaves both answers on both sides, every fifth row of each answer validates.
    """
    places = np.arange(len(labels))
    chunk = places * CHUNKS // max(1, len(labels))
    ways = [chunk % EVERY == offset for offset in range(EVERY)]
    fit = [way for way in ways if _has_both(labels[way]) and _has_both(labels[~way])]
    if fit:
        away = [abs(float(labels[way].mean()) - float(labels.mean())) for way in fit]
        held = fit[int(np.argmin(away))]
    else:
        held = np.zeros(len(labels), np.bool_)
        for side in (labels, ~labels):
            held[np.flatnonzero(side)[EVERY // 2 :: EVERY]] = True
    return places[~held], places[held]


class _Run:
    """One training run: its curve, its best weights so far, and where they are saved."""

    def __init__(self, trainer: Trainer, recipe: Recipe, key: str, folder: Path | None) -> None:
        self._trainer, self._recipe, self._key, self._folder = trainer, recipe, key, folder
        self.curve: list[Epoch] = []
        self.weights = trainer.network().weights
        self._cpu_s = 0.0

    @property
    def best(self) -> int:
        """The epoch of the least validation loss, the first of equal ones; 0 before any."""
        if not self.curve:
            return 0
        return min(self.curve, key=lambda each: (each.validation, each.number)).number

    def most_left(self) -> int:
        """Epochs that it may still take."""
        return 0 if self.is_over() else self._recipe.epochs - len(self.curve)

    def is_over(self) -> bool:
        done = len(self.curve)
        return done >= self._recipe.epochs or done - self.best >= self._recipe.patience

    def epoch(self, labels: NDArray[np.bool_], learned: Indices, validated: Indices) -> None:
        number, began = len(self.curve) + 1, time.process_time()
        loss = self._trainer.epoch(number, learned)
        scores = self._trainer.logits(validated)
        if not (np.isfinite(loss) and np.isfinite(scores).all()):
            raise ModelError(
                Problem(
                    f"a loss that is no number after epoch {number}",
                    "one that falls",
                    f"a lower rate than {self._recipe.rate:g}",
                )
            )
        validation, accuracy = _balanced_loss(scores, labels[validated])
        self.curve.append(Epoch(number, loss, validation, accuracy))
        if self.best == number:
            self.weights = self._trainer.network().weights
        self._cpu_s += time.process_time() - began
        self._save()

    def trained(self, network: Network) -> Trained:
        return Trained(network, tuple(self.curve), self.best, self._cpu_s)

    def _save(self) -> None:
        if self._folder is None:
            return
        make_folder(self._folder)
        more = {
            "key": self._key,
            "best": dict(self.weights),
            "curve": [asdict(each) for each in self.curve],
            "cpu_s": self._cpu_s,
        }
        write_bytes(self._folder / CHECKPOINT, self._trainer.saved(more))
        curve = {"best": self.best, "epochs": more["curve"]}
        write_bytes(self._folder / CURVE, json.dumps(curve, indent=1).encode())

    def resume(self) -> None:
        """Go on where an earlier process was stopped, if it did the same."""
        path = self._folder and self._folder / CHECKPOINT
        if path is None or not path.is_file():
            return
        more = self._trainer.restore(read_bytes(path), self._key)
        if more is not None:
            self.weights = more["best"]
            self.curve = [Epoch(**each) for each in more["curve"]]
            self._cpu_s = more["cpu_s"]


def _balanced_loss(scores: NDArray[np.float32], labels: NDArray[np.bool_]) -> tuple[float, float]:
    """The mean logistic loss and the accuracy, each answer counting for half."""
    margins = np.where(labels, scores, -scores).astype(np.float64)
    losses, right = np.logaddexp(0, -margins), margins > 0
    sides = (labels, ~labels)
    return (
        float(np.mean([losses[side].mean() for side in sides])),
        float(np.mean([right[side].mean() for side in sides])),
    )


def _calibrated_apart(
    raw: NDArray[np.float32],
    labels: NDArray[np.bool_],
    folds: Sequence[Fold],
    fitted: Calibration,
) -> NDArray[np.float32]:
    """Each fold's scores calibrated by the others', so that the reliability is not its own."""
    found = fitted.probability(raw)
    for _, scored in folds:
        others = raw.copy()
        others[scored] = np.nan
        if _has_both(labels[~np.isnan(others)]):
            found[scored] = calibrate(others, labels).probability(raw[scored])
    return found


def _has_both(labels: NDArray[np.bool_]) -> bool:
    return bool(labels.any() and not labels.all())


def _check(folds: Sequence[Fold], count: int) -> None:
    seen = np.zeros(count, np.int64)
    for trained, scored in folds:
        if np.intersect1d(trained, scored).size:
            raise _unfit("a fold that scores what it trains on")
        np.add.at(seen, scored, 1)
    if not folds or (seen > 1).any():
        raise _unfit("two folds that score the same" if folds else "no folds")


def _unfit(found: str) -> InputError:
    expected = "folds that hold out rows of their own"
    return InputError(Problem(found, expected, "the folds that learning.splits makes"))


def _key(part: Samples, architecture: Architecture, recipe: Recipe) -> str:
    """What must be equal for a saved state to be of this very run."""
    facts: list[Any] = [part.digest(), architecture.name, asdict(recipe), version()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
