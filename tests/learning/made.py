"""Samples that are drawn: a dim bright square on noise, there for some frames and then not."""

import numpy as np

from vedette.learning.dataset import Samples
from vedette.learning.trainer import Recipe
from vedette.learning.training import Fold

QUICK = Recipe(epochs=4, patience=4, draws=(128, 128), batch=32)


def street(count: int = 240, run: int = 12, seed: int = 0) -> Samples:
    """Runs of ``run`` frames with a square in them follow runs without."""
    chance = np.random.default_rng(seed)
    light = np.linspace(40, 120, 50)[None, :, None, None]
    pixels = light + chance.normal(0, 6, (count, 50, 50, 3))
    labels = np.arange(count) // run % 2 == 1
    for i in np.flatnonzero(labels):
        x, y = chance.integers(0, 36, 2)
        pixels[i, y : y + 14, x : x + 14] += 70
    return Samples(
        pixels.clip(0, 255).astype(np.uint8),
        labels,
        np.arange(count, dtype=np.int64),
        np.zeros(count, np.int32),
    )


def folds(samples: Samples, count: int = 2) -> list[Fold]:
    """Stretches of time, each scored by what the others train."""
    rows = np.arange(len(samples))
    return [(np.setdiff1d(rows, part), part) for part in np.array_split(rows, count)]
